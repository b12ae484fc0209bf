"""Taking, explaining, comparing and restoring snapshots."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from ..blobs import Blobs
from ..errors import NotFoundError, SnapshotError
from ..model import Digest, Explanation, GitState, Ignored, Preview, SizeEntry, Snapshot
from . import manifest
from .difference import compare
from .explanation import explain
from .git_state import DirtyProbe, git_key, read_git_state
from .leaving_out import leave_out
from .restoring import restore
from .sizes import largest, suggestions, tree
from .source import Source

_REMEMBERED = 4  # source folders of which the tree is kept in memory


class Snapshotter:
    """Turns folders into snapshots, and remembers what it has seen of them.

    Keep one as long as the process: an unchanged folder then costs one walk and no reading. All
    methods block on the disk and none touches the network; threads take turns.

    Args:
        blobs: Where the bytes go.
        cache: A folder for what the next process should know.
        limit_mb: The largest snapshot, in units of 1,000,000 bytes.
        follow_links: Whether links that leave a folder are followed rather than refused.
    """

    def __init__(
        self, blobs: Blobs, cache: Path, *, limit_mb: float = 300, follow_links: bool = False
    ) -> None:
        self._blobs = blobs
        self._cache = os.path.abspath(cache)
        self._limit = int(limit_mb * 1_000_000)
        self._follows = follow_links
        self._sources: dict[str, Source] = {}
        self._git: dict[str, tuple[object, GitState]] = {}
        self._mutex = threading.RLock()

    def take(self, source: Path) -> Snapshot:
        """Store a folder as it is now.

        The manifest is stored as a blob that is named by the snapshot's id. Taking an unchanged
        folder again gives the same id and stores nothing.

        Raises:
            SnapshotError: It is no folder, too large, holds something that cannot be stored, or
                the disk is full; nothing that could be mistaken for a snapshot stays behind.
        """
        with self._mutex:
            known = self._source(source)
            probe = self._probe(known)
            try:
                snapshot, is_new = known.take()
                return replace(snapshot, git=self._git_state(known, is_new, probe))
            finally:
                if probe is not None:
                    probe.close()

    def preview(self, source: Path) -> Preview:
        """Say what a snapshot would hold, without reading or storing any file.

        Raises:
            SnapshotError: It is no folder, or holds something that cannot be stored. Being too
                large is no error here.
        """
        with self._mutex:
            known = self._source(source)
            known.walk()
            entries = tree(known.sizes())
            large = largest(entries)
            total = entries[0].bytes
            return Preview(
                source=known.path,
                files=entries[0].files,
                bytes=total,
                largest=large,
                excluded=tuple(known.excluded()),
                limit_bytes=self._limit,
                suggestions=suggestions(large, total, self._limit),
            )

    def tree(self, of: Path | Snapshot) -> list[SizeEntry]:
        """Add up the sizes of a folder or snapshot: every folder and file, ordered by path.

        Folders end with a slash; the first entry, with an empty path, is the whole.
        """
        if isinstance(of, Snapshot):
            return tree((file.path, file.size) for file in of.files)
        with self._mutex:
            known = self._source(of)
            known.walk()
            return tree(known.sizes())

    def explain(self, source: Path, path: str) -> Explanation:
        """Say whether a path would be in a snapshot, and which rule of which file decided.

        Raises:
            ConfigError: The path is not below the source.
            SnapshotError: The source is no folder.
        """
        with self._mutex:
            known = self._source(source)
            return explain(known.path, known.rules.level(0), path)

    def leave_out(self, source: Path, path: str) -> Ignored:
        """Add the line to the folder's ``.amlignore`` that leaves out a file or folder.

        What was left out before stays left out, also if git's files said so.

        Raises:
            ConfigError: The path is not below the source.
            SnapshotError: It is not there or left out already, or the file cannot be written.
        """
        with self._mutex:
            known = self._source(source)
            return leave_out(known.path, known.rules, path)

    def load(self, snapshot_id: Digest) -> Snapshot:
        """Return a snapshot that was taken; of its source and git state nothing is known here.

        Raises:
            NotFoundError: There is none of this id.
            SnapshotError: It is damaged.
        """
        try:
            data = self._blobs.read(snapshot_id)
        except NotFoundError as exc:
            raise NotFoundError(
                f"there is no snapshot {snapshot_id[:12]!r}", hint="it may have been collected"
            ) from exc
        files, folders = manifest.decode(data)
        return Snapshot(id=snapshot_id, files=files, folders=folders)

    def restore(self, snapshot_id: Digest, folder: Path) -> None:
        """Write a snapshot to a folder that is new or empty; it appears as a whole.

        Raises:
            ConflictError: The folder is there and not empty.
            NotFoundError: There is no such snapshot, or a blob of it is gone.
            SnapshotError: It cannot be written.
        """
        restore(self.load(snapshot_id), self._blobs, Path(folder))

    def compare(self, first: Snapshot, second: Snapshot) -> tuple[dict[str, str], dict[str, str]]:
        """Return what differs: path → ``added``, ``removed``, ``changed``; path → unified diff."""
        return compare(first, second, self._blobs.read)

    def needed(self, snapshot_ids: Iterable[Digest]) -> set[Digest]:
        """Return all blobs that snapshots need, their manifests too; those gone are passed over."""
        needed: set[Digest] = set()
        for snapshot_id in snapshot_ids:
            try:
                snapshot = self.load(snapshot_id)
            except (NotFoundError, SnapshotError):
                continue
            needed.add(snapshot_id)
            needed.update(file.digest for file in snapshot.files if file.digest)
        return needed

    # -- within --------------------------------------------------------------------------------

    def _source(self, path: Path) -> Source:
        real = os.path.realpath(path)
        if not os.path.isdir(real):
            what = "is no folder" if os.path.lexists(path) else "is not there"
            raise SnapshotError(f"no snapshot: {os.fspath(path)!r} {what}", hint="give a folder")
        known = self._sources.pop(real, None)
        if known is None or not known.is_current():
            known = Source(real, self._blobs, self._cache, limit=self._limit, follows=self._follows)
        self._sources[real] = known
        while len(self._sources) > _REMEMBERED:
            oldest = next(iter(self._sources))
            del self._sources[oldest]
            self._git.pop(oldest, None)
        return known

    def _probe(self, source: Source) -> DirtyProbe | None:
        """Ask git beside the walk, unless the last answer holds if the walk finds no change."""
        if source.repository is None:
            return None
        cached = self._git.get(source.path)
        if cached is not None and cached[0] == git_key(source.repository):
            return None
        return DirtyProbe(source.path)

    def _git_state(self, source: Source, is_new: bool, probe: DirtyProbe | None) -> GitState | None:
        if source.repository is None:
            return None
        key = git_key(source.repository)
        cached = self._git.get(source.path)
        if not is_new and cached is not None and cached[0] == key:
            return cached[1]
        late = DirtyProbe(source.path) if probe is None else None
        try:
            is_dirty = (probe or late).is_dirty()  # type: ignore[union-attr]
        finally:
            if late is not None:
                late.close()
        state = read_git_state(source.repository, is_dirty=is_dirty)
        self._git[source.path] = (key, state)
        return state
