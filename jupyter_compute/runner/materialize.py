"""Make a run's own copy of its snapshot, so that nothing it writes reaches the blobs."""

from __future__ import annotations

import errno
import json
import os
from typing import Any

from .blobs import Blobs
from .failures import Failure


def materialize(blobs: Blobs, manifest_digest: str, folder: str) -> None:
    """Write the files, folders and links of a snapshot; repeatable.

    Args:
        blobs: Where the bytes are.
        manifest_digest: The snapshot's id.
        folder: Where to write; made if it is not there.

    Raises:
        Failure: A blob is missing or damaged, or the manifest names a path outside.
        OSError: The disk is full, and the like.
    """
    try:
        manifest = json.loads(blobs.read(manifest_digest))
        files, folders = manifest["files"], manifest["folders"]
    except (ValueError, KeyError, TypeError) as error:
        raise Failure("damaged", f"the snapshot {manifest_digest[:12]} has no manifest") from error
    base = os.fsencode(folder)
    os.makedirs(base, 0o700, exist_ok=True)
    made = {b""}
    for path in folders:
        _make_folder(base, _checked(path), made)
    links = []
    for path, digest, size, mode, link in files:
        name = _checked(path)
        _make_folder(base, name.rpartition(b"/")[0], made)
        if link is None:
            blobs.copy(digest, size, os.path.join(base, name), 0o755 if mode & 0o100 else 0o644)
        else:
            links.append((name, link))
    # Links come last, so that no file is ever written through one.
    for name, link in links:
        _make_link(os.path.join(base, name), link.encode("utf-8", "surrogateescape"))


def place_inputs(blobs: Blobs, inputs: list[dict[str, Any]], folder: str) -> None:
    """Write the files that travel beside the snapshot; repeatable.

    Args:
        blobs: Where the bytes are.
        inputs: The JSON of the job's input files.
        folder: Where to write; made if it is not there.
    """
    base = os.fsencode(folder)
    os.makedirs(base, 0o700, exist_ok=True)
    made = {b""}
    for item in inputs:
        name = _checked(item["path"])
        _make_folder(base, name.rpartition(b"/")[0], made)
        blobs.copy(item["digest"], item["size"], os.path.join(base, name), 0o644)


def _checked(path: str) -> bytes:
    name = path.encode("utf-8", "surrogateescape")
    if not name or name.startswith(b"/") or b"\0" in name:
        raise Failure("damaged", f"{path!r} is no path inside a snapshot")
    if any(part in (b"", b".", b"..") for part in name.split(b"/")):
        raise Failure("damaged", f"{path!r} is no path inside a snapshot")
    return name


def _make_folder(base: bytes, name: bytes, made: set[bytes]) -> None:
    if name in made:
        return
    _make_folder(base, name.rpartition(b"/")[0], made)
    try:
        os.mkdir(os.path.join(base, name), 0o755)
    except FileExistsError:
        if os.path.islink(os.path.join(base, name)):
            raise Failure("damaged", f"{name!r} is a link and a folder") from None
    made.add(name)


def _make_link(path: bytes, target: bytes) -> None:
    try:
        os.symlink(target, path)
    except OSError as error:
        if error.errno != errno.EEXIST or os.readlink(path) != target:
            raise
