"""Real container engines that keep all they have in a folder, and an image made on the spot."""

from __future__ import annotations

import ctypes
import io
import json
import os
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from clusters import apptainer as stand_in

IMAGE = "localhost/plain:1"
BASE = "localhost/base:1"
"""The skeleton with a shell of its own, so that other images can be built from it."""
MOUNT = "/usr:/usr:ro"
"""The image is a skeleton: programs come from the machine's own ``/usr``."""

_FOLDERS = ("usr", "etc", "proc", "sys", "dev", "tmp", "var/tmp", "root", "home", "run")
_LINKS = ("bin", "sbin", "lib", "lib64")
_USERS = b"root:x:0:0:root:/root:/bin/sh\n"
_PATIENCE_S = 60.0
_PR_SET_PDEATHSIG = 1


class ContainerEngine(NamedTuple):
    """An engine that answers: its name, its program, and the variables that lead to it."""

    name: str
    path: str
    env: dict[str, str]
    image: str = IMAGE

    def run(self, *words: str) -> str:
        env = {**os.environ, **self.env}
        done = subprocess.run([self.path, *words], env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def containers(self) -> list[str]:
        if self.name == "apptainer":
            return []
        return self.run("ps", "--all", "--format", "{{.Names}}").split()

    def images(self) -> list[str]:
        return self.run("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()

    def add_base(self, folder: Path) -> None:
        if BASE not in self.images():
            _import(self, folder, BASE, _shell())


@contextmanager
def docker(folder: Path, path: str) -> Iterator[ContainerEngine]:
    """Start a daemon of its own, in a mount namespace that goes with it."""
    config = {
        "hosts": [f"unix://{folder}/socket"],
        "data-root": f"{folder}/data",
        "exec-root": f"{folder}/exec",
        "pidfile": f"{folder}/pid",
        # The machine's network is left as it is.
        "iptables": False,
        "ip6tables": False,
        "bridge": "none",
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "default-ulimits": {"nofile": {"Name": "nofile", "Hard": 16384, "Soft": 1024}},
    }
    folder.mkdir(parents=True)
    (folder / "daemon.json").write_text(json.dumps(config))
    engine = ContainerEngine("docker", path, {"DOCKER_HOST": f"unix://{folder}/socket"})
    with daemon(engine, folder):
        _import(engine, folder, IMAGE)
        yield engine
        names = engine.containers()
        if names:
            engine.run("rm", "--force", *names)


@contextmanager
def daemon(engine: ContainerEngine, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the daemon of a folder, which may go on where another was killed."""
    dockerd = shutil.which("dockerd", path=os.environ["PATH"] + ":/usr/sbin:/sbin") or "dockerd"
    words = ["unshare", "--mount", dockerd, "--config-file", str(folder / "daemon.json")]
    with open(folder / "log", "ab") as log:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_end_with_parent
        )
    try:
        _wait_for(engine, process, folder / "log")
        yield process
    finally:
        process.terminate()
        process.wait(_PATIENCE_S)


@contextmanager
def podman(folder: Path, path: str) -> Iterator[ContainerEngine]:
    """Give Podman, which needs no daemon, a storage of its own."""
    folder.mkdir(parents=True)
    # Its own default is more than a container in a container may have.
    (folder / "containers.conf").write_text(
        '[containers]\ndefault_ulimits = ["nofile=1024:16384", "nproc=16384:16384"]\n'
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n'
        # Its locks would be those of every other one on this machine.
        f'lock_type = "file"\ntmp_dir = "{folder}/tmp"\n'
    )
    (folder / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
    )
    env = {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
    }
    engine = ContainerEngine("podman", path, env)
    _import(engine, folder, IMAGE)
    yield engine
    engine.run("rm", "--all", "--force")


def apptainer(folder: Path) -> ContainerEngine:
    """Return Apptainer, or a stand-in where it is not, with an image that is a folder."""
    image = folder / "plain"
    for name in _FOLDERS:
        (image / name).mkdir(parents=True)
    for name in _LINKS:
        (image / name).symlink_to(f"usr/{name}")
    (image / "etc/passwd").write_bytes(_USERS)
    (image / "etc/group").write_bytes(b"root:x:0:\n")
    path = shutil.which("apptainer") or str(stand_in.install(folder / "bin"))
    return ContainerEngine("apptainer", path, {}, str(image))


def _import(
    engine: ContainerEngine, folder: Path, image: str, files: dict[str, str] | None = None
) -> None:
    archive = folder / "image.tar"
    with tarfile.open(archive, "w") as file:
        for name in _FOLDERS:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if "tmp" in name else 0o755
            file.addfile(entry)
        for name in _LINKS:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, f"usr/{name}"
            file.addfile(entry)
        entry = tarfile.TarInfo("etc/passwd")
        entry.size = len(_USERS)
        file.addfile(entry, io.BytesIO(_USERS))
        for path, source in (files or {}).items():
            file.add(os.path.realpath(source), path.lstrip("/"))
    engine.run("import", str(archive), image)


def _shell() -> dict[str, str]:
    """Return the machine's plainest shell and what it is linked with, by their paths inside."""
    linked = subprocess.run(["ldd", "/bin/dash"], check=True, capture_output=True, text=True)
    found = [word for word in linked.stdout.split() if word.startswith("/")]
    return {"/usr/bin/sh": "/bin/dash", **{f"/usr{path}": path for path in found}}


def _wait_for(engine: ContainerEngine, daemon: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    env = {**os.environ, **engine.env}
    while subprocess.run([engine.path, "version"], env=env, capture_output=True).returncode:
        assert daemon.poll() is None and time.monotonic() < deadline, log.read_text()[-2000:]
        time.sleep(0.05)


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
