"""What runs find on a machine that we may furnish: tools, variables, room, containers."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field, structs

from ..model import Job, PackagesEnvironment
from ._containers import (
    ContainerArgs,
    ContainerEngine,
    ContainerMounts,
    ContainerPull,
    check_mounts,
)
from ._reaching import Reaching, in_group
from ._tools import Tools
from ._uploading import Call, Uploader


class Furnishing(Reaching, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a machine is reached, and what runs find there.

    Attributes:
        env: Environment variables of every run and of every environment that is built there,
            such as proxies and package indexes.
        bring_uv: Whether uv is brought there from here for environments, if there is none.
        blobs_limit_gb: How much of what was uploaded is kept there for the next run.
        environments_limit_gb: How much of the environments that were built is kept there.
        container_engine: What runs images there: Docker, Podman or Apptainer, by default which
            answers.
        container_mounts: Folders there that every container sees, such as ``/data:/data:ro``.
        container_args: Further words for the engine, such as ``--memory=8g``.
        container_pull: When an image is pulled: if it is missing, always, or never.
    """

    env: Annotated[dict[str, str], in_group("Over there", "Environment variables")] = field(
        default_factory=dict
    )
    bring_uv: Annotated[bool, in_group("Over there", "Bring uv along")] = True
    blobs_limit_gb: Annotated[
        float, Meta(ge=0), in_group("Over there", "Room for uploads, in GB")
    ] = 20.0
    environments_limit_gb: Annotated[
        float, Meta(ge=0), in_group("Over there", "Room for environments, in GB")
    ] = 40.0
    container_engine: ContainerEngine = ""
    container_mounts: ContainerMounts = ()
    container_args: ContainerArgs = ()
    container_pull: ContainerPull = "missing"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_mounts(self.container_mounts)

    @property
    def limits_bytes(self) -> tuple[int, int]:
        """How much is kept of blobs and of environments."""
        return int(self.blobs_limit_gb * 1e9), int(self.environments_limit_gb * 1e9)


class Furnisher:
    """Furnishes a machine for jobs, and jobs for it.

    Args:
        options: The target's.
        ask: Asks the machine's agent.
    """

    def __init__(self, options: Furnishing, ask: Call) -> None:
        self._options = options
        # The driver's own uploader sends snapshots, and what differs between them.
        self._tools = Tools(ask, Uploader(ask, is_here=False).upload)

    async def furnish(self, job: Job) -> Job:
        """Bring what the job's environment is built with; returns it with the target's variables.

        Those of the job come first. Repeatable.
        """
        if self._options.bring_uv and isinstance(job.environment, PackagesEnvironment):
            await self._tools.bring()
        return structs.replace(job, env={**self._options.env, **job.env})
