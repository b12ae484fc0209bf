"""Starting, finding and stopping the controller of a workspace, from a front end."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from .._version import __version__
from ..errors import ConflictError, StoreError
from ..workspace import Workspace
from .doorbell import ring
from .handover import ask
from .lock import PROTOCOL, ControllerFacts, is_dying, read_facts, try_lock

_LOG_LIMIT = 5 << 20
_START_S = 60.0
_ASK_AGAIN_S = 0.25

# What a kernel, or a run that submits runs, has in its environment and a controller must not:
# it would reach every run on this machine, or mark the controller as part of that run.
_FOREIGN = ("JPY_PARENT_PID", "JPY_SESSION_NAME", "JPY_API_TOKEN", "JUPYTERHUB_API_TOKEN")
_KEPT = ("JUPYTER_COMPUTE_HOME", "JUPYTER_COMPUTE_SITE")


def ensure(workspace: Workspace, *, python: str = sys.executable, wait: bool = False) -> None:
    """Let a controller run and look at the store.

    Call it after the wish is in the store. One that holds the lock is woken, else one is
    started, detached. No wish is lost in between: a controller that goes looks at the store
    once more after it has let the lock go, and the lock of a killed one is free at once.
    Of any number of callers exactly one starts one. Repeatable; a waiting front end calls it
    every few seconds, so that a killed controller is replaced.

    Args:
        workspace: Whose controller.
        python: The interpreter it runs with.
        wait: Whether to wait until it listens; without, this takes some milliseconds.

    Raises:
        ConflictError: A controller of another version is at work that we cannot work with.
        StoreError: The workspace cannot be locked, or no controller came up.
    """
    fd = _try_lock(workspace)
    if fd is None:
        present = facts(workspace)
        if present is not None and present.version != __version__:
            _settle(workspace, present)
            fd = try_lock(workspace.lock)
    if fd is not None:
        try:
            _start(workspace, python, fd)
        finally:
            os.close(fd)
    else:
        ring(workspace)
    if wait:
        _await_bell(workspace)


def facts(workspace: Workspace) -> ControllerFacts | None:
    """Return what the live controller says about itself; ``None`` when there is none."""
    return read_facts(workspace.lock)


def stop(workspace: Workspace, timeout_s: float = 30.0) -> bool:
    """Ask the controller to end, and wait; its runs go on and are found again by the next.

    One that does not end in time is killed, which harms nothing.

    Returns:
        Whether none is there any more.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        # Asked again and again: one that is only starting does not listen yet.
        ask(workspace, {"op": "stop"}, timeout_s=min(timeout_s, 10.0))
        look_until = min(time.monotonic() + _ASK_AGAIN_S, deadline)
        while time.monotonic() < look_until:
            if _is_free(workspace):
                return True
            time.sleep(0.02)
        if time.monotonic() > deadline:
            return _is_free(workspace) or _kill(workspace)


def _kill(workspace: Workspace) -> bool:
    present = facts(workspace)
    if present is None or present.host != platform.node():
        return False
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(present.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10.0
    while time.monotonic() < deadline:
        if _is_free(workspace):
            return True
        time.sleep(0.02)
    return False


def _try_lock(workspace: Workspace) -> int | None:
    """Take the lock, if need be in the moment in which a killed controller ends."""
    deadline = time.monotonic() + 2.0
    fd = try_lock(workspace.lock)
    while fd is None and is_dying(workspace.lock) and time.monotonic() < deadline:
        time.sleep(0.002)
        fd = try_lock(workspace.lock)
    return fd


def _settle(workspace: Workspace, present: ControllerFacts) -> None:
    """Let an idle controller of another version go; leave one at work if we understand it."""
    reply = ask(workspace, {"op": "stop", "if_idle": True})
    if reply is not None and reply.get("ok"):
        deadline = time.monotonic() + 10.0
        while time.monotonic() < deadline and not _is_free(workspace):
            time.sleep(0.01)
        return
    if present.protocol == PROTOCOL:
        return
    older = "this installation" if present.protocol > PROTOCOL else f"the one at {present.python}"
    raise ConflictError(
        f"the controller of {workspace.root} has version {present.version} and is at work; "
        f"this is version {__version__}, and the two do not understand each other",
        hint=f"upgrade {older}, or wait until its runs are over",
    )


def _is_free(workspace: Workspace) -> bool:
    fd = try_lock(workspace.lock)
    if fd is None:
        return False
    os.close(fd)
    return True


def _start(workspace: Workspace, python: str, fd: int) -> None:
    """Start a controller that is nobody's child, and hand it the lock as standard input.

    A shell in between makes it an orphan at once: a kernel ends all its descendants when it
    ends, and nobody would reap the controller.
    """
    os.ftruncate(fd, 0)
    command = [python, "-m", f"{__package__}", str(workspace.root), "--locked"]
    with _open_log(workspace.controller_log) as log:
        try:
            subprocess.run(
                ["/bin/sh", "-c", 'exec 3<&0; "$@" <&3 3<&- &', "sh", *command],
                stdin=fd,
                stdout=log,
                stderr=log,
                cwd="/",
                env=clean_environment(os.environ),
                start_new_session=True,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as exc:
            raise StoreError(
                f"the controller could not be started: {exc}",
                hint=f"is {python} still there, and is there memory left?",
            ) from exc


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a controller: the user's own, without a kernel's additions."""
    return {
        name: value
        for name, value in environ.items()
        if name not in _FOREIGN
        and (name in _KEPT or not name.startswith("JUPYTER_COMPUTE_"))
        and not (name == "MPLBACKEND" and value.startswith("module://"))
    }


def _open_log(path: Path) -> _LogFile:
    try:
        if path.exists() and path.stat().st_size > _LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
        return _LogFile(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600))
    except OSError as exc:
        raise StoreError(
            f"cannot write {path}: {exc.strerror}", hint="is the workspace's disk full?"
        ) from exc


class _LogFile:
    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __enter__(self) -> int:
        return self.fd

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)


def _await_bell(workspace: Workspace) -> None:
    deadline = time.monotonic() + _START_S
    pause = 0.005
    while not _is_answering(workspace):
        if _is_free(workspace) or time.monotonic() > deadline:
            raise StoreError(
                "the controller did not start", hint=f"its last words: {_last_words(workspace)}"
            )
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def _is_answering(workspace: Workspace) -> bool:
    return ask(workspace, {"op": "status"}) is not None


def _last_words(workspace: Workspace) -> str:
    try:
        lines = workspace.controller_log.read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else f"none in {workspace.controller_log}"
