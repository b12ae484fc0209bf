"""The command line as a test uses it: in this process, or as a program of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jupyter_compute import cli
from jupyter_compute.client import Client

PATIENCE_S = 120.0


@dataclass
class Answer:
    """What a command line wrote, and its exit code."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode("utf-8")

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """A folder to work in, and a workspace."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.home = home

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run(self, *words: str) -> Answer:
        """Run a command line in this process."""
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            with redirect_stdout(out), redirect_stderr(err):
                code = cli.main(list(words))
                out.flush()
        finally:
            os.chdir(before)
        buffer = out.detach()
        assert isinstance(buffer, io.BytesIO)
        return Answer(code, buffer.getvalue(), err.getvalue())

    def ok(self, *words: str) -> Answer:
        """Run a command line that must go well."""
        answer = self.run(*words)
        assert answer.code == 0, answer
        return answer

    def start(self, *words: str, **settings: Any) -> subprocess.Popen[bytes]:
        """Start a command line as a program of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "jupyter_compute", *words],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **settings,
        )

    def submit(self, code: str, *words: str) -> str:
        """Submit a script and return its run's id."""
        self.write("script.py", code)
        submitted = self.ok("submit", "--json", *words, "script.py")
        return str(submitted.json["id"])

    def ended(self, code: str, *words: str) -> dict[str, Any]:
        """Submit a script, wait for its end, and return the run as JSON."""
        run_id = self.submit(code, *words)
        self.run("wait", "--timeout", str(PATIENCE_S), run_id)
        found: dict[str, Any] = self.ok("run", run_id, "--json").json
        return found


def open_shell(folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """Offer a shell, and end the controller that it started."""
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("JUPYTER_COMPUTE_HOME", str(home))
    monkeypatch.setenv("NO_COLOR", "1")
    yield Shell(folder, home)
    with Client(home) as client:
        assert client.stop_controller(PATIENCE_S)
