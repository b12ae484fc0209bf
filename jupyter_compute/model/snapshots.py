"""A folder at one moment, and what is said of it before it is sent."""

from __future__ import annotations

from msgspec import Struct

from .names import Digest


class GitState(Struct, frozen=True, kw_only=True):
    """Where the source stood in git. URLs carry no credentials."""

    repository: str = ""
    branch: str = ""
    commit: str = ""
    dirty: bool = False


class SnapshotFile(Struct, frozen=True, gc=False):
    """A file or a link of a snapshot.

    Attributes:
        path: Relative, with ``/``; bytes that are no UTF-8 stand as surrogate escapes.
        digest: Of the content; empty for a link.
        size: In bytes.
        mode: ``0o644`` or ``0o755``; links have ``0o777``.
        link: The link's target; ``None`` for a file.
    """

    path: str
    digest: Digest
    size: int
    mode: int
    link: str | None = None


class Snapshot(Struct, frozen=True, kw_only=True):
    """A folder at one moment.

    Attributes:
        id: The digest of the canonical manifest, which is itself a blob of that name.
        files: Files and links, ordered by path.
        folders: Every folder's path, so that empty ones come along.
        source: The folder it was taken from.
        git: Where the source stood in git; ``None`` outside a repository.
    """

    id: Digest
    files: tuple[SnapshotFile, ...]
    folders: tuple[str, ...] = ()
    source: str = ""
    git: GitState | None = None

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(file.size for file in self.files)


class SizeEntry(Struct, frozen=True, kw_only=True):
    """A folder or file in the size tree of a preview."""

    path: str
    files: int
    bytes: int


class Excluded(Struct, frozen=True, kw_only=True):
    """Something that was left out: which rule of which file decided.

    Attributes:
        source: The rule's file, or ``built-in`` or ``looks like a secret``.
        line: The rule's line number; 0 for a built-in one.
        pattern: The rule as written.
    """

    path: str
    source: str
    line: int
    pattern: str


class Preview(Struct, frozen=True, kw_only=True):
    """What a snapshot would hold, before it is taken."""

    source: str
    files: int
    bytes: int
    largest: tuple[SizeEntry, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    limit_bytes: int = 0
    suggestions: tuple[str, ...] = ()


class Explanation(Struct, frozen=True, kw_only=True):
    """Whether a path is in the snapshot, and which rule of which file decided.

    Attributes:
        rule: ``None`` when no rule matches, which means that it is in.
    """

    path: str
    is_included: bool
    rule: Excluded | None = None


class Ignored(Struct, frozen=True, kw_only=True):
    """A line in ``.amlignore`` that leaves something out.

    Attributes:
        line: As it stands there.
        created: Whether the file is new. It then has the rules that git had, too, since none of
            git's files is read beside it.
    """

    line: str
    created: bool = False
