"""Lets a button work while the kernel is busy with the cell that shows it.

A kernel reads its shell channel between two cells only, so a click would arrive after the cell
it should end. While a cell waits in the kernel's main thread nobody else reads that thread's
socket, and it may be read here: messages of the view's own comms are handled, all others are
given to the kernel's queue in their order. Kernels with subshells whose front end uses them for
comms handle the click in another thread, and nothing is left to do here.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection
from typing import Any

_DELIMITER = b"<IDS|MSG>"


class CommPump:
    """Handles the comm messages of a few widgets while the main thread waits.

    Args:
        kernel: The running ``ipykernel`` kernel.
        comm_ids: The comms of the widgets; other messages are put off.
    """

    def __init__(self, kernel: Any, comm_ids: Collection[str]) -> None:
        self._kernel = kernel
        self._comm_ids = frozenset(comm_ids)
        self._socket, self._defer = _shell(kernel)

    def attend(self) -> None:
        """Handle what has arrived; never blocks. Only for the kernel's main thread."""
        if self._socket is None or threading.current_thread() is not threading.main_thread():
            return
        import zmq  # noqa: PLC0415 - there only where a kernel runs

        # Read to the end: a message left in the socket would wake nobody.
        while True:
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.ZMQError:
                return
            if not self._handle(frames):
                self._defer(frames)

    def _handle(self, frames: list[Any]) -> bool:
        parts = [bytes(frame.buffer) for frame in frames]
        try:
            place = parts.index(_DELIMITER)
            is_comm = json.loads(parts[place + 2])["msg_type"] == "comm_msg"
            is_ours = is_comm and json.loads(parts[place + 5])["comm_id"] in self._comm_ids
        except (ValueError, KeyError, IndexError):
            return False
        if not is_ours:
            return False
        kernel = self._kernel
        ident, rest = kernel.session.feed_identities(frames, copy=False)
        message = kernel.session.deserialize(rest, copy=False)
        kernel.comm_manager.comm_msg(None, ident, message)
        # The front end waits for the end of what it asked, and must go on seeing a busy kernel.
        kernel._publish_status("idle", "shell", parent=message)
        kernel._publish_status("busy", "shell")
        return True


def _shell(kernel: Any) -> tuple[Any, Callable[[list[Any]], None]]:
    """Find the socket that the main thread reads, and how a message is put off."""
    thread = getattr(kernel, "shell_channel_thread", None)
    loop: Any = getattr(kernel, "io_loop", None)
    if thread is not None:
        pair = getattr(thread.manager, "_shell_channel_to_main", None)
        socket = getattr(pair, "to_socket", None)
        return socket, lambda frames: loop.add_callback(kernel.shell_main, None, frames)
    stream = getattr(kernel, "shell_stream", None)
    if stream is None or not hasattr(kernel, "schedule_dispatch"):
        return None, lambda frames: None
    # Straight into the kernel's queue: a cell that fails then takes the cells behind it along.
    return stream.socket, lambda frames: kernel.schedule_dispatch(kernel.dispatch_shell, frames)
