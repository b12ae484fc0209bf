"""What was snapshotted from where, inside the caller's transaction."""

from __future__ import annotations

import sqlite3

from msgspec import Struct, convert

from ..model import Digest, GitState
from . import codec


class SnapshotRecord(Struct, frozen=True, kw_only=True):
    """What the store knows of a snapshot; its files stand in the manifest.

    Attributes:
        id: The manifest's digest.
        source: The folder it was last taken from.
        files: How many files and links it has.
        bytes: Their size together.
        git: Where the source stood in git.
        taken: When, in seconds since the epoch.
    """

    id: Digest
    source: str
    files: int
    bytes: int
    git: GitState | None = None
    taken: float = 0.0


def put(connection: sqlite3.Connection, record: SnapshotRecord) -> None:
    """Write a snapshot, or where it was last taken from."""
    connection.execute(
        "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)",
        (record.id, record.taken, codec.encode(record)),
    )


def get(connection: sqlite3.Connection, snapshot_id: Digest) -> SnapshotRecord | None:
    """Read a snapshot's record."""
    found = connection.execute(
        "SELECT body FROM snapshots WHERE id = ?", (codec.plain(snapshot_id),)
    ).fetchone()
    return convert(codec.decode(found[0]), SnapshotRecord) if found else None


def kept(connection: sqlite3.Connection) -> set[Digest]:
    """List the snapshots that a run needs."""
    return {row[0] for row in connection.execute("SELECT DISTINCT snapshot_id FROM runs")} - {""}


def inputs(connection: sqlite3.Connection) -> set[Digest]:
    """List the blobs that runs need beside their snapshots."""
    return {row[0] for row in connection.execute("SELECT DISTINCT digest FROM inputs")}


def forget(connection: sqlite3.Connection, *, before: float) -> None:
    """Drop the records of snapshots that were taken before some time and that no run needs."""
    connection.execute(
        "DELETE FROM snapshots WHERE taken < ? AND id NOT IN (SELECT snapshot_id FROM runs)",
        (before,),
    )
