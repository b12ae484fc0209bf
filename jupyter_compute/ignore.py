"""Which files of a folder are left out of its snapshot, and which rule of which file says so.

If the root has an ``.amlignore``, its rules hold and no other file is read. Otherwise git's rules
hold: ``.gitignore`` files from the repository's top down to the file, the nearer ones first, then
``.git/info/exclude``. Below all of them stand the built-in rules. A ``!`` takes one of these back
if it names something: ``!node_modules/`` or ``!*.pem``, but not ``!*/``, which people write to
reach files further down and not to send their keys.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence

from .errors import SnapshotError
from .model import Excluded
from .patterns import Rule, RuleList, as_bytes_text, from_bytes_text, make_rule

AML_FILE = ".amlignore"
GIT_FILE = ".gitignore"
BUILT_IN = "built-in"
SECRET = "looks like a secret"

ENVIRONMENT_MARK = "pyvenv.cfg"
"""A folder with a file of this name is a virtual environment, whatever its own name."""

ENVIRONMENT_RULE = Rule(BUILT_IN, 0, f"*/{ENVIRONMENT_MARK}", folders_only=True)

_FOLDERS = (".git", ".ipynb_checkpoints/", "__pycache__/", "node_modules/")
_SECRETS = (
    ".env",
    ".env.*",
    "!.env.example",
    "!.env.sample",
    "!.env.template",
    "id_*",
    "!id_*.*",  # id_mapping.csv and id_rsa.pub are no private keys
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.kdbx",
    ".netrc",
    ".pgpass",
    ".pypirc",
    ".git-credentials",
)
StatKey = tuple[int, int, int, int, int]


def stat_key(status: os.stat_result) -> StatKey:
    """Make what must be equal for a file to count as unchanged."""
    return (
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_size,
        status.st_ino,
        status.st_mode,
    )


class Level:
    """The rules that hold in one folder.

    Args:
        path: The folder relative to the root as a latin-1 text of its bytes, with a trailing
            slash; empty for the root.
        lists: Rule lists with what to cut off a path and what to put before it to make it
            relative to the list's file; the built-in ones first,
            the strongest last.
        reads_git: Whether nested ``.gitignore`` files count.
    """

    __slots__ = ("_lists", "path", "reads_git")

    def __init__(
        self, path: str, lists: Sequence[tuple[RuleList, int, str]], reads_git: bool
    ) -> None:
        self.path = path
        self.reads_git = reads_git
        self._lists = tuple(lists)

    def decide(self, name: str, is_folder: bool) -> Rule | None:
        """Return the rule that decides about an entry of the folder; ``None`` if none matches.

        The entry is left out if there is a rule and it is not negative.
        """
        name = as_bytes_text(name)
        path = ""
        for rules, cut, start in reversed(self._lists):
            if rules.needs_path:
                path = start + (self.path + name)[cut:]
            rule = rules.match(name, path, is_folder)
            if rule is not None:
                break
        else:
            return None
        if rule.is_negative and rule.is_broad and self._lists:
            built_in = self._lists[0][0].match(name, self.path + name, is_folder)
            if built_in is not None and not built_in.is_negative:
                return built_in
        return rule

    def enter(self, name: str, text: bytes | None = None) -> Level:
        """Return the level of a folder within.

        Args:
            name: The folder's name.
            text: What its ``.gitignore`` says; ``None`` without one.
        """
        path = f"{self.path}{as_bytes_text(name)}/"
        if text is None or not self.reads_git:
            return Level(path, self._lists, self.reads_git)
        rules = RuleList.parse(text, from_bytes_text(path) + GIT_FILE)
        return Level(path, (*self._lists, (rules, len(path), "")), self.reads_git)


class RootRules:
    """The rules that hold in a root: read once, and read again only when a file has changed.

    Args:
        root: The folder's absolute path.
        top: The top of the repository that the root lies in; empty outside one.
        exclude: The path of the repository's ``info/exclude``; empty outside one.
        own: Patterns, relative to the root, of what belongs to this package.
    """

    def __init__(
        self, root: str, *, top: str = "", exclude: str = "", own: Sequence[str] = ()
    ) -> None:
        self._root = root
        self._top = top or root
        self._exclude = exclude
        self._built_in = (_built_in_rules(own), 0, "")
        self._key: object = None
        self._texts: object = None
        self._level = Level("", (), False)

    def level(self, racy_after_ns: int) -> Level:
        """Return the root's level; the same object as long as no rule has changed.

        Args:
            racy_after_ns: A file changed after this instant is read anew, because it could
                change again without a trace.

        Raises:
            SnapshotError: A rule file is there and cannot be read.
        """
        key = self._read_key(racy_after_ns)
        if key is None or key != self._key:
            self._read()
            self._key = key
        return self._level

    @property
    def file(self) -> str:
        """The name of the file to which a user would add a rule."""
        has_aml = os.path.lexists(os.path.join(self._root, AML_FILE))
        has_git = os.path.lexists(os.path.join(self._root, GIT_FILE))
        return GIT_FILE if has_git and not has_aml else AML_FILE

    def would_be(self, text: bytes) -> Level:
        """Return the level there would be if this were what ``.amlignore`` says."""
        return Level("", [self._built_in, (RuleList.parse(text, AML_FILE), 0, "")], False)

    def _read_key(self, racy_after_ns: int) -> object:
        keys: list[StatKey | None] = []
        for path in (os.path.join(self._root, AML_FILE), self._exclude, *self._git_files()):
            try:
                key = stat_key(os.stat(path))
            except (OSError, ValueError):
                keys.append(None)
                continue
            if max(key[0], key[1]) >= racy_after_ns:
                return None
            keys.append(key)
        return keys

    def _git_files(self) -> list[str]:
        """List the ``.gitignore`` files from the top down to the root."""
        inner = os.path.relpath(self._root, self._top)
        parts = [] if inner == os.curdir else inner.split(os.sep)
        folders = [os.path.join(self._top, *parts[:depth]) for depth in range(len(parts) + 1)]
        return [os.path.join(folder, GIT_FILE) for folder in folders]

    def _read(self) -> None:
        """Read all rules; keep the level if they say what they said before."""
        aml = read_rules(os.path.join(self._root, AML_FILE), follows=True)
        texts = self.git_texts() if aml is None else [(aml, AML_FILE, "")]
        if (aml is None, texts) == self._texts:
            return
        self._texts = (aml is None, texts)
        lists = [(RuleList.parse(text, shown), 0, start) for text, shown, start in texts]
        self._level = Level("", [self._built_in, *lists], aml is None)

    def git_texts(self) -> list[tuple[bytes, str, str]]:
        """Return what git's files say, how they are shown, and where the root is below them.

        Those at and above the root, the weakest first.
        """
        inner = os.path.relpath(self._root, self._top)
        start = "" if inner == os.curdir else as_bytes_text(inner) + "/"
        paths = [(self._exclude, start, True)] if self._exclude else []
        for path in self._git_files():
            paths.append((path, start, False))
            start = start.partition("/")[2]
        found = []
        for path, start, follows in paths:
            text = read_rules(path, follows=follows)
            if text is not None:
                found.append((text, os.path.relpath(path, self._root), start))
        return found


def read_rules(path: str, *, follows: bool = False) -> bytes | None:
    """Read an ignore file; ``None`` if there is none.

    Args:
        path: The file.
        follows: Whether a link counts. Git does not follow one in the tree.

    Raises:
        SnapshotError: It cannot be read; without its rules too much would be sent.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follows else os.O_NOFOLLOW)
    try:
        handle = os.open(path, flags)
    except OSError as exc:
        if exc.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise _unreadable(path, exc) from exc
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    with open(handle, "rb") as file:
        try:
            return file.read()
        except OSError as exc:
            raise _unreadable(path, exc) from exc


def _unreadable(path: str, exc: OSError) -> SnapshotError:
    return SnapshotError(
        f"the rules in {path} cannot be read: {exc.strerror}",
        hint="make the file readable, or remove it",
    )


def _built_in_rules(own: Sequence[str]) -> RuleList:
    rules = [make_rule(pattern, BUILT_IN) for pattern in (*_FOLDERS, *map(as_bytes_text, own))]
    rules += [make_rule(pattern, SECRET, files_only=True) for pattern in _SECRETS]
    return RuleList(rules)


def excluded(path: str, rule: Rule) -> Excluded:
    """Say that a rule left out a path, for people."""
    return Excluded(
        path=path,
        source=rule.source,
        line=rule.line,
        pattern=from_bytes_text(rule.pattern),
    )
