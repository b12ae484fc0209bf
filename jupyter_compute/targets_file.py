"""The text of a ``targets.toml``: read, and changed so that comments and order stay."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import ConfigError

_HEADER = re.compile(r"\s*\[")
_TABLE = re.compile(r"\s*\[\s*targets\s*\.\s*(?:\"([^\"]*)\"|'([^']*)'|([\w-]+))\s*([\].])")


class Tables:
    """The ``[targets.…]`` tables of a file that is being changed.

    Each table is a stretch of lines, and only that stretch is edited, so that everything else
    stays as the user wrote it.
    """

    def __init__(self, text: str, data: dict[str, Any]) -> None:
        self._lines = text.splitlines(keepends=True)
        self._data = data

    def __contains__(self, name: str) -> bool:
        return name in self._data.get("targets", {})

    def put(self, name: str, values: Mapping[str, Any]) -> None:
        """Write a table; what stays the same keeps its comments."""
        import tomlkit  # noqa: PLC0415 - slow, and only writing needs it
        import tomlkit.exceptions  # noqa: PLC0415

        self._data.setdefault("targets", {})[name] = dict(values)
        start, end = self._stretch(name)
        try:
            document = tomlkit.parse("".join(self._lines[start:end]))
        except tomlkit.exceptions.TOMLKitError:
            return  # text() sees that the lines do not say it, and writes anew
        if start == end:
            document["targets"] = {name: {}}
        table: Any = document["targets"][name]
        for key in [key for key in table if key not in values]:
            del table[key]
        for key, value in values.items():
            if table.get(key) != value:
                table[key] = value
        before = "\n" if start == end and self._lines else ""
        if before and not self._lines[-1].endswith("\n"):
            before = "\n\n"
        self._lines[start:end] = (before + document.as_string()).splitlines(keepends=True)

    def remove(self, name: str) -> None:
        """Take a table out; nothing if it is not there."""
        self._data.get("targets", {}).pop(name, None)
        start, end = self._stretch(name)
        del self._lines[start:end]

    def text(self) -> str:
        """Return the file's new text.

        The rare file whose tables are not stretches of lines (dotted or inline ones) is written
        anew, which loses its comments but never a value.
        """
        import tomlkit  # noqa: PLC0415 - slow, and only writing needs it
        import tomlkit.exceptions  # noqa: PLC0415

        text = "".join(self._lines)
        try:
            if tomlkit.parse(text).unwrap() == self._data:
                return text
        except tomlkit.exceptions.TOMLKitError:
            pass
        return tomlkit.dumps(self._data)

    def _stretch(self, name: str) -> tuple[int, int]:
        start = end = len(self._lines)
        for number, line in enumerate(self._lines):
            if not _HEADER.match(line):
                continue
            found = _TABLE.match(line)
            is_its = found is not None and name in found.groups()[:3]
            if is_its and start == len(self._lines):
                start = number
            elif not is_its and start < number:
                end = number
                break
        # What stands right above the next table speaks of that one.
        while end < len(self._lines) and end > start + 1 and _is_blank(self._lines[end - 1]):
            end -= 1
        return start, end


def _is_blank(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


class TargetsFile:
    """A ``targets.toml``; a missing one is an empty one.

    Args:
        path: The file; a link is followed, never replaced.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def targets(self) -> dict[str, Mapping[str, Any]]:
        """Read the targets' tables by name.

        Raises:
            ConfigError: The file cannot be read, or is not what it should be.
        """
        found = self._section(self._read(), "targets")
        for name, table in found.items():
            if not isinstance(table, Mapping):
                raise ConfigError(
                    f"{str(self.path)!r}: targets.{name} is no table",
                    hint=f"[targets.{name}], then one option a line",
                )
        return found

    def settings(self) -> Mapping[str, Any]:
        """Read the settings.

        Raises:
            ConfigError: The file cannot be read, or is not what it should be.
        """
        return self._section(self._read(), "settings")

    @contextmanager
    def changing(self) -> Iterator[Tables]:
        """Change the file: one process at a time, and all or nothing.

        Raises:
            ConfigError: The file cannot be read or written.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as exc:
            raise self._cannot("written", exc) from exc
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = self._text()
            data = self._read()
            self._section(data, "targets")
            tables = Tables(before, data)
            yield tables
            after = tables.text()
            if after != before:
                self._write(after)
        finally:
            os.close(lock)

    def _read(self) -> dict[str, Any]:
        text = self._text()
        if not text:
            return {}
        if sys.version_info >= (3, 11):
            import tomllib  # noqa: PLC0415 - a workspace without the file does without

            try:
                return tomllib.loads(text)
            except tomllib.TOMLDecodeError as exc:
                raise self._no_toml(exc) from exc
        import tomlkit  # noqa: PLC0415 - slow, and only writing needs it
        import tomlkit.exceptions  # noqa: PLC0415

        try:
            return tomlkit.parse(text).unwrap()
        except tomlkit.exceptions.TOMLKitError as exc:
            raise self._no_toml(exc) from exc

    def _text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError as exc:
            raise self._cannot("read", exc) from exc
        except UnicodeDecodeError as exc:
            raise self._no_toml(exc) from exc

    def _no_toml(self, exc: Exception) -> ConfigError:
        return ConfigError(f"{str(self.path)!r} is no TOML: {exc}", hint="edit it")

    def _section(self, document: Mapping[str, Any], name: str) -> dict[str, Any]:
        section = document.get(name, {})
        if not isinstance(section, dict):
            raise ConfigError(f"{str(self.path)!r}: {name!r} is no table", hint=f"[{name}]")
        return section

    def _write(self, text: str) -> None:
        real = Path(os.path.realpath(self.path))
        beside = real.with_name(f".{real.name}.{secrets.token_hex(4)}")
        try:
            mode = real.stat().st_mode & 0o777 if real.exists() else 0o600
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, real)
        except OSError as exc:
            beside.unlink(missing_ok=True)
            raise self._cannot("written", exc) from exc

    def _cannot(self, what: str, exc: OSError) -> ConfigError:
        return ConfigError(
            f"{str(self.path)!r} cannot be {what}: {exc.strerror or exc}",
            hint="look at the file, its permissions and the room on its disk",
        )
