from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jupyter_compute.notebook import find_whereabouts

KERNEL = "1b6c-42"
TOKEN = "abc"


def shell(**variables: Any) -> Any:
    return SimpleNamespace(
        user_ns=variables,
        parent=SimpleNamespace(connection_file=f"/run/kernel-{KERNEL}.json"),
        get_parent=lambda: {"metadata": {"cellId": "cell-7"}},
    )


class FakeServer:
    """A Jupyter server that knows one session."""

    def __init__(self, runtime: Path, root: Path, path: str) -> None:
        self.path = path
        sessions = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                is_known = self.headers["Authorization"] == f"token {TOKEN}"
                is_known = is_known and self.path == "/user/me/api/sessions"
                body = [{"path": "other.ipynb", "kernel": None}]
                body.append({"path": sessions.path, "kernel": {"id": KERNEL}})
                self.send_response(200 if is_known else 403)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *args: Any) -> None:
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,))
        self.thread.start()
        self.facts = {
            "url": f"http://127.0.0.1:{self.http.server_port}/user/me/",
            "root_dir": str(root),
            "token": TOKEN,
            "sock": "",
        }
        self.file = runtime / "jpserver-77.json"
        self.tell()

    def tell(self, **facts: str) -> None:
        self.file.write_text(json.dumps({**self.facts, **facts}))

    def close(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    runtime, root = tmp_path / "runtime", tmp_path / "root"
    runtime.mkdir()
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "now.ipynb").touch()
    (root / "sub" / "then.ipynb").touch()
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(runtime))
    fake = FakeServer(runtime, root, "sub/now.ipynb")
    yield fake
    fake.close()


def environ(tmp_path: Path) -> dict[str, str]:
    before = str(tmp_path / "root" / "sub" / "then.ipynb")
    return {"JPY_PARENT_PID": "77", "JPY_SESSION_NAME": before}


def test_the_server_knows_the_name_after_a_rename(tmp_path: Path, server: FakeServer) -> None:
    found = find_whereabouts(shell(), environ(tmp_path))
    assert (found.folder, found.notebook) == (tmp_path / "root" / "sub", "now.ipynb")
    assert found.cell_id == "cell-7"


def test_the_drive_of_a_shared_notebook_is_left_out(tmp_path: Path, server: FakeServer) -> None:
    server.path = "RTC:sub/now.ipynb"
    assert find_whereabouts(shell(), environ(tmp_path)).notebook == "now.ipynb"


@pytest.mark.parametrize("facts", [{"token": "wrong"}, {"url": "http://127.0.0.1:1/"}, {"url": ""}])
def test_without_the_server_the_sessions_first_name_is_used(
    tmp_path: Path, server: FakeServer, facts: dict[str, str]
) -> None:
    server.tell(**facts)
    assert find_whereabouts(shell(), environ(tmp_path)).notebook == "then.ipynb"


def test_a_name_that_is_gone_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("/nowhere/a.ipynb", "relative.ipynb", "", str(tmp_path)):
        found = find_whereabouts(shell(), {"JPY_SESSION_NAME": name})
        assert (found.folder, found.notebook) == (tmp_path, "")


def test_a_name_inherited_from_another_notebook_is_not_believed(
    tmp_path: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    facts = {**environ(tmp_path), "JPY_PARENT_PID": str(os.getpid())}
    assert find_whereabouts(shell(), facts).folder == elsewhere


def test_visual_studio_code_says_where_the_notebook_is(tmp_path: Path) -> None:
    path = tmp_path / "code.ipynb"
    path.touch()
    found = find_whereabouts(shell(__vsc_ipynb_file__=str(path)), {})
    assert (found.folder, found.notebook) == (tmp_path, "code.ipynb")


def test_plain_ipython_is_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = find_whereabouts(SimpleNamespace(user_ns={}), {})
    assert (found.folder, found.notebook, found.cell_id) == (tmp_path, "", "")
