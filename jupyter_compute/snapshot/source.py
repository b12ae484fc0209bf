"""A source folder as this process knows it between two snapshots."""

from __future__ import annotations

import os
from collections.abc import Iterator
from operator import attrgetter

from ..blobs import Blobs, Writer
from ..ignore import ENVIRONMENT_RULE, RootRules, StatKey, excluded, stat_key
from ..model import Digest, Excluded, Snapshot, SnapshotFile
from ..patterns import escape
from . import manifest
from .folder import Folder, KnownFile, Skipped, Unread
from .problems import Problem, error_of
from .reading import ChangingError, store_file
from .repository import find_repository
from .sizes import over_limit
from .stat_cache import StatCache
from .walk import Walk, known_file

_SAVE_SHARE = 20  # writing the cache pays when one file in this many has been read
_SMALL = 2_000
_UNKNOWN = object()


class Source:
    """A folder of which snapshots are taken. One thread at a time.

    Args:
        path: Its real path.
        blobs: Where its bytes go.
        cache: Where the stat caches stand.
        limit: The largest snapshot in bytes.
        follows: Whether links that leave it are followed.
    """

    def __init__(self, path: str, blobs: Blobs, cache: str, *, limit: int, follows: bool) -> None:
        self.path = path
        self.limit = limit
        self.repository = find_repository(path)
        self._blobs = blobs
        self._follows = follows
        self._root = Folder("", None)
        own = own_patterns(path, os.fspath(blobs.root), cache)
        top, exclude = (
            (self.repository.top, self.repository.exclude) if self.repository else ("", "")
        )
        self.rules = RootRules(path, top=top, exclude=exclude, own=own)
        self._cache = StatCache(cache, f"{path}\0{follows}")
        self._is_loaded = False
        self._snapshot: Snapshot | None = None
        self._generation: object = _UNKNOWN
        self._blob_files: list[str] = []
        self._unsaved = 0

    def is_current(self) -> bool:
        """Say whether the folder still lies in the repository that its rules come from."""
        return find_repository(self.path) == self.repository

    # -- steps of a snapshot -------------------------------------------------------------------

    def walk(self) -> Walk:
        """Bring what is remembered up to date with the folder.

        Raises:
            SnapshotError: Something cannot be part of a snapshot; all of it is named.
        """
        walk = self._walk()
        self._check_problems(walk.problems)
        return walk

    def _walk(self) -> Walk:
        if not self._is_loaded:
            self._cache.load()
            self._is_loaded = True
        walk = Walk(
            self._root,
            self.path,
            self.rules,
            self._cache,
            limit=self.limit,
            follows=self._follows,
        )
        # A walk that is interrupted has taken note of changes that the next one will not see.
        before, self._snapshot = self._snapshot, None
        walk.run()
        if not walk.has_changed:
            self._snapshot = before
        return walk

    def _check_problems(self, problems: list[Problem]) -> None:
        if problems:
            raise error_of(self.path, problems, self.rules.file)

    def take(self) -> tuple[Snapshot, bool]:
        """Store what is not stored yet; return the snapshot, without git, and whether it is new.

        Raises:
            SnapshotError: It is too large, something cannot be part of it or cannot be read, or
                the blobs cannot be written.
        """
        walk = self._walk()
        self._check_limit(walk.bytes, walk.is_whole)
        self._check_problems(walk.problems)
        with self._blobs.writer() as writer:
            generation = self._blobs.generation
            if self._snapshot is not None and generation == self._generation:
                self._blobs.freshen_files(self._blob_files)
                return self._snapshot, False
            snapshot, read = self._store(walk, writer, generation)
        self._snapshot = snapshot
        self._save(read, len(snapshot.files))
        return snapshot, True

    def _store(self, walk: Walk, writer: Writer, generation: object) -> tuple[Snapshot, int]:
        # Blobs are only ever removed with a change of generation, so those known to be there in
        # this one still are. That is known again when everything has been written.
        is_same, self._generation = generation == self._generation, _UNKNOWN
        unread = walk.unread if is_same else walk.unread + self._lost()
        self._check_problems(self._read_all(walk, unread, writer))
        self._check_limit(self._bytes(), walk.is_whole)
        files, folders = self._content()
        identifier = writer.add_bytes(manifest.encode(files, folders))
        writer.flush()
        digests = {file.digest for file in files if file.digest}
        self._blob_files = self._blobs.freshen({*digests, identifier})
        self._generation = generation
        snapshot = Snapshot(id=identifier, files=files, folders=folders, source=self.path)
        return snapshot, len(unread)

    def _check_limit(self, total: int, is_whole: bool) -> None:
        if total > self.limit:
            raise over_limit(
                self.path, self.sizes(), self.limit, rule_file=self.rules.file, is_whole=is_whole
            )

    # -- what a preview shows ------------------------------------------------------------------

    def sizes(self) -> Iterator[tuple[str, int]]:
        """Go through the paths and sizes of all files."""
        for folder in self._root.all_folders():
            for name, entry in folder.entries.items():
                if type(entry) is KnownFile:
                    yield folder.path + name, entry.file.size
                elif type(entry) is Unread:
                    yield folder.path + name, entry.status.st_size

    def excluded(self) -> list[Excluded]:
        """List what was left out, ordered by path; folders end with a slash."""
        found = []
        for folder in self._root.all_folders():
            for name, entry in folder.entries.items():
                path = folder.path + name
                if type(entry) is Skipped:
                    found.append(excluded(path + "/" * entry.is_folder, entry.rule))
                elif type(entry) is Folder and entry.is_environment:
                    found.append(excluded(path + "/", ENVIRONMENT_RULE))
        return sorted(found, key=attrgetter("path"))

    # -- within --------------------------------------------------------------------------------

    def _bytes(self) -> int:
        return sum(folder.bytes for folder in self._root.all_folders())

    def _lost(self) -> list[Unread]:
        """Return the files whose digest is known and whose blob is gone."""
        known = [
            (folder, name, entry.file)
            for folder in self._root.all_folders()
            for name, entry in folder.entries.items()
            if type(entry) is KnownFile and entry.file.digest
        ]
        lost = self._blobs.missing({file.digest for _, _, file in known})
        found = []
        for folder, name, file in known:
            if file.digest in lost:
                path = os.path.join(self.path, file.path)
                try:
                    found.append(Unread(folder, name, path, os.stat(path)))
                except OSError:
                    del folder.entries[name]
                    folder.bytes -= file.size
        return found

    def _read_all(self, walk: Walk, unread: list[Unread], writer: Writer) -> list[Problem]:
        problems: list[Problem] = []
        for one in unread:
            self._read(walk, one, writer, problems)
        return problems

    def _read(self, walk: Walk, one: Unread, writer: Writer, problems: list[Problem]) -> None:
        folder, name, path, status = one
        try:
            digest, status = store_file(writer, path, status, follows=self._follows)
        except FileNotFoundError:
            del folder.entries[name]  # gone since the walk: it is in no snapshot
            folder.bytes -= status.st_size
        except ChangingError:
            problems.append(Problem(folder.path + name, "keeps changing while it is read"))
        except OSError as exc:
            problems.append(Problem(folder.path + name, f"cannot be read ({exc.strerror})"))
        else:
            self._know(walk, one, digest, stat_key(status))

    def _know(self, walk: Walk, one: Unread, digest: Digest, key: StatKey) -> None:
        folder, name, _, status = one
        folder.bytes += key[2] - status.st_size
        folder.entries[name] = known_file(
            folder.path + name, key, digest, is_racy=walk.is_racy(key)
        )

    def _content(self) -> tuple[tuple[SnapshotFile, ...], tuple[str, ...]]:
        files: list[SnapshotFile] = []
        folders: list[str] = []
        for folder in self._root.all_folders():
            folders.append(folder.path[:-1])
            files += [entry.file for entry in folder.entries.values() if type(entry) is KnownFile]
        files.sort(key=attrgetter("path"))
        folders.sort()
        return tuple(files), tuple(folders[1:])  # the root has no path

    def _save(self, read: int, total: int) -> None:
        self._cache.forget()
        self._unsaved += read
        if self._unsaved and (total < _SMALL or self._unsaved * _SAVE_SHARE > total):
            self._cache.save(self._root.all_folders())
            self._unsaved = 0


def own_patterns(source: str, blobs: str, cache: str) -> list[str]:
    """Return the patterns that keep this package's own files out, where they lie in the source."""
    start = os.path.join(source, "")
    paths = map(os.path.realpath, (os.path.dirname(blobs), blobs, cache))
    return [escape(path[len(start) :] + "/") for path in paths if path.startswith(start)]
