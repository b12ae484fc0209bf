"""Runs, events and metrics in SQLite; the only package with SQL."""

from .doctor import integrity, salvage, set_aside
from .snapshots import SnapshotRecord
from .store import Store

__all__ = ["SnapshotRecord", "Store", "integrity", "salvage", "set_aside"]
