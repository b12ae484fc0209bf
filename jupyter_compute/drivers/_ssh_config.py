"""What the user's own OpenSSH makes of a destination: ``ssh -G``."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from ..errors import DriverError

_ANSWER_S = 15.0
_SYSTEM = "/etc/ssh/ssh_config"


class Destination(Struct, frozen=True, kw_only=True):
    """Where to, as a user says it.

    Attributes:
        host: A name of ``~/.ssh/config``, of the network, or an address.
        user: Whom to log in as; empty leaves it to the configuration.
        port: The port; ``None`` leaves it to the configuration.
        key_file: The private key; empty leaves it to the configuration.
        jump: Machines to go through, as ``ProxyJump`` has them.
        config_file: Read instead of the user's and the system's configuration.
    """

    host: str
    user: str = ""
    port: int | None = None
    key_file: str = ""
    jump: str = ""
    config_file: str = ""

    def arguments(self) -> list[str]:
        """Return the arguments of ``ssh`` that say all of it but the host."""
        words: list[str] = []
        if self.config_file:
            words += ["-F", os.path.expanduser(self.config_file)]
        if self.user:
            words += ["-l", self.user]
        if self.port is not None:
            words += ["-p", str(self.port)]
        if self.key_file:
            words += ["-i", os.path.expanduser(self.key_file), "-o", "IdentitiesOnly=yes"]
        if self.jump:
            words += ["-J", self.jump]
        return words


class Resolved(Struct, frozen=True, kw_only=True):
    """A destination as OpenSSH understands it.

    Attributes:
        user: Whom to log in as.
        hostname: The name or address that is called.
        port: The port.
        settings: Every setting by its name in lower case; of repeated ones the first.
    """

    user: str
    hostname: str
    port: str
    settings: Mapping[str, str]

    @property
    def place(self) -> str:
        """Name the account: ``me@gpu1``, with the port where it is not 22."""
        return f"{self.user}@{self.hostname}" + ("" if self.port == "22" else f":{self.port}")

    @property
    def resource_id(self) -> str:
        """Name the account as an address."""
        return f"ssh://{self.user}@{self.hostname}:{self.port}"


def program() -> str:
    """Return the path of ``ssh``.

    Raises:
        DriverError: There is none.
    """
    path = shutil.which("ssh")
    if path is None:
        raise DriverError(
            "there is no ssh on this machine",
            hint="install the OpenSSH client, version 8.4 or newer",
        )
    return path


def resolve(destination: Destination) -> Resolved:
    """Ask OpenSSH; blocks for a process's time, and calls no network.

    The same configuration is not asked about twice by one process.

    Raises:
        DriverError: There is no ssh, or it cannot read its configuration.
    """
    user_file = destination.config_file or "~/.ssh/config"
    stamps = tuple(_stamp(path) for path in (user_file, _SYSTEM))
    return _ask(destination, stamps)


@functools.lru_cache(maxsize=256)
def _ask(destination: Destination, stamps: tuple[object, ...]) -> Resolved:
    argv = [program(), "-G", *destination.arguments(), "--", destination.host]
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=_ANSWER_S
        )
    except (OSError, subprocess.SubprocessError) as exc:
        raise DriverError(
            f"ssh does not say how it would reach {destination.host}: {exc}",
            hint="try ssh -G with this host in a terminal",
        ) from exc
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise DriverError(
            f"ssh does not take its configuration: {'; '.join(words[:3]) or 'no reason given'}",
            hint="mend the named line, or give another file with the option config_file",
        )
    settings: dict[str, str] = {}
    for line in done.stdout.decode(errors="replace").splitlines():
        name, _, value = line.partition(" ")
        settings.setdefault(name.lower(), value)
    return Resolved(
        user=settings.get("user", destination.user),
        hostname=settings.get("hostname", destination.host),
        port=settings.get("port", "22"),
        settings=settings,
    )


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).expanduser().stat()
    except (OSError, RuntimeError):
        return None
    return found.st_mtime_ns, found.st_size
