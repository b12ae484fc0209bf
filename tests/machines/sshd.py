"""An sshd on a loopback port for who needs no more than a server: no root, no namespaces."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from .keys import client_options, host_block, make_key

_PATIENCE_S = 20.0
# The server ends when whoever started it is gone, however they went: then the pipe is closed.
_TIED = '"$@" & server=$!; trap "kill $server" TERM; read -r nothing; kill $server; wait $server'


class Sshd:
    """An sshd that lets the current user in by key.

    Args:
        folder: A folder of its own; the home of who logs in lies in it.
        name: The alias in `ssh_config`.
        options: More lines for sshd_config.
        env: What a login finds in its environment besides its home.
    """

    def __init__(
        self,
        folder: Path,
        name: str = "here",
        options: dict[str, str] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.name = name
        self.user = getpass.getuser()
        self.home = folder / "home"
        self.key = folder / "key"
        self.known_hosts = folder / "known_hosts"
        self.ssh_config = folder / "ssh_config"
        self.port = 0
        self._options = options or {}
        self._env = {"HOME": str(self.home), **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self.home.mkdir(parents=True, exist_ok=True)
        self._public = make_key(self.key)
        self._public_host = make_key(folder / "host_key")
        (folder / "authorized_keys").write_text(self._public)

    def start(self) -> None:
        """Start it on a free port; it answers when this returns."""
        while self._process is None:
            self._try(self.port or _free_port())
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {self._public_host}")
        options = client_options("127.0.0.1", self.port, self.known_hosts, self.key)
        self.ssh_config.write_text(host_block(self.name, {**options, "User": self.user}))

    def stop(self) -> None:
        """Stop listening; sessions end when their clients do."""
        if self._process:
            self._process.communicate()
            self._process = None

    def __enter__(self) -> Sshd:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _try(self, port: int) -> None:
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(
                mode=0o755, exist_ok=True
            )  # sshd does not start as root without
        config = self.folder / "sshd_config"
        options = {
            "Port": str(port),
            "ListenAddress": "127.0.0.1",
            "HostKey": str(self.folder / "host_key"),
            "AuthorizedKeysFile": str(self.folder / "authorized_keys"),
            "PidFile": "none",
            "UsePAM": "no",
            "StrictModes": "no",
            "PermitRootLogin": "prohibit-password",
            "PasswordAuthentication": "no",
            "KbdInteractiveAuthentication": "no",
            "SetEnv": " ".join(f'"{name}={value}"' for name, value in self._env.items()),
            "Subsystem": "sftp internal-sftp",
        }
        lines = [f"{name} {value}\n" for name, value in {**options, **self._options}.items()]
        config.write_text("".join(lines))
        log = str(self.folder / "sshd.log")
        server = ["/usr/sbin/sshd", "-D", "-f", str(config), "-E", log]
        process = subprocess.Popen(["sh", "-c", _TIED, "sh", *server], stdin=subprocess.PIPE)
        end = time.monotonic() + _PATIENCE_S
        while process.poll() is None and time.monotonic() < end:
            with socket.socket() as caller:
                if caller.connect_ex(("127.0.0.1", port)) == 0:
                    self.port, self._process = port, process
                    return
            time.sleep(0.005)
        process.communicate()
        raise RuntimeError(f"sshd did not start: {Path(log).read_text()}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
