"""The text of a ``targets.toml``: read, and changed so that comments and order stay."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomlkit
import tomlkit.exceptions

from .errors import ConfigError


class Tables:
    """The ``[targets.…]`` tables of a file that is being changed."""

    def __init__(self, document: tomlkit.TOMLDocument) -> None:
        self._document = document

    def __contains__(self, name: str) -> bool:
        return name in self._document.get("targets", {})

    def put(self, name: str, values: Mapping[str, Any]) -> None:
        """Write a table; what stays the same keeps its comments."""
        targets = self._document.get("targets")
        if targets is None:
            targets = tomlkit.table(is_super_table=True)
            self._document["targets"] = targets
            targets = self._document["targets"]
        if name not in targets:
            targets[name] = tomlkit.table()
        table = targets[name]
        for key in [key for key in table if key not in values]:
            del table[key]
        for key, value in values.items():
            if table.get(key) != value:
                table[key] = value

    def remove(self, name: str) -> None:
        """Take a table out; nothing if it is not there."""
        targets = self._document.get("targets", {})
        if name in targets:
            del targets[name]


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
        found = self._section(self._parse(), "targets")
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
        return self._section(self._parse(), "settings")

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
            document = self._parse()
            self._section(document, "targets")
            before = document.as_string()
            yield Tables(document)
            if document.as_string() != before:
                self._write(document.as_string())
        finally:
            os.close(lock)

    def _parse(self) -> tomlkit.TOMLDocument:
        try:
            return tomlkit.parse(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return tomlkit.document()
        except NotADirectoryError:
            return tomlkit.document()
        except OSError as exc:
            raise self._cannot("read", exc) from exc
        except (tomlkit.exceptions.TOMLKitError, UnicodeDecodeError) as exc:
            raise ConfigError(f"{str(self.path)!r} is no TOML: {exc}", hint="edit it") from exc

    def _section(self, document: tomlkit.TOMLDocument, name: str) -> dict[str, Any]:
        section = document.unwrap().get(name, {})
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
