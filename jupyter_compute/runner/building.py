"""How an environment is built: the files it needs, and the commands that are run in turn."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")


class CannotBuildError(Exception):
    """The target lacks what such a build needs."""


class Step(NamedTuple):
    """One command of a build.

    Attributes:
        argv: What is run.
        env: Further environment variables.
        shown: What the log says is run.
    """

    argv: list[str]
    env: dict[str, str]
    shown: list[str]


class Site(NamedTuple):
    """Where something is built.

    Attributes:
        folder: What is to be made.
        tools: A folder for programs that the near end brought along.
        env: The environment variables of the build.
    """

    folder: str
    tools: str
    env: dict[str, str]


def write_files(folder: str, files: Mapping[str, str]) -> None:
    """Write the files that a build reads into a folder made for them.

    Raises:
        CannotBuildError: A name is no plain one.
    """
    os.makedirs(folder, mode=0o700)
    for name, text in files.items():
        if name != os.path.basename(name) or name in ("", ".", ".."):
            raise CannotBuildError(f"{name!r} is no name for a file of an environment")
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)


def mask(text: str) -> str:
    """Hide users and passwords in addresses."""
    return _CREDENTIALS.sub("***@", text)
