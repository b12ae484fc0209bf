"""The far end of the pipe: answers a driver until its standard input closes.

One thread and one loop, so that a keeper can be forked from here; what takes long runs in a child.
Nothing in memory matters: kill it at any instant, start another, and go on.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import select
import time
import traceback
from typing import Any, Union

from . import login, protocol
from .children import Answer, Executed, Forked, of_system
from .failures import Failure
from .held import LOOK_S, HeldPoll, HeldRead
from .incoming import Incoming
from .operations import Operations

_READ = 256 * 1024
_OUTPUT_FULL = 8 * 1024 * 1024
_QUIET_S = 0.002
_BUSY_S, _BUSY_LOOK_S, _IDLE_LOOK_S = 0.5, 0.005, 0.04
_SHARE = 100
"""Looking at runs takes at most the time of one in so many."""

Held = Union[HeldPoll, HeldRead]


class Gone(Exception):
    """The near end is not there any more."""


class Agent:
    """Serves one pipe.

    Args:
        stdin: Descriptor to read frames from.
        stdout: Descriptor to write frames to.
    """

    def __init__(self, stdin: int = 0, stdout: int = 1) -> None:
        self._stdin, self._stdout = stdin, stdout
        self._decoder = protocol.Decoder()
        self._output = bytearray()
        self._held: dict[int, Held] = {}
        self._children: dict[int, Forked | Executed] = {}
        self._puts: dict[int, Incoming] = {}
        self._operations: Operations | None = None
        self._last_poll = self._quiet_until = self._active_at = self._looked_at = 0.0
        self._look_cost = 0.0

    def run(self) -> None:
        """Greet, then answer until standard input closes."""
        os.set_blocking(self._stdout, False)
        # What was imported stays for good, so the collector of a forked keeper need not touch,
        # and thereby copy, its pages.
        gc.freeze()
        self._output += b"\n" + protocol.MARKER + json.dumps(greeting()).encode() + b"\n"
        try:
            while True:
                self._turn()
        except (Gone, BrokenPipeError, ConnectionResetError):
            return

    # -- the loop ------------------------------------------------------------------------------

    def _turn(self) -> None:
        poller = select.poll()
        if len(self._output) < _OUTPUT_FULL:
            poller.register(self._stdin, select.POLLIN)
        if self._output:
            poller.register(self._stdout, select.POLLOUT)
        now = time.monotonic()
        watch = self._operations.statuses.watch if self._operations and self._held else None
        if watch is not None and watch.fd >= 0 and now >= self._quiet_until:
            poller.register(watch.fd, select.POLLIN)
        owners = {}
        for child in self._children.values():
            for fd in child.readable():
                poller.register(fd, select.POLLIN)
                owners[fd] = child
            for fd in child.writable():
                poller.register(fd, select.POLLOUT)
                owners[fd] = child
        ready = {fd for fd, _ in poller.poll(self._timeout(now))}
        for fd in ready.intersection(owners):
            owners[fd].ready(fd)
        if self._children:
            self._take_children()
        if watch is not None and watch.fd in ready and self._operations:
            self._operations.statuses.take_changes()
            # A program that prints without pause wakes us a few hundred times a second, not more.
            self._quiet_until = time.monotonic() + _QUIET_S
            self._active_at = time.monotonic()
        if self._stdin in ready:
            self._take_input()
        if self._held:
            self._look()
        if self._output:
            self._write()

    def _timeout(self, now: float) -> int | None:
        times = [child.deadline for child in self._children.values() if child.deadline]
        if any(not child.readable() for child in self._children.values()):
            times.append(now + _IDLE_LOOK_S)
        if self._held:
            times.extend(held.look_at for held in self._held.values())
            times.append(self._looked_at + self._interval(now))
            if now < self._quiet_until:
                times.append(self._quiet_until)
        if not times:
            return None
        return max(0, int((min(times) - now) * 1000) + 1)

    def _interval(self, now: float) -> float:
        """Return how long to sleep between looks at runs that wait."""
        assert self._operations is not None
        statuses = self._operations.statuses
        if statuses.watch.is_reliable:
            return statuses.look_s
        shortest = _BUSY_LOOK_S if now - self._active_at < _BUSY_S else _IDLE_LOOK_S
        return min(max(shortest, _SHARE * self._look_cost), LOOK_S)

    def _take_input(self) -> None:
        data = os.read(self._stdin, _READ)
        if not data:
            raise Gone
        for frame in self._decoder.feed(data):
            self._take(frame)

    def _write(self) -> None:
        try:
            while self._output:
                del self._output[: os.write(self._stdout, self._output[: 1 << 16])]
        except BlockingIOError:
            pass

    # -- requests ------------------------------------------------------------------------------

    def _take(self, frame: protocol.Frame) -> None:
        try:
            if frame.kind == protocol.REQUEST:
                self._begin(frame)
            elif frame.kind == protocol.DATA:
                self._feed(frame)
            elif frame.kind == protocol.DROP:
                self._drop(frame.id)
        except Exception as error:
            self._fail(frame.id, error)

    def _begin(self, frame: protocol.Frame) -> None:
        op = frame.head.get("op")
        if op == "ping":
            self._answer(frame.id, Answer({"time": time.time()}))
        elif op == "hello":
            self._operations = Operations(frame.head)
            self._answer(frame.id, Answer(self._operations.hello()))
        elif self._operations is None:
            raise Failure("bad-request", f"{op!r} came before hello")
        else:
            self._keep(frame.id, self._operations.begin(frame.head))
            if frame.body:
                self._feed(frame)

    def _keep(self, id_: int, outcome: Any) -> None:
        """Remember a request that has no answer yet, or answer it."""
        if isinstance(outcome, Answer):
            self._answer(id_, outcome)
        elif isinstance(outcome, Incoming):
            self._puts[id_] = outcome
            self._finish_put(id_)
        elif isinstance(outcome, (Forked, Executed)):
            self._children[id_] = outcome
        else:
            self._held[id_] = outcome
            if self._operations and isinstance(outcome, HeldPoll):
                folders = {folder for held in self._held.values() for folder in held.folders}
                self._operations.statuses.keep(folders)

    def _feed(self, frame: protocol.Frame) -> None:
        if frame.id in self._puts:
            self._puts[frame.id].feed(frame.body)
            self._finish_put(frame.id)
        elif frame.id in self._children:
            self._children[frame.id].feed(frame.body)

    def _finish_put(self, id_: int) -> None:
        incoming = self._puts[id_]
        if not incoming.is_complete:
            return
        needs_settling = incoming.finish()
        head = {"stored": incoming.stored}
        if not needs_settling:
            self._answer(id_, Answer(head))
            return

        def settle() -> dict[str, Any]:
            incoming.settle()
            return head

        self._children[id_] = Forked(settle)
        del self._puts[id_]
        incoming.close()

    def _drop(self, id_: int) -> None:
        self._held.pop(id_, None)
        child = self._children.get(id_)
        if child is not None:
            child.end()
        incoming = self._puts.pop(id_, None)
        if incoming is not None:
            incoming.close()

    def _take_children(self) -> None:
        for id_, child in list(self._children.items()):
            try:
                answer = child.answer()
            except Exception as error:
                self._fail(id_, error)
                continue
            if answer is not None:
                self._answer(id_, answer)

    def _look(self) -> None:
        assert self._operations is not None
        statuses = self._operations.statuses
        self._looked_at = time.monotonic()
        for id_, held in list(self._held.items()):
            try:
                answer = held.answer(statuses, self._last_poll)
            except Exception as error:
                self._fail(id_, error)
                continue
            if answer is not None:
                self._active_at = time.monotonic()
                if isinstance(held, HeldPoll):
                    self._last_poll = time.monotonic()
                self._answer(id_, answer)
        self._look_cost = time.monotonic() - self._looked_at

    # -- answers -------------------------------------------------------------------------------

    def _answer(self, id_: int, answer: Answer) -> None:
        self._forget(id_)
        body, limit = answer.body, protocol.BODY_LIMIT
        while len(body) > limit:
            self._output += protocol.encode(id_, protocol.MORE, None, body[:limit])
            body = body[limit:]
        self._output += protocol.encode(id_, protocol.ANSWER, answer.head, body)

    def _fail(self, id_: int, error: Exception) -> None:
        self._forget(id_)
        if isinstance(error, OSError):
            error = of_system(error)
        if not isinstance(error, Failure):
            traceback.print_exception(type(error), error, error.__traceback__)
            error = Failure("failed", f"the agent failed: {type(error).__name__}: {error}")
        self._output += protocol.encode(id_, protocol.ERROR, error.head())

    def _forget(self, id_: int) -> None:
        self._held.pop(id_, None)
        self._children.pop(id_, None)
        incoming = self._puts.pop(id_, None)
        if incoming is not None:
            incoming.close()


def greeting() -> dict[str, Any]:
    """Return what the agent says first."""
    return {
        "protocols": list(protocol.PROTOCOLS),
        "python": platform.python_version(),
        "pid": os.getpid(),
        "login_s": login.took_s(),
    }
