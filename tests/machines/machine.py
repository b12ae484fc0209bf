"""A remote machine that is real enough: namespaces of its own, a wire, and sshd at its end."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from . import root as system
from .keys import client_options, host_block, make_key
from .network import Link
from .processes import Process, processes_beside
from .user import User, one_time_code

_PATIENCE_S = 20.0
_NAMESPACES = ("--mount", "--pid", "--net", "--uts", "--ipc")
_SSHD = "/usr/sbin/sshd"


class Machine:
    """A machine behind ssh. Needs root here; whoever logs in there need not be.

    All its state lies in ``folder`` and outlives a reboot. It ends with the process that started
    it, and leaves no process, no mount and no device behind.

    Args:
        folder: A folder of its own.
        name: Its host name, and its alias in `ssh_config`.
        users: Who may log in; the first one is the user in `ssh_config`.
        python: ``system``, a version such as ``3.8`` that pyenv has, or None for no Python at all.
        env: What a login finds in its environment besides what sshd puts there.
        sshd_options: More lines for sshd_config, such as ``{"MaxSessions": "1"}``.
        clock_offset_s: How wrong the clock is.
        home_mb: The size of ``/home``, which is then emptied by a reboot.
        behind: The machine that one must jump through.
    """

    def __init__(
        self,
        folder: Path,
        name: str = "gpu1",
        users: Sequence[User] = (User(),),
        *,
        python: str | None = system.SYSTEM_PYTHON,
        env: Mapping[str, str] | None = None,
        sshd_options: Mapping[str, str] | None = None,
        clock_offset_s: int = 0,
        home_mb: int | None = None,
        behind: Machine | None = None,
    ) -> None:
        self.folder = folder
        self.name = name
        self.users = tuple(users)
        self.behind = behind
        self.root = folder / "root"
        self.known_hosts = folder / "known_hosts"
        self.ssh_config = folder / "ssh_config"
        self._python = python
        own = python not in (None, system.SYSTEM_PYTHON)
        self._python_home = f"/opt/python{python}" if own else ""
        self._home_mb = home_mb
        self._process: subprocess.Popen[str] | None = None
        self._init = 0
        self._keys: dict[str, str] = {}
        self._link: Link | None = None
        self._build(clock_offset_s, dict(env or {"LANG": "C.UTF-8"}), dict(sshd_options or {}))

    # What a user knows of it

    @property
    def address(self) -> str:
        return self.link.address

    @property
    def link(self) -> Link:
        if self._link is None:
            near = self.behind.pid if self.behind else None
            self._link = Link(near)
        return self._link

    @property
    def pid(self) -> int:
        """Its first process, as this machine knows it."""
        return self._init

    def key(self, user: User | None = None) -> Path:
        """The private key of a user; the first one's when none is named."""
        return self.folder / f"key-{self.users.index(user or self.users[0])}"

    def alias(self, user: User | None = None) -> str:
        """The host alias in `ssh_config` under which this user logs in."""
        at = self.users.index(user or self.users[0])
        return f"{self.name}-{at}" if at else self.name

    def code(self, user: User | None = None) -> str:
        """The one-time code that lets this user in next."""
        name = (user or self.users[0]).name
        for line in self.path(system.COUNTED).read_text().splitlines():
            words = line.split("\t") if "\t" in line else line.split()
            if words[1] == name:
                used = int(words[4]) + 1 if len(words) > 4 else 0
                return one_time_code(bytes.fromhex(words[3]), used)
        raise LookupError(f"{name} has no one-time codes")

    def path(self, name: str) -> Path:
        """Where a file of the machine lies for who looks from here."""
        base = Path(f"/proc/{self._init}/root") if self.is_running else self.root
        return base / name.lstrip("/")

    # On and off

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Switch it on; sshd answers when this returns."""
        (self.folder / "boot_id").write_text(f"{uuid.uuid4()}\n")
        plan = {
            "root": str(self.root),
            "hostname": self.name,
            "mounts": system.mounts(self.folder, self._python, self._home_mb),
        }
        (self.folder / "plan.json").write_text(json.dumps(plan))
        self._process = subprocess.Popen(
            [
                *("unshare", *_NAMESPACES, "--fork", "--kill-child"),
                *(sys.executable, "-I", "-S", str(Path(__file__).with_name("init.py"))),
                str(self.folder / "plan.json"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        if self._process.stdout.readline() != "ready\n":
            self.stop()
            raise RuntimeError(f"machine {self.name} did not start")
        outer = self._process.pid
        self._init = int(Path(f"/proc/{outer}/task/{outer}/children").read_text())
        self.link.lay(self._init)
        self._write_ssh_config()
        system.settle(self.path("/"), self.users, self._keys)
        if self._python_home:
            (self.root / "etc/ld.so.conf.d/python.conf").write_text(f"{self._python_home}/lib\n")
            self.run("ldconfig")
        self.start_sshd()

    def stop(self) -> None:
        """Switch it off and take it away; nothing of it but its folder is there afterwards."""
        self.power_off()
        if self._link:
            self._link.remove()

    def power_off(self) -> None:
        """Pull its plug: everything that runs there is over when this returns."""
        if self._process is None:
            return
        self.link.loosen()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe:
                    pipe.close()
        self._process.wait(timeout=_PATIENCE_S)
        self._process = None

    def reboot(self) -> None:
        """Switch it off and on: all its processes are gone, its files and its address are not."""
        self.power_off()
        self.start()

    def __enter__(self) -> Machine:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # The wire

    def cut(self) -> None:
        """Lose all that is sent, silently: what is connected hangs."""
        self.link.cut()

    def heal(self) -> None:
        """Let what is sent arrive again: what hung goes on."""
        self.link.heal()

    # What runs there

    def processes(self) -> list[Process]:
        """List what runs there, the first process and those who serve it aside."""
        return processes_beside(self._init) if self.is_running else []

    def command(self, *argv: str) -> list[str]:
        """The command that runs ``argv`` there as root, past sshd and the wire."""
        return ["nsenter", "--all", "--target", str(self._init), *argv]

    def run(self, *argv: str) -> str:
        """Run a command there as root, past sshd and the wire, and return what it printed."""
        done = subprocess.run(
            self.command(*argv),
            check=True,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={"PATH": system.PROGRAMS},
        )
        return done.stdout

    def start_sshd(self) -> None:
        """Let sshd listen; it answers when this returns."""
        self.run(_SSHD, "-E", "/var/log/sshd.log")
        self._wait(self._listens, "sshd does not listen")

    def listener(self) -> int:
        """The process that listens, as the machine knows it."""
        return int(self.path("/run/sshd.pid").read_text())

    def kill_sshd(self, *, sessions: bool = False) -> None:
        """Kill what listens, and the sessions that it served if asked to."""
        listener = self.listener()
        for process in self.processes():
            if process.pid == listener:
                process.kill()
        self._wait(lambda: not self._listens(), "sshd listens on")
        if sessions:
            self._wait(lambda: not self._end_sessions(), "sessions go on")

    def host_key_changes(self) -> None:
        """Give the machine another key, as a new installation does."""
        self._make_host_key()
        self.kill_sshd(sessions=True)
        self.start_sshd()

    # Its disk

    def home_is_read_only(self, yes: bool = True) -> None:
        """Let nothing be opened for writing in ``/home`` any more, or lift that again."""
        if yes:
            self.run("mount", "--bind", "/home", "/home")
            self.run("mount", "-o", "remount,bind,ro", "/home")
        else:
            self.run("umount", "--lazy", "/home")

    # How it is made

    def _build(self, clock_offset_s: int, env: dict[str, str], options: dict[str, str]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        system.build(self.root, self.name, self.users)
        path = (
            f"{self._python_home}/bin:{system.PROGRAMS}" if self._python_home else system.PROGRAMS
        )
        config = system.sshd_config(self.users, {"PATH": path, **env}, options)
        (self.root / "etc/ssh/sshd_config").write_text(config)
        self._public_host_key = ""
        self._make_host_key()
        for user in self.users:
            self._keys[user.name] = make_key(self.key(user), user.passphrase)
        if clock_offset_s:
            system.wrong_clock(self.root, clock_offset_s)

    def _make_host_key(self) -> None:
        self._public_host_key = make_key(self.root / "etc/ssh/host_key")

    def _write_ssh_config(self) -> None:
        if not self.known_hosts.exists():
            self.known_hosts.write_text(f"{self.address} {self._public_host_key}")
        text = self.behind.ssh_config.read_text() if self.behind else ""
        for user in self.users:
            key = self.key(user) if "key" in user.login else None
            options = client_options(self.address, 22, self.known_hosts, key)
            options["User"] = user.name
            if self.behind:
                options["ProxyJump"] = self.behind.alias()
            text += host_block(self.alias(user), options)
        self.ssh_config.write_text(text)

    def _end_sessions(self) -> bool:
        found = [process for process in self.processes() if process.name == "sshd"]
        for process in found:
            process.kill()
        return bool(found)

    def _listens(self) -> bool:
        shown = Path(f"/proc/{self._init}/net/tcp").read_text().splitlines()[1:]
        return any(line.split()[1].endswith(":0016") and " 0A " in line for line in shown)

    def _wait(self, reached: object, complaint: str) -> None:
        assert callable(reached)
        end = time.monotonic() + _PATIENCE_S
        while not reached():
            if time.monotonic() > end:
                log = self.path("/var/log/sshd.log")
                said = log.read_text() if log.exists() else ""
                raise TimeoutError(f"{self.name}: {complaint}; {said}")
            time.sleep(0.005)
