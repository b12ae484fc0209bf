"""The git repository that a folder lies in, found without running git."""

from __future__ import annotations

import os
from typing import NamedTuple


class Repository(NamedTuple):
    """Where a repository stands.

    Attributes:
        top: The top of its working tree.
        git_dir: What belongs to this working tree: ``HEAD`` and ``index``.
        common_dir: What all working trees share: ``refs``, ``config`` and ``info``.
    """

    top: str
    git_dir: str
    common_dir: str

    @property
    def exclude(self) -> str:
        """The path of its own ignore file, which need not be there."""
        return os.path.join(self.common_dir, "info", "exclude")


def find_repository(folder: str) -> Repository | None:
    """Return the repository that a folder, given by its real path, lies in."""
    top = folder
    while True:
        git_dir = _git_dir(top)
        if git_dir and os.path.exists(os.path.join(git_dir, "HEAD")):
            common = read_line(os.path.join(git_dir, "commondir"))
            return Repository(top, git_dir, os.path.normpath(os.path.join(git_dir, common)))
        parent = os.path.dirname(top)
        if parent == top:
            return None
        top = parent


def read_line(path: str) -> str:
    """Return the first line of a small file; empty if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.readline(8192).strip()
    except OSError:
        return ""


def _git_dir(top: str) -> str:
    path = os.path.join(top, ".git")
    if os.path.isdir(path):
        return path
    kind, _, place = read_line(path).partition("gitdir:")
    return os.path.normpath(os.path.join(top, place.strip())) if place and not kind else ""
