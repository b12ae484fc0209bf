"""Asks the person at a terminal or notebook what a target wants to know."""

from __future__ import annotations

import contextlib
import getpass
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from ..kept import KEYRING
from ..model import Prompt, Reply
from .rendering import visible

_YES = frozenset({"y", "yes"})
_LOOK_S = 0.2


def ask_person(prompt: Prompt, is_open: Callable[[], bool] = lambda: True) -> Reply | None:
    """Ask, and wait for the answer; the person declines with Ctrl-C or Ctrl-D.

    Args:
        prompt: What is asked.
        is_open: Whether the question is still open; when it is not, the person is left in peace.

    Returns:
        ``None`` when nobody can be asked here after all.
    """
    try:
        with _while_open(is_open):
            answer = _ask(prompt)
            keep = bool(answer) and prompt.can_keep and _confirms(f"Keep it {place_of(prompt)}?")
        return Reply(answer=answer, keep=keep)
    except (EOFError, KeyboardInterrupt):
        if sys.stdin is not None and sys.stdin.isatty():
            print(file=sys.stderr)  # the question's line was not ended
        return Reply(answer=None)
    except NotImplementedError:  # what a kernel raises whose front end has no input
        return None


def place_of(prompt: Prompt) -> str:
    """Say where an answer would be kept."""
    if prompt.keep_in == KEYRING:
        return "in the system keyring"
    return f"in a file that only you can read, {visible(prompt.keep_in)}"


def _ask(prompt: Prompt) -> str:
    # What a target says must not move the cursor, nor look as if somebody else said it.
    message = "\n".join(visible(line) for line in prompt.message.split("\n"))
    again = "that was not accepted. " if prompt.again else ""
    words = f"{visible(prompt.target)}: {again}{message} "
    if prompt.type == "secret":
        return getpass.getpass(words)
    if prompt.type == "confirm":
        return "yes" if _is_yes(input(f"{words}[yes/no] ")) else "no"
    return input(words)


def _confirms(words: str) -> bool:
    return _is_yes(input(f"{words} [y/N] "))


def _is_yes(text: str) -> bool:
    return text.strip().casefold() in _YES


@contextlib.contextmanager
def _while_open(is_open: Callable[[], bool]) -> Iterator[None]:
    """Let Ctrl-C through, and break off when the question is open no more.

    Whoever waits for a run has put a handler of their own in the place of Ctrl-C's. A read from
    a terminal or a front end can be taken back by an interrupt alone, in the main thread.
    """
    main = threading.main_thread()
    if threading.current_thread() is not main:
        yield
        return
    is_over = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        # Once: what follows it must not be broken off as well.
        if not is_over.is_set():
            is_over.set()
            raise KeyboardInterrupt

    def watch() -> None:
        while not is_over.wait(_LOOK_S):
            if not is_open():
                signal.pthread_kill(main.ident or 0, signal.SIGINT)
                return

    before = signal.signal(signal.SIGINT, interrupt)
    watcher = threading.Thread(target=watch, daemon=True, name="question")
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()
        signal.signal(signal.SIGINT, before or signal.default_int_handler)
