"""A server that speaks as Livy does and starts Python without Spark, for what takes too many runs.

After Livy's documentation of its REST interface, and what 0.7.1 was seen to answer.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class FakeLivy:
    """Batches in memory, each a process of this machine.

    Attributes:
        tells_names: Whether it is new enough to know batches by their names.
        largest_page: How many batches it lists at once at most.
        requests: The method and path of each request.
        refuses: Answered to the next submits, as status and message.
        states: What it says about batches, whatever is so.
    """

    def __init__(self) -> None:
        self.tells_names = True
        self.largest_page = 100
        self.requests: list[tuple[str, str]] = []
        self.refuses: list[tuple[int, str]] = []
        self.states: dict[int, str] = {}
        self.batches: dict[int, dict[str, Any]] = {}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()
        self._next = 0
        fake = self

        class Handler(_Handler):
            livy = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[FakeLivy]:
        """Let it answer as long as the block lasts."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
            for process in self._processes.values():
                process.kill()
                process.wait()

    def add(self, name: str, count: int = 1) -> None:
        """Put batches of others into its list."""
        for number in range(count):
            self._new(f"{name} {number}")

    def forget(self) -> None:
        """Know no batch any more, as after a restart; the processes go on."""
        self.batches.clear()
        self._next = 0

    def _new(self, name: str) -> int:
        self._next += 1
        self.batches[self._next - 1] = {"name": name}
        return self._next - 1

    def _view(self, number: int) -> dict[str, Any]:
        process = self._processes.get(number)
        code = process.poll() if process is not None else None
        state = "running" if code is None else "success" if code == 0 else "dead"
        view = {"id": number, "state": self.states.get(number, state), "appId": None, "log": []}
        if self.tells_names:
            view["name"] = self.batches[number]["name"]
        return view

    def answer(self, method: str, path: str, query: dict[str, int], body: Any) -> tuple[int, Any]:
        """Do what a request says."""
        with self._lock:
            words = [word for word in path.split("/") if word]
            if words == ["version"]:
                return 200, {"version": "0.7.1-fake"}
            if words == ["sessions"]:
                return 200, {"from": 0, "total": 0, "sessions": []}
            if words == ["batches"]:
                return self._submit(body) if method == "POST" else (200, self._list(query))
            number = int(words[1])
            if words[0] != "batches" or number not in self.batches:
                return 404, {"msg": f"Session '{number}' not found."}
            if words[2:] == ["log"]:
                return 200, {"id": number, "log": ["stdout: ", "\nstderr: "]}
            if method == "DELETE":
                del self.batches[number]
                if number in self._processes:
                    self._processes[number].terminate()
                return 200, {"msg": "deleted"}
            return 200, self._view(number)

    def _list(self, query: dict[str, int]) -> dict[str, Any]:
        start = query.get("from", 0)
        end = start + min(query.get("size", 100), self.largest_page)
        rows = [self._view(number) for number in list(self.batches)[start:end]]
        return {"from": start, "total": len(self.batches), "sessions": rows}

    def _submit(self, body: dict[str, Any]) -> tuple[int, Any]:
        if self.refuses:
            status, message = self.refuses.pop(0)
            return status, {"msg": message}
        names = {batch["name"] for batch in self.batches.values()}
        if self.tells_names and body["name"] in names:
            return 400, {"msg": f"Duplicate session name: Some({body['name']}) for session 9"}
        number = self._new(body["name"])
        argv = [sys.executable, urlsplit(body["file"]).path, *body["args"]]
        self._processes[number] = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
        self.batches[number]["body"] = body
        return 201, self._view(number)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    livy: FakeLivy

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        self.livy.requests.append((self.command, place.path))
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size)) if size else None
        query = {name: int(values[0]) for name, values in parse_qs(place.query).items()}
        status, answer = self.livy.answer(self.command, place.path, query, body)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
