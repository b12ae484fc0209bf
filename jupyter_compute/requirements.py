"""Requirement lines: read from files or from the command line, checked, and made canonical."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from .errors import ConfigError

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_CLAUSE = r"(?:===\s*[^\s,;()]+|(?:~=|==|!=|<=|>=|<|>)\s*v?\d[A-Za-z0-9._*+!-]*)"
_REQUIREMENT = re.compile(
    rf"(?P<name>{_NAME})\s*(?P<extras>\[[A-Za-z0-9._,\s-]*\])?\s*"
    rf"(?:@\s*(?P<url>\S+)|\(?\s*(?P<clauses>{_CLAUSE}(?:\s*,\s*{_CLAUSE})*\s*,?)?\s*\)?)"
    r"\s*(?:;\s*(?P<marker>\S.*?))?\s*(?P<hashes>(?:\s+--hash[= ]\S+)*)"
)
_URL = re.compile(r"(?:git|hg|svn|bzr)\+\w+(?:\+\w+)?://\S+|https?://\S+")
_PASSWORD = re.compile(r"://(?P<user>[^/@\s:]*):(?P<password>[^/@\s]+)@")
_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_INCLUDE = re.compile(r"(?:-r|--requirement)[ =]?\s*(?P<file>\S.*)")
_CONSTRAINT = re.compile(r"(?:-c|--constraint)[ =]?\s*(?P<file>\S.*)")
_OPTION = re.compile(
    r"(?:--index-url|--extra-index-url|--no-index|--find-links|--no-binary|--only-binary"
    r"|--prefer-binary|--pre|--require-hashes|-i|-f)(?:[ =].*)?"
)
_LOCAL = re.compile(r"(?:-e\b|--editable\b|\.{0,2}/|\.{1,2}$|file:|~)")
_DEPTH = 10


class Requirements(Struct, frozen=True, kw_only=True):
    """What a set of requirement lines says.

    Attributes:
        lines: Options first, then one requirement a line, in canonical form and order.
        files: Names and texts of the constraint files that the lines refer to.
    """

    lines: tuple[str, ...]
    files: dict[str, str] = {}


def read(path: Path) -> Requirements:
    """Read a requirements file and those that it includes.

    Raises:
        ConfigError: A file is missing or a line is wrong; all wrong lines are named.
    """
    reader = _Reader()
    reader.read(path, path.name, 0)
    return reader.finish(path.name)


def parse(lines: Iterable[str], where: str) -> Requirements:
    """Check requirement lines that stand in no file; ``where`` names them in errors.

    Raises:
        ConfigError: Lines are wrong; all of them are named.
    """
    reader = _Reader()
    for line in lines:
        if re.match(r"-(?:r|c|-requirement|-constraint)\b", line.strip()):
            reader.problems.append(f"{line!r}: a file stands alone, such as --env requirements.txt")
        else:
            reader.add(line, repr(line), None, 0)
    return reader.finish(where)


def split(text: str) -> list[str]:
    """Split ``a,b>=1,<2,c[x,y]`` into its requirements."""
    parts: list[str] = []
    for part in re.split(r",(?![^\[\]]*\])(?=(?:[^'\"]*['\"][^'\"]*['\"])*[^'\"]*$)", text):
        if parts and re.match(r"\s*[<>=!~]", part):
            parts[-1] += "," + part.strip()
        elif part.strip():
            parts.append(part.strip())
    return parts


def refuse_passwords(text: str, where: str) -> None:
    """Refuse a text that holds a password in an address: it would be stored with every run.

    Raises:
        ConfigError: It does; the password is not repeated.
    """
    for match in _PASSWORD.finditer(text):
        if not _VARIABLE.fullmatch(match["password"]):
            raise ConfigError(
                f"{where} holds a password in an address",
                hint="write ${NAME} in its place, and set that variable on the target",
            )


class _Reader:
    def __init__(self) -> None:
        self.options: list[str] = []
        self.lines: list[str] = []
        self.files: dict[str, str] = {}
        self.problems: list[str] = []

    def read(self, path: Path, shown: str, depth: int) -> None:
        if depth > _DEPTH:
            self.problems.append(f"{shown}: it includes itself")
            return
        for number, line in _logical(_text(path, shown)):
            self.add(line, f"{shown} line {number}", path, depth)

    def add(self, line: str, where: str, path: Path | None, depth: int) -> None:
        line = re.sub(r"(?:^|\s)#.*", "", line.strip()).strip()
        if not line:
            return
        refuse_passwords(line, where)
        include, constraint = _INCLUDE.fullmatch(line), _CONSTRAINT.fullmatch(line)
        if include and path:
            self.read(path.parent / include["file"], include["file"], depth + 1)
        elif constraint and path:
            self._constrain(path.parent / constraint["file"], constraint["file"])
        elif _OPTION.fullmatch(line):
            self.options.append(" ".join(line.split()))
        else:
            self._require(line, where)

    def finish(self, where: str) -> Requirements:
        if self.problems:
            raise ConfigError(
                "; ".join(self.problems),
                hint="a requirement reads like numpy or pandas[parquet]>=2,<3",
            )
        if not self.lines:
            raise ConfigError(f"{where} names no package", hint="write one package a line")
        options = dict.fromkeys(self.options)
        return Requirements(lines=(*options, *sorted(set(self.lines))), files=self.files)

    def _constrain(self, path: Path, shown: str) -> None:
        text = _text(path, shown)
        refuse_passwords(text, shown)
        name = f"constraints-{len(self.files) + 1}.txt"
        self.files[name] = text
        self.options.append(f"-c {name}")

    def _require(self, line: str, where: str) -> None:
        match = _REQUIREMENT.fullmatch(line)
        if _URL.fullmatch(line):
            self.lines.append(line)
        elif match and not (match["url"] or "").startswith(("file:", ".", "/")):
            self.lines.append(_canonical(match))
        elif _LOCAL.match(line) or match:
            self.problems.append(
                f"{where}: {line!r} is a folder of this machine, which a target does not have"
            )
        elif match is None and line.startswith("-"):
            self.problems.append(f"{where}: the option {line.split()[0]!r} is not known")
        else:
            told = "" if where == repr(line) else f": {line!r}"
            self.problems.append(f"{where}{told} is no requirement")


def _canonical(match: re.Match[str]) -> str:
    name = re.sub(r"[-_.]+", "-", match["name"]).lower()
    extras = sorted(part.strip().lower() for part in (match["extras"] or "")[1:-1].split(","))
    text = name + (f"[{','.join(extras)}]" if any(extras) else "")
    if match["url"]:
        text += f" @ {match['url']}"
    clauses = (match["clauses"] or "").strip().rstrip(",")
    text += ",".join(sorted(re.sub(r"\s+", "", clause) for clause in clauses.split(",")))
    if match["marker"]:
        text += f" ; {' '.join(match['marker'].split())}"
    return " ".join([text, *sorted(match["hashes"].split())])


def _text(path: Path, shown: str) -> str:
    try:
        return path.expanduser().read_text("utf-8-sig")
    except FileNotFoundError as exc:
        raise ConfigError(f"there is no file {shown}", hint=f"it was looked for at {path}") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{shown} is not UTF-8 text", hint="save it as UTF-8") from exc
    except OSError as exc:
        raise ConfigError(f"{shown} cannot be read: {exc.strerror}") from exc


def _logical(text: str) -> list[tuple[int, str]]:
    lines: list[tuple[int, str]] = []
    open_line = False
    for number, line in enumerate(text.splitlines(), 1):
        continues = line.endswith("\\") and not line.lstrip().startswith("#")
        piece = line[:-1] if continues else line
        if open_line:
            first, before = lines.pop()
            lines.append((first, before + piece))
        else:
            lines.append((number, piece))
        open_line = continues
    return lines
