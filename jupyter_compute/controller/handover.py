"""What front ends say to the running controller without leaving a trace on any disk.

Values of ``env:`` secrets exist only in the environment of the front end that submits. They
are handed over a stream socket of this user's own and stay in the controller's memory until
the run is over. The same socket answers how busy the controller is, and asks it to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from ..model import RunId, Secret
from ..workspace import Workspace
from .ending import end
from .sockets import bind, short

log = logging.getLogger(__name__)

_LIMIT = 4 << 20
_LOOK_UP_S = 0.25
_LAST_WORDS_S = 1.0


def hand_over(workspace: Workspace, run_id: RunId, secrets: Mapping[str, Secret]) -> bool:
    """Give the controller the values of a run's secrets; repeatable.

    Call it after ``process.ensure(workspace, wait=True)`` and before the run is added to the
    store. Blocks for a round trip on this machine.

    Returns:
        Whether a controller holds them now.
    """
    if not secrets:
        return True
    values = {name: secret.reveal() for name, secret in secrets.items()}
    reply = ask(workspace, {"op": "secrets", "run": run_id, "values": values})
    return bool(reply and reply.get("ok"))


def ask(
    workspace: Workspace,
    request: Mapping[str, Any],
    *,
    timeout_s: float = 10.0,
    is_wanted: Callable[[], bool] = lambda: True,
) -> dict[str, Any] | None:
    """Send one request to the controller and return its reply.

    A request whose answer is waited for no longer is dropped by the controller, too.

    Args:
        workspace: Whose controller.
        request: Its ``op`` says what is asked.
        timeout_s: How long to wait for the reply.
        is_wanted: Whether to wait on; asked several times a second.

    Returns:
        ``None`` when there is no controller, or no reply in time.
    """
    deadline = time.monotonic() + timeout_s
    data = b""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(10.0)
        try:
            with short(socket_path(workspace)) as name:
                sock.connect(name)
            sock.sendall(msgspec.json.encode(request) + b"\n")
            while not data.endswith(b"\n"):
                left = deadline - time.monotonic()
                if left <= 0 or not is_wanted():
                    return None
                sock.settimeout(min(left, _LOOK_UP_S))
                with contextlib.suppress(socket.timeout):
                    more = sock.recv(65536)
                    if not more:
                        return None
                    data += more
        except OSError:
            return None
    reply: dict[str, Any] = msgspec.json.decode(data)
    return reply


def socket_path(workspace: Workspace) -> Path:
    """Name the socket."""
    return workspace.root / "controller.sock"


class SecretBox:
    """Values of secrets, in memory, by run."""

    def __init__(self) -> None:
        self._values: dict[RunId, dict[str, Secret]] = {}
        self._given: dict[RunId, float] = {}
        self._news = asyncio.Event()

    def put(self, run_id: RunId, values: Mapping[str, str], now: float) -> None:
        """Keep the values for a run."""
        box = self._values.setdefault(run_id, {})
        box.update({name: Secret(value) for name, value in values.items()})
        self._given[run_id] = now
        self._news.set()
        self._news = asyncio.Event()

    def get(self, run_id: RunId) -> dict[str, Secret]:
        """Return what is known for a run."""
        return dict(self._values.get(run_id, {}))

    async def wait(self, run_id: RunId, names: set[str], seconds: float) -> dict[str, Secret]:
        """Wait until all the names are known, at most some seconds; return what is known."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not names <= self._values.get(run_id, {}).keys():
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                break
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._news.wait(), left)
        return self.get(run_id)

    def drop(self, run_id: RunId) -> None:
        """Forget a run's values; repeatable."""
        self._values.pop(run_id, None)
        self._given.pop(run_id, None)

    def is_awaited(self, now: float, patience_s: float = 60.0) -> bool:
        """Whether values came so lately that their run may yet be added to the store."""
        return any(now - given < patience_s for given in self._given.values())


Answer = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class Handover:
    """The controller's side of the socket.

    Args:
        workspace: Where the socket stands.
        answer: Makes the reply to a request.
    """

    def __init__(self, workspace: Workspace, answer: Answer) -> None:
        self.path = socket_path(workspace)
        self._answer = answer
        self._server: asyncio.AbstractServer | None = None
        self._replies: set[asyncio.Task[dict[str, Any]]] = set()
        self._serving: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Start to listen; repeatable."""
        if self._server is not None:
            return
        try:
            sock = bind(self.path, socket.SOCK_STREAM)
        except OSError as exc:
            log.warning("no socket at %s: %s", self.path, exc.strerror)
            return
        self._server = await asyncio.start_unix_server(self._serve, sock=sock, limit=_LIMIT)

    async def close(self) -> None:
        """Stop to listen; repeatable. The socket's file stays: a successor replaces it."""
        if self._server is not None:
            self._server.close()
            self._server = None
        # Who waits is to ask the successor.
        await end(*self._replies)
        if self._serving:
            await asyncio.wait(set(self._serving), timeout=_LAST_WORDS_S)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own = asyncio.current_task()
        assert own is not None
        self._serving.add(own)
        own.add_done_callback(self._serving.discard)
        try:
            if _is_own(writer.get_extra_info("socket")):
                line = await asyncio.wait_for(reader.readline(), 10.0)
                reply = await self._reply(msgspec.json.decode(line), reader)
                if reply is not None:
                    writer.write(msgspec.json.encode(reply) + b"\n")
                    await writer.drain()
        except (OSError, ValueError, msgspec.DecodeError, asyncio.TimeoutError):
            log.warning("a request on %s was cut short", self.path.name)
        finally:
            writer.close()

    async def _reply(
        self, request: dict[str, Any], reader: asyncio.StreamReader
    ) -> dict[str, Any] | None:
        """Make the reply; ``None`` when who asked has hung up meanwhile."""
        reply = asyncio.create_task(_awaited(self._answer(request)))
        gone = asyncio.ensure_future(reader.read(1))
        self._replies.add(reply)
        try:
            await asyncio.wait({reply, gone}, return_when=asyncio.FIRST_COMPLETED)
            return reply.result() if reply.done() and not reply.cancelled() else None
        finally:
            self._replies.discard(reply)
            await end(reply, gone)


async def _awaited(answer: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return await answer


def _is_own(sock: Any) -> bool:
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    data = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", data)[1] in (os.getuid(), 0)
