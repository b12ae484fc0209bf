"""A real Jupyter server with the extension, and what a front end says to it."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import jupyter_server_process
import pytest
import websocket

from jupyter_compute.client import Client

PATIENCE_S = 120.0

T = TypeVar("T")


@dataclass(frozen=True)
class Served:
    """A server and a client for it.

    Attributes:
        http: Speaks below ``/compute`` with the server's token.
        url: Where that is.
        token: The server's.
        root: The folder that the server shows.
        base: The server's own address.
        workspace: Its workspace.
    """

    http: httpx.Client
    url: str
    token: str
    root: Path
    workspace: Path
    base: str

    def write(self, name: str, text: str) -> str:
        """Write a file into a folder of its own name, and return that folder."""
        folder = name.partition(".")[0]
        (self.root / folder).mkdir(exist_ok=True)
        (self.root / folder / name).write_text(text)
        return folder

    def get(self, path: str, status: int = 200, /, **query: Any) -> Any:
        """Get JSON."""
        answer = self.http.get(path, params=query)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.json()

    def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        """Post JSON."""
        answer = self.http.post(path, json=body)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.json()

    def script(self, name: str, code: str, **asked: Any) -> str:
        """Submit a script that is alone in its folder, and return its run's id."""
        source = self.write(name, code)
        command = {"type": "script", "path": name}
        return str(self.post("/runs", {"command": command, "source": source, **asked}, 201)["id"])

    def ended(self, run_id: str) -> dict[str, Any]:
        """Wait until a run is over and return it."""

        def over() -> dict[str, Any] | None:
            run: dict[str, Any] = self.get(f"/runs/{run_id}")["run"]
            return run if run["state"] in ("completed", "failed", "canceled") else None

        return until(over)

    def end(self, run_id: str) -> None:
        """Cancel a run if it is not over, and wait until it is."""
        assert self.http.post(f"/runs/{run_id}/cancel").status_code in (202, 409)
        self.ended(run_id)

    def socket(self, path: str, **headers: str) -> websocket.WebSocket:
        """Open a WebSocket below ``/compute``, or anywhere with a whole address."""
        url = path if "://" in path else self.url + path
        told = {"Authorization": f"token {self.token}", **headers}
        place = urlsplit(url)
        # Its own connection, which it would leave open when it is refused.
        line = socket.create_connection((place.hostname or "", place.port or 80), PATIENCE_S)
        # Otherwise the system may take in megabytes for a reader that takes nothing.
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        found = websocket.WebSocket()
        found.settimeout(PATIENCE_S)
        try:
            found.connect(
                url.replace("http://", "ws://"),
                socket=line,
                header=[f"{name}: {value}" for name, value in told.items() if value],
            )
        except BaseException:
            line.close()
            raise
        return found


def until(look: Callable[[], T | None], patience_s: float = PATIENCE_S) -> T:
    """Look until something is there."""
    deadline = time.monotonic() + patience_s
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


@contextlib.contextmanager
def serve(
    home: Path,
    workspace: Path,
    *options: str,
    is_guest: bool = False,
    app: str = "server",
    **environ: str,
) -> Iterator[Served]:
    """Run a server, and end it.

    Args:
        home: Where it keeps its files.
        workspace: Its workspace; the workspace's controller is ended, too.
        options: For the command line.
        is_guest: Whether the workspace is another server's, who ends the controller.
        app: What of Jupyter to run: ``server``, ``lab`` or ``notebook``.
        environ: Environment variables.
    """
    home.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_COMPUTE_HOME", str(workspace))
        patch.setenv("JUPYTER_COMPUTE_SITE", str(home / "no-site.toml"))
        for name in ("JPY_SESSION_NAME", "JPY_PARENT_PID", "JUPYTER_COMPUTE_RUN_ID"):
            patch.delenv(name, raising=False)
        for name, value in environ.items():
            patch.setenv(name, value)
        server = jupyter_server_process.start(home, *options, app=app)
    transport, url = None, server.url
    if url.startswith("http+unix:"):
        sock, _, rest = url.removeprefix("http+unix://").partition("/")
        transport = httpx.HTTPTransport(uds=sock.replace("%2F", "/"))
        url = f"http://localhost/{rest}"
    try:
        with httpx.Client(
            base_url=f"{url}compute",
            headers={"Authorization": f"token {server.token}"},
            transport=transport,
            timeout=PATIENCE_S,
        ) as http:
            yield Served(http, f"{url}compute", server.token, server.root, workspace, url)
    finally:
        server.stop()
        if not is_guest and os.path.isdir(workspace):
            with Client(workspace) as client:
                assert client.stop_controller(PATIENCE_S)
