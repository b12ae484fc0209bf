"""Snapshots: what would travel, why, and what is kept."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import SnapshotError
from ..model import Excluded, Explanation, Ignored, Preview, SizeEntry, Snapshot
from .opening import Opened


class SnapshotCalls(Opened):
    """Look at the snapshot of a folder before anything is submitted."""

    def preview(
        self, source: str | os.PathLike[str] = ".", *, follow_links: bool | None = None
    ) -> Preview:
        """Walk a folder and say what a snapshot of it would hold; nothing is read or stored."""
        return self.snapshotter(follow_links=follow_links).preview(folder_of(source))

    def size_tree(
        self, source: str | os.PathLike[str] = ".", *, follow_links: bool | None = None
    ) -> list[SizeEntry]:
        """Add up the sizes in a folder: every folder and file that a snapshot would hold."""
        return list(self.snapshotter(follow_links=follow_links).tree(folder_of(source)))

    def explain(self, source: str | os.PathLike[str], path: str) -> Explanation:
        """Say whether a path would be in the snapshot, and which rule of which file decided."""
        return self.snapshotter().explain(folder_of(source), path)

    def ignore(self, source: str | os.PathLike[str], path: str) -> Ignored:
        """Leave a file or folder out from now on, by a line in the source's ``.amlignore``.

        A second call changes nothing. What else is captured and left out stays as it is: if the
        file is new, it has the rules that git had.

        Raises:
            ConfigError: The path is not below the source.
            SnapshotError: It is not there, another rule leaves it out already, or the file cannot
                be written.
        """
        return self.snapshotter().leave_out(folder_of(source), path)

    def snapshot(
        self, source: str | os.PathLike[str] = ".", *, follow_links: bool | None = None
    ) -> Snapshot:
        """Take a snapshot of a folder without submitting anything.

        Raises:
            SnapshotError: The folder is too large, or something in it cannot be captured.
        """
        return self.snapshotter(follow_links=follow_links).take(folder_of(source))

    def gc(self) -> int:
        """Remove the blobs that no kept run needs and return how many bytes that freed.

        A submit at the same time loses nothing.
        """
        self.store.tidy()

        def keep() -> set[str]:
            needed = self.snapshotter().needed(self.store.snapshot_ids())
            return needed | self.store.input_digests()

        # A submit holds its blobs until its run is written down; what the controller adds for a
        # run, it adds while the run is active.
        is_quiet = not self.store.count_active()
        return self.blobs.gc(keep, grace_s=0.0 if is_quiet else 600.0)


def folder_of(source: str | os.PathLike[str]) -> Path:
    """Return a source folder as an absolute path.

    Raises:
        SnapshotError: It is no folder.
    """
    path = Path(os.path.abspath(os.path.expanduser(os.fspath(source))))
    # Unlike a Path's, these say no to a name that is too long.
    if os.path.isdir(path):
        return path
    raise SnapshotError(
        f"{str(source)!r} is {'a file and no folder' if os.path.exists(path) else 'not there'}",
        hint="name the folder to capture; without one it is the folder you are in",
    )


def rule_text(rule: Excluded) -> str:
    """Say in a few words which rule left something out."""
    where = f"{rule.source}, line {rule.line}" if rule.line else rule.source
    return f"{rule.pattern!r} ({where})" if rule.pattern else where
