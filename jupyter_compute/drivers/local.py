"""This machine as a target; always there, attached by nobody."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from msgspec import Struct

from ..errors import DriverError
from ._containers import (
    ContainerArgs,
    ContainerEngine,
    ContainerMounts,
    ContainerPull,
    check_mounts,
)
from ._host import Host, LocalHost
from ._host_driver import HostDriver


class LocalOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be said about running on this machine.

    Attributes:
        slots: How many runs at once; by default two for each usable core.
        python: The interpreter that runs use by default; by default the one that submits.
        container_engine: What runs images: Docker, Podman or Apptainer, by default which answers.
        container_mounts: Folders that every container sees, such as ``/data:/data:ro``.
        container_args: Further words for the engine, such as ``--memory=8g``.
        container_pull: When an image is pulled: if it is missing, always, or never.
    """

    slots: int | None = None
    python: str = ""
    container_engine: ContainerEngine = ""
    container_mounts: ContainerMounts = ()
    container_args: ContainerArgs = ()
    container_pull: ContainerPull = "missing"

    def __post_init__(self) -> None:
        check_mounts(self.container_mounts)


class LocalDriver(HostDriver):
    """Runs jobs on this machine, in the workspace's own folder."""

    kind: ClassVar[str] = "local"
    title: ClassVar[str] = "This machine"
    Options: ClassVar[type[Struct]] = LocalOptions
    root_choice: ClassVar[str] = "JUPYTER_COMPUTE_HOME"

    options: LocalOptions

    @classmethod
    def resource_id(cls, options: Struct) -> str:
        """Name this machine."""
        return "local"

    def make_host(self) -> Host:
        """Reach this machine without a detour."""
        python = self.options.python or self.context.default_python
        return LocalHost(python, Path(self.context.folder) / "agent")

    def root(self) -> str:
        """Return the target's own folder."""
        return self.context.folder

    def slots(self, cpus: float) -> int | None:
        """Return how many runs at once, as said or from the cores."""
        return self.options.slots or super().slots(cpus)

    def _no_agent(self, words: str) -> DriverError:
        if "exit code" not in words:
            return super()._no_agent(words)
        return DriverError(
            f"the interpreter {self.options.python or self.context.default_python} cannot run "
            f"the agent: {words}",
            hint="name another one with the target's option python",
            target=self.context.target,
            kind=self.kind,
        )
