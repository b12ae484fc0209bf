"""Keys, and what a user of OpenSSH writes down about a machine."""

from __future__ import annotations

import subprocess
from pathlib import Path


def make_key(path: Path, passphrase: str = "") -> str:
    """Make a key pair and return its public half."""
    for old in (path, path.with_name(path.name + ".pub")):
        old.unlink(missing_ok=True)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-C", "", "-f", str(path), "-N", passphrase]
    # Few rounds: it is a test's key, and a slow one costs every login half a second.
    subprocess.run([*command, "-a", "1"], check=True, stdin=subprocess.DEVNULL)
    return path.with_name(path.name + ".pub").read_text()


def host_block(alias: str, options: dict[str, str]) -> str:
    """Write what ssh_config says of one host."""
    lines = [f"Host {alias}", *(f'  {name} "{value}"' for name, value in options.items())]
    return "".join(line + "\n" for line in lines)


def client_options(address: str, port: int, known_hosts: Path, key: Path | None) -> dict[str, str]:
    """Say how a host is reached without anything of the user who runs the tests."""
    options = {
        "HostName": address,
        "Port": str(port),
        "UserKnownHostsFile": str(known_hosts),
        "GlobalKnownHostsFile": "/dev/null",
        "IdentityAgent": "none",
    }
    if key:
        options |= {"IdentityFile": str(key), "IdentitiesOnly": "yes"}
    return options
