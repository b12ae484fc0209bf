"""The file system of a machine: programs of this machine, read only; all else its own."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from interpreters import installed

from .user import User, crypted, methods

PROGRAMS = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
COUNTED = "/etc/users.oath"
_FAKETIME = "/usr/lib/{arch}-linux-gnu/faketime/libfaketime.so.1"

_ETC = """
alternatives bash.bashrc ca-certificates ca-certificates.conf csh.cshrc csh.login fish ld.so.cache
ld.so.conf ld.so.conf.d localtime login.defs nsswitch.conf profile protocols python3 security
services shells ssl terminfo timezone
"""

_PAM = """
auth     [success=ignore default=1] pam_succeed_if.so quiet user ingroup asks-password
auth     requisite pam_unix.so nodelay
auth     [success=ignore default=1] pam_succeed_if.so quiet user ingroup asks-code
auth     requisite pam_oath.so usersfile=/etc/users.oath window=20 digits=6
auth     required pam_permit.so
account  required pam_permit.so
session  required pam_permit.so
password required pam_deny.so
"""


def build(root: Path, hostname: str, users: Sequence[User]) -> None:
    """Make the folders and the files that say who may log in."""
    for name in ("etc/pam.d", "etc/ssh", "home", "opt", "srv", "usr", "var/log", "var/tmp"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        if Path("/", name).is_symlink():
            (root / name).symlink_to(f"usr/{name}")
    (root / "root").mkdir(mode=0o700)
    (root / "var/tmp").chmod(0o1777)
    for name in _ETC.split():
        source = Path("/etc", name)
        if source.is_dir():
            shutil.copytree(source, root / "etc" / name, symlinks=True)
        elif source.exists():
            shutil.copyfile(source, root / "etc" / name)
    etc = {
        "hostname": f"{hostname}\n",
        "hosts": f"127.0.0.1 localhost {hostname}\n",
        "machine-id": f"{secrets.token_hex(16)}\n",
        "pam.d/sshd": _PAM,
        **_accounts(users),
    }
    for name, text in etc.items():
        (root / "etc" / name).write_text(text)
    for name in ("shadow", "users.oath"):
        (root / "etc" / name).chmod(0o600)


def _accounts(users: Sequence[User]) -> dict[str, str]:
    passwd = [
        f"{user.name}:x:{uid}:{uid}::{user.folder}:{user.shell}"
        for uid, user in numbered(users)
        if uid
    ]
    roots = [user for user in users if user.name == "root"] or [User("root")]
    passwd.insert(0, f"root:x:0:0:root:/root:{roots[0].shell}")
    passwd.append("sshd:x:90:90:sshd:/run/sshd:/usr/sbin/nologin")
    passwd.append("nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin")
    shadow = [
        f"{user.name}:{crypted(user.password) if 'password' in user.login else '*'}:19000::::::"
        for user in users
    ]
    group = ["root:x:0:", "tty:x:5:", "sshd:x:90:", "nogroup:x:65534:"]
    group += [f"{user.name}:x:{uid}:" for uid, user in numbered(users) if uid]
    groups: dict[str, list[str]] = {}
    for user in users:
        for name in (user.group, *(f"asks-{what}" for what in user.login)):
            groups.setdefault(name, []).append(user.name)
    group += [
        f"{name}:x:{70 + at}:{','.join(names)}" for at, (name, names) in enumerate(groups.items())
    ]
    oath = [f"HOTP {user.name} - {secrets.token_hex(20)}" for user in users if "code" in user.login]
    texts = {"passwd": passwd, "shadow": shadow, "group": group, "users.oath": oath}
    return {name: "".join(line + "\n" for line in lines) for name, lines in texts.items()}


def numbered(users: Iterable[User]) -> list[tuple[int, User]]:
    """Give each user the id it has on the machine."""
    return [(0 if user.name == "root" else 1001 + at, user) for at, user in enumerate(users)]


def settle(root: Path, users: Sequence[User], keys: dict[str, str]) -> None:
    """Make the homes that are not there yet; ``root`` may be a machine that runs."""
    for uid, user in numbered(users):
        home = root / user.folder.lstrip("/")
        if (home / ".ssh").exists():
            continue
        files = {**user.files, ".ssh/authorized_keys": keys[user.name]}
        for name, text in files.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for path in [home, *home.rglob("*")]:
            os.chown(path, uid, uid)
        home.chmod(0o700)
        (home / ".ssh").chmod(0o700)


def sshd_config(users: Sequence[User], env: dict[str, str], options: dict[str, str]) -> str:
    """Say to sshd who is asked what."""
    common = {
        "Port": "22",
        "AddressFamily": "inet",
        "PidFile": "/run/sshd.pid",
        "LogLevel": "VERBOSE",
        "UsePAM": "yes",
        "UseDNS": "no",
        "PermitRootLogin": "yes",
        "PasswordAuthentication": "yes",
        "KbdInteractiveAuthentication": "yes",
        "MaxAuthTries": "6",
        "SetEnv": " ".join(f"{name}={value}" for name, value in env.items()),
        "HostKey": "/etc/ssh/host_key",
        "Subsystem": "sftp internal-sftp",
    }
    lines = [f"{name} {value}" for name, value in {**common, **options}.items()]
    for login in {user.login: None for user in users}:
        lines.append(f"Match Group asked-{'-'.join(login)}")
        lines.append(f"  AuthenticationMethods {methods(login)}")
        if login != ("password",):
            lines.append("  PasswordAuthentication no")
    return "".join(line + "\n" for line in lines)


def mounts(folder: Path, python: str | None, home_mb: int | None) -> list[dict[str, Any]]:
    """List what the first process mounts, in order."""
    bind: dict[str, Any] = {"kind": "bind", "readonly": True}
    listed: list[dict[str, Any]] = [
        bind | {"source": "/usr", "target": "/usr"},
        {"kind": "proc", "target": "/proc"},
        {"kind": "bind", "source": str(folder / "boot_id"), "target": _BOOT_ID, "readonly": True},
        {"kind": "sysfs", "target": "/sys"},
        {"kind": "tmpfs", "target": "/dev", "data": "mode=755"},
        {
            "kind": "devpts",
            "target": "/dev/pts",
            "data": "newinstance,ptmxmode=0666,mode=620,gid=5",
        },
        {"kind": "tmpfs", "target": "/dev/shm", "data": "mode=1777"},
        {"kind": "tmpfs", "target": "/run", "data": "mode=755"},
        {"kind": "tmpfs", "target": "/tmp", "data": "mode=1777"},
    ]
    if home_mb:
        listed.append({"kind": "tmpfs", "target": "/home", "data": f"mode=755,size={home_mb}m"})
    else:
        listed.append({"kind": "bind", "source": str(folder / "root/home"), "target": "/home"})
    if python != SYSTEM_PYTHON:
        listed.append({"kind": "without-python", "target": "/usr/bin"})
    if python and python != SYSTEM_PYTHON:
        home = str(pyenv_home(python))
        listed.append(bind | {"source": home, "target": f"/opt/python{python}"})
    return listed


SYSTEM_PYTHON = "system"
_BOOT_ID = "/proc/sys/kernel/random/boot_id"


def pyenv_home(version: str) -> Path:
    """Find an interpreter of this machine that a machine of ours can have."""
    found = installed(version)
    if not found:
        raise FileNotFoundError(f"no Python {version} is installed here")
    return found[-1]


def oldest_python() -> str:
    """Name the oldest interpreter that a machine can have here and that we support."""
    return "3.8" if installed("3.8") else SYSTEM_PYTHON


def wrong_clock(root: Path, offset_s: int) -> None:
    """Let every program there see a time that is wrong by ``offset_s``."""
    library = _FAKETIME.format(arch=os.uname().machine)
    (root / "etc/ld.so.preload").write_text(library + "\n")
    (root / "etc/faketimerc").write_text(f"{offset_s:+d}\n")
