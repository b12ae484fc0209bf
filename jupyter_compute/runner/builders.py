"""The commands that make an environment from requirements, a lock or a project."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from typing import NamedTuple

from . import asking

_UV_PLACES = (".local/bin", ".cargo/bin")


class CannotBuildError(Exception):
    """The target lacks what such a build needs."""


class Step(NamedTuple):
    """One command of a build.

    Attributes:
        argv: What is run.
        env: Further environment variables.
        shown: What the log says is run.
    """

    argv: list[str]
    env: dict[str, str]
    shown: list[str]


class Recipe(NamedTuple):
    """What an environment is made from.

    Attributes:
        requirements: Requirement lines.
        files: Names and texts of files.
        python: The interpreter it is built with, by path, name or version.
    """

    requirements: tuple[str, ...]
    files: dict[str, str]
    python: str

    def digest(self) -> str:
        """Name the recipe, for a job that does not."""
        text = json.dumps([self.requirements, self.files], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def write(self, folder: str) -> None:
        """Write the files that the build reads."""
        os.makedirs(folder, mode=0o700)
        files = dict(self.files)
        if self.requirements:
            files["requirements.txt"] = "\n".join(self.requirements) + "\n"
        for name, text in files.items():
            if name != os.path.basename(name) or name in ("", ".", ".."):
                raise CannotBuildError(f"{name!r} is no name for a file of an environment")
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)


def steps(recipe: Recipe, folder: str, source: str, env: dict[str, str]) -> list[Step]:
    """List what is to be run, in order, in the folder ``source``, to build ``folder``.

    Raises:
        CannotBuildError: The target has neither uv nor a pip that could build it.
    """
    uv = find_uv(recipe.python, env)
    if uv:
        return _with_uv(uv, recipe, folder)
    return _with_pip(recipe, folder, env)


def find_uv(python: str, env: dict[str, str]) -> list[str]:
    """Return how uv is called here; empty if it is not there."""
    beside = os.path.join(os.path.dirname(python), "uv") if os.path.isabs(python) else ""
    candidates = [[beside], [shutil.which("uv", path=asking.places(env, *_UV_PLACES)) or ""]]
    if os.path.isabs(python):
        candidates.append([python, "-m", "uv"])
    for candidate in candidates:
        if candidate[0] and asking.ask([*candidate, "--version"], env).code == 0:
            return candidate
    return []


def _with_uv(uv: list[str], recipe: Recipe, folder: str) -> list[Step]:
    python = os.path.join(folder, "bin", "python")
    if not recipe.requirements and "uv.lock" in recipe.files:
        argv = ["sync", "--frozen", "--no-install-project", "--python", recipe.python]
        return [_step(uv, argv, {"UV_PROJECT_ENVIRONMENT": folder})]
    create = _step(uv, ["venv", "--no-project", "--python", recipe.python, folder])
    listed = _listed(recipe)
    if not listed:
        return [create]
    install = ["pip", "install", "--python", python, *listed]
    return [create, _step(uv, install)]


def _with_pip(recipe: Recipe, folder: str, env: dict[str, str]) -> list[Step]:
    listed = _listed(recipe)
    needing = "uv.lock" if "uv.lock" in recipe.files else "".join(listed[1:])
    if needing and "requirements.txt" not in listed:
        raise CannotBuildError(f"{needing} needs uv, which is not on this target; pip install uv")
    base = recipe.python if os.path.isabs(recipe.python) else _python(recipe.python, env)
    python = os.path.join(folder, "bin", "python")
    found = [Step([base, "-m", "venv", folder], {}, ["python", "-m", "venv"])]
    if listed:
        pip = ["-m", "pip", "install", "--disable-pip-version-check", *listed]
        found.append(Step([python, *pip], {}, ["python", *pip]))
    return found


def _listed(recipe: Recipe) -> list[str]:
    if recipe.requirements or "requirements.txt" in recipe.files:
        return ["-r", "requirements.txt"]
    for name in ("pylock.toml", "pyproject.toml"):
        if name in recipe.files:
            return ["-r", name]
    return []


def _step(uv: list[str], argv: list[str], env: dict[str, str] | None = None) -> Step:
    shown = {"UV_NO_PROGRESS": "1", "NO_COLOR": "1", **(env or {})}
    return Step([*uv, *argv], shown, ["uv", *argv])


def _python(name: str, env: dict[str, str]) -> str:
    for word in (name, "python" + name):
        path = shutil.which(word, path=env.get("PATH"))
        if path:
            return path
    raise CannotBuildError(f"there is no interpreter {name} on {os.uname().nodename}")
