"""A target's root on which keepers are started as an agent would start them."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from jupyter_compute.runner import keeper, processes, status
from jupyter_compute.runner.blobs import Blobs

PATIENCE_S = 60.0
FINAL = ("completed", "failed", "canceled")


class Stage:
    """Runs on a root of their own; their processes are known by a mark in their environment."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.mark = uuid.uuid4().hex
        self.blobs = Blobs(self.root)
        os.makedirs(root / "blobs", exist_ok=True)

    def blob(self, data: bytes) -> str:
        digest = hashlib.sha256(data)
        self.blobs.packs.add([(digest.digest(), data)])
        return digest.hexdigest()

    def write_job(self, *argv: str, files: dict[str, str] | None = None, **changes: Any) -> str:
        rows = []
        for path, text in (files or {}).items():
            data = text.encode()
            rows.append([path, self.blob(data), len(data), 0o644, None])
        manifest = self.blob(json.dumps({"files": rows, "folders": []}).encode())
        run_id = "r" + uuid.uuid4().hex[:9]
        folder = os.path.join(self.root, "runs", run_id, "1")
        job = {
            "run_id": run_id,
            "attempt": 1,
            "argv": list(argv),
            "snapshot_id": manifest,
            "inputs": [],
            "python": sys.executable,
            "grace_s": 4.0,
            **changes,
        }
        job["env"] = {"STAGE": self.mark, **changes.get("env", {})}
        os.makedirs(folder)
        Path(folder, "job.json").write_text(json.dumps(job))
        return folder

    def launch(self, *argv: str, secrets: dict[str, str] | None = None, **changes: Any) -> str:
        folder = self.write_job(*argv, **changes)
        keeper.start(self.root, folder, secrets or {})
        return folder

    def python(self, code: str, **changes: Any) -> str:
        return self.launch("{python}", "-c", code, **changes)

    def finish(self, folder: str) -> dict[str, Any]:
        return until(lambda: final(folder), f"the end of {folder}")

    def left(self) -> list[int]:
        """List the processes of all runs of this stage that still live."""
        mark = f"STAGE={self.mark}".encode()
        pids = []
        for process in processes.list_all():
            try:
                data = Path(f"/proc/{process.pid}/environ").read_bytes()
            except OSError:
                continue
            if mark in data.split(b"\0"):
                pids.append(process.pid)
        return pids

    def close(self) -> None:
        for pid in self.left():
            os.kill(pid, signal.SIGKILL)


def final(folder: str) -> dict[str, Any] | None:
    found = status.read_status(folder)
    return found if found is not None and found["state"] in FINAL else None


def state_of(folder: str) -> dict[str, Any]:
    return json.loads(Path(folder, "state.json").read_text())


def events_of(folder: str, type_: str = "") -> list[dict[str, Any]]:
    lines = Path(folder, "events").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    return [event for event in events if not type_ or event["type"] == type_]


def log_of(folder: str) -> str:
    path = Path(folder, "log")
    return path.read_text() if path.exists() else ""


def until(found: Any, what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        value = found()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)
