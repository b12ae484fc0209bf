"""Where the notebook lives that a kernel belongs to: its folder is what a submit captures."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from msgspec import Struct

_TIMEOUT_S = 1.0
_KERNEL_ID = re.compile(r"kernel-(.+)\.json\Z")


class Whereabouts(Struct, frozen=True, kw_only=True):
    """Where a cell stands.

    Attributes:
        folder: The notebook's folder, or the working directory where there is no notebook.
        notebook: The notebook's file name in that folder; empty if it is not known.
        cell_id: The cell's id in the notebook; empty if the front end does not tell it.
    """

    folder: Path
    notebook: str = ""
    cell_id: str = ""


def find_whereabouts(ipython: Any, environ: Mapping[str, str] = os.environ) -> Whereabouts:
    """Find where the cell that runs now stands.

    VS Code says it in a variable. A Jupyter server knows it by the kernel's id, after a rename as
    well; it is asked on this machine, for one second at most. Else the name that the session
    began with is used while such a file is there, and last the working directory.

    Args:
        ipython: The running shell.
        environ: The environment variables to go by.
    """
    server = _server(environ.get("JPY_PARENT_PID", ""))
    path = (
        _from_vscode(ipython.user_ns)
        or _from_server(ipython, server)
        or _from_session_name(environ.get("JPY_SESSION_NAME", ""), has_server=bool(server))
    )
    if path is not None:
        return Whereabouts(folder=path.parent, notebook=path.name, cell_id=_cell_id(ipython))
    return Whereabouts(folder=Path.cwd(), cell_id=_cell_id(ipython))


def _from_vscode(variables: Mapping[str, Any]) -> Path | None:
    value = variables.get("__vsc_ipynb_file__")
    return _file(value) if isinstance(value, str) else None


def _file(path: str) -> Path | None:
    return Path(path) if path and os.path.isabs(path) and os.path.isfile(path) else None


def _cell_id(ipython: Any) -> str:
    try:
        parent = ipython.get_parent()
    except AttributeError:
        return ""
    metadata = parent.get("metadata") if isinstance(parent, Mapping) else None
    cell_id = metadata.get("cellId") if isinstance(metadata, Mapping) else None
    return cell_id if isinstance(cell_id, str) else ""


def _from_session_name(name: str, *, has_server: bool) -> Path | None:
    path = _file(name)
    # A program that a notebook starts, such as papermill, hands its own session's name on.
    is_own = path is not None and (has_server or path.parent.samefile(os.curdir))
    return path if is_own else None


def _from_server(ipython: Any, server: dict[str, Any]) -> Path | None:
    kernel_id = _kernel_id(ipython)
    if not kernel_id or not server:
        return None
    try:
        sessions = _sessions(server)
    except (OSError, ValueError, http.client.HTTPException):
        return None
    for session in sessions:
        try:
            if session["kernel"]["id"] == kernel_id:
                return _in_root(str(server["root_dir"]), str(session["path"]))
        except (TypeError, KeyError):
            continue
    return None


def _in_root(root: str, path: str) -> Path | None:
    # Real-time collaboration puts a drive before the path.
    drive, _, rest = path.partition(":")
    plain = rest if rest and "/" not in drive else ""
    return _file(os.path.join(root, path)) or (_file(os.path.join(root, plain)) if plain else None)


def _kernel_id(ipython: Any) -> str:
    file = getattr(getattr(ipython, "parent", None), "connection_file", "") or _option_file(ipython)
    match = _KERNEL_ID.search(os.path.basename(str(file)))
    return match[1] if match else ""


def _option_file(ipython: Any) -> str:
    config = getattr(ipython, "config", None) or {}
    return str(config.get("IPKernelApp", {}).get("connection_file", "") or "")


def _server(pid: str) -> dict[str, Any]:
    """Read what the server that started this kernel has written down about itself."""
    if not pid.isdecimal():
        return {}
    try:
        from jupyter_core.paths import jupyter_runtime_dir  # noqa: PLC0415 - not in every shell

        path = Path(jupyter_runtime_dir(), f"jpserver-{pid}.json")
        facts = json.loads(path.read_text("utf-8"))
    except (ImportError, OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) and facts.get("root_dir") else {}


def _sessions(server: dict[str, Any]) -> list[Any]:
    connection, base = _connection(server)
    try:
        headers = {"Authorization": f"token {server.get('token') or ''}"}
        connection.request("GET", f"{base.rstrip('/')}/api/sessions", headers=headers)
        answer = connection.getresponse()
        if answer.status != 200:
            return []
        found = json.loads(answer.read(8 << 20))
        return found if isinstance(found, list) else []
    finally:
        connection.close()


def _connection(server: dict[str, Any]) -> tuple[http.client.HTTPConnection, str]:
    if server.get("sock"):
        return _UnixConnection(str(server["sock"])), str(server.get("base_url") or "/")
    url = urlsplit(str(server.get("url") or ""))
    host = url.hostname or "localhost"
    base = quote(url.path or "/", safe="/%")
    if url.scheme == "https":
        # The server named itself in a file that only this user can write, and a certificate for
        # the name that browsers use says nothing about this one.
        context = ssl._create_unverified_context()
        return (
            http.client.HTTPSConnection(host, url.port, timeout=_TIMEOUT_S, context=context),
            base,
        )
    return http.client.HTTPConnection(host, url.port, timeout=_TIMEOUT_S), base


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT_S)
        self.sock.connect(self._path)
