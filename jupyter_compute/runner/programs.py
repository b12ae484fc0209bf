"""Start a program so that it outlives nothing it should not, and inherits nothing it should not."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Sequence

from . import processes

# Python and the keeper ignore or handle these; a program expects them as the system sets them.
_RESTORED = (
    signal.SIGPIPE,
    signal.SIGXFSZ,
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGCHLD,
    signal.SIGUSR1,
)


def reset_signals() -> None:
    """Forget every handler and block that this process inherited."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        try:
            if signal.getsignal(number) not in (signal.SIG_DFL, None):
                signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            # Two signals cannot be handled, and a few belong to the C library.
            continue
    # A pipe to somebody who is gone is an error like others, not the end.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def close_all_but(*kept: int) -> None:
    """Close every descriptor except some, and point the standard ones at nothing."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    for name in os.listdir("/proc/self/fd"):
        fd = int(name)
        if fd > 2 and fd not in kept:
            try:
                os.close(fd)
            except OSError:
                continue


def spawn(argv: Sequence[str], env: dict[str, str], folder: str, output: str) -> int:
    """Start a program in a session of its own and return its pid.

    Its output and errors are appended to one file by the program itself, so that nothing of it
    passes through, or is lost with, this process. It is killed when this process ends.

    Args:
        argv: The program and its arguments; looked up on the ``PATH`` of ``env``.
        env: All of its environment.
        folder: Its working directory.
        output: The file for its output.

    Raises:
        OSError: The program could not be started.
    """
    parent = os.getpid()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become(argv, env, folder, output, parent, writer)
    os.close(writer)
    try:
        trouble = _read_all(reader)
    finally:
        os.close(reader)
    if trouble:
        os.waitpid(pid, 0)
        number, name = trouble.decode("utf-8", "surrogateescape").split("\n", 1)
        raise OSError(int(number), os.strerror(int(number)), name)
    return pid


def _become(
    argv: Sequence[str], env: dict[str, str], folder: str, output: str, parent: int, writer: int
) -> None:
    name = argv[0]
    try:
        processes.die_with_parent()
        if os.getppid() != parent:
            os._exit(127)
        os.setsid()
        for number in _RESTORED:
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        log = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.chdir(folder)
        os.execvpe(name, list(argv), env)
    except (OSError, ValueError) as error:
        code = getattr(error, "errno", None) or errno.EINVAL
        os.write(writer, f"{code}\n{name}".encode("utf-8", "surrogateescape"))
    finally:
        os._exit(127)


def _read_all(fd: int) -> bytes:
    parts: list[bytes] = []
    while True:
        part = os.read(fd, 4096)
        if not part:
            return b"".join(parts)
        parts.append(part)
