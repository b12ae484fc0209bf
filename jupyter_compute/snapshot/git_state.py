"""Where a folder stands in git: read from git's files; only the changes are asked of git itself."""

from __future__ import annotations

import os
import re
import select
import subprocess
import time

from ..ignore import stat_key
from ..model import GitState
from .repository import Repository, read_line

_TIMEOUT_S = 3.0
_STATUS = (
    "git",
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",  # a repository must not choose a program that we run
    "status",
    "--porcelain",
    "-z",
    "--untracked-files=normal",
    "--",
    ".",
)
_HEX = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def strip_credentials(url: str) -> str:
    """Remove user, password and tokens from a URL; the user of an ``ssh`` one is no secret."""
    found = re.match(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", url, re.DOTALL)
    if found is None:
        # user@host:path is how git writes SSH; a colon before the @ would be a password
        head, at, tail = url.rpartition("@")
        return tail if at and ":" in head and "/" not in head else url
    scheme, rest = found["scheme"], found["rest"]
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    user = user.split(":", 1)[0] if scheme.lower() in ("ssh", "git+ssh") else ""
    path = re.split(r"[?#]", path, maxsplit=1)[0]
    return f"{scheme}://{user}{at if user else ''}{re.split(r'[?#]', host)[0]}{slash}{path}"


def read_git_state(repository: Repository, *, is_dirty: bool) -> GitState:
    """Read the repository's URL, the branch and the commit; what is unknown is empty."""
    head = read_line(os.path.join(repository.git_dir, "HEAD"))
    _, _, ref = head.partition("ref: ")
    commit = _resolve(repository, ref) if ref else head
    return GitState(
        repository=strip_credentials(_remote_url(repository)),
        branch=ref.removeprefix("refs/heads/"),
        commit=commit if _HEX.fullmatch(commit) else "",
        dirty=is_dirty,
    )


def git_key(repository: Repository) -> object:
    """Return what changes whenever git's view of an unchanged folder may have changed."""
    keys: list[object] = []
    for name in ("index", "HEAD"):
        try:
            keys.append(stat_key(os.stat(os.path.join(repository.git_dir, name))))
        except OSError:
            keys.append(None)
    return (*keys, _resolve_head(repository))


class DirtyProbe:
    """Asks git, beside other work, whether a folder differs from its commit.

    Args:
        folder: The folder; what lies outside of it is not asked about.
    """

    def __init__(self, folder: str) -> None:
        self._deadline = time.monotonic() + _TIMEOUT_S
        self._process: subprocess.Popen[bytes] | None
        try:
            self._process = subprocess.Popen(
                _STATUS,
                cwd=folder,
                env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            self._process = None

    def is_dirty(self) -> bool:
        """Say whether it differs; also ``True`` if git cannot say so within seconds.

        What is called clean must be what the commit holds, so the doubtful is called dirty.
        """
        process = self._process
        if process is None or process.stdout is None:
            return True
        left = max(0.0, self._deadline - time.monotonic())
        poll = select.poll()
        poll.register(process.stdout, select.POLLIN | select.POLLHUP)
        if not poll.poll(left * 1000) or os.read(process.stdout.fileno(), 1):
            return True
        try:
            return process.wait(max(0.1, self._deadline - time.monotonic())) != 0
        except subprocess.TimeoutExpired:
            return True

    def close(self) -> None:
        """End git if it still runs."""
        if self._process is None:
            return
        if self._process.stdout is not None:
            self._process.stdout.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


def _resolve_head(repository: Repository) -> str:
    head = read_line(os.path.join(repository.git_dir, "HEAD"))
    _, _, ref = head.partition("ref: ")
    return _resolve(repository, ref) if ref else head


def _resolve(repository: Repository, ref: str) -> str:
    for folder in (repository.git_dir, repository.common_dir):
        commit = read_line(os.path.join(folder, ref))
        if commit:
            return commit
    try:
        with open(os.path.join(repository.common_dir, "packed-refs"), encoding="utf-8") as file:
            for line in file:
                commit, _, name = line.strip().partition(" ")
                if name == ref:
                    return commit
    except (OSError, ValueError):
        return ""
    return ""


def _remote_url(repository: Repository) -> str:
    """Return the URL of ``origin``, else of the first remote."""
    urls: dict[str, str] = {}
    remote = ""
    try:
        with open(
            os.path.join(repository.common_dir, "config"), encoding="utf-8", errors="replace"
        ) as file:
            for line in file:
                section = re.match(r"\s*\[\s*(\w+)(?:\s+\"(.*)\")?\s*\]", line)
                if section:
                    remote = (section[2] or "") if section[1].lower() == "remote" else ""
                value = re.match(r"(?:.*\])?\s*url\s*=\s*(.*?)\s*$", line, re.IGNORECASE)
                if remote and value:
                    urls.setdefault(remote, value[1].strip('"'))
    except OSError:
        return ""
    return urls.get("origin") or next(iter(urls.values()), "")
