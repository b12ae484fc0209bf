"""A stand-in for Apptainer, which no package here has: it takes the same words and does the same.

It really runs programs in an image's files, in a mount namespace of theirs, and its words, its
errors and what becomes of variables, signals and exit codes are those of Apptainer 1.3 to 1.6,
as its documentation and its source have them. An image file is a tar archive.
"""

from __future__ import annotations

import contextlib
import csv
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from types import FrameType
from typing import NoReturn

VERSION = "1.3.6"
_CLONE_NEWNS = 0x20000
_MS_RDONLY, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_VALUED = ("--home", "--pwd", "--cwd", "--mount", "--bind")
_PLAIN = ("--nv", "--rocm", "--no-home")
_libc = ctypes.CDLL(None, use_errno=True)


def install(folder: Path) -> Path:
    """Put a program of this name into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "apptainer"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {Path(__file__).resolve()} "$@"\n')
    path.chmod(0o755)
    return path


def main(words: list[str]) -> NoReturn:
    words = [word for word in words if word not in ("--quiet", "--silent", "--nocolor")]
    if words == ["--version"]:
        print(f"apptainer version {VERSION}")
        sys.exit(0)
    if words[0] in ("pull", "build") and words[1] == "--force":
        sys.exit(_fetch(words[2], words[3]))
    if words[0] == "exec":
        _execute(words[1:])
    _fail(f'unknown command "{words[0]}" for "apptainer"')


def _fail(text: str) -> NoReturn:
    sys.stderr.write(f"FATAL:   {text}\n")
    sys.exit(255)


def _fetch(path: str, reference: str) -> int:
    scheme, _, name = reference.partition(":")
    if scheme == "docker":
        host = name.strip("/").partition("/")[0]
        _fail(
            f"While making image from oci registry: error fetching image: GET https://{host}/v2/: "
            f"dial tcp {host}: connect: connection refused"
        )
    if scheme != "docker-daemon":
        _fail(f"unsupported image source {reference}")
    made = subprocess.run(["docker", "create", name, "x"], capture_output=True, text=True)
    if made.returncode:
        _fail(f"While performing build: conveyor failed to get: {made.stderr.strip()}")
    try:
        subprocess.run(["docker", "export", "--output", path, made.stdout.strip()], check=True)
    finally:
        subprocess.run(["docker", "rm", made.stdout.strip()], stdout=subprocess.DEVNULL)
    return 0


def _execute(words: list[str]) -> NoReturn:
    options: dict[str, list[str]] = {}
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in _VALUED:
            options.setdefault(option, []).append(words.pop(0))
        elif option in _PLAIN:
            options[option] = []
        else:
            sys.stderr.write(f'Error for command "exec": unknown flag: {option}\n')
            sys.exit(1)
    image, *argv = words
    if not os.path.exists(image):
        _fail(
            f"could not open image {image}: failed to retrieve path for {image}: "
            f"lstat {image}: no such file or directory"
        )
    scratch = tempfile.mkdtemp(prefix="apptainer-")
    child = os.fork()
    if child == 0:
        _enter(image, scratch, options)
        _become(argv, options)
    sys.exit(_monitor(child, scratch))


def _monitor(child: int, scratch: str) -> int:
    """Hand on every signal, and end as the program did."""

    def hand_on(number: int, frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)

    for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
        try:
            signal.signal(number, hand_on)
        except OSError:
            continue
    _, status = os.waitpid(child, 0)
    shutil.rmtree(scratch, ignore_errors=True)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    return os.WEXITSTATUS(status)


def _enter(image: str, scratch: str, options: dict[str, list[str]]) -> None:
    """Make the image's files the root, with mount points that it need not have."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    if _libc.unshare(_CLONE_NEWNS):
        _fail("failed to create mount namespace: operation not permitted")
    _mount("none", "/", "", _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", scratch, "tmpfs", 0)
    lower, root = scratch + "/lower", scratch + "/root"
    for name in ("lower", "upper", "work", "root"):
        os.mkdir(f"{scratch}/{name}")
    if os.path.isdir(image):
        _mount(image, lower, "", _MS_BIND)
    else:
        with tarfile.open(image) as archive:
            archive.extractall(lower)
    layers = f"lowerdir={lower},upperdir={scratch}/upper,workdir={scratch}/work"
    _mount("overlay", root, "overlay", 0, layers)
    home = options.get("--home", [""])[0]
    binds = [(path, path, False) for path in ("/proc", "/sys", "/dev", "/tmp", "/var/tmp")]
    binds += [(home, home, False)] if home else []
    for specification in options.get("--mount", ()):
        binds.append(_bind(specification))
    for source, target, is_read_only in binds:
        _bind_there(source, root + target, is_read_only)
    os.chroot(root)


def _bind(specification: str) -> tuple[str, str, bool]:
    [fields] = csv.reader([specification])
    found = dict(field.partition("=")[::2] for field in fields)
    if found.pop("type", "") != "bind":
        _fail(f"unsupported mount type in {specification}")
    is_read_only = "readonly" in found or "ro" in found
    return found["source"], found["target"], is_read_only


def _bind_there(source: str, target: str, is_read_only: bool) -> None:
    if not os.path.exists(source):
        _fail(
            f"container creation failed: mount {source}->{target} error: "
            f"while mounting {source}: mount source {source} doesn't exist"
        )
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        open(target, "a").close()
    _mount(source, target, "", _MS_BIND | _MS_REC)
    if is_read_only:
        _mount("none", target, "", _MS_BIND | _MS_REMOUNT | _MS_RDONLY)


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    given = (os.fsencode(source), os.fsencode(target), kind.encode(), flags, data.encode())
    if _libc.mount(*given):
        error = os.strerror(ctypes.get_errno()).lower()
        _fail(f"container creation failed: while mounting {source} on {target}: {error}")


def _become(argv: list[str], options: dict[str, list[str]]) -> NoReturn:
    env = _environment(options)
    pwd = options.get("--pwd", options.get("--cwd", ["/"]))[0]
    try:
        os.chdir(pwd)
    except OSError:
        _fail(f"failed to set working directory {pwd}: no such file or directory")
    try:
        os.execvpe(argv[0], argv, env)
    except OSError:
        if "/" in argv[0]:
            _fail(f"stat {argv[0]}: no such file or directory")
        _fail(f'"{argv[0]}": executable file not found in $PATH')


def _environment(options: dict[str, list[str]]) -> dict[str, str]:
    """What is said with the prefix comes before what is there without it."""
    prefix = "APPTAINERENV_"
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("APPTAINER", "SINGULARITY")) and name != "LD_LIBRARY_PATH"
    }
    env.update(HOME=options.get("--home", ["/root"])[0], PATH=_PATH)
    for name, value in os.environ.items():
        if name.startswith(prefix):
            env[name[len(prefix) :]] = value
    return {name: value for name, value in env.items() if value}


if __name__ == "__main__":
    main(sys.argv[1:])
