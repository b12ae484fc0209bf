"""Jobs for tests: one list of steps that a real interpreter executes and a fake plays."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import msgspec

from ..errors import NotFoundError
from ..model import Digest, Job, new_run_id

Step = tuple[Any, ...]
"""What a test job does next; made by the functions below."""

STEPS = "COMPUTE_TEST_STEPS"
"""The environment variable in which a job carries its steps."""

PROGRAM = """\
import json, os, signal, sys, time

for step in json.loads(os.environ.get("COMPUTE_TEST_STEPS", "[]")):
    name, rest = step[0], step[1:]
    if name == "say":
        sys.stdout.write(rest[0])
        sys.stdout.flush()
    elif name == "rest":
        time.sleep(rest[0])
    elif name == "write":
        os.makedirs(os.path.dirname(rest[0]), exist_ok=True)
        with open(rest[0], "w") as file:
            file.write(rest[1])
    elif name == "tell":
        line = dict(rest[0], t=rest[0].get("t", time.time()))
        fd = os.open(os.environ["JUPYTER_COMPUTE_EVENTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(fd, (json.dumps(line) + "\\n").encode())
        os.close(fd)
    elif name == "ignore_terminate":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif name == "leave":
        sys.exit(rest[0])
    elif name == "die":
        os.kill(os.getpid(), rest[0])
        time.sleep(60)
"""
"""The program that executes the steps; it stands in the snapshot as ``job.py``."""


def say(text: str) -> Step:
    """Write text to standard output, at once."""
    return ("say", text)


def rest(seconds: float) -> Step:
    """Do nothing for a while."""
    return ("rest", seconds)


def write(path: str, text: str) -> Step:
    """Write a file, such as ``outputs/model.txt`` or ``logs/worker.txt``."""
    return ("write", path, text)


def tell(event: Mapping[str, Any]) -> Step:
    """Append an event, given as its JSON object; ``t`` is filled in when it is missing."""
    return ("tell", dict(event))


def ignore_terminate() -> Step:
    """Refuse to end on request from now on, so that only force ends the job."""
    return ("ignore_terminate",)


def leave(exit_code: int) -> Step:
    """End with an exit code."""
    return ("leave", exit_code)


def die(signal: int) -> Step:
    """End by a signal that the job sends to itself."""
    return ("die", signal)


class MemoryBlobs:
    """A :class:`~jupyter_compute.driver.BlobSource` that holds its bytes in memory."""

    def __init__(self) -> None:
        self._blobs: dict[Digest, bytes] = {}

    def add(self, data: bytes) -> Digest:
        """Keep bytes and return their digest; repeatable."""
        digest = hashlib.sha256(data).hexdigest()
        self._blobs[digest] = data
        return digest

    def size(self, digest: Digest) -> int:
        """Return a blob's size in bytes."""
        return len(self._get(digest))

    def open(self, digest: Digest) -> BinaryIO:
        """Open a blob for reading."""
        return io.BytesIO(self._get(digest))

    def _get(self, digest: Digest) -> bytes:
        try:
            return self._blobs[digest]
        except KeyError:
            raise NotFoundError(f"there is no blob {digest[:12]}") from None


def add_manifest(
    blobs: MemoryBlobs, files: Mapping[str, bytes]
) -> tuple[Digest, tuple[Digest, ...]]:
    """Make a snapshot of files given by path; return its id and every digest it needs."""
    rows = [
        [path, blobs.add(data), len(data), 0o644, None]
        for path, data in sorted(files.items(), key=lambda item: item[0].encode())
    ]
    folders = sorted({path.rpartition("/")[0] for path in files} - {""})
    manifest = {"files": rows, "folders": folders}
    text = json.dumps(manifest, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    snapshot_id = blobs.add(text.encode())
    return snapshot_id, tuple(sorted({snapshot_id, *(str(row[1]) for row in rows)}))


def make_job(
    blobs: MemoryBlobs,
    *steps: Step,
    files: Mapping[str, bytes] | None = None,
    env: Mapping[str, str] | None = None,
    **changes: Any,
) -> Job:
    """Make a job that takes the steps, on any target that has a Python interpreter.

    Args:
        blobs: Where its files go.
        steps: What it does, in order.
        files: More files of its snapshot, by path.
        env: More environment variables.
        changes: Other fields of the job.
    """
    snapshot_id, digests = add_manifest(blobs, {"job.py": PROGRAM.encode(), **(files or {})})
    inputs = changes.get("inputs", ())
    job = Job(
        run_id=new_run_id(),
        argv=("{python}", "job.py"),
        snapshot_id=snapshot_id,
        digests=tuple(sorted({*digests, *(item.digest for item in inputs)})),
        env={**({STEPS: json.dumps(steps)} if steps else {}), **(env or {})},
    )
    return msgspec.structs.replace(job, **changes)


def steps_of(job: Job) -> Sequence[Step]:
    """Return the steps that a job carries; none for a job that was not made here."""
    return [tuple(step) for step in json.loads(job.env.get(STEPS, "[]"))]
