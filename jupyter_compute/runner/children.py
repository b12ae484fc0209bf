"""Work that must not hold up the agent, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from .failures import Failure

OUTPUT_LIMIT = 8 * 1024 * 1024


class Answer(NamedTuple):
    """What a request is answered with."""

    head: dict[str, Any]
    body: bytes = b""


class Forked:
    """A function that runs in a fork of the agent; its answer comes back through a pipe.

    Args:
        function: Returns the head of the answer, or raises :class:`Failure` or ``OSError``.
    """

    deadline: float | None = None

    def __init__(self, function: Callable[[], dict[str, Any]]) -> None:
        self._output = bytearray()
        self._fd, write = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _answer_and_exit(function, write)
        os.close(write)

    def readable(self) -> list[int]:
        """Return the descriptors to wait for bytes from."""
        return [self._fd] if self._fd >= 0 else []

    def writable(self) -> list[int]:
        """Return the descriptors to wait for room on."""
        return []

    def ready(self, fd: int) -> None:
        """Take what has come."""
        data = os.read(fd, 65536)
        if data:
            self._output += data
            return
        os.close(fd)
        self._fd = -1
        os.waitpid(self._pid, 0)

    def answer(self) -> Answer | None:
        """Return the answer once there is one.

        Raises:
            Failure: The function failed, or its process died.
        """
        if self._fd >= 0:
            return None
        try:
            message = json.loads(self._output)
        except ValueError:
            raise Failure("failed", "a process of the agent died without an answer") from None
        if "failure" in message:
            failure = message["failure"]
            raise Failure(
                failure.pop("code"), failure.pop("message"), failure.pop("hint"), **failure
            )
        return Answer(message["head"])

    def feed(self, data: bytes) -> None:
        """Take no input."""

    def end(self) -> None:
        """Nobody wants the answer any more; the work itself goes on."""


def _answer_and_exit(function: Callable[[], dict[str, Any]], fd: int) -> None:
    status = 1
    try:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        try:
            message = {"head": function()}
        except Failure as failure:
            message = {"failure": failure.head()}
        except OSError as error:
            message = {"failure": of_system(error).head()}
        view = memoryview(json.dumps(message).encode())
        while view:
            view = view[os.write(fd, view) :]
        status = 0
    finally:
        os._exit(status)


def of_system(error: OSError) -> Failure:
    """Make the failure that an error of the operating system is to the near end."""
    if error.errno in (28, 122):  # ENOSPC, EDQUOT
        return Failure("no-space", f"no space left on the target: {error}", "free some space")
    return Failure("failed", f"the target said: {error}")


class Executed:
    """A command of an engine: its input, its output and its end.

    Args:
        head: The request's head.

    Raises:
        Failure: It cannot be started.
    """

    def __init__(self, head: dict[str, Any]) -> None:
        argv = head.get("argv")
        if not isinstance(argv, list) or not argv or not all(isinstance(a, str) for a in argv):
            raise Failure("bad-request", f"{argv!r} is no command")
        env = dict(os.environ, **(head.get("env") or {}))
        try:
            self._process = subprocess.Popen(
                argv,
                cwd=head.get("cwd") or None,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise Failure("refused", f"{argv[0]} cannot be started: {error}") from error
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._stdin: int = self._process.stdin.fileno()
        os.set_blocking(self._stdin, False)
        self._outputs = {
            self._process.stdout.fileno(): bytearray(),
            self._process.stderr.fileno(): bytearray(),
        }
        self._open = set(self._outputs)
        self._input = bytearray()
        self._expected = int(head.get("stdin") or 0)
        self._truncated = self._timed_out = False
        self.deadline: float | None = None
        if head.get("timeout_s"):
            self.deadline = time.monotonic() + float(head["timeout_s"])
        self._close_input()

    def readable(self) -> list[int]:
        """Return the descriptors to wait for bytes from."""
        return list(self._open)

    def writable(self) -> list[int]:
        """Return the descriptors to wait for room on."""
        return [self._stdin] if self._stdin >= 0 and self._input else []

    def feed(self, data: bytes) -> None:
        """Take the next bytes of its input."""
        self._expected -= len(data)
        if self._stdin >= 0:
            self._input += data

    def ready(self, fd: int) -> None:
        """Move what can be moved without waiting."""
        if fd == self._stdin:
            try:
                del self._input[: os.write(fd, self._input[:65536])]
            except BlockingIOError:
                return
            except OSError:
                self._input, self._expected = bytearray(), 0
            self._close_input()
            return
        data = os.read(fd, 65536)
        if not data:
            self._open.discard(fd)
            return
        output = self._outputs[fd]
        room = OUTPUT_LIMIT - len(output)
        output += data[:room]
        self._truncated |= len(data) > room

    def answer(self) -> Answer | None:
        """Return the answer once it has ended."""
        if self.deadline is not None and not self._timed_out and time.monotonic() > self.deadline:
            self._timed_out, self.deadline = True, None
            self.end()
        if self._open and not self._timed_out:
            return None
        code = self._process.poll()
        if code is None:
            if not self._timed_out:
                # It closed its outputs before its end, which is a moment away or never.
                self.deadline = self.deadline or time.monotonic() + 3600
                return None
            code = self._process.wait()
        stdout, stderr = (bytes(output) for output in self._outputs.values())
        self._close()
        head = {
            "exit_code": code if code >= 0 else None,
            "signal": -code if code < 0 else None,
            "timed_out": self._timed_out,
            "stdout": len(stdout),
            "stderr": len(stderr),
            "truncated": self._truncated,
        }
        return Answer(head, stdout + stderr)

    def end(self) -> None:
        """End it by force, with all it started in its session."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def _close_input(self) -> None:
        if self._stdin >= 0 and not self._input and self._expected <= 0:
            assert self._process.stdin
            self._process.stdin.close()
            self._stdin = -1

    def _close(self) -> None:
        self._input, self._expected = bytearray(), 0
        self._close_input()
        for stream in (self._process.stdout, self._process.stderr):
            if stream:
                stream.close()
