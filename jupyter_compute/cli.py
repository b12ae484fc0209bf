"""``jupyter compute …``."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import BinaryIO

from .client import Asks, Client
from .commands import (
    Place,
    Result,
    ask_person,
    exit_code_of,
    render_json,
    render_text,
    run_line,
    settled,
    visible,
)
from .errors import ComputeError, code_of

_INTERRUPTED = 130
_NOBODY_READS = 141


class _Detached(Exception):
    """The user pressed Ctrl-C a second time."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; nothing but a bug raises."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        with Client() as client:
            code = _run(words, Place(client=client, asks=_asks(), tells=_tell))
        sys.stdout.flush()
        return code
    except ComputeError as exc:
        return _complain(exc, is_json="--json" in words)
    except BrokenPipeError:
        # Whoever read has gone; the interpreter must not complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _NOBODY_READS
    except KeyboardInterrupt:
        return _INTERRUPTED
    except OSError as exc:
        return _complain(ComputeError(str(exc)), is_json="--json" in words)


def _asks() -> Asks | None:
    """Return what asks the person at the terminal, if one sits there."""
    is_manned = sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
    return ask_person if is_manned else None


def _tell(line: str) -> None:
    print(visible(line), file=sys.stderr, flush=True)


def _run(words: Sequence[str], place: Place) -> int:
    result = run_line(words, place=place)
    if result.waits_for is not None:
        return _see_through(place, result)
    if result.stream is not None and not result.is_json:
        for chunk in result.stream:
            _write(sys.stdout.buffer, chunk)
        return result.exit_code
    _show(result)
    return result.exit_code


def _show(result: Result) -> None:
    if result.is_json:
        print(render_json(result))
        return
    is_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else None
    has_color = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    text = render_text(result, width=width, color=has_color)
    if text:
        print(text)


def _see_through(place: Place, result: Result) -> int:
    """Pass the log on until the run is over, and make the run's exit code our own."""
    run = result.waits_for
    assert run is not None
    client, out = place.client, sys.stderr.buffer if result.is_json else sys.stdout.buffer
    print(f"{run.id}  {visible(run.name)} on {run.target}", file=sys.stderr)
    try:
        with _interrupts(client, run.id):
            attend = place.attendant(run.target).attend
            for chunk in client.follow(run.id, meanwhile=attend):
                _write(out, chunk)
            ended = client.wait(run.id, meanwhile=attend)
    except _Detached:
        print(f"detached; it goes on: jupyter compute run {run.id}", file=sys.stderr)
        return _INTERRUPTED
    if result.is_json:
        print(render_json(settled(result, ended)))
    else:
        why = f": {visible(ended.error)}" if ended.error else ""
        print(f"{ended.id}  {ended.state.value}{why}", file=sys.stderr)
    return exit_code_of(ended)


@contextlib.contextmanager
def _interrupts(client: Client, run_id: str) -> Iterator[None]:
    """Let the first Ctrl-C ask for the run's end, and the second leave it alone."""
    presses = 0

    def press(number: int, frame: FrameType | None) -> None:
        nonlocal presses
        presses += 1
        if presses > 1:
            raise _Detached
        # A signal may come while the store is in use, so that the wish takes a thread of its own.
        threading.Thread(target=ask, daemon=True).start()

    def ask() -> None:
        with contextlib.suppress(ComputeError):
            client.cancel(run_id)
        with contextlib.suppress(OSError):
            os.write(2, b"asked the run to end; Ctrl-C again leaves it alone\n")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, press)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _write(out: BinaryIO, chunk: bytes) -> None:
    # Without a buffer, as with python -u, a write may take only a part.
    rest = memoryview(chunk)
    while rest:
        rest = rest[out.write(rest) or 0 :]
    out.flush()


def _complain(error: ComputeError, *, is_json: bool) -> int:
    code = code_of(error).exit_code
    if is_json:
        words = {
            "error": type(error).__name__,
            "message": error.message,
            "hint": error.hint,
            "exit_code": code,
        }
        print(json.dumps(words), file=sys.stderr)
        return code
    print(f"error: {visible(error.message)}", file=sys.stderr)
    if error.hint:
        print(f"hint: {visible(error.hint)}", file=sys.stderr)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
