"""Waking the controller at once; polling the store is the net under it."""

from __future__ import annotations

import asyncio
import logging
import socket

from ..workspace import Workspace
from .sockets import bind, short

log = logging.getLogger(__name__)


def ring(workspace: Workspace) -> bool:
    """Wake the controller; return whether there was one to hear it. Never blocks."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        try:
            with short(workspace.doorbell) as name:
                sock.sendto(b"!", name)
        except BlockingIOError:
            return True  # so many rings are waiting that one more would change nothing
        except OSError:
            return False
    return True


class Doorbell:
    """The controller's side of the bell.

    Without sockets in the workspace's file system it is silent, and polling does the work.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.path = workspace.doorbell
        self._sock: socket.socket | None = None
        self._rung = asyncio.Event()

    def open(self) -> None:
        """Start to listen; repeatable."""
        if self._sock is not None:
            return
        try:
            self._sock = bind(self.path, socket.SOCK_DGRAM)
        except OSError as exc:
            log.warning("no doorbell at %s: %s", self.path, exc.strerror)
            return
        asyncio.get_running_loop().add_reader(self._sock, self._hear)

    def close(self) -> None:
        """Stop to listen; repeatable. The socket's file stays: a successor replaces it."""
        if self._sock is not None:
            asyncio.get_running_loop().remove_reader(self._sock)
            self._sock.close()
            self._sock = None

    def knock(self) -> None:
        """Ring from inside."""
        self._rung.set()

    async def wait(self, seconds: float) -> bool:
        """Wait for a ring, at most some seconds; return whether it rang."""
        try:
            await asyncio.wait_for(self._rung.wait(), seconds)
        except asyncio.TimeoutError:
            return False
        self._rung.clear()
        return True

    def _hear(self) -> None:
        assert self._sock is not None
        try:
            while True:
                self._sock.recv(64)
        except OSError:
            self._rung.set()
