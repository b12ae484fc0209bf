"""A machine behind SSH as a target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from ..driver import DriverContext
from ..model import Job
from ._bootstrap import Container
from ._furnishing import Furnisher, Furnishing
from ._host import Host
from ._host_driver import HostDriver
from ._reaching import in_group, make_host, one_line, place_of
from ._ssh_host import SshHost


class SshOptions(Furnishing, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a machine is reached by SSH, and what runs find there.

    Everything that ``~/.ssh/config`` says about the host counts; what is given here comes first.

    Attributes:
        host: A name from ``~/.ssh/config`` or of the network, or an address; ``user@host`` is
            fine.
        container: A container image with Python, for a machine without: the agent and all
            runs then live in one container of it, under Docker or Podman.
        slots: How many runs at once; by default two for each usable core.
    """

    host: str
    container: Annotated[str, in_group("Over there", "Container image")] = ""
    slots: Annotated[Annotated[int, Meta(ge=1)] | None, in_group("Over there", "Runs at once")] = (
        None
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        one_line(self, "container")
        if not self.host:
            raise ValueError(f"{self.host!r} is no host")
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
        self.blobs_limit_bytes, self.environments_limit_bytes = options.limits_bytes
        self._furnisher = Furnisher(options, self._ask)

    async def launch(self, job: Job) -> str:
        """Start the job with the target's own environment variables below those of the job."""
        return await super().launch(await self._furnisher.furnish(job))

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
