"""Ask a program of the target for a word, such as its version, without waiting for ever."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from typing import NamedTuple

ANSWER_S = 20.0


class Word(NamedTuple):
    """What a program said.

    Attributes:
        code: Its exit code; -1 if it could not be started or was given up.
        said: Its output.
        complained: Its errors, or why there was no answer.
    """

    code: int
    said: str
    complained: str


class Program(NamedTuple):
    """A program of the target that was asked whether it can be used.

    Attributes:
        name: What it is, such as ``docker`` or ``micromamba``; empty if there is none.
        path: Where it is.
        version: What it says of itself; empty if it does not answer.
        trouble: Why it cannot be used; empty if it can.
        remedy: What to do about that.
    """

    name: str
    path: str
    version: str
    trouble: str = ""
    remedy: str = ""


def ask(argv: list[str], env: Mapping[str, str], timeout_s: float = ANSWER_S) -> Word:
    """Run a program to its end and return what it said."""
    try:
        done = subprocess.run(
            argv,
            env=dict(env),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        return Word(-1, "", f"{argv[0]} did not answer within {timeout_s:g} s")
    except (OSError, ValueError) as error:
        return Word(-1, "", getattr(error, "strerror", None) or str(error))
    return Word(done.returncode, _text(done.stdout), _text(done.stderr))


def places(env: Mapping[str, str], *folders: str) -> str:
    """Return where programs are looked for: the ``PATH``, then folders below the user's home.

    A login that is no terminal often lacks the latter on its ``PATH``.
    """
    home = env.get("HOME", "")
    below = [os.path.join(home, folder) for folder in folders] if home else []
    return os.pathsep.join([env.get("PATH", os.defpath), *below])


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").strip()
