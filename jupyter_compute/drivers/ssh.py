"""A machine behind SSH as a target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta, Struct, field, structs

from ..driver import DriverContext
from ..model import Job, PackagesEnvironment
from ._bootstrap import Container
from ._containers import (
    ContainerArgs,
    ContainerEngine,
    ContainerMounts,
    ContainerPull,
    check_mounts,
)
from ._host import Host
from ._host_driver import HostDriver
from ._reaching import Reaching, in_group, make_host, one_line, place_of
from ._ssh_host import SshHost
from ._tools import Tools
from ._uploading import Uploader


class SshOptions(Reaching, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a machine is reached by SSH, and what runs find there.

    Everything that ``~/.ssh/config`` says about the host counts; what is given here comes first.

    Attributes:
        host: A name from ``~/.ssh/config`` or of the network, or an address; ``user@host`` is
            fine.
        container: A container image with Python, for a machine without: the agent and all
            runs then live in one container of it, under Docker or Podman.
        slots: How many runs at once; by default two for each usable core.
        env: Environment variables of every run and of every environment that is built there,
            such as proxies and package indexes.
        blobs_limit_gb: How much of what was uploaded is kept there for the next run.
        bring_uv: Whether uv is brought there from here for environments, if there is none.
        environments_limit_gb: How much of the environments that were built is kept there.
        container_engine: What runs images there: Docker, Podman or Apptainer, by default which
            answers.
        container_mounts: Folders there that every container sees, such as ``/data:/data:ro``.
        container_args: Further words for the engine, such as ``--memory=8g``.
        container_pull: When an image is pulled: if it is missing, always, or never.
    """

    host: str
    container: Annotated[str, in_group("Over there", "Container image")] = ""
    slots: Annotated[Annotated[int, Meta(ge=1)] | None, in_group("Over there", "Runs at once")] = (
        None
    )
    env: Annotated[dict[str, str], in_group("Over there", "Environment variables")] = field(
        default_factory=dict
    )
    blobs_limit_gb: Annotated[
        float, Meta(ge=0), in_group("Over there", "Room for uploads, in GB")
    ] = 20.0
    bring_uv: Annotated[bool, in_group("Over there", "Bring uv along")] = True
    environments_limit_gb: Annotated[
        float, Meta(ge=0), in_group("Over there", "Room for environments, in GB")
    ] = 40.0
    container_engine: ContainerEngine = ""
    container_mounts: ContainerMounts = ()
    container_args: ContainerArgs = ()
    container_pull: ContainerPull = "missing"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_line(self, "container")
        if not self.host:
            raise ValueError(f"{self.host!r} is no host")
        check_mounts(self.container_mounts)
        if self.container and self.container_engine == "apptainer":
            raise ValueError(
                "the option 'container' needs Docker or Podman: Apptainer keeps no container"
            )


class SshDriver(HostDriver):
    """Runs jobs on a machine that the user's own OpenSSH reaches."""

    kind: ClassVar[str] = "ssh"
    title: ClassVar[str] = "A machine by SSH"
    asks: ClassVar[bool] = True
    Options: ClassVar[type[Struct]] = SshOptions

    options: SshOptions
    host: SshHost

    @classmethod
    def resource_id(cls, options: Struct) -> str:
        """Name the account on the machine, as OpenSSH's configuration has it."""
        assert isinstance(options, SshOptions)
        return place_of(options)

    def __init__(self, context: DriverContext, options: SshOptions) -> None:
        super().__init__(context, options)
        self.blobs_limit_bytes = int(options.blobs_limit_gb * 1e9)
        # The driver's own sends snapshots, and what differs between them.
        self._tools = Tools(self._ask, Uploader(self._ask, is_here=False).upload)
        self.environments_limit_bytes = int(options.environments_limit_gb * 1e9)

    async def launch(self, job: Job) -> str:
        """Start the job with the target's own environment variables below those of the job."""
        if self.options.bring_uv and isinstance(job.environment, PackagesEnvironment):
            await self._tools.bring()
        env = {**self.options.env, **job.env}
        return await super().launch(structs.replace(job, env=env))

    def make_host(self) -> Host:
        """Reach the machine by OpenSSH."""
        return make_host(self.context, self.options, _container(self.options))

    def root(self) -> str:
        """Return the folder there."""
        return self.options.root

    def variables(self) -> Mapping[str, str]:
        """Return what the options say."""
        return self.options.env

    def slots(self, cpus: float) -> int | None:
        """Return how many runs at once, as said or from the cores."""
        return self.options.slots or super().slots(cpus)


def _container(options: SshOptions) -> Container:
    mounts = [mount if ":" in mount else f"{mount}:{mount}" for mount in options.container_mounts]
    words = [word for mount in mounts for word in ("-v", mount)]
    return Container(options.container, options.container_engine, (*words, *options.container_args))
