"""Real kernels, driven as a notebook drives them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client import BlockingKernelClient, KernelManager

PATIENCE_S = 120.0


class Cell:
    """One executed cell: its messages and the outputs as a front end would keep them."""

    def __init__(self, message_id: str) -> None:
        self.id = message_id
        self.messages: list[dict[str, Any]] = []
        self.outputs: list[dict[str, Any]] = []
        self.is_over = False

    def take(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        kind, content = message["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] == "idle":
            self.is_over = True
        elif kind in ("display_data", "execute_result"):
            self.outputs.append({"id": content.get("transient", {}).get("display_id"), **content})
        elif kind == "update_display_data":
            for output in self.outputs:
                if output.get("id") == content["transient"]["display_id"]:
                    output.update(data=content["data"])
        elif kind in ("stream", "error"):
            self.outputs.append(dict(content))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message["content"] for message in self.messages if message["msg_type"] == kind]

    @property
    def text(self) -> str:
        return "".join(content["text"] for content in self.of("stream"))

    @property
    def error(self) -> dict[str, Any] | None:
        errors = self.of("error")
        return errors[0] if errors else None

    @property
    def plain(self) -> list[str]:
        return [output["data"].get("text/plain", "") for output in self.outputs if "data" in output]


class Kernel:
    """A running kernel and the front end's end of it."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client
        self.cells: dict[str, Cell] = {}

    def start(self, code: str, *, as_notebook: bool = True, has_id: bool = True) -> Cell:
        """Send a cell: as a page does, or as a console (without ``has_id``) or program does."""
        session = self.client.session
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": as_notebook,
            "stop_on_error": True,
        }
        metadata = {"cellId": "cell-1"} if as_notebook and has_id else {}
        message = session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        cell = self.cells[message["header"]["msg_id"]] = Cell(message["header"]["msg_id"])
        return cell

    def run(self, code: str, **how: Any) -> Cell:
        cell = self.start(code, **how)
        self.until(lambda: cell.is_over)
        return cell

    def until(self, is_done: Callable[[], Any]) -> Any:
        """Take in messages until something holds."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := is_done()):
            assert time.monotonic() < deadline, [
                (message["msg_type"], message["content"])
                for cell in self.cells.values()
                for message in cell.messages[-3:]
            ]
            try:
                message = self.client.get_iopub_msg(timeout=0.2)
            except Empty:
                continue
            cell = self.cells.get(message["parent_header"].get("msg_id", ""))
            if cell is not None:
                cell.take(message)
        return found

    def send_comm(self, comm_id: str, data: dict[str, Any]) -> None:
        """Send what a widget on the page sends."""
        message = self.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        self.client.shell_channel.send(message)

    def interrupt(self) -> None:
        self.manager.interrupt_kernel()


def until_heard(client: BlockingKernelClient) -> None:
    """Wait until a kernel that somebody else started answers and its messages arrive here.

    The client's own way takes a late heartbeat for a dead kernel.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        client.kernel_info()
        try:
            client.get_iopub_msg(timeout=1)
        except Empty:
            assert time.monotonic() < deadline
        else:
            return


@contextmanager
def kernel(folder: Path, **env: str) -> Iterator[Kernel]:
    """Start a kernel whose working directory is ``folder``."""
    manager = KernelManager(kernel_name="python3")
    manager.kernel_spec.argv[0] = sys.executable  # type: ignore[union-attr]
    manager.start_kernel(cwd=str(folder), env={**os.environ, **env})
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=PATIENCE_S)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
