"""Putting a snapshot back as a folder."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import BinaryIO

from ..blobs import Blobs
from ..errors import ConflictError, SnapshotError
from ..model import Snapshot


def restore(snapshot: Snapshot, blobs: Blobs, folder: Path) -> None:
    """Write a snapshot's files to a folder that is new or empty; it appears as a whole.

    Raises:
        ConflictError: The folder is there and not empty.
        NotFoundError: A blob is not there any more.
        SnapshotError: It cannot be written, or a blob is damaged.
    """
    folder = Path(os.path.abspath(folder))
    part = folder.with_name(f".{folder.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
            raise ConflictError(
                f"{folder} is there already and not empty", hint="name a new folder"
            )
        part.mkdir(parents=True)
        try:
            _write(snapshot, blobs, os.fspath(part))
            os.rename(part, folder)
        finally:
            if os.path.lexists(part):
                shutil.rmtree(part, ignore_errors=True)
    except OSError as exc:
        raise SnapshotError(
            f"the snapshot cannot be written to {folder}: {exc.strerror}",
            hint="check its permissions and the free space",
        ) from exc


def _write(snapshot: Snapshot, blobs: Blobs, root: str) -> None:
    for path in snapshot.folders:
        os.makedirs(os.path.join(root, path), exist_ok=True)
    # Links come last, so that no file is ever written through one.
    for file in snapshot.files:
        if file.link is None:
            path = os.path.join(root, file.path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with blobs.open(file.digest) as source, open(path, "xb") as target:
                _copy(source, target)
                os.fchmod(target.fileno(), file.mode & 0o777)
    for file in snapshot.files:
        if file.link is not None:
            path = os.path.join(root, file.path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.symlink(file.link, path)


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    shutil.copyfileobj(source, target, 1 << 20)
