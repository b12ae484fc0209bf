"""The one walk behind preview, limit, hash and upload.

A folder that has not changed costs its ``scandir``, one ``stat`` for each file and a comparison.
Any difference makes the folder be looked at again with all care.
"""

from __future__ import annotations

import os
import stat
import time

from ..errors import SnapshotError
from ..ignore import ENVIRONMENT_MARK, GIT_FILE, RootRules, StatKey, read_rules, stat_key
from ..model import SnapshotFile
from .folder import NEVER, Entry, Folder, KnownFile, Skipped, Unread
from .links import inner_target, is_loop
from .problems import Problem
from .stat_cache import StatCache

_GRANULE_NS = 100_000_000
_WHOLE_SECONDS_NS = 2_000_000_000
_SECOND_NS = 1_000_000_000
_BEYOND_LIMIT = 50_000  # entries still counted when the limit is passed, to name the largest
_SPECIAL = {
    stat.S_IFIFO: "is a FIFO",
    stat.S_IFSOCK: "is a socket",
    stat.S_IFCHR: "is a device",
    stat.S_IFBLK: "is a device",
}


class Walk:
    """Goes through a tree once and brings what is remembered of it up to date.

    Args:
        root: What is remembered.
        source: The root's real path.
        rules: The root's rules.
        seeds: What another process has remembered.
        limit: Bytes beyond which it need not go on for long.
        follows: Whether links that leave the root are followed.

    Attributes:
        unread: Files whose bytes are not known.
        problems: Entries that cannot be part of a snapshot.
        bytes: The size of all files.
        has_changed: Whether anything differs from what was remembered.
        is_whole: Whether it went through everything.
    """

    def __init__(
        self,
        root: Folder,
        source: str,
        rules: RootRules,
        seeds: StatCache,
        *,
        limit: int,
        follows: bool,
    ) -> None:
        self._root = root
        self._source = source
        self._rules = rules
        self._seeds = seeds
        self._limit = limit
        self._follows = follows
        self._start_ns = time.time_ns()
        self._beyond = 0
        self._stack: list[tuple[Folder, str]] = []
        self.unread: list[Unread] = []
        self.problems: list[Problem] = []
        self.bytes = 0
        self.has_changed = False
        self.is_whole = True

    def run(self) -> None:
        """Walk.

        Raises:
            SnapshotError: The root cannot be listed, or a rule file cannot be read.
        """
        root = self._root
        level = self._rules.level(self._start_ns - _WHOLE_SECONDS_NS)
        if level is not root.level:
            root.level = level
            root.is_stale = True
        self._stack = [(root, self._source)]
        while self._stack:
            folder, path = self._stack.pop()
            if folder.is_stale or not self._is_unchanged(folder, path):
                self.has_changed = True
                self._look_again(folder, path)
            self.bytes += folder.bytes
            if self.bytes > self._limit:
                self._beyond += len(folder.entries)
                if self._beyond > _BEYOND_LIMIT and self._stack:
                    self.is_whole = False
                    return

    def is_racy(self, key: StatKey | tuple[int, ...]) -> bool:
        """Say whether a file could still change without a trace.

        A change within the clock's granule after the last one leaves all times as they are. A
        file system that counts whole seconds has a coarse granule.
        """
        mtime, ctime = key[0], key[1]
        is_coarse = mtime % _SECOND_NS == 0 and ctime % _SECOND_NS == 0
        oldest = self._start_ns - (_WHOLE_SECONDS_NS if is_coarse else _GRANULE_NS)
        # A modification time far ahead was set by hand; the other time tells of a change.
        return ctime >= oldest or oldest <= mtime <= oldest + 10 * _SECOND_NS

    # -- nothing has changed -------------------------------------------------------------------

    def _is_unchanged(self, folder: Folder, path: str) -> bool:
        known = folder.entries
        left = len(known)
        below: list[tuple[Folder, str]] = []
        try:
            if folder.is_environment:
                return os.path.lexists(f"{path}/{ENVIRONMENT_MARK}")
            with os.scandir(path) as entries:
                for entry in entries:
                    item = known.get(entry.name)
                    if type(item) is KnownFile:
                        status = entry.stat(follow_symlinks=False)
                        if (
                            item.mtime_ns != status.st_mtime_ns
                            or item.ctime_ns != status.st_ctime_ns
                            or item.size != status.st_size
                            or item.inode != status.st_ino
                            or item.mode != status.st_mode
                        ):
                            return False
                    elif type(item) is Folder:
                        if not entry.is_dir(follow_symlinks=False):
                            return False
                        below.append((item, entry.path))
                    elif type(item) is not Skipped or (
                        item.is_folder is not entry.is_dir(follow_symlinks=False)
                    ):
                        return False
                    left -= 1
            if left or (
                folder.rules_key is not None
                and folder.rules_key != stat_key(os.lstat(f"{path}/{GIT_FILE}"))
            ):
                return False
        except OSError:
            return False  # looking again says what is wrong
        self._stack += below
        return True

    # -- something has changed -----------------------------------------------------------------

    def _look_again(self, folder: Folder, path: str) -> None:
        try:
            with os.scandir(path) as found:
                entries = list(found)
        except OSError as exc:
            self._cannot_list(folder, exc)
            return
        folder.is_environment = (
            folder.parent is not None
            and not folder.is_taken_back
            and any(entry.name == ENVIRONMENT_MARK for entry in entries)
        )
        folder.bytes = 0
        if folder.is_environment:
            folder.entries = {}
            folder.is_stale = False
            return
        self._renew_rules(folder, path, entries)
        old = folder.entries
        folder.entries = {}
        folder.is_stale = False
        for entry in entries:
            self._look_at(folder, entry, old.get(entry.name))

    def _cannot_list(self, folder: Folder, exc: OSError) -> None:
        if folder.parent is None:
            raise SnapshotError(
                f"no snapshot of {self._source}: {exc.strerror}", hint="check the folder"
            ) from exc
        folder.parent.entries.pop(folder.name, None)
        if not isinstance(exc, (FileNotFoundError, NotADirectoryError)):
            self._refuse(folder.parent, folder.name + "/", f"cannot be listed ({exc.strerror})")

    def _renew_rules(self, folder: Folder, path: str, entries: list[os.DirEntry[str]]) -> None:
        """Give a folder its level; the same object as before if no rule has changed."""
        folder.rules_key = None
        if folder.parent is None:
            return
        above = folder.parent.level
        text = None
        if above.reads_git and any(entry.name == GIT_FILE for entry in entries):
            text = read_rules(f"{path}/{GIT_FILE}")
        if folder.above is not above or text != folder.rules_text:
            folder.above = above
            folder.rules_text = text
            folder.level = above.enter(folder.name, text)

    def _look_at(self, folder: Folder, entry: os.DirEntry[str], old: Entry | None) -> None:
        name = entry.name
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
            rule = folder.level.decide(name, is_folder)
            if rule is not None and not rule.is_negative:
                folder.entries[name] = Skipped(is_folder, rule)
                if name == GIT_FILE and folder.level.reads_git:
                    key = stat_key(entry.stat(follow_symlinks=False))
                    folder.rules_key = NEVER if self.is_racy(key) else key
            elif is_folder:
                is_taken_back = rule is not None and not rule.is_broad
                self._go_below(folder, name, entry.path, old, is_taken_back)
            elif entry.is_symlink():
                self._look_at_link(folder, entry, old)
            else:
                self._look_at_file(folder, entry, entry.stat(follow_symlinks=False), old)
        except FileNotFoundError:
            return  # gone since it was listed
        except OSError as exc:
            self._refuse(folder, name, f"cannot be read ({exc.strerror})")

    def _go_below(
        self, folder: Folder, name: str, path: str, old: Entry | None, is_taken_back: bool
    ) -> None:
        below = old if type(old) is Folder else Folder(name, folder)
        below.is_taken_back = is_taken_back
        below.is_stale = below.is_stale or below.above is not folder.level
        folder.entries[name] = below
        self._stack.append((below, path))

    def _look_at_link(self, folder: Folder, entry: os.DirEntry[str], old: Entry | None) -> None:
        target = os.readlink(entry.path)
        inner = inner_target(self._source, folder.path, target)
        if inner is not None:
            text, is_lasting = inner
            file = SnapshotFile(folder.path + entry.name, "", 0, 0o777, text)
            key = stat_key(entry.stat(follow_symlinks=False))
            lasts = is_lasting and not self.is_racy(key)
            folder.entries[entry.name] = KnownFile(*(key if lasts else NEVER), file)
            return
        if not self._follows:
            reason = f"links to {target!r}, outside of the folder"
            self.problems.append(Problem(folder.path + entry.name, reason, True))
            return
        try:
            status = os.stat(entry.path)
        except FileNotFoundError:
            self._refuse(folder, entry.name, f"links to {target!r}, which is not there")
            return
        if not stat.S_ISDIR(status.st_mode):
            self._look_at_file(folder, entry, status, old)
        elif is_loop(entry.path, status):
            self._refuse(folder, entry.name, f"links to {target!r}, a folder that it stands in")
        else:
            self._go_below(folder, entry.name, entry.path, old, False)

    def _look_at_file(
        self, folder: Folder, entry: os.DirEntry[str], status: os.stat_result, old: Entry | None
    ) -> None:
        name = entry.name
        if not stat.S_ISREG(status.st_mode):
            what = _SPECIAL.get(stat.S_IFMT(status.st_mode), "is no regular file")
            self._refuse(folder, name, what)
            return
        folder.bytes += status.st_size
        if type(old) is KnownFile and old.is_as(status):
            folder.entries[name] = old
            return
        key = stat_key(status)
        digest = self._seeds.find(folder.path, name, key)
        if digest:
            folder.entries[name] = known_file(folder.path + name, key, digest)
            return
        unread = Unread(folder, name, entry.path, status)
        self.unread.append(unread)
        folder.entries[name] = unread

    def _refuse(self, folder: Folder, name: str, reason: str) -> None:
        self.problems.append(Problem(folder.path + name, reason))


def known_file(path: str, key: StatKey, digest: str, *, is_racy: bool = False) -> KnownFile:
    """Make the entry of a file whose bytes are known."""
    mode = 0o755 if key[4] & stat.S_IXUSR else 0o644
    file = SnapshotFile(path, digest, key[2], mode)
    return KnownFile(*(NEVER if is_racy else key), file)
