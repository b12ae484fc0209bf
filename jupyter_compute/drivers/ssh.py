"""A machine behind SSH as a target."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from msgspec import Meta, Struct, structs

from ..driver import DriverContext
from ..errors import DriverError
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
from ._ssh_answers import Answers
from ._ssh_config import Destination, resolve
from ._ssh_host import SshHost
from ._tools import Tools
from ._uploading import Uploader

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_REFERENCE = re.compile(r"(env|file|keyring):.+")


def _in(group: str, title: str | None = None, **schema: str) -> Meta:
    return Meta(title=title, extra_json_schema={"group": group, **schema})


class SshOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a machine is reached by SSH, and what runs find there.

    Everything that ``~/.ssh/config`` says about the host counts; what is given here comes first.

    Attributes:
        host: A name from ``~/.ssh/config`` or of the network, or an address; ``user@host`` is
            fine.
        user: Whom to log in as, where ``~/.ssh/config`` does not say so.
        port: The port, where it is not 22.
        key_file: The private key on this machine.
        passphrase: Where the passphrase of that key is kept: ``env:NAME``, ``file:PATH`` or
            ``keyring:SERVICE/USER``; without it you are asked when it is needed.
        password: The same for the password of the login; never the password itself.
        jump: Machines to go through first, as ``user@host:port``, with commas between them.
        config_file: Read instead of ``~/.ssh/config``.
        python: The interpreter there, by path or name; without it one is looked for.
        container: A container image with Python, for a machine without: the agent and all
            runs then live in one container of it, under Docker or Podman.
        root: The folder there for blobs, environments and runs.
        slots: How many runs at once; by default two for each usable core.
        env: Environment variables of every run and of every environment that is built there,
            such as proxies and package indexes.
        blobs_limit_gb: How much of what was uploaded is kept there for the next run.
        bring_uv: Whether uv is brought there from here for environments, if there is none.
        environments_limit_gb: How much of the environments that were built is kept there.
        container_engine: What runs images there: Docker or Podman, by default whichever answers.
        container_mounts: Folders there that every container sees, such as ``/data:/data:ro``.
        container_args: Further words for the engine, such as ``--memory=8g``.
        container_pull: When an image is pulled: if it is missing, always, or never.
    """

    host: str
    user: str = ""
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    key_file: Annotated[str, _in("Login", "Private key", format="path")] = ""
    passphrase: Annotated[str, _in("Login", "Where its passphrase is kept")] = ""
    password: Annotated[str, _in("Login", "Where the password is kept")] = ""
    jump: Annotated[str, _in("Login", "By way of")] = ""
    config_file: Annotated[str, _in("Login", "Configuration of SSH", format="path")] = ""
    python: Annotated[str, _in("Over there", "Python")] = ""
    container: Annotated[str, _in("Over there", "Container image")] = ""
    root: Annotated[str, _in("Over there", "Folder")] = "~/.jupyter_compute"
    slots: Annotated[Annotated[int, Meta(ge=1)] | None, _in("Over there", "Runs at once")] = None
    env: Annotated[dict[str, str], _in("Over there", "Environment variables")] = {}
    blobs_limit_gb: Annotated[float, Meta(ge=0), _in("Over there", "Room for uploads, in GB")] = (
        20.0
    )
    bring_uv: Annotated[bool, _in("Over there", "Bring uv along")] = True
    environments_limit_gb: Annotated[
        float, Meta(ge=0), _in("Over there", "Room for environments, in GB")
    ] = 40.0
    container_engine: ContainerEngine = ""
    container_mounts: ContainerMounts = ()
    container_args: ContainerArgs = ()
    container_pull: ContainerPull = "missing"

    def __post_init__(self) -> None:
        for field in (
            "host",
            "user",
            "key_file",
            "jump",
            "config_file",
            "python",
            "container",
            "root",
        ):
            value = getattr(self, field)
            if _CONTROL.search(value):
                raise ValueError(f"the option {field!r} is one line without control characters")
            if value.startswith("-"):
                raise ValueError(f"the option {field!r} cannot begin with a dash: {value!r}")
        if not self.host.strip() or self.host != self.host.strip():
            raise ValueError(f"{self.host!r} is no host")
        for field in ("password", "passphrase"):
            value = getattr(self, field)
            if value and not _REFERENCE.fullmatch(value):
                # It may be the secret itself, so it must not be shown.
                raise ValueError(
                    f"the option {field!r} says where the {field} is kept: env:NAME, file:PATH or "
                    "keyring:SERVICE/USER; without it you are asked"
                )
        if not self.root:
            raise ValueError("the option 'root' cannot be empty")
        check_mounts(self.container_mounts)

    def destination(self) -> Destination:
        """Return where to."""
        return Destination(
            host=self.host,
            user=self.user,
            port=self.port,
            key_file=self.key_file,
            jump=self.jump,
            config_file=self.config_file,
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
        try:
            return resolve(options.destination()).resource_id
        except DriverError:
            # Listing targets goes without it; whoever uses this one is told.
            login = f"{options.user}@" if options.user else ""
            return f"ssh://{login}{options.host}:{options.port or 22}"

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
        options = self.options
        kept = {"password": options.password, "passphrase": options.passphrase}
        given = {
            kind: functools.partial(self.context.reveal, reference)
            for kind, reference in kept.items()
            if reference
        }
        return SshHost(
            options.destination(),
            root=options.root,
            python=options.python,
            container=_container(options),
            folder=Path(self.context.folder),
            answers=Answers(options.host, self.context.ask, given),
        )

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
