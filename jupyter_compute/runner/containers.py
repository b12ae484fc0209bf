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

BUILDERS = ("docker", "podman")
"""Those that build from a Dockerfile."""

APPTAINERS = ("apptainer", "singularity")
"""Those whose containers are ordinary processes; the latter is the former's older name."""

_PLACES = (".local/bin", "bin")
_REMOVAL_S = 60.0


def find_engine(
    env: Mapping[str, str], timeout_s: float = asking.ANSWER_S, only: Sequence[str] = ()
) -> Program:
    """Return the engine that containers are run with: the first that answers.

    Where none does, it is the first that is there, with its trouble.

    Args:
        env: The environment variables that programs of the target are run with.
        timeout_s: How long each may take to answer.
        only: Which will do; empty for any.
    """
    found = find_engines(env, timeout_s)
    fit = [engine for engine in found if not only or engine.name in only]
    usable = (engine for engine in fit if not engine.trouble)
    return next(usable, None) or next(iter(fit), None) or _none(env.get(CHOICE, ""), found, only)


def find_engines(env: Mapping[str, str], timeout_s: float = asking.ANSWER_S) -> list[Program]:
    """List every engine that is there, those first that are preferred."""
    choice = env.get(CHOICE, "")
    names = [choice] if choice else [*BUILDERS, *APPTAINERS]
    if choice in APPTAINERS:
        names = list(APPTAINERS)
    paths = [(name, shutil.which(name, path=asking.places(env, *_PLACES))) for name in names]
    found = [_look(name, path, env, timeout_s) for name, path in paths if path]
    # Where Apptainer is, its older name is mostly there as well.
    return [one for place, one in enumerate(found) if _kin(one) not in map(_kin, found[:place])]


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
    if name in APPTAINERS:
        return _look_at_apptainer(name, path, env, timeout_s)
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


def _none(choice: str, found: Sequence[Program], only: Sequence[str]) -> Program:
    there = f"there is only {found[0].name}" if found else ""
    if only == APPTAINERS:
        trouble = f"the image is one for Apptainer, and {there or 'there is no Apptainer'}"
        return Program("", "", "", trouble, "install Apptainer, or name an image of a registry")
    if only == BUILDERS and found:
        return Program(
            "",
            "",
            "",
            f"an image is built from a Dockerfile by Docker or Podman, and {there}",
            "build it where one of them is and push it to a registry (image:NAME), or bring it "
            "there as a file: docker save, then apptainer build, then image:/path/to/some.sif",
        )
    return Program(
        "",
        "",
        "",
        f"there is no {choice}" if choice else "there is neither Docker nor Podman nor Apptainer",
        "install one of them, or give requirements or an environment.yml instead",
    )


def _look_at_apptainer(name: str, path: str, env: Mapping[str, str], timeout_s: float) -> Program:
    answer = asking.ask([path, "--version"], env, timeout_s)
    words = answer.said.split()
    if answer.code == 0 and words:
        return Program("apptainer" if "apptainer" in words else "singularity", path, words[-1])
    said = shorten(answer.complained or answer.said)
    return Program(name, path, "", f"{name} cannot be used: {said}", f"{name} version says more")


def _kin(engine: Program) -> str:
    return APPTAINERS[0] if engine.name in APPTAINERS else engine.name
