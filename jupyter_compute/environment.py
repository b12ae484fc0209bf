"""What the code of a run runs in: read from what the user says, digested, and described."""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from . import requirements
from .errors import ConfigError
from .model import (
    CondaEnvironment,
    Digest,
    Environment,
    ImageEnvironment,
    PackagesEnvironment,
    PythonEnvironment,
)
from .options import nearest

_HINT = (
    "requirements.txt, uv.lock, pyproject.toml, pylock.toml, environment.yml, Dockerfile, "
    "image:NAME, "
    "'numpy,pandas>=2', or the path or name of a Python"
)
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?")
_INTERPRETER = re.compile(r"(?:python|pypy)[\d.]*")
_FILE = re.compile(r".*\.(?:txt|in|toml|lock|yml|cfg|json)|(?:env|conda).*\.yaml", re.IGNORECASE)
_NAMES = ("requirements.txt", "uv.lock", "pyproject.toml", "pylock.toml", "environment.yml")
_DOCKERFILE = re.compile(
    r"(?:dockerfile|containerfile)(?:\.[^/]+)?|[^/]+\.(?:dockerfile|containerfile)", re.IGNORECASE
)
_NAMED = re.compile(r"\w+\.\w+")
_PYLOCK = re.compile(r"pylock(?:\.[^.]+)?\.toml")
_IMAGE = re.compile(
    r"(?:[A-Za-z0-9.-]+(?::\d+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
_FOR_APPTAINER = re.compile(
    r"(?:docker|oras|library|shub)://[^\s@]+(?:@sha256:[0-9a-f]{64})?"
    r"|(?:docker-daemon|docker-archive|oci-archive|oci):\S+"
    r"|(?:/|~/|\./)[^\0\n]+|[^\s:]+\.(?:sif|simg|img)"
)


def parse(spec: str | Sequence[str] | None, source: Path, *, python: str = "") -> Environment:
    """Read what ``--env`` says. Blocks for reading the files that it names.

    Args:
        spec: A file (``requirements.txt``, ``uv.lock``, ``pyproject.toml``, ``pylock.toml``,
            ``environment.yml``, a ``Dockerfile``), ``image:NAME``, ``dockerfile:PATH`` for one
            of another name, requirements with commas between them, the path or name of an
            interpreter or of a virtual environment, or a list of requirements. Empty or ``None``
            is the target's default.
        source: The folder that relative paths start from.
        python: The interpreter that packages are installed for; empty leaves it to the target.

    Raises:
        ConfigError: It says nothing that is known, a file is missing or a line in it is wrong.
    """
    if not isinstance(spec, str):
        return _from_list(list(spec or ()), source, python)
    word = spec.strip()
    if not word:
        return PythonEnvironment()
    if word.startswith("image:"):
        return _image(word[len("image:") :].strip())
    if word.startswith("dockerfile:"):
        return _dockerfile(word[len("dockerfile:") :].strip(), source)
    path = source / os.path.expanduser(word)
    if _DOCKERFILE.fullmatch(path.name):
        return _dockerfile(word, source)
    if _exists(path):
        return _from_path(path, python)
    if _VERSION.fullmatch(word):
        return PythonEnvironment(interpreter=f"python{word}")
    if _INTERPRETER.fullmatch(word):
        return PythonEnvironment(interpreter=word)
    if path.is_absolute() and _INTERPRETER.fullmatch(path.name) and Path(word).is_absolute():
        # It may stand on the target only.
        return PythonEnvironment(interpreter=word)
    if _looks_like_path(word):
        raise _missing(word, path)
    return _packages(requirements.parse(requirements.split(word), f"--env {word!r}"), python)


def digest(environment: Environment) -> Digest:
    """Name an environment by all that it is made from; equal digests are equal environments."""
    facts = msgspec.to_builtins(environment, order="sorted")
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def describe(environment: Environment) -> str:
    """Say in a few words what an environment is."""
    if isinstance(environment, ImageEnvironment):
        return environment.dockerfile or f"image {environment.image}"
    if isinstance(environment, CondaEnvironment):
        return "environment.yml"
    if isinstance(environment, PythonEnvironment):
        return environment.interpreter or "the target's Python"
    for name in ("uv.lock", "pylock.toml", "pyproject.toml"):
        if name in environment.files:
            return name
    packages = [line for line in environment.requirements if not line.startswith("-")]
    shown = ", ".join(line.partition(" --hash")[0] for line in packages[:4])
    return shown + (f" and {len(packages) - 4} more" if len(packages) > 4 else "")


def _from_list(spec: list[str], source: Path, python: str) -> Environment:
    if not spec:
        return PythonEnvironment()
    if len(spec) == 1 and isinstance(spec[0], str):
        return parse(spec[0], source, python=python)
    wrong = [item for item in spec if not isinstance(item, str)]
    if wrong:
        raise ConfigError(
            f"{wrong[0]!r} is no requirement", hint="give strings such as 'numpy>=1.26'"
        )
    return _packages(requirements.parse(spec, "the list of requirements"), python)


def _from_path(path: Path, python: str) -> Environment:
    if path.is_dir():
        interpreter = path / "bin" / "python"
        if not interpreter.exists():
            raise ConfigError(f"the folder {path} is no virtual environment", hint=_HINT)
        return PythonEnvironment(interpreter=os.path.abspath(interpreter))
    if path.suffix in (".txt", ".in"):
        return _packages(requirements.read(path), python)
    if path.suffix in (".yml", ".yaml"):
        return _conda(path)
    if path.name == "pyproject.toml":
        return _files({"pyproject.toml": _project(path)}, python)
    if path.name == "uv.lock":
        return _locked(path, python)
    if _PYLOCK.fullmatch(path.name):
        _toml(path)
        return _files({"pylock.toml": _read(path)}, python)
    if os.access(path, os.X_OK) and path.is_file():
        # Not resolved: a virtual environment is known by its own path.
        return PythonEnvironment(interpreter=os.path.abspath(path))
    raise ConfigError(f"{path.name} is nothing that an environment is made from", hint=_HINT)


def _packages(found: requirements.Requirements, python: str) -> PackagesEnvironment:
    return PackagesEnvironment(requirements=found.lines, files=found.files, python=_base_of(python))


def _files(files: dict[str, str], python: str) -> PackagesEnvironment:
    for name, text in files.items():
        requirements.refuse_passwords(text, name)
    return PackagesEnvironment(files=files, python=_base_of(python))


def _base_of(python: str) -> str:
    """Return what a virtual environment was made from: all of its kind then share what is built."""
    if python and Path(python).parent.parent.joinpath("pyvenv.cfg").exists():
        return os.path.realpath(python)
    return python


def _image(name: str) -> ImageEnvironment:
    requirements.refuse_passwords(name, "the name of the image")
    if not _IMAGE.fullmatch(name) and not _FOR_APPTAINER.fullmatch(name):
        raise ConfigError(
            f"{name!r} is no name of an image",
            hint="it reads like image:python:3.12-slim; for Apptainer image:/path/to/some.sif, too",
        )
    return ImageEnvironment(image=name)


def _dockerfile(word: str, source: Path) -> ImageEnvironment:
    path = source / os.path.expanduser(word)
    if not _exists(path) or not path.is_file():
        raise ConfigError(
            f"there is no file {word}" if word else "there is no name of a Dockerfile",
            hint="it reads like --env Dockerfile, or --env dockerfile:PATH",
        )
    inside = posixpath.normpath(os.path.relpath(os.path.abspath(path), os.path.abspath(source)))
    if inside.startswith("../"):
        raise ConfigError(
            f"{word} is outside of {source}, the folder that is sent",
            hint="an image is built there from files of that folder; --source names another one",
        )
    _read(path)
    return ImageEnvironment(dockerfile=inside)


def _conda(path: Path) -> CondaEnvironment:
    text = _read(path)
    if not re.search(r"^dependencies\s*:", text, re.MULTILINE):
        raise ConfigError(f"{path.name} lists no dependencies", hint="it needs 'dependencies:'")
    requirements.refuse_passwords(text, path.name)
    return CondaEnvironment(text=text)


def _project(path: Path) -> str:
    project = _toml(path).get("project")
    if not isinstance(project, dict):
        raise ConfigError(
            f"{path} has no [project] table", hint="export its packages to requirements.txt"
        )
    if "dependencies" in project.get("dynamic", ()):
        raise ConfigError(
            f"the dependencies in {path} are dynamic: only a build would tell them",
            hint="export them to requirements.txt",
        )
    return _read(path)


def _locked(path: Path, python: str) -> PackagesEnvironment:
    lock = _toml(path)
    beside = path.with_name("pyproject.toml")
    if not beside.is_file():
        raise ConfigError(f"there is no pyproject.toml beside {path}", hint="uv.lock needs it")
    for package in lock.get("package", ()):
        place = package.get("source", {})
        for word in ("path", "directory", "editable", "virtual"):
            if place.get(word, ".") != ".":
                raise ConfigError(
                    f"uv.lock takes {package.get('name', '?')} from the folder {place[word]}, "
                    "which a target does not have",
                    hint="export the packages to requirements.txt, and the code into the snapshot",
                )
    return _files({"pyproject.toml": _read(beside), "uv.lock": _read(path)}, python)


def _toml(path: Path) -> dict[str, Any]:
    import tomlkit  # noqa: PLC0415 - it is needed by few, and takes a while
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    try:
        return tomlkit.parse(_read(path)).unwrap()
    except TOMLKitError as exc:
        raise ConfigError(f"{path} is no TOML: {exc}") from exc


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path} is not UTF-8 text", hint="save it as UTF-8") from exc
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}") from exc


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _looks_like_path(word: str) -> bool:
    return "://" not in word and (
        word.startswith(("/", "./", "../", "~"))
        or (
            "did you mean" in nearest(word.replace("-", "."), _NAMES)
            and _NAMED.fullmatch(word) is not None
        )
        or ("/" in word and " @ " not in word)
        or _FILE.fullmatch(word) is not None
    )


def _missing(word: str, path: Path) -> ConfigError:
    try:
        names = [entry.name for entry in path.parent.iterdir() if _FILE.fullmatch(entry.name)]
    except OSError:
        names = []
    near = nearest(path.name, names)
    return ConfigError(
        f"there is no file {word}", hint=near if "mean" in near else f"--env takes {_HINT}"
    )
