"""What came in parcels from a near end that has no pipe: blobs, and the order to run a job.

A parcel is a folder, or the zip archive of one. Both ends use this module.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import zipfile
from typing import Any

from .blobs import SMALL, Blobs, hash_of
from .failures import Failure

INDEX, BYTES = "blobs.json", "blobs.bin"
ORDER, SEALED = "order.json", "sealed"
_CHUNK = 1024 * 1024


def open_sealed(sealed: bytes, pad: bytes) -> dict[str, str]:
    """Read secrets, of which one half came in the parcel and the other by another way.

    Raises:
        Failure: The two halves do not belong together.
    """
    try:
        found = json.loads(_mixed(sealed, pad)) if sealed else {}
    except ValueError:
        raise Failure("damaged", "the secrets of the run could not be read") from None
    return {str(name): str(value) for name, value in found.items()}


def seal(secrets: dict[str, str]) -> tuple[bytes, bytes]:
    """Split secrets into two halves, neither of which tells anything without the other."""
    if not secrets:
        return b"", b""
    data = json.dumps(secrets).encode()
    pad = os.urandom(len(data))
    return _mixed(data, pad), pad


def read_order(folder: str, pad_text: str = "") -> tuple[dict[str, Any], dict[str, str]]:
    """Read the job of an order, and its secrets, whose file is then removed.

    Args:
        folder: The parcel's folder.
        pad_text: The other half of the secrets, in base 64.

    Raises:
        Failure: There is no order in it.
    """
    try:
        with open(os.path.join(folder, ORDER), "rb") as file:
            job: dict[str, Any] = json.load(file)
        sealed = b""
        with contextlib.suppress(FileNotFoundError):
            with open(os.path.join(folder, SEALED), "rb") as file:
                sealed = file.read()
            os.unlink(os.path.join(folder, SEALED))
    except (OSError, ValueError) as error:
        raise Failure("damaged", f"the order of the run cannot be read: {error}") from error
    return job, open_sealed(sealed, base64.b64decode(pad_text))


def take_blobs(blobs: Blobs, path: str) -> int:
    """Take the blobs of a parcel that are not here yet; returns how many. Repeatable.

    Args:
        blobs: Where they go.
        path: The parcel: a folder, or a zip archive.

    Raises:
        Failure: Its bytes are not what its index says.
        OSError: The disk is full, and the like.
    """
    if os.path.isdir(path):
        with open(os.path.join(path, INDEX), "rb") as index, _open(path, BYTES) as stream:
            return _take(blobs, json.load(index), stream)
    with zipfile.ZipFile(path) as archive, archive.open(BYTES) as stream:
        return _take(blobs, json.loads(archive.read(INDEX)), stream)


def is_parcel_of_blobs(path: str) -> bool:
    """Tell whether there are blobs in a parcel."""
    if os.path.isdir(path):
        return os.path.exists(os.path.join(path, INDEX))
    try:
        with zipfile.ZipFile(path) as archive:
            return INDEX in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def _take(blobs: Blobs, rows: list[Any], stream: Any) -> int:
    missing = set(blobs.missing([str(digest) for digest, _ in rows]))
    small: list[tuple[bytes, bytes]] = []
    for digest, size in rows:
        if digest not in missing:
            _skip(stream, size)
        elif size > SMALL:
            _take_large(blobs, digest, size, stream)
        else:
            small.append((bytes.fromhex(digest), _exactly(stream, size)))
    # What is no longer what its name says is noticed when it is read.
    blobs.packs.add(small)
    return len(missing)


def _take_large(blobs: Blobs, digest: str, size: int, stream: Any) -> None:
    temporary = f"{blobs.incoming(digest)}.{os.getpid()}"
    os.makedirs(os.path.dirname(temporary), 0o700, exist_ok=True)
    try:
        with open(temporary, "w+b") as file:
            left = size
            while left:
                data = _exactly(stream, min(left, _CHUNK))
                file.write(data)
                left -= len(data)
            file.flush()
            if hash_of(file.fileno()) != digest:
                raise Failure("damaged", f"the blob {digest[:12]} did not arrive whole")
        blobs.place(temporary, digest)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _skip(stream: Any, size: int) -> None:
    while size:
        size -= len(_exactly(stream, min(size, _CHUNK)))


def _exactly(stream: Any, size: int) -> bytes:
    data: bytes = stream.read(size)
    if len(data) != size:
        raise Failure("damaged", "a parcel ends before its end")
    return data


def _open(folder: str, name: str) -> Any:
    return open(os.path.join(folder, name), "rb")


def _mixed(data: bytes, pad: bytes) -> bytes:
    if len(data) != len(pad):
        raise ValueError("two halves that do not belong together")
    return (int.from_bytes(data, "big") ^ int.from_bytes(pad, "big")).to_bytes(len(data), "big")
