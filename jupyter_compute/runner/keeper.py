"""Keeps one run: prepares it, starts the program, watches it, and writes down how it ended.

The agent forks a keeper for each run and forgets it. The keeper lives in a session of its own,
and whatever becomes of the agent, the connection or the submitting machine, it sees its run to
the end. How it ended stands in ``exit.json``, which is written last and once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
import traceback
import warnings
from typing import Any

from . import allocation, endings, environments, leavings, processes, programs
from .apptainer import Sif
from .bell import Bell
from .cgroups import Cgroup
from .contained import Contained
from .endings import Ended
from .family import Family, reap
from .identity import identify
from .images import Image
from .interpreters import Interpreter
from .observer import Observer
from .place import Place
from .preparation import place_files
from .ranks import Rank, failed, log_path, ranks_of
from .run_folder import MEGABYTE, RunFolder
from .starting import Outcome, Plain, plain
from .vigil import Vigil

PYTHON = "{python}"
"""Stands for the environment's interpreter as the first word of a program."""
_START_S = 20.0
_RETRY_S = 1.0


def start(root: str, folder: str, secrets: dict[str, str]) -> None:
    """Start the keeper of an attempt, once: if one was ever started, nothing happens.

    Returns once ``state.json`` or ``exit.json`` stands, a few milliseconds later. May be called
    from a process with threads and from several processes at once.

    Args:
        root: The target's root.
        folder: The attempt's folder, with its ``job.json``.
        secrets: Environment variables that are handed over in memory and written nowhere.

    Raises:
        OSError: The keeper could not be started, and neither was the run.
    """
    reader, writer = os.pipe()
    try:
        with warnings.catch_warnings():
            # The child runs Python code that takes no lock another thread could have held.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            _detach(root, folder, secrets, writer)
    except BaseException:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
    with open(reader, "rb") as pipe:
        answer = pipe.read().decode("utf-8", "replace").strip()
    if answer != "ok":
        raise OSError(answer or f"the keeper of {folder} ended before it began")


def _detach(root: str, folder: str, secrets: dict[str, str], writer: int) -> None:
    """Go on as the keeper; never returns."""
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        programs.reset_signals()
        programs.close_all_but(writer)
        os.chdir("/")
        run = RunFolder(folder)
        keeper = Keeper(root, run, secrets) if claim(run) else None
        if keeper is not None:
            run.write_state(keeper.state)
        _answer(writer, "ok")
        if keeper is not None:
            keeper.keep()
    except BaseException as error:
        _answer(writer, str(error) or repr(error))
    finally:
        os._exit(0)


def _answer(writer: int, text: str) -> None:
    """Tell the agent, which may be gone by now: that is no reason for a run to end."""
    with contextlib.suppress(OSError):
        os.write(writer, text.encode("utf-8", "replace"))
        os.close(writer)


def claim(run: RunFolder) -> bool:
    """Become the keeper; the lock then lasts as long as this process. False if one ever was."""
    deadline = time.monotonic() + _START_S
    while True:
        lock = run.lock()
        if run.state() is not None or run.exit() is not None:
            return False
        if lock is not None:
            return True
        # Another keeper about to begin, or somebody who writes down a cancel before the start.
        if time.monotonic() > deadline:
            raise OSError(f"another process holds the lock of {run.path}")
        time.sleep(0.002)


