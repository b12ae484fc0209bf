"""What is checked about a command before anything is sent."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, NotFoundError, SnapshotError
from ..model import (
    ArgvCommand,
    CellCommand,
    Command,
    Environment,
    ImageEnvironment,
    NotebookCommand,
    Resources,
    ScriptCommand,
    Snapshot,
)
from ..options import nearest
from .snapshots import rule_text

if TYPE_CHECKING:
    from ..snapshot import Snapshotter

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def check_command(command: Command, source: Path) -> Command:
    """Check what can be checked without a snapshot; paths become relative to the source.

    Raises:
        ConfigError: The command cannot be run, or a cell has a syntax error.
        NotFoundError: The script or notebook is not there.
        SnapshotError: It is outside the source folder.
    """
    if isinstance(command, CellCommand):
        check_cell(command.code)
        return command
    if isinstance(command, ArgvCommand):
        if not command.argv or not command.argv[0]:
            raise ConfigError(
                "there is nothing to run", hint="name a script, a notebook or a program"
            )
        _no_nul(*command.argv)
        program = command.argv[0]
        if ("/" in program or program in (".", "..")) and (source / program).is_dir():
            raise ConfigError(
                f"{program!r} is a folder", hint="name a script, a notebook or a program"
            )
        return command
    path = _inside(command.path, source)
    if isinstance(command, NotebookCommand):
        _check_notebook(source / path)
        return NotebookCommand(path=path)
    _no_nul(*command.args)
    return ScriptCommand(path=path, args=command.args)


def check_is_captured(
    command: Command, environment: Environment, snapshot: Snapshot, snapshotter: Snapshotter
) -> None:
    """See that the script or notebook, and the Dockerfile, are in the snapshot.

    Raises:
        SnapshotError: A rule left one out; the message names the rule.
    """
    wanted = []
    if isinstance(command, (ScriptCommand, NotebookCommand)):
        wanted.append(command.path)
    if isinstance(environment, ImageEnvironment) and environment.dockerfile:
        wanted.append(environment.dockerfile)
    for path in wanted:
        if any(file.path == path for file in snapshot.files):
            continue
        rule = snapshotter.explain(Path(snapshot.source), path).rule
        because = f": {rule_text(rule)} leaves it out" if rule else ""
        raise SnapshotError(
            f"{path!r} is not in the snapshot{because}",
            hint=f"add the line !{path} to the rules, or move the file",
        )


def check_cell(code: str) -> None:
    """See that a cell can be compiled, as a notebook would compile it.

    Raises:
        ConfigError: It cannot; the message has the line.
    """
    if not code.strip():
        raise ConfigError("the cell is empty", hint="write some code below the %%submit line")
    try:
        _compile(code)
    except (MemoryError, RecursionError) as exc:
        # That is how the compiler says it, of whatever size the memory is.
        raise ConfigError(
            "the cell is nested too deeply to be compiled", hint="break its expressions up"
        ) from exc
    except (SyntaxError, ValueError) as first:
        plain = _without_magics(code)
        try:
            if plain is None:
                raise first
            _compile(plain)
        except (SyntaxError, ValueError) as exc:
            raise _syntax_error(code, exc) from exc


def _compile(code: str) -> None:
    compile(code, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def _without_magics(code: str) -> str | None:
    try:
        from IPython.core.inputtransformer2 import TransformerManager  # noqa: PLC0415
    except ImportError:
        lines = code.splitlines()
        kept = ["pass" if line.lstrip().startswith(("%", "!")) else line for line in lines]
        return None if kept == lines else "\n".join(kept)
    return str(TransformerManager().transform_cell(code))  # type: ignore[no-untyped-call]


def _syntax_error(code: str, exc: Exception) -> ConfigError:
    line = getattr(exc, "lineno", None) or 0
    lines = code.splitlines()
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    what = getattr(exc, "msg", None) or str(exc)
    at = f" in line {line}" if line else ""
    return ConfigError(
        f"the cell has a syntax error{at}: {what}" + (f": {text}" if text else ""),
        hint="nothing was submitted; correct the cell and run it again",
    )


def _inside(path: str, source: Path) -> str:
    """Return the path relative to the source, with ``/``."""
    _no_nul(path)
    full = Path(os.path.abspath(source / os.path.expanduser(path)))
    try:
        relative = full.relative_to(source)
    except ValueError:
        try:
            relative = Path(os.path.realpath(full)).relative_to(os.path.realpath(source))
        except ValueError:
            raise SnapshotError(
                f"{path!r} is outside the folder {str(source)!r} that is captured",
                hint="--source names the folder to capture",
            ) from None
    # Unlike a Path's, these say no to a name that is too long.
    if not os.path.isfile(full):
        found = "a folder" if os.path.isdir(full) else "not there"
        raise NotFoundError(f"{path!r} is {found} in {str(source)!r}", hint=_near(full))
    return relative.as_posix()


def _near(path: Path) -> str:
    try:
        names = [one.name for one in os.scandir(path.parent) if one.name.endswith(path.suffix)]
    except OSError:
        return "--source names the folder to capture"
    return nearest(path.name, sorted(names)[:50]) if names else ""


def _check_notebook(path: Path) -> None:
    try:
        content = json.loads(path.read_bytes())
    except OSError as exc:
        raise SnapshotError(f"{str(path)!r} cannot be read: {exc.strerror}") from exc
    except (ValueError, RecursionError) as exc:
        raise ConfigError(f"{path.name!r} is no notebook: {exc}") from exc
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        raise ConfigError(
            f"{path.name!r} is no notebook of format 4", hint="save it with a current Jupyter"
        )


def check_all(
    params: Mapping[str, Any],
    resources: Resources,
    env: Mapping[str, str],
    secrets: Mapping[str, str],
) -> None:
    """Check what does not depend on the folder.

    Raises:
        ConfigError: Something is wrong.
    """
    check_params(params)
    check_resources(resources)
    check_variables_of_environment(env, secrets)


def check_resources(resources: Resources) -> None:
    """See that the resources make sense.

    Raises:
        ConfigError: One does not; all are named.
    """
    problems = [
        f"{name} is {value:g}"
        for name, value, least in (
            ("nodes", resources.nodes, 1),
            ("processes", resources.processes_per_node, 1),
            ("gpus", resources.gpus, 0),
        )
        if value < least
    ]
    for name in ("cpus", "memory_gb", "time_limit_min"):
        value = getattr(resources, name)
        if value is not None and not 0 < value < float("inf"):
            problems.append(f"{name} is {value:g}")
    if problems:
        raise ConfigError(", ".join(problems), hint="give a number above 0; only gpus may be 0")


def check_variables_of_environment(env: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """See that environment variables can be set; no value is repeated in an error.

    Raises:
        ConfigError: A name or a value is wrong.
    """
    for name in (*env, *secrets):
        if not _NAME.match(name):
            raise ConfigError(
                f"{name!r} is no name for an environment variable",
                hint="letters, digits and _, not beginning with a digit",
            )
        if name.startswith("JUPYTER_COMPUTE_") and name != "JUPYTER_COMPUTE_HOME":
            raise ConfigError(f"{name} is set by the runner", hint="choose another name")
    both = sorted(set(env) & set(secrets))
    if both:
        raise ConfigError(f"{both[0]} is both a variable and a secret", hint="drop one of the two")
    if any("\0" in value for value in env.values()):
        raise ConfigError("an environment variable holds a NUL", hint="write the value to a file")


def check_params(params: Mapping[str, Any]) -> None:
    """See that parameters are JSON values under plain names.

    Raises:
        ConfigError: One is not.
    """
    for name, value in params.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise ConfigError(
                f"{name!r} is no name for a parameter", hint="a Python name, such as learning_rate"
            )
        try:
            json.dumps(value, allow_nan=True)
        except (TypeError, ValueError) as exc:
            raise ConfigError(
                f"the parameter {name} ({type(value).__name__}) is no JSON value",
                hint="numbers, text, lists and mappings of them",
            ) from exc


def _no_nul(*words: str) -> None:
    if any("\0" in word for word in words):
        raise ConfigError("an argument holds a NUL character", hint="write it to a file instead")
