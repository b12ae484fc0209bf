"""Snapshotters of a workspace of their own."""

from __future__ import annotations

from pathlib import Path

from jupyter_compute.blobs import Blobs
from jupyter_compute.snapshot import Snapshotter


def make(workspace: Path, limit_mb: float = 300, follow_links: bool = False) -> Snapshotter:
    return Snapshotter(
        Blobs(workspace / "blobs"),
        workspace / "cache",
        limit_mb=limit_mb,
        follow_links=follow_links,
    )
