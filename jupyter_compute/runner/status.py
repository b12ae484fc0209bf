"""What can be truthfully said about an attempt, and what to do about a keeper that is gone."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import Any

from . import containers, endings, leavings, memory, processes
from .cgroups import Cgroup
from .family import Family
from .identity import Life, is_same_boot, life_of
from .images import client_environment
from .run_folder import RunFolder, sync

_LOST_S = 300.0
_REMOVAL_S = 8.0
_SETTLED_S = 120.0
"""After this long every file system has written down a rename by itself."""

_durable: set[str] = set()


def read_status(folder: str) -> dict[str, Any] | None:
    """Return the status of an attempt in the shape of ``JobStatus``.

    When the keeper is gone without an exit status, this ends what is left of the run and writes
    down the reason, once, however many look at the same time. Otherwise it only reads.

    Args:
        folder: The attempt's folder.

    Returns:
        ``None`` if nothing was ever started there.
    """
    run = RunFolder(folder)
    final = run.exit()
    if final is None:
        state = run.state()
        if state is None:
            return None
        life = life_of(state)
        if life is not Life.ALIVE:
            final = run.exit() or _bury(run, life)
        if final is None:
            return _current(run, state)
    _make_durable(run)
    return dict(final, sizes=run.sizes())


def cancel(folder: str, by: str = "") -> None:
    """Ask an attempt to end; returns before it has. Does nothing once it is over.

    An attempt that was never started is canceled on the spot, and a later start does nothing.

    Args:
        folder: The attempt's folder; made if it is not there.
        by: Who asks.
    """
    run = RunFolder(folder)
    if run.exit() is not None:
        return
    os.makedirs(run.path, mode=0o700, exist_ok=True)
    run.write_wish({"by": by, "t": time.time()})
    state = run.state()
    if state is None:
        lock = run.lock()
        if lock is None:
            # A keeper is about to begin, and looks for the wish before the program starts.
            return
        try:
            state = run.state()
            if state is None and run.exit() is None:
                run.write_exit(_canceled_before_start(run))
        finally:
            os.close(lock)
    if state is None:
        return
    life = life_of(state)
    keeper = processes.find(state["pid"]) if life is Life.ALIVE else None
    if keeper is not None:
        processes.send(keeper, signal.SIGUSR1)
    else:
        _bury(run, life)


def conclude(folder: str, final: dict[str, Any]) -> dict[str, Any] | None:
    """Write down how an attempt ended, of which its engine says that it is over.

    Nothing happens if it is known already, or if its keeper turns out to be here and alive.

    Args:
        folder: The attempt's folder; made if it is not there.
        final: In the shape of ``JobStatus``.

    Returns:
        How it ended; ``None`` if it has not.
    """
    run = RunFolder(folder)
    os.makedirs(run.path, mode=0o700, exist_ok=True)
    lock = run.lock()
    if lock is None:
        return None
    try:
        state = run.state()
        if run.exit() is None and state is not None and life_of(state) is Life.ALIVE:
            return None
        if run.exit() is None:
            wish = run.wish()
            words = endings.of_wish(wish) if wish is not None else ""
            told = {"state": "canceled", "error": words} if words else dict(final)
            if state is None and told["error"]:
                # What an engine's script said before there was a keeper is all there is.
                said = endings.last_line(endings.tail(run / "slurm.out"))
                told["error"] = endings.shorten(": ".join(filter(None, (told["error"], said))))
            # Another node may have written it, which a network file system shows late.
            _write_end(run, state or {}, told, is_only_if_none=True)
        return run.exit()
    finally:
        os.close(lock)


def _current(run: RunFolder, state: dict[str, Any]) -> dict[str, Any]:
    status: dict[str, Any] = {
        "state": state.get("phase", "preparing"),
        "reason": state.get("reason", ""),
        "sizes": run.sizes(),
        "facts": {"host": state.get("host", "")},
    }
    if state.get("started"):
        status["started"] = state["started"]
    if state.get("peak_memory_bytes"):
        status["facts"]["peak_memory_bytes"] = state["peak_memory_bytes"]
    return status


def _bury(run: RunFolder, life: Life) -> dict[str, Any] | None:
    """End what a dead keeper left and write down the end; ``None`` if that cannot be done now."""
    lock = run.lock()
    if lock is None:
        # The keeper lives after all, in another container, or another observer is at it.
        return None
    try:
        state = run.state()
        final = run.exit()
        if final is not None or state is None:
            return final
        # Under one kernel a free lock is proof, whatever container the keeper ran in.
        is_known = life is not Life.UNKNOWN or is_same_boot(state)
        if not is_known and not _is_given_up(run, state):
            return None
        leaders = state.get("leaders") or ()
        family = Family(state["token"], run / "log", leaders, since=state["start"])
        # A container outlives its keeper, and even the host's restart, as an ended one.
        _remove_containers(run, state)
        if life is not Life.RESTARTED:
            if state.get("cgroup"):
                Cgroup(state["cgroup"]).remove()
            if not family.kill():
                return None
        return _write_down(run, state, life)
    except OSError:
        # The disk is full, or the folder is being deleted; the next look tries again.
        return None
    finally:
        os.close(lock)


def _remove_containers(run: RunFolder, state: dict[str, Any]) -> None:
    found = state.get("containers")
    # The engine of another host, such as a node of a cluster, is not asked from here.
    if found and state.get("host") in ("", None, os.uname().nodename):
        memory.forget(found["names"])
        env: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError):
            env = client_environment(run.job())
        # Whoever looks must not be held up by an engine that hangs; the processes are ended anyway.
        containers.remove(str(found["engine"]), list(found["names"]), env, _REMOVAL_S)


def _write_down(run: RunFolder, state: dict[str, Any], life: Life) -> dict[str, Any] | None:
    wish = run.wish()
    final: dict[str, Any] = {
        "state": "failed" if wish is None else "canceled",
        "error": endings.shorten(_why(state, life)) if wish is None else endings.of_wish(wish),
    }
    _write_end(run, state, final)
    return run.exit()


def _write_end(
    run: RunFolder, state: dict[str, Any], final: dict[str, Any], *, is_only_if_none: bool = False
) -> None:
    """Complete a final status by what the keeper said last, and write it down."""
    leavings.announce(run, 0)
    facts = {"host": state.get("host", "")}
    if state.get("peak_memory_bytes"):
        facts["peak_memory_bytes"] = state["peak_memory_bytes"]
    final.update(
        facts=facts, ended=max(time.time(), state.get("started") or state.get("since") or 0)
    )
    if state.get("started"):
        final["started"] = state["started"]
    leavings.settle(run)
    run.write_exit(final, is_only_if_none=is_only_if_none)


def _why(state: dict[str, Any], life: Life) -> str:
    doing = {
        "preparing": "before or as the program started",
        "running": "during the run",
        "finalizing": "after the program had ended, before its exit status was written",
    }.get(str(state.get("phase")), "")
    if life is Life.RESTARTED:
        return "the host {} was restarted {}".format(state.get("host", ""), doing)
    if life is Life.UNKNOWN and is_same_boot(state):
        return f"the container on the host {state.get('host', '')} was stopped {doing}"
    if life is Life.UNKNOWN:
        return "nothing was heard of the run any more, on the host {}".format(state.get("host", ""))
    kills, now = state.get("kills") or {}, endings.out_of_memory_kills()
    if kills and any(now.get(place, 0) > kills[place] for place in kills):
        return f"the keeper of the run was killed {doing}, when the host was out of memory"
    return f"the keeper of the run was killed {doing}; what was left of the run was ended"


def _is_given_up(run: RunFolder, state: dict[str, Any]) -> bool:
    """Tell whether the user wants a run to be over that has long not been heard of."""
    silent_s = time.time() - float(state.get("heartbeat") or 0)
    return run.wish() is not None and silent_s > _LOST_S


def _canceled_before_start(run: RunFolder) -> dict[str, Any]:
    return {
        "state": "canceled",
        "error": endings.of_wish(run.wish() or {}),
        "facts": {},
        "ended": time.time(),
    }


def _make_durable(run: RunFolder) -> None:
    # It may have been renamed and not yet synced; what is told must last.
    if run.path not in _durable:
        if _age(run / "exit.json") < _SETTLED_S:
            sync(run.path)
        _durable.add(run.path)


def _age(path: str) -> float:
    try:
        return time.time() - os.stat(path).st_mtime
    except OSError:
        return 0.0
