"""One process of a run that has many, on whatever node: what it is told, and where it prints.

Its output goes to a log of its own as it is, and line by line, with its number before each, to
the log of all.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from types import FrameType
from typing import Any

from . import processes
from .allocation import FAILED
from .distribution import Member, tensorflow, torch

_READ = 65536
_LONGEST_LINE = 65536
_PORT, _PORTS = 20000, 20000


def run(folder: str, argv: list[str]) -> int:
    """Run one rank to its end and return its exit code.

    Args:
        folder: The attempt's folder.
        argv: The program.
    """
    member = _member()
    env = {**os.environ, **_variables(member)}
    try:
        process = subprocess.Popen(
            argv,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        sys.stdout.write(f"[{member.rank}] {argv[0]} could not be started: {error.strerror}\n")
        _confess(folder, member.rank, 127)
        return 127
    _hand_on_signals(process, argv[0])
    assert process.stdout is not None
    _copy(
        process.stdout.fileno(), os.path.join(folder, f"work/logs/rank-{member.rank}.log"), member
    )
    code = process.wait()
    code = code if code >= 0 else 128 - code
    if code:
        _confess(folder, member.rank, code)
    return code


def _member() -> Member:
    here = os.environ
    local = int(here.get("SLURM_LOCALID") or 0)
    each = int((here.get("SLURM_NTASKS_PER_NODE") or "1").partition("(")[0])
    return Member(
        rank=int(here.get("SLURM_PROCID") or 0),
        size=int(here.get("SLURM_NTASKS") or 1),
        local_rank=local,
        local_count=each,
        node=int(here.get("SLURM_NODEID") or 0),
    )


def _variables(member: Member) -> dict[str, str]:
    here = os.environ
    if here.get("JUPYTER_COMPUTE_DISTRIBUTION") == "tensorflow":
        # Every node must come to the same ports without asking, and two jobs to different ones.
        base = _PORT + int(here.get("SLURM_JOB_ID") or 0) * member.local_count % _PORTS
        nodes = here.get("JUPYTER_COMPUTE_NODES", "").split(",")
        workers = [f"{node}:{base + one}" for node in nodes for one in range(member.local_count)]
        return tensorflow(member, workers)
    return torch(member, here.get("MASTER_ADDR", ""), here.get("MASTER_PORT", ""))


def _copy(source: int, path: str, member: Member) -> None:
    """Copy output to a file as it is and, in whole lines with the number, to our own output."""
    prefix, line = f"[{member.rank}] ".encode(), b""
    with open(path, "ab", buffering=0) as own:
        while data := os.read(source, _READ):
            with contextlib.suppress(OSError):
                own.write(data)
            line += data
            whole, end, line = line.rpartition(b"\n")
            if len(line) > _LONGEST_LINE:
                whole, end, line = whole + end + line, b"\n", b""
            if end:
                _print(b"".join(prefix + one + b"\n" for one in whole.split(b"\n")))
    if line:
        _print(prefix + line + b"\n")


def _print(data: bytes) -> None:
    with contextlib.suppress(OSError):
        view = memoryview(data)
        while view:
            view = view[os.write(1, view) :]


def _hand_on_signals(process: subprocess.Popen[bytes], program: str) -> None:
    is_in_engine = os.path.basename(program) in processes.TOLD

    def hand_on(number: int, frame: FrameType | None) -> None:
        # One that does not listen would be ended by what is only a warning.
        target = process.pid
        if is_in_engine:
            target = processes.program_below(target, os.environ.get(processes.TOKEN, ""))
        if number != signal.SIGUSR2 or processes.handles(target, number):
            with contextlib.suppress(OSError):
                os.kill(target, number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCONT):
        signal.signal(number, hand_on)


def _confess(folder: str, rank: int, code: int) -> None:
    """Leave word of a failure; of several the first counts."""
    note: dict[str, Any] = {"rank": rank, "code": code}
    with contextlib.suppress(OSError):
        fd = os.open(os.path.join(folder, FAILED), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(fd, "w") as file:
            json.dump(note, file)
