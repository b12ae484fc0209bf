"""Parcels: what a job needs, packed for engines that take files and give no pipe.

A parcel is a zip archive that is named by what is in it: equal contents are equal bytes and
equal names, so one that an engine has already is not sent again. The far end opens them with
``runner.parcels`` and runs the job with ``runner.solo``.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Collection, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from ..driver import BlobSource
from ..errors import DriverError
from ..model import Digest, Job
from ..runner import parcels
from . import _package

PART_BYTES = 64 * 1024 * 1024
"""So much content is in one parcel of blobs, unless a single blob is larger."""

RUNNER = "runner.pyz"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_CHUNK = 1024 * 1024


class Parcel(Struct, frozen=True, kw_only=True):
    """An archive to be sent.

    Attributes:
        name: The digest of what is in it.
        data: The bytes of the archive.
        digests: The blobs in it.
    """

    name: Digest
    data: bytes
    digests: tuple[Digest, ...] = ()


class Order(Struct, frozen=True, kw_only=True):
    """The parcel with a job's own words, and what must travel by another way.

    Attributes:
        parcel: Names no secret: whoever has it alone has nothing.
        pad: The other half of the secrets in base 64, for the variable ``solo.PAD`` of the
            process in the foreground; empty if the job has none.
    """

    parcel: Parcel
    pad: str = ""


def split(digests: Collection[Digest], blobs: BlobSource) -> Iterator[tuple[Digest, ...]]:
    """Share blobs out among parcels of a fair size; the same blobs are always shared the same."""
    part: list[Digest] = []
    room = PART_BYTES
    for digest in sorted(set(digests)):
        size = blobs.size(digest)
        if part and size > room:
            yield tuple(part)
            part, room = [], PART_BYTES
        part.append(digest)
        room -= size
    if part:
        yield tuple(part)


def name_of(digests: Collection[Digest]) -> Digest:
    """Name the parcel of some blobs without packing it."""
    return hashlib.sha256("\n".join(("blobs 1", *digests)).encode()).hexdigest()


def pack_blobs(digests: Collection[Digest], blobs: BlobSource) -> Parcel:
    """Pack blobs; blocks for reading and compressing them.

    Args:
        digests: Which, in the order of :func:`split`.
        blobs: Where they are read from.
    """
    stream = io.BytesIO()
    rows = [(digest, blobs.size(digest)) for digest in digests]
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        _add(archive, parcels.INDEX, json.dumps(rows).encode())
        with archive.open(_info(parcels.BYTES), "w", force_zip64=True) as target:
            for digest, size in rows:
                _copy(blobs, digest, size, target)
    return Parcel(name=name_of(digests), data=stream.getvalue(), digests=tuple(digests))


def pack_order(
    job: Job, changes: dict[str, Any] | None = None, files: dict[str, bytes] | None = None
) -> Order:
    """Pack a job without its blobs. Its secrets are in no parcel that could be read alone.

    Args:
        job: What is to run.
        changes: Fields of the job's JSON that an engine says otherwise.
        files: What stands beside it, by name.
    """
    plain = msgspec.to_builtins(msgspec.structs.replace(job, secret_env={}, digests=()))
    for name in ("digests", "secret_env", "job_id", "gpu_ids"):
        plain.pop(name, None)
    plain.update(changes or {})
    secrets = {name: value.reveal() for name, value in job.secret_env.items()}
    sealed, pad = parcels.seal(secrets)
    order = {**(files or {}), parcels.ORDER: json.dumps(plain).encode()}
    if sealed:
        order[parcels.SEALED] = sealed
    return Order(parcel=pack_files(order), pad=base64.b64encode(pad).decode())


def pack_runner() -> Parcel:
    """Pack the runner, which does the work at the far end."""
    return pack_files({RUNNER: _package.build()}, name=runner_name())


def runner_name() -> Digest:
    """Name the runner's parcel without packing it."""
    return _package.digest()


def pack_files(files: dict[str, bytes], name: Digest = "") -> Parcel:
    """Pack files given by name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in sorted(files.items()):
            _add(archive, path, data)
    data = stream.getvalue()
    return Parcel(name=name or hashlib.sha256(data).hexdigest(), data=data)


def _copy(blobs: BlobSource, digest: Digest, size: int, target: Any) -> None:
    left = size
    with blobs.open(digest) as source:
        while piece := source.read(_CHUNK):
            left -= len(piece)
            target.write(piece)
    if left:
        raise DriverError(f"the blob {digest[:12]} changed while it was packed")


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(_info(name), data, zipfile.ZIP_DEFLATED)


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.external_attr = 0o600 << 16
    info.create_system = 3
    info.compress_type = zipfile.ZIP_DEFLATED
    return info
