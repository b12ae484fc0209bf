"""Puts the real rooms of the house together for a controller."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..blobs import Blobs
from ..bundle import bundle
from ..config import Targets
from ..model import Job, Run, Secret
from ..registry import Registry
from ..secrets import resolve
from ..snapshot import Snapshotter
from ..store import Store
from ..workspace import Workspace
from .context import Context
from .desk import Desk


async def assemble(workspace: Workspace, registry: Registry | None = None) -> Context:
    """Open a workspace for the controller that holds its lock.

    Raises:
        ComputeError: The store or the settings cannot be read.
    """
    workspace.make()
    registry = registry or Registry()
    targets = Targets(workspace, registry)
    settings = targets.settings()
    store = Store.open(workspace.database)
    blobs = Blobs(workspace.blobs)
    snapshotter = Snapshotter(
        blobs,
        workspace.stat_cache,
        limit_mb=settings.snapshot_limit_mb,
        follow_links=settings.follow_links,
    )

    def make_job(run: Run, secrets: Mapping[str, Secret]) -> Job:
        return bundle(run, snapshotter.load(run.snapshot_id), blobs, secrets=secrets)

    def look_up(reference: str) -> Secret:
        return resolve(reference, environ=os.environ)

    return Context(
        workspace=workspace,
        desk=Desk(store),
        registry=registry,
        targets=targets,
        blobs=blobs,
        make_job=make_job,
        resolve=look_up,
        settings=settings,
    )
