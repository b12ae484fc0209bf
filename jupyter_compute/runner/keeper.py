"""Keeps one run: prepares it, starts the program, watches it, and writes down how it ended.

The agent forks a keeper for each run and forgets it. The keeper lives in a session of its own,
and whatever becomes of the agent, the connection or the submitting machine, it sees its run to
the end. How it ended stands in ``exit.json``, which is written last and once.
"""

from __future__ import annotations

import os
import select
import signal
import time
import traceback
import warnings
from typing import Any

from . import endings, environments, leavings, processes, programs
from .cgroups import Cgroup
from .family import Family
from .identity import identify
from .interpreters import Interpreter
from .observer import Observer
from .preparation import environment_variables, place_files
from .run_folder import MEGABYTE, RunFolder

_START_S = 20.0
_FACTS_AFTER_S = 0.3


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
    with warnings.catch_warnings():
        # The child runs Python code that takes no lock another thread could have held.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        _detach(root, folder, secrets, writer)
    os.close(writer)
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        pass
    answer = b""
    try:
        while not answer.endswith(b"\n"):
            part = os.read(reader, 4096)
            if not part:
                raise OSError("the keeper of run %s ended before it began" % folder)
            answer += part
    finally:
        os.close(reader)
    if answer != b"ok\n":
        raise OSError(answer.decode("utf-8", "replace").strip())


def _detach(root: str, folder: str, secrets: dict[str, str], writer: int) -> None:
    """Go on as the keeper; never returns."""
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        programs.reset_signals()
        programs.close_all_but(writer)
        os.chdir("/")
        _claim(root, RunFolder(folder), secrets, writer)
    except BaseException:
        try:
            os.write(writer, traceback.format_exc(limit=-1).splitlines()[-1].encode() + b"\n")
        except OSError:
            pass
    finally:
        os._exit(0)


def _claim(root: str, run: RunFolder, secrets: dict[str, str], writer: int) -> None:
    lock = run.lock()
    deadline = time.monotonic() + _START_S
    while lock is None:
        # Another keeper, or an observer that writes down a cancel before the start.
        if run.state() or run.exit():
            break
        if time.monotonic() > deadline:
            raise OSError("another process holds the lock of %s" % run.path)
        time.sleep(0.002)
        lock = run.lock()
    if lock is None or run.state() or run.exit():
        os.write(writer, b"ok\n")
        return
    keeper = Keeper(root, run, secrets)
    run.write_state(keeper.state)
    os.write(writer, b"ok\n")
    os.close(writer)
    keeper.keep()


class Ended(BaseException):
    """The run is over before its program began, or the program is to be ended.

    Not an ``Exception``, so that nothing between takes it for an error of its own.
    """

    def __init__(self, state: str, error: str) -> None:
        super().__init__(error)
        self.state = state
        self.error = error


