"""The commands that make an environment from requirements, a lock or a project."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from typing import NamedTuple

from . import asking
from .building import CannotBuildError, Site, Step, write_files

_UV_PLACES = (".local/bin", ".cargo/bin")
_ZIPAPP = "virtualenv.pyz"
_MODULES = ("ensurepip", "venv", "virtualenv", "pip")
_ASK_MODULES = (
    "import importlib.util as u, sys; print(*[m for m in sys.argv[1:] if u.find_spec(m)])"
)


class Recipe(NamedTuple):
    """What an environment of packages is made from.

    Attributes:
        requirements: Requirement lines.
        files: Names and texts of files.
        python: The interpreter it is built with, by path, name or version.
    """

    requirements: tuple[str, ...]
    files: dict[str, str]
    python: str

    @property
    def base(self) -> str:
        """What the environment depends on besides: for another interpreter it is another."""
        return self.python

    def digest(self) -> str:
        """Name the recipe, for a job that does not."""
        text = json.dumps([self.requirements, self.files], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def write(self, folder: str) -> None:
        """Write the files that the build reads."""
        files = dict(self.files)
        if self.requirements:
            files["requirements.txt"] = "\n".join(self.requirements) + "\n"
        write_files(folder, files)

    def steps(self, site: Site) -> list[Step]:
        """List what is to be run, in order, in the folder of the files.

        Raises:
            CannotBuildError: The target has neither uv nor a pip that could build it.
        """
        uv = find_uv(self.python, site.env, site.tools)
        if uv:
            return _with_uv(uv, self, site.folder)
        return _with_pip(self, site)


def find_uv(python: str, env: dict[str, str], tools: str = "") -> list[str]:
    """Return how uv is called here; empty if it is not there.

    Args:
        python: The interpreter that it may stand beside, or be installed in.
        env: The environment variables that it is run with.
        tools: The folder of programs that the near end brought along.
    """
    beside = os.path.join(os.path.dirname(python), "uv") if os.path.isabs(python) else ""
    candidates = [[beside], [shutil.which("uv", path=asking.places(env, *_UV_PLACES)) or ""]]
    if os.path.isabs(python):
        candidates.append([python, "-m", "uv"])
    if tools:
        candidates.append([os.path.join(tools, "uv")])
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


def _with_pip(recipe: Recipe, site: Site) -> list[Step]:
    listed = _listed(recipe)
    needing = "uv.lock" if "uv.lock" in recipe.files else "".join(listed[1:])
    if needing and "requirements.txt" not in listed:
        raise CannotBuildError(f"{needing} needs uv, which is not on this target; pip install uv")
    base = recipe.python if os.path.isabs(recipe.python) else _python(recipe.python, site.env)
    create, pip = _ways(base, site)
    found = [Step([base, *create, site.folder], {}, ["python", *_named(create)])]
    if listed:
        install = ["install", "--disable-pip-version-check", *listed]
        found.append(Step([*pip, *install], {}, ["python", "-m", "pip", *install]))
    return found


def _ways(base: str, site: Site) -> tuple[list[str], list[str]]:
    """Return how an environment is made, and how pip is called to install into it.

    Some systems part an interpreter from what makes environments with it.
    """
    python = os.path.join(site.folder, "bin", "python")
    answer = asking.ask([base, "-c", _ASK_MODULES, *_MODULES], site.env)
    # An interpreter that does not answer says so itself, in the build's output.
    modules = set(answer.said.split()) if answer.code == 0 else {"venv", "ensurepip"}
    zipapp = shutil.which(_ZIPAPP, path=asking.places(site.env, *_UV_PLACES)) or ""
    if {"venv", "ensurepip"} <= modules:
        return ["-m", "venv"], [python, "-m", "pip"]
    if "virtualenv" in modules:
        return ["-m", "virtualenv"], [python, "-m", "pip"]
    if zipapp:
        return [zipapp], [python, "-m", "pip"]
    if {"venv", "pip"} <= modules:
        return ["-m", "venv", "--without-pip"], [base, "-m", "pip", "--python", python]
    raise CannotBuildError(
        f"there is no uv on this target, and {base} has neither venv with ensurepip nor "
        "virtualenv; install uv for your user alone (https://docs.astral.sh/uv), or python3-venv"
    )


def _named(words: list[str]) -> list[str]:
    return [os.path.basename(word) for word in words]


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
