"""A channel of conda packages in a folder, and a program of the conda family that reads it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

PROGRAM = Path(__file__).with_name("conda_program.py")


def make_channel(folder: Path) -> str:
    """Make a channel with the packages ``python`` and ``greeting``; returns its address."""
    python = os.path.realpath(sys.executable)
    _add_package(
        folder / "noarch",
        "python",
        {"pyvenv.cfg": f"home = {os.path.dirname(python)}\n", "bin/python": python},
        links=["bin/python"],
    )
    _add_package(
        folder / "noarch",
        "greeting",
        {
            "etc/conda/activate.d/greeting.sh": 'export GREETING="hello from $CONDA_PREFIX"\n',
            "share/greeting": "hello",
        },
    )
    for name in ("noarch", "linux-64", "linux-aarch64"):
        _index(folder / name)
    return f"file://{folder}"


def write_program(path: Path) -> str:
    """Put a program of the conda family at a path; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec {sys.executable} {PROGRAM} "$@"\n')
    path.chmod(0o755)
    return str(path)


def _add_package(
    folder: Path, name: str, files: Mapping[str, str], links: list[str] | None = None
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    index = {
        "name": name,
        "version": "1.5",
        "build": "0",
        "build_number": 0,
        "depends": [],
        "subdir": "noarch",
        "noarch": "generic",
        "timestamp": 1700000000000,
    }
    paths = {"paths": [_path(name, text, name in (links or ())) for name, text in files.items()]}
    info = {
        "info/index.json": json.dumps(index),
        "info/paths.json": json.dumps({**paths, "paths_version": 1}),
        "info/files": "".join(f"{name}\n" for name in files),
    }
    with tarfile.open(folder / f"{name}-1.5-0.tar.bz2", "w:bz2") as archive:
        for path, text in {**info, **files}.items():
            entry = tarfile.TarInfo(path)
            if path in (links or ()):
                entry.type, entry.linkname = tarfile.SYMTYPE, text
                archive.addfile(entry)
            else:
                entry.size, entry.mode = len(text.encode()), 0o644
                archive.addfile(entry, io.BytesIO(text.encode()))


def _path(name: str, text: str, is_link: bool) -> dict[str, object]:
    data = text.encode()
    found: dict[str, object] = {
        "_path": name,
        "path_type": "softlink" if is_link else "hardlink",
        "sha256": hashlib.sha256(b"" if is_link else data).hexdigest(),
        "size_in_bytes": 0 if is_link else len(data),
    }
    return found


def _index(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    packages = {}
    for path in sorted(folder.glob("*.tar.bz2")):
        with tarfile.open(path) as archive:
            member = archive.extractfile("info/index.json")
            assert member is not None
            index = json.load(member)
        data = path.read_bytes()
        sums = {"sha256": hashlib.sha256(data).hexdigest(), "md5": hashlib.md5(data).hexdigest()}
        packages[path.name] = {**index, **sums, "size": len(data)}
    repodata = {
        "info": {"subdir": folder.name},
        "packages": packages,
        "packages.conda": {},
        "repodata_version": 1,
    }
    (folder / "repodata.json").write_text(json.dumps(repodata))