class Keeper:
    """One run from its files to its exit status; runs in a process of its own.

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
        self.family = Family(self.token, run / "log", keeper=os.getpid())
        self.observer = Observer(run, self._limit("LOG_LIMIT_MB", 1024))
        self.status: dict[str, Any] = {"state": "failed", "facts": {}}
        self.facts: dict[str, Any] = {"host": os.uname().nodename, "phases": {}}
        self.interpreter: Interpreter | None = None
        self.cgroup: Cgroup | None = None
        self._asked = ""
        self._terminated = False
        self._wake, self._waker = -1, -1
        self._is_packages_told = False

    # -- the whole of it -----------------------------------------------------------------------

    def keep(self) -> None:
        """See the run to its end."""
        processes.set_name("jc-keeper")
        processes.adopt_orphans()
        self._listen()
        try:
            self._prepare()
            self._run()
        except Ended as end:
            self.status.update(state=end.state, error=end.error)
        except OSError as error:
            self.status.update(error=endings.of_trouble(error, self.run.path))
        except Exception as error:
            self.status.update(error=endings.of_trouble(error, self.run.path))
            self._confess()
        self._asked = self._asked or "over"
        self._finalize()

    def _confess(self) -> None:
        try:
            with open(self.run / "keeper.log", "a") as file:
                file.write(traceback.format_exc())
        except OSError:
            pass

    # -- preparing -----------------------------------------------------------------------------

    def _prepare(self) -> None:
        self._heed()
        self.run.reserve()
        begun = time.monotonic()
        self.run.add_event("phase", name="preparing the files")
        place_files(self.root, self.run, self.job)
        self._time("files", begun)
        begun = time.monotonic()
        place = environments.Place(self.root, self.run, self.job, self._build, self._announce)
        self.interpreter = environments.prepare(place)
        self._time("environment", begun)

    def _announce(self, what: str) -> None:
        self.state["reason"] = what
        self.run.add_event("phase", name=what)
        self.run.write_state(self.state)

    def _build(self, argv: list[str], folder: str, env: dict[str, str]) -> int:
        """Run a step of a build with its output in the run's log; returns its exit code."""
        env = dict(env)
        env[processes.TOKEN] = self.token
        pid = programs.spawn(argv, env, folder, self.run / "log")
        _, status = os.waitpid(pid, 0)
        return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)

    # -- running -------------------------------------------------------------------------------

    def _run(self) -> None:
        assert self.interpreter is not None
        self._heed()
        self._asked = "running"
        env = environment_variables(self.root, self.run, self.job, self.interpreter, self.token)
        env.update(self.secrets)
        argv = [str(word) for word in self.job["argv"]]
        if argv[0] == "{python}":
            argv[0] = self.interpreter.path
        begun = time.monotonic()
        self.status["started"] = time.time()
        try:
            pid = programs.spawn(argv, env, self.run / "work", self.run / "log")
        except OSError as error:
            raise Ended("failed", endings.of_start(error)) from error
        self._note_start(pid)
        status = self._watch(pid, begun)
        self._time("run", begun)
        self.status["ended"] = self.status["started"] + time.monotonic() - begun
        self._judge(status)

    def _note_start(self, pid: int) -> None:
        before = endings.out_of_memory_kills()
        found = processes.find(pid)
        self.family.leader = (pid, found.start if found else 0)
        self.state.pop("reason", None)
        self.state.update(
            phase="running",
            started=self.status["started"],
            leader=self.family.leader,
            kills=before,
        )
        self.cgroup = Cgroup.make(self.token)
        if self.cgroup is not None:
            self.state["cgroup"] = self.cgroup.path
        try:
            self.run.write_state(self.state, durable=True)
        except OSError:
            # The disk filled up; the program runs, and its end will be told.
            pass
        self.run.add_event("phase", name="running")
        if self.cgroup is not None:
            self.cgroup.take([pid, *processes.children(pid)])

    def _watch(self, pid: int, begun: float) -> int:
        """Wait for the program to end, and see to limits and wishes; returns its wait status."""
        minutes = (self.job.get("resources") or {}).get("time_limit_min")
        limit = begun + minutes * 60 if minutes else float("inf")
        grace_s = float(self.job.get("grace_s", 10.0))
        steps: list[tuple[float, int]] = []
        facts_due = begun + _FACTS_AFTER_S
        while True:
            status = self._collect(pid)
            if status is not None:
                return status
            now = time.monotonic()
            if not steps:
                self._asked = self._reason_to_end(now >= limit, minutes)
                if self._asked != "running":
                    steps = self._ask(pid, now, grace_s)
            while steps and now >= steps[0][0]:
                self.family.signal(steps.pop(0)[1])
                # Killing is repeated until the program is gone.
                steps = steps or [(now + 0.2, signal.SIGKILL)]
            if now >= facts_due and not self._is_packages_told:
                self._tell_packages()
            self.observer.look(pid, self.state)
            due = [limit if not steps else steps[0][0], now + self.observer.wait_s()]
            if not self._is_packages_told:
                due.append(facts_due)
            self._pause(max(0.0, min(due) - time.monotonic()))

    def _collect(self, pid: int) -> int | None:
        while True:
            found, status = os.waitpid(-1, os.WNOHANG)
            if found == pid:
                return status
            if found == 0:
                return None

    def _reason_to_end(self, is_late: bool, minutes: float | None) -> str:
        wish = self.run.wish()
        if wish is not None:
            self.status.update(state="canceled", error=canceled(wish))
        elif is_late:
            self.status.update(error="the time limit of %g min was reached" % (minutes or 0))
        elif self._terminated:
            self.status.update(error="the host asked for the end of the run (SIGTERM)")
        elif self.observer.is_log_too_large:
            limit = self._limit("LOG_LIMIT_MB", 1024) / MEGABYTE
            self.status.update(error="the log grew beyond its limit of %g MB" % limit)
        else:
            return "running"
        return "ending"

    def _ask(self, pid: int, now: float, grace_s: float) -> list[tuple[float, int]]:
        """Ask the program to end as a terminal would; returns what follows if it does not."""
        listens = processes.handles(pid, signal.SIGTERM) or not processes.handles(
            pid, signal.SIGINT
        )
        try:
            os.killpg(pid, signal.SIGTERM if listens else signal.SIGINT)
        except OSError:
            pass
        return [(now + grace_s / 2, signal.SIGTERM), (now + grace_s, signal.SIGKILL)]

    def _judge(self, status: int) -> None:
        after = endings.out_of_memory_kills()
        self.observer.finish()
        if os.WIFSIGNALED(status):
            self.status["signal"] = self.facts["signal"] = os.WTERMSIG(status)
        else:
            self.status["exit_code"] = os.WEXITSTATUS(status)
        if self._asked != "running":
            return
        if os.WIFSIGNALED(status):
            peak = self.observer.peak_memory
            error = endings.of_signal(os.WTERMSIG(status), self.state["kills"], after, peak)
            raise Ended("failed", error)
        if os.WEXITSTATUS(status):
            # Its children are to have said their last before the log is read.
            self.family.end(float(self.job.get("grace_s", 10.0)), self._pause)
            error = endings.of_code(os.WEXITSTATUS(status), self.run.path)
            if after.get("cgroup", 0) > self.state["kills"].get("cgroup", 0):
                error += " (the kernel killed a process of this host for lack of memory)"
            raise Ended("failed", error)
        self.status["state"] = "completed"

    # -- finalizing ----------------------------------------------------------------------------

    def _finalize(self) -> None:
        begun = time.monotonic()
        self.state["phase"] = "finalizing"
        try:
            self.run.write_state(self.state)
        except OSError:
            pass
        if not self.family.end(float(self.job.get("grace_s", 10.0)), self._pause):
            self.status["reason"] = "some processes could not be killed"
        if self.cgroup is not None:
            self.observer.peak_memory = max(self.observer.peak_memory, self.cgroup.peak_memory())
            self.cgroup.remove()
        left = leavings.announce(self.run, self._limit("OUTPUTS_LIMIT_MB", 4096))
        if left:
            self.status["reason"] = left
        self._time("finalize", begun)
        self._tell_facts()
        leavings.settle(self.run)
        self.status.setdefault("ended", max(time.time(), self.state["since"]))
        self._write_exit()

    def _write_exit(self) -> None:
        self.status["facts"] = {
            key: value for key, value in self.facts.items() if key != "packages"
        }
        while True:
            try:
                self.run.write_exit(self.status)
                return
            except FileNotFoundError:
                # The folder was deleted; there is nobody left to tell.
                return
            except OSError:
                time.sleep(1.0)

    def _tell_packages(self) -> None:
        self._is_packages_told = True
        if self.interpreter is None:
            return
        try:
            found = self.interpreter.facts(self.root)
        except Exception:
            self._confess()
            return
        packages = found.pop("packages", {})
        self.facts.update(found)
        self.run.add_event("facts", facts=dict(self.facts, packages=packages))

    def _tell_facts(self) -> None:
        if not self._is_packages_told:
            self._tell_packages()
        if self.observer.peak_memory:
            self.facts["peak_memory_bytes"] = self.observer.peak_memory
        self.run.add_event("facts", facts=self.facts)

    # -- waking up -----------------------------------------------------------------------------

    def _listen(self) -> None:
        self._wake, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        os.set_blocking(self._wake, False)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.signal(signal.SIGUSR1, self._on_wish)
        signal.signal(signal.SIGTERM, self._on_wish)
        for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE):
            signal.signal(ignored, signal.SIG_IGN)

    def _on_wish(self, number: int, frame: object) -> None:
        if number == signal.SIGTERM:
            self._terminated = True
        # While files are placed and an environment is built, only an exception gets through.
        if not self._asked:
            self._heed()

    def _heed(self) -> None:
        wish = self.run.wish()
        if wish is not None:
            raise Ended("canceled", canceled(wish))
        if self._terminated:
            raise Ended("failed", "the host asked for the end of the run (SIGTERM)")

    def _pause(self, seconds: float) -> None:
        """Wait, or less if a child ends or a signal arrives."""
        ready, _, _ = select.select([self._wake], [], [], min(seconds, 3600.0))
        if ready:
            try:
                os.read(self._wake, 4096)
            except BlockingIOError:
                pass

    def _time(self, phase: str, begun: float) -> None:
        self.facts["phases"][phase] = round(time.monotonic() - begun, 4)

    def _limit(self, name: str, default: int) -> int:
        text = (self.job.get("env") or {}).get("JUPYTER_COMPUTE_" + name, "")
        try:
            return int(float(text) * MEGABYTE) if text else default * MEGABYTE
        except ValueError:
            return default * MEGABYTE


def canceled(wish: dict[str, Any]) -> str:
    """Say who canceled."""
    return "canceled by %s" % wish["by"] if wish.get("by") else "canceled"
