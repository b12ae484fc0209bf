"""The programs of a run as plain processes of this machine: how they start and how they ended."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from . import processes, programs
from .interpreters import Interpreter
from .preparation import environment_variables
from .ranks import Rank, log_path
from .run_folder import RunFolder


class Outcome(NamedTuple):
    """How a program ended.

    Attributes:
        code: Its exit code.
        signal: The signal that ended it; 0 if none did.
        is_out_of_memory: Whether it is known to have ended for lack of memory.
        error: Why it never began, in somebody else's words.
    """

    code: int = 0
    signal: int = 0
    is_out_of_memory: bool = False
    error: str = ""


class Plain:
    """Starts the programs of a run as children of this process.

    Args:
        run: The attempt's folder.
        python: What ``{python}`` stands for; empty if there is none.
        env: Their environment variables.
        search_path: Where programs are looked up; ``None`` where that cannot be told.
        prefix: What the program of each rank is started by, such as an engine that does so in
            an image.
    """

    def __init__(
        self,
        run: RunFolder,
        python: str,
        env: dict[str, str],
        search_path: str | None,
        prefix: Sequence[str] = (),
    ) -> None:
        self.run = run
        self.python = python
        self.env = env
        self.search_path = search_path
        self.prefix = tuple(prefix)

    def plan(self, ranks: list[Rank]) -> dict[str, Any]:
        """Return what is to be noted before the start: nothing."""
        return {}

    def ready(self, ranks: list[Rank]) -> None:
        """Do what can be done before the start: nothing."""

    def start(self, rank: Rank) -> int:
        """Start a program and return its pid.

        Raises:
            OSError: It could not be started.
        """
        output, env = log_path(self.run.path, rank), {**self.env, **rank.env}
        return programs.spawn(rank.argv, env, self.run / "work", output)

    def aim(self, pid: int) -> int:
        """Return the pid to signal for a program that was started."""
        if not self.prefix:
            return pid
        return processes.program_below(pid, self.env.get(processes.TOKEN, ""))

    def insiders(self) -> list[int] | None:
        """List the programs that are no children of ours; ``None`` where all of them are."""
        return None

    def outcome(self, pid: int, wait_status: int) -> Outcome:
        """Say how a program ended."""
        if os.WIFSIGNALED(wait_status):
            return Outcome(signal=os.WTERMSIG(wait_status))
        return Outcome(os.WEXITSTATUS(wait_status))

    def remove(self) -> bool:
        """Remove what the start left besides processes: nothing."""
        return True


def plain(
    run: RunFolder,
    job: dict[str, Any],
    interpreter: Interpreter,
    token: str,
    secrets: dict[str, str],
) -> Plain:
    """Return what starts the programs of a run with an interpreter of this machine.

    Args:
        run: The attempt's folder.
        job: What was asked for.
        interpreter: The environment's interpreter.
        token: What the run's processes are known by.
        secrets: Environment variables that are written nowhere.
    """
    env = {**environment_variables(run, job, interpreter, token), **secrets}
    return Plain(run, interpreter.path, env, env["PATH"])
