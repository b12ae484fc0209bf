from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from jupyter_compute.runner import protocol


class RawAgent:
    """An agent spoken to by hand, frame by frame."""

    def __init__(self, archive: Path, root: Path, python: str = sys.executable) -> None:
        self.process = subprocess.Popen(
            [python, "-I", "-S", str(archive)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self.root = root
        self._decoder = protocol.Decoder()
        self._frames: list[protocol.Frame] = []
        self.greeting = b""
        while protocol.MARKER not in self.greeting or not self.greeting.endswith(b"\n"):
            self.greeting += self.read()

    def read(self) -> bytes:
        assert self.process.stdout is not None
        data = self.process.stdout.read(65536)
        assert data
        return data

    def send(
        self, id_: int, kind: int, head: dict[str, Any] | None = None, body: bytes = b""
    ) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(protocol.encode(id_, kind, head, body))

    def receive(self) -> protocol.Frame:
        while not self._frames:
            self._frames += self._decoder.feed(self.read())
        return self._frames.pop(0)

    def ask(self, id_: int, **head: Any) -> protocol.Frame:
        self.send(id_, protocol.REQUEST, head)
        return self.receive()

    def hello(self) -> protocol.Frame:
        return self.ask(1, op="hello", protocol=1, root=str(self.root))

    def close(self) -> int:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        code = self.process.wait(60)
        self.process.stdout.close()
        return code
