"""The engine that runs containers on the target: which there is, and what it is asked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from . import asking
from .asking import Program
from .endings import shorten

CHOICE = "JUPYTER_COMPUTE_CONTAINER_ENGINE"
"""Names the engine to use where there are several."""

PREFIX = "jupyter-compute-"
"""What the names of our containers begin with."""

_NAMES = ("docker", "podman")
_PLACES = (".local/bin", "bin")
_REMOVAL_S = 60.0


def find_engine(env: Mapping[str, str], timeout_s: float = asking.ANSWER_S) -> Program:
    """Return the engine that containers are run with: the first that answers.

    Where none does, it is the first that is there, with its trouble.

    Args:
        env: The environment variables that programs of the target are run with.
        timeout_s: How long each may take to answer.
    """
    found = find_engines(env, timeout_s)
    usable = (engine for engine in found if not engine.trouble)
    return next(usable, None) or next(iter(found), None) or _none(env.get(CHOICE, ""))


def find_engines(env: Mapping[str, str], timeout_s: float = asking.ANSWER_S) -> list[Program]:
    """List every engine that is there, those first that are preferred."""
    choice = env.get(CHOICE, "")
    names = [choice] if choice else list(_NAMES)
    paths = [(name, shutil.which(name, path=asking.places(env, *_PLACES))) for name in names]
    return [_look(name, path, env, timeout_s) for name, path in paths if path]


def state_of(engine: str, name: str, env: Mapping[str, str]) -> dict[str, Any]:
    """Return what an engine says of a container's state; empty if it says nothing.

    Args:
        engine: The engine's program.
        name: The container's name.
        env: The environment variables that the engine's program is run with.
    """
    answer = asking.ask([engine, "inspect", "--format", "{{json .State}}", name], env)
    try:
        found = json.loads(answer.said)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def remove(
    engine: str, doomed: Sequence[str], env: Mapping[str, str], within_s: float = _REMOVAL_S
) -> None:
    """End containers by force and remove them, as far as the engine answers. Repeatable."""
    asking.ask([engine, "rm", "--force", *doomed], env, within_s)


def names(engine: str, env: Mapping[str, str]) -> set[str] | None:
    """Return the names of our containers that an engine knows; ``None`` if it says nothing."""
    words = ["ps", "--all", "--filter", f"name={PREFIX}", "--format", "{{.Names}}"]
    answer = asking.ask([engine, *words], env)
    return None if answer.code else set(answer.said.split())


def run_of(name: str) -> str:
    """Return the id of the run that a container is of, by the container's name."""
    return name[len(PREFIX) :].rsplit("-", 2)[0]


def _look(name: str, path: str, env: Mapping[str, str], timeout_s: float) -> Program:
    if name == "docker":
        # Some systems have a command of this name that is Podman.
        client = asking.ask([path, "--version"], env, timeout_s)
        if "podman" not in client.said.lower():
            return _look_at_docker(path, env, timeout_s)
    answer = asking.ask([path, "info", "--format", "{{.Version.Version}}"], env, timeout_s)
    if answer.code == 0 and answer.said:
        return Program("podman", path, answer.said.split()[-1])
    said = shorten(answer.complained or answer.said)
    return Program("podman", path, "", f"Podman cannot be used: {said}", "podman info says more")


def _look_at_docker(path: str, env: Mapping[str, str], timeout_s: float) -> Program:
    answer = asking.ask([path, "version", "--format", "{{.Server.Version}}"], env, timeout_s)
    if answer.code == 0 and answer.said:
        return Program("docker", path, answer.said.split()[-1])
    said = shorten(answer.complained or answer.said)
    trouble = f"Docker cannot be used: {said}"
    remedy = "docker version says more"
    if "permission denied" in said.lower():
        trouble = "Docker is there, but this user may not use it"
        remedy = "sudo usermod -aG docker USER, then log in anew; or install Podman"
    elif "cannot connect" in said.lower() or "is the docker daemon running" in said.lower():
        trouble = "Docker is there, but its daemon does not run"
        remedy = "sudo systemctl start docker"
    return Program("docker", path, "", trouble, remedy)


def _none(choice: str) -> Program:
    return Program(
        "",
        "",
        "",
        f"there is no {choice}" if choice else "there is neither Docker nor Podman",
        "install Podman or Docker, or give requirements or an environment.yml instead",
    )