class Keeper:
    """One run from its files to its exit status; lives in a process of its own.

    Args:
        root: The target's root.
        run: The attempt's folder, whose lock this process holds.
        secrets: Environment variables that are written nowhere.
    """

    def __init__(self, root: str, run: RunFolder, secrets: dict[str, str]) -> None:
        self.root = root
        self.run = run
        self.secrets = secrets
        self.job = run.job()
        self.token = os.urandom(16).hex()
        self.state: dict[str, Any] = identify(self.token)
        self.state.update(phase="preparing", since=time.time(), heartbeat=time.time())
        since = self.state["start"]
        self.family = Family(self.token, run / "log", keeper=os.getpid(), since=since)
        self.observer = Observer(run, self._limit("LOG_LIMIT_MB", 1024))
        self.bell = Bell(self._heed)
        self.status: dict[str, Any] = {"state": "failed", "facts": {}}
        self.facts: dict[str, Any] = {"host": os.uname().nodename, "phases": {}}
        self.grace_s = float(self.job.get("grace_s", 10.0))
        self.interior: Interpreter | Image | Sif | None = None
        self.starter: Plain | Contained | None = None
        self.cgroup = Cgroup.plan(self.token)
        # It is noted before it is made, so that it is found whenever this process is killed.
        self.state["cgroup"] = self.cgroup.path if self.cgroup else ""
        self._are_packages_told = False

    def keep(self) -> None:
        """See the run to its end."""
        processes.set_name("jc-keeper")
        processes.adopt_orphans()
        try:
            self._prepare()
            self._execute()
        except Ended as end:
            self.status.update(state=end.state, error=end.error)
        except Exception as error:
            self.status.update(state="failed", error=endings.of_trouble(error, self.run.path))
            self._confess()
        self.bell.is_interrupting = False
        self._finalize()

    # -- preparing -----------------------------------------------------------------------------

    def _prepare(self) -> None:
        self._heed()
        self.run.reserve()
        begun = time.monotonic()
        self.run.add_event("phase", name="preparing the files")
        place_files(self.root, self.run, self.job)
        self._time("files", begun)
        begun = time.monotonic()
        place = Place(self.root, self.run, self.job, self._build, self._announce)
        self.interior = environments.prepare(place)
        self._time("environment", begun)

    def _heed(self) -> None:
        """Give up if somebody wants that."""
        wish = self.run.wish()
        if wish is not None:
            raise Ended("canceled", endings.of_wish(wish))
        if self.bell.terminated:
            raise Ended("failed", endings.BY_HOST)

    def _announce(self, what: str) -> None:
        self.state["reason"] = what
        self.run.add_event("phase", name=what)
        self.run.write_state(self.state)

    def _build(self, argv: list[str], folder: str, env: dict[str, str]) -> int:
        """Run a step of a build with its output in the run's log; returns its exit code."""
        marked = {**env, processes.TOKEN: self.token}
        pid = programs.spawn(argv, marked, folder, self.run / "log")
        _, status = os.waitpid(pid, 0)
        return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)

    # -- running -------------------------------------------------------------------------------

    def _execute(self) -> None:
        starter, ranks = self._make_ready()
        self._heed()
        self.bell.is_interrupting = False
        begun, started = time.monotonic(), time.time()
        try:
            ranks_by_pid = {starter.start(rank): rank for rank in ranks}
        except OSError as error:
            raise Ended("failed", endings.of_start(error)) from error

        def listens(pid: int) -> bool:
            said = ranks_by_pid[pid].listens
            return processes.handles(starter.aim(pid), signal.SIGUSR2) if said is None else said

        def ask_many(pid: int) -> bool:
            rank = ranks_by_pid.get(pid)
            return rank is not None and rank.is_step and allocation.ask_to_end()

        watched = (self.run, self.family, self.observer, self.bell, self._settle)
        vigil = Vigil(*watched, aim=starter.aim, listens=listens, ask_many=ask_many)
        self.status["started"] = started
        self._note_start(list(ranks_by_pid))
        limit_min = (self.job.get("resources") or {}).get("time_limit_min")
        pid, wait_status = vigil.wait(list(ranks_by_pid), self.state, limit_min, self.grace_s)
        self._time("run", begun)
        self.status["ended"] = started + time.monotonic() - begun
        if wait_status and allocation.is_given(self.job):
            vigil.hear_late()
        self._judge(starter.outcome(pid, wait_status), vigil.verdict, ranks_by_pid[pid])

    def _make_ready(self) -> tuple[Plain | Contained, list[Rank]]:
        """Do all that a start needs before the first program; a cancel may still cut it short."""
        assert self.interior is not None
        given = (self.token, self.secrets)
        starter: Plain | Contained
        if isinstance(self.interior, Image):
            starter = Contained(self.run, self.job, self.interior, *given)
        elif isinstance(self.interior, Sif):
            starter = self.interior.starter(self.run, self.job, *given)
        else:
            starter = plain(self.run, self.job, self.interior, *given)
        argv = [str(word) for word in self.job["argv"]]
        if argv[0] == PYTHON:
            if not starter.python:
                raise Ended("failed", f"there is no Python 3 in {self.interior.name}")
            argv[0] = starter.python
        try:
            found = (starter.search_path, self.run.path, starter.prefix)
            ranks = ranks_of(self.job, argv, *found)
            note = starter.plan(ranks)
            if note:
                self.state["containers"] = note
                self.run.write_state(self.state, durable=True)
            self.starter = starter
            starter.ready(ranks)
        except OSError as error:
            raise Ended("failed", endings.of_start(error)) from error
        return starter, ranks

    def _note_start(self, pids: list[int]) -> None:
        found = [processes.find(pid) for pid in pids]
        self.family.leaders = [(one.pid, one.start) for one in found if one is not None]
        self.state.pop("reason", None)
        self.state.update(
            phase="running",
            started=self.status["started"],
            leaders=self.family.leaders,
            kills=endings.out_of_memory_kills(),
        )
        # Should the disk be full by now, the program runs all the same, and its end will be told.
        with contextlib.suppress(OSError):
            self.run.write_state(self.state, durable=True)
        self.run.add_event("phase", name="running")

    def _settle(self) -> None:
        if self.cgroup is not None and self.cgroup.make():
            self.cgroup.take(lambda: processes.tree(processes.children(os.getpid())))
        if self.starter is not None:
            self.observer.insiders = self.starter.insiders()
        self._tell_packages()

    def _judge(self, how: Outcome, verdict: tuple[str, str] | None, rank: Rank) -> None:
        before, after = self.state["kills"], endings.out_of_memory_kills()
        self.observer.finish()
        code, number = how.code, how.signal
        first = failed(self.run.path, rank)
        if first is not None:
            rank, code = first
        if number:
            self.status["signal"] = self.facts["signal"] = number
        elif not how.error:
            self.status["exit_code"] = code
        if verdict is not None:
            raise Ended(*verdict)
        who = f"rank {rank.number}: " if rank.number else ""
        if how.error:
            raise Ended("failed", endings.shorten(who + how.error))
        if how.is_out_of_memory:
            raise Ended("failed", who + endings.of_memory_limit(self.observer.peak_memory))
        if number:
            peak = self.observer.peak_memory
            raise Ended("failed", who + endings.of_signal(number, before, after, peak))
        if code:
            # Its children are to have said their last before the log is read.
            self.family.end(self.grace_s, self.bell.pause)
            error = endings.of_code(code, self.run.path, log_path(self.run.path, rank))
            if endings.is_short_of_memory(code, before, after):
                error += " (out of memory: the kernel killed a process meanwhile)"
            raise Ended("failed", who + error)
        self.status["state"] = "completed"

    # -- finalizing ----------------------------------------------------------------------------

    def _finalize(self) -> None:
        begun = time.monotonic()
        if not reap():
            # Said only if it takes a while, as whoever watches is woken by it.
            self.state["phase"] = "finalizing"
            with contextlib.suppress(OSError):
                self.run.write_state(self.state)
        is_clear = self.starter is None or self.starter.remove() or self.family.kill()
        if not self.family.end(self.grace_s, self.bell.pause) or not is_clear:
            self.status["reason"] = "some processes of the run could not be killed"
        if self.cgroup is not None:
            self.observer.peak_memory = max(self.observer.peak_memory, self.cgroup.peak_memory())
            self.cgroup.remove()
        limit = self._limit("OUTPUTS_LIMIT_MB", 4096)
        left = leavings.announce(self.run, limit, time.sleep, _RETRY_S)
        if left:
            self.status["reason"] = left
        if self._is_to_continue():
            self.status["requeue"] = True
        self._time("finalize", begun)
        self._tell_facts()
        self.status.setdefault("ended", max(time.time(), self.state["since"]))
        self.status["facts"] = self.facts
        leavings.settle(self.run)
        self._write_exit()

    def _is_to_continue(self) -> bool:
        """Tell whether the next attempt can go on where the job's time was up."""
        is_cut_short = self.bell.is_warned and self.status["state"] == "failed"
        if not (is_cut_short and self.job.get("requeues")):
            return False
        with contextlib.suppress(OSError):
            return bool(os.listdir(self.run.checkpoint))
        return False

    def _write_exit(self) -> None:
        while True:
            try:
                self.run.write_exit(self.status)
                return
            except FileNotFoundError:
                # The folder was deleted; there is nobody left to tell.
                return
            except OSError:
                time.sleep(_RETRY_S)

    def _tell_packages(self) -> None:
        self._are_packages_told = True
        if self.interior is None:
            return
        try:
            found = self.interior.facts(self.root, self.token)
        except Exception:
            self._confess()
            return
        packages = found.pop("packages")
        self.facts.update(found)
        self.run.add_event("facts", facts={**self.facts, "packages": packages})

    def _tell_facts(self) -> None:
        if self.status.get("started") and not self._are_packages_told:
            self._tell_packages()
        if self.observer.peak_memory:
            self.facts["peak_memory_bytes"] = self.observer.peak_memory
        if self.job.get("environment_digest"):
            self.facts["environment_digest"] = self.job["environment_digest"]
        self.run.add_event("facts", facts=self.facts)

    def _confess(self) -> None:
        """Keep the traceback of an error of ours for those who look for it."""
        with contextlib.suppress(OSError), open(self.run / "keeper.log", "a") as file:
            file.write(traceback.format_exc())

    def _time(self, phase: str, begun: float) -> None:
        self.facts["phases"][phase] = round(time.monotonic() - begun, 4)

    def _limit(self, name: str, default_mb: int) -> int:
        text = (self.job.get("env") or {}).get("JUPYTER_COMPUTE_" + name, "")
        try:
            return int(float(text or default_mb) * MEGABYTE)
        except ValueError:
            return default_mb * MEGABYTE
