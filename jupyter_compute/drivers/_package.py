"""Build the program that is sent to targets: the runner, and what runs import, in one archive."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import io
import marshal
import os
import time
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ..errors import DriverError

RUNNER = "runner"
LIBRARY = "jupyter_compute_run"
_OLD_S = 7 * 86400.0
_EPOCH = (1980, 1, 1, 0, 0, 0)

_MAIN = b"""\
import sys

if sys.version_info < (3, 8):
    sys.exit("the target needs Python 3.8 or newer, and this is %d.%d" % sys.version_info[:2])

from runner.faces import main

main(sys.argv[1:])
"""


def digest() -> str:
    """Name the archive by what it is made from: the sources and this interpreter's version."""
    found = hashlib.sha256(importlib.util.MAGIC_NUMBER)
    for name, data in sorted(_files()):
        found.update(b"%s\0%d\0" % (name.encode(), len(data)))
        found.update(data)
    return found.hexdigest()


def build() -> bytes:
    """Make the archive: the same sources and interpreter give the same bytes."""
    files = dict(sorted(_files()))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in files.items():
            _add(archive, name, data)
        for name, data in files.items():
            # Importing from an archive caches nothing, so an interpreter of our own version
            # finds it compiled; every other one passes over it.
            if name.startswith(f"{RUNNER}/"):
                _add(archive, f"{name}c", _compiled(name, data))
    return stream.getvalue()


def place(folder: Path) -> Path:
    """Put the archive in a folder of this machine under its digest; repeatable.

    Raises:
        DriverError: It cannot be written there.
    """
    path = folder / f"runner-{digest()[:16]}.pyz"
    if path.exists():
        with contextlib.suppress(OSError):
            os.utime(path)
        return path
    # Drivers of one process may be at it at once, in threads of their own.
    temporary = path.with_suffix(f".{uuid.uuid4().hex}")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.write_bytes(build())
        temporary.rename(path)
        _drop_old(folder)
    except OSError as exc:
        raise DriverError(
            f"the agent cannot be written to {folder}: {exc.strerror or exc}",
            hint="free some space or choose another workspace with JUPYTER_COMPUTE_HOME",
        ) from exc
    return path


def _drop_old(folder: Path) -> None:
    for path in folder.glob("runner-*"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - _OLD_S:
                path.unlink()


@functools.cache
def _files() -> tuple[tuple[str, bytes], ...]:
    """Read what goes into it, once: an upgrade meanwhile must not send what we do not speak."""
    return tuple(_read())


def _read() -> Iterator[tuple[str, bytes]]:
    yield "__main__.py", _MAIN
    for name, data in _sources(Path(__file__).parent.parent / RUNNER):
        if name != "__main__.py":
            yield f"{RUNNER}/{name}", data
    spec = importlib.util.find_spec(LIBRARY)
    for place in (spec.submodule_search_locations if spec else None) or ():
        for name, data in _sources(Path(place)):
            yield f"lib/{LIBRARY}/{name}", data


def _sources(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*.py")):
        yield path.relative_to(folder).as_posix(), path.read_bytes()


def _compiled(name: str, data: bytes) -> bytes:
    """Compile a module into the form of PEP 552 that is not checked against its source."""
    code = compile(data, name, "exec", dont_inherit=True)
    flags = (0b01).to_bytes(4, "little")
    head = importlib.util.MAGIC_NUMBER + flags + importlib.util.source_hash(data)
    return head + marshal.dumps(code)


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.external_attr = 0o644 << 16
    info.create_system = 3
    archive.writestr(info, data, zipfile.ZIP_DEFLATED, 6)
