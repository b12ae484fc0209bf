"""``targets.toml``, the user's and the site's: which targets there are, and the settings."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from .errors import ComputeError, ConfigError, ConflictError, NotFoundError
from .model import Target
from .options import nearest, read_options
from .registry import Registry
from .targets_file import TargetsFile
from .workspace import Workspace

LOCAL = "local"
SITE_FILE = "/etc/jupyter/compute/targets.toml"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class Settings(Struct, frozen=True, kw_only=True):
    """What holds for a whole workspace: ``[settings]`` of ``targets.toml``.

    Attributes:
        slots: How many runs this machine takes at once; two for each core if not given.
        snapshot_limit_mb: The largest snapshot, in MB.
        follow_links: Take what links out of a snapshot's root point to, instead of refusing.
        idle_minutes: How long the controller stays when nothing is active.
        log_limit_mb: How much of a run's log is brought here, in MB.
        outputs_limit_mb: How much of a run's outputs is brought here by itself, in MB.
    """

    slots: int | None = None
    snapshot_limit_mb: float = 300
    follow_links: bool = False
    idle_minutes: float = 15
    log_limit_mb: float = 1024
    outputs_limit_mb: float = 4096

    def __post_init__(self) -> None:
        for field in structs.fields(self):
            value = getattr(self, field.name)
            if value is not None and value < (field.name == "slots"):
                raise ValueError(f"the setting {field.name!r} cannot be {value!r}")


class Targets:
    """The targets that are attached: the user's file above the site's, ``local`` always there.

    Every call reads the files as they are now, and no call touches a network. Comments and
    order in the user's file survive every change.

    Args:
        workspace: Whose ``targets.toml``.
        registry: The kinds there are.
        site: The administrator's file; by default ``$JUPYTER_COMPUTE_SITE``, else
            ``/etc/jupyter/compute/targets.toml``. It is never written.
    """

    def __init__(
        self, workspace: Workspace, registry: Registry, *, site: Path | None = None
    ) -> None:
        self._registry = registry
        self._user = TargetsFile(workspace.targets_file)
        self._site = TargetsFile(site or Path(os.environ.get("JUPYTER_COMPUTE_SITE") or SITE_FILE))

    def list(self) -> list[Target]:
        """Return every target, ``local`` first, then by name.

        Raises:
            ConfigError: A file cannot be read as what it should be.
        """
        tables = self._tables()
        names = sorted(tables, key=lambda name: (name != LOCAL, name))
        return [self._target(name, tables[name]) for name in names]

    def get(self, name: str) -> Target:
        """Return a target by its name.

        Raises:
            NotFoundError: There is none; the hint names the nearest.
            ConfigError: Its table in the file is wrong.
        """
        tables = self._tables()
        if name not in tables:
            raise NotFoundError(
                f"there is no target named {name!r}",
                hint=nearest(name, tables) or "jupyter compute targets lists them",
            )
        return self._target(name, tables[name])

    def options(self, target: Target) -> Struct:
        """Return a target's options as its kind defines them.

        Raises:
            ConfigError: There is no such kind, or the options are wrong.
            DriverNotInstalledError: Something that the kind imports is not installed.
        """
        try:
            return read_options(self._registry.driver(target.kind).Options, target.options)
        except ConfigError as exc:
            raise ConfigError(f"target {target.name!r}: {exc.message}", hint=exc.hint) from exc

    def examined(self, target: Target) -> Target:
        """Return a target with its options as they would be written and its place. Writes nothing.

        Raises:
            ConfigError: There is no such kind, or the options are wrong.
            DriverNotInstalledError: Something that the kind imports is not installed.
        """
        driver = self._registry.driver(target.kind)
        read = self.options(target)
        given = {key.replace("-", "_") for key in target.options}
        options = {
            name: _as_in_a_file(name, getattr(read, name))
            for name in read.__struct_fields__
            if name in given and getattr(read, name) is not None
        }
        return structs.replace(target, options=options, resource_id=driver.resource_id(read))

    def attachable(self, target: Target, *, replace: bool = False) -> Target:
        """Return a target as :meth:`attach` would write it. Writes nothing.

        Raises:
            ConfigError: The name, the kind or the options are wrong.
            ConflictError: The name is taken, or another name stands for the same resource.
        """
        _check_name(target.name)
        target = self.examined(target)
        known = {found.name: found for found in self.list()}
        same = known.get(target.name)
        if not same or (same.kind, same.options) != (target.kind, target.options):
            _refuse_taken(target, known, replace)
        return target

    def attach(self, target: Target, *, replace: bool = False) -> Target:
        """Write a target into the user's file.

        Attaching what is there already with the same options changes nothing.

        Args:
            target: Its ``resource_id`` is found out here.
            replace: Take the place of a target of this name, or of this resource.

        Raises:
            ConfigError: The name, the kind or the options are wrong; nothing is written.
            ConflictError: The name is taken, or another name stands for the same resource.
        """
        _check_name(target.name)
        target = self.examined(target)
        with self._user.changing() as tables:
            known = {found.name: found for found in self.list()}
            same = known.get(target.name)
            if same and (same.kind, same.options) == (target.kind, target.options):
                return target
            _refuse_taken(target, known, replace)
            for other in known.values():
                if other.name != target.name and _is_same_place(other, target):
                    self._refuse_site(other.name, "replaced")
                    tables.remove(other.name)
            tables.put(target.name, {"kind": target.kind, **target.options})
        return target

    def update(self, name: str, options: Mapping[str, Any]) -> Target:
        """Change some options of a target; ``None`` takes one back to its default.

        Raises:
            NotFoundError: There is no such target.
            ConfigError: An option is wrong; nothing is written.
            ConflictError: Another name stands for the same resource.
        """
        old = self.get(name)
        merged = {**old.options, **{key.replace("-", "_"): value for key, value in options.items()}}
        kept = {key: value for key, value in merged.items() if value is not None}
        return self.attach(structs.replace(old, options=kept), replace=True)

    def has(self, name: str) -> bool:
        """Whether there is a target of this name."""
        return name in self._tables()

    def detachable(self, name: str) -> Target:
        """Return a target that :meth:`detach` would take; raises what that would raise."""
        target = self.get(name)
        if name not in self._user.targets():
            self._refuse_site(name, "detached")
        return target

    def detach(self, name: str) -> None:
        """Take a target out of the user's file. Its runs stay as they are.

        Raises:
            NotFoundError: There is no such target.
            ConfigError: It is ``local`` with nothing changed, or the administrator's.
        """
        self.get(name)
        with self._user.changing() as tables:
            if name not in tables:
                self._refuse_site(name, "detached")
            tables.remove(name)

    def settings(self) -> Settings:
        """Return the settings: the user's, else the site's, else the defaults.

        Raises:
            ConfigError: There is no such setting, or a value is wrong.
        """
        values = {**self._site.settings(), **self._user.settings()}
        try:
            return read_options(Settings, values)
        except ConfigError as exc:
            message = exc.message.replace("option ", "setting ")
            raise ConfigError(f"[settings] in targets.toml: {message}", hint=exc.hint) from exc

    def _tables(self) -> dict[str, Mapping[str, Any]]:
        return {LOCAL: {"kind": LOCAL}, **self._site.targets(), **self._user.targets()}

    def _target(self, name: str, table: Mapping[str, Any]) -> Target:
        kind = table.get("kind", LOCAL if name == LOCAL else None)
        if not isinstance(kind, str):
            raise ConfigError(
                f"target {name!r} in targets.toml says no kind",
                hint=nearest("", self._registry.kinds()),
            )
        options = {key: value for key, value in table.items() if key != "kind"}
        target = Target(name=name, kind=kind, options=options)
        try:
            return self.examined(target)
        except ComputeError:
            # One wrong entry must not hide the others; using it says what is wrong.
            return target

    def _refuse_site(self, name: str, what: str) -> None:
        if name in self._site.targets():
            raise ConfigError(
                f"target {name!r} comes from {str(self._site.path)!r} and cannot be {what} here",
                hint="ask the administrator, or attach another name",
            )
        if name == LOCAL:
            raise ConfigError("the target 'local' is always there and cannot be detached")


def _as_in_a_file(name: str, value: Any) -> Any:
    try:
        return msgspec.msgpack.decode(msgspec.msgpack.encode(value))
    except UnicodeEncodeError as exc:
        raise ConfigError(f"option {name!r} is not text: {value!r}", hint="UTF-8") from exc
    except OverflowError as exc:
        raise ConfigError(f"option {name!r}: {exc}", hint="give a smaller number") from exc


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"a target cannot be named {name!r}",
            hint="a letter or digit, then letters, digits, '.', '-' or '_'; 63 at most",
        )


def _is_same_place(one: Target, other: Target) -> bool:
    return bool(one.resource_id) and one.resource_id == other.resource_id


def _refuse_taken(target: Target, known: Mapping[str, Target], replace: bool) -> None:
    if target.name == LOCAL and target.kind != LOCAL:
        raise ConflictError(
            "the name 'local' stands for this machine", hint="attach it under another name"
        )
    same = known.get(target.name)
    if same and not replace and target.name != LOCAL:
        raise ConflictError(
            f"there is already a target named {target.name!r}: {same.resource_id or same.kind}",
            hint="another name, or --replace",
        )
    for other in known.values():
        if other.name == target.name or not _is_same_place(other, target):
            continue
        if not replace or LOCAL in (other.name, target.name):
            raise ConflictError(
                f"{target.resource_id} is already attached as {other.name!r}",
                hint=f"use {other.name!r}" + ("" if other.name == LOCAL else ", or --replace"),
            )
