"""What is remembered of one folder between two walks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple, Union

from msgspec import Struct

from ..ignore import Level, StatKey
from ..model import SnapshotFile
from ..patterns import Rule


class Skipped(NamedTuple):
    """An entry that a rule leaves out."""

    is_folder: bool
    rule: Rule


class Unread(NamedTuple):
    """A file that is to be read.

    Attributes:
        folder: Its folder.
        name: Its name there.
        path: Its absolute path.
        status: As the walk has seen it.
    """

    folder: Folder
    name: str
    path: str
    status: os.stat_result


class KnownFile(Struct, frozen=True, gc=False):
    """A file whose bytes are known, or a link: its stat key, and what stands in the snapshot.

    There may be hundreds of thousands in a kernel, so its garbage collector need not see them.
    """

    mtime_ns: int
    ctime_ns: int
    size: int
    inode: int
    mode: int
    file: SnapshotFile

    def is_as(self, status: os.stat_result) -> bool:
        """Say whether a file's status is the one that goes with the known bytes."""
        return (
            self.mtime_ns == status.st_mtime_ns
            and self.ctime_ns == status.st_ctime_ns
            and self.size == status.st_size
            and self.inode == status.st_ino
            and self.mode == status.st_mode
        )


Entry = Union[KnownFile, "Folder", Skipped, Unread]

NEVER = (-1, -1, -1, -1, -1)
"""The key of what must be looked at again at the next walk."""


class Folder:
    """A folder of the tree as the last walk left it.

    Attributes:
        name: Its name.
        path: Relative to the root, with a trailing slash; empty for the root.
        parent: The folder above; ``None`` for the root.
        entries: By name.
        level: The rules that hold in it.
        above: The level of the folder above from which its own was made.
        rules_text: What its ``.gitignore`` says.
        rules_key: The key of its ``.gitignore`` if that file itself is left out, so that a change
            is noticed.
        bytes: The size of its own files.
        is_stale: Whether its rules have changed since it was looked at.
        is_taken_back: Whether a user's rule takes it back from the built-in ones.
        is_environment: Whether it was left out for being a virtual environment.
    """

    __slots__ = (
        "above",
        "bytes",
        "entries",
        "is_environment",
        "is_stale",
        "is_taken_back",
        "level",
        "name",
        "parent",
        "path",
        "rules_key",
        "rules_text",
    )

    def __init__(self, name: str, parent: Folder | None) -> None:
        self.name = name
        self.parent = parent
        self.path: str = f"{parent.path}{name}/" if parent else ""
        self.entries: dict[str, Entry] = {}
        self.level = Level("", (), False)
        self.above: Level | None = None
        self.rules_text: bytes | None = None
        self.rules_key: StatKey | None = None
        self.bytes = 0
        self.is_stale = True
        self.is_taken_back = False
        self.is_environment = False

    def all_folders(self) -> Iterator[Folder]:
        """Go through this folder and all below, leaving out virtual environments."""
        stack = [self]
        while stack:
            folder = stack.pop()
            if not folder.is_environment:
                yield folder
                stack += [entry for entry in folder.entries.values() if type(entry) is Folder]
