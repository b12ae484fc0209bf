"""A machine that is reached by SSH, or is this one: what can be said about it, and its host."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from ..driver import DriverContext
from ..errors import DriverError
from ._bootstrap import Container
from ._host import Host, LocalHost
from ._ssh_answers import Answers
from ._ssh_config import Destination, resolve
from ._ssh_host import SshHost

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_REFERENCE = re.compile(r"(env|file|keyring):.+")
_LINES = ("host", "user", "key_file", "jump", "config_file", "python", "root")
_NO_CONTAINER = Container()


def in_group(group: str, title: str | None = None, **schema: str) -> Meta:
    """Put an option under a heading of the form, where it is folded away."""
    return Meta(title=title, extra_json_schema={"group": group, **schema})


class Reaching(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a machine is reached.

    Attributes:
        host: A name from ``~/.ssh/config`` or of the network, or an address; ``user@host`` is
            fine. Without one it is this machine.
        user: Whom to log in as, where ``~/.ssh/config`` does not say so.
        port: The port, where it is not 22.
        key_file: The private key on this machine.
        passphrase: Where the passphrase of that key is kept: ``env:NAME``, ``file:PATH`` or
            ``keyring:SERVICE/USER``; without it you are asked when it is needed.
        password: The same for the password of the login; never the password itself.
        jump: Machines to go through first, as ``user@host:port``, with commas between them.
        config_file: Read instead of ``~/.ssh/config``.
        python: The interpreter there, by path or name; without it one is looked for.
        root: The folder there for blobs, environments and runs.
    """

    host: str = ""
    user: str = ""
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    key_file: Annotated[str, in_group("Login", "Private key", format="path")] = ""
    passphrase: Annotated[str, in_group("Login", "Where its passphrase is kept")] = ""
    password: Annotated[str, in_group("Login", "Where the password is kept")] = ""
    jump: Annotated[str, in_group("Login", "By way of")] = ""
    config_file: Annotated[str, in_group("Login", "Configuration of SSH", format="path")] = ""
    python: Annotated[str, in_group("Over there", "Python")] = ""
    root: Annotated[str, in_group("Over there", "Folder")] = "~/.jupyter_compute"

    def __post_init__(self) -> None:
        one_line(self, *_LINES)
        if self.host != self.host.strip():
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


def one_line(options: Struct, *fields: str) -> None:
    """Refuse text that could be taken for more than one line, or for a flag.

    Raises:
        ValueError: One of the fields is such a text.
    """
    for field in fields:
        value = getattr(options, field)
        if _CONTROL.search(value):
            raise ValueError(f"the option {field!r} is one line without control characters")
        if value.startswith("-"):
            raise ValueError(f"the option {field!r} cannot begin with a dash: {value!r}")


def place_of(options: Reaching) -> str:
    """Name the account on the machine, as OpenSSH's configuration has it; ``local`` for this one.

    Touches nothing.
    """
    if not options.host:
        return "local"
    try:
        return resolve(options.destination()).resource_id
    except DriverError:
        # Listing targets goes without it; whoever uses this one is told.
        login = f"{options.user}@" if options.user else ""
        return f"ssh://{login}{options.host}:{options.port or 22}"


def make_host(
    context: DriverContext,
    options: Reaching,
    container: Container = _NO_CONTAINER,
    *,
    root: str = "",
) -> Host:
    """Make the host that a driver reaches its machine through.

    Args:
        context: The driver's.
        options: How.
        container: Where the agent runs on a machine that has no Python itself.
        root: The folder there, if it is another one than the options name.
    """
    root = root or options.root
    if not options.host:
        # Where it stays, whoever looked at the place first.
        folder = Path(root).expanduser() / "agent"
        return LocalHost(options.python or context.default_python, folder)
    kept = {"password": options.password, "passphrase": options.passphrase}
    given = {
        kind: functools.partial(context.reveal, reference)
        for kind, reference in kept.items()
        if reference
    }
    return SshHost(
        options.destination(),
        root=root,
        python=options.python,
        container=container,
        folder=Path(context.folder),
        answers=Answers(options.host, context.ask, given),
    )
