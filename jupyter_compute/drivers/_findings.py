"""What an agent found on its machine, in words: what there is, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from ..model import Problem

_LITTLE_DISK, _FEW_INODES = 1 << 30, 20_000
_WRONG_CLOCK_S = 5.0
_LOUD, _SLOW_S = 1000, 1.5


class Gpu(Struct, frozen=True):
    """A GPU, in the words of ``nvidia-smi``."""

    name: str
    memory: str = ""
    index: str = ""
    used: str = ""
    busy: str = ""
    driver: str = ""


class Gpus(Struct, frozen=True):
    """The GPUs, or why they cannot be told."""

    found: tuple[Gpu, ...] = ()
    trouble: str = ""


class Volume(Struct, frozen=True):
    """The file system that runs are kept on."""

    free_bytes: int
    size_bytes: int = 0
    free_inodes: int | None = None
    type: str = ""
    is_network: bool = False
    is_noexec: bool = False
    trouble: str = ""


class Tool(Struct, frozen=True):
    """A program that environments are made with or run in; without a name there is none."""

    name: str = ""
    path: str = ""
    version: str = ""
    trouble: str = ""
    remedy: str = ""


class Findings(Struct, frozen=True):
    """The head of the answer to ``facts``; ``None`` is what was not asked or answered.

    Attributes:
        missed: The finders that gave no answer in time.
    """

    host: str = ""
    python: str = ""
    executable: str = ""
    platform: str = ""
    user: str = ""
    cpus: float = 0.0
    load: float | None = None
    memory_bytes: int = 0
    has_venv: bool = True
    has_proc: bool = True
    volume: Volume | None = None
    gpus: Gpus = Gpus()
    containers: tuple[Tool, ...] | None = None
    conda: Tool | None = None
    uv: str | None = None
    killer: str = ""
    missed: tuple[str, ...] = ()


class Arrival(Struct, frozen=True, kw_only=True):
    """What the way there was like.

    Attributes:
        root: The folder that runs are kept in.
        place: The mark of that folder.
        root_choice: How another one is chosen, as a user would be told.
        noise: Bytes that came before the agent's greeting.
        login_s: What the login files and Python's start took; ``None`` where nobody logs in.
        clock_s: By how much the clock there is ahead of ours, at least.
        round_trip_s: What a question and its answer take.
    """

    root: str
    root_choice: str
    place: str = ""
    noise: int = 0
    login_s: float | None = None
    clock_s: float | None = None
    round_trip_s: float | None = None


def read_findings(head: Mapping[str, Any]) -> Findings:
    """Understand what an agent says.

    Raises:
        msgspec.ValidationError: It makes no sense.
    """
    return msgspec.convert(head, Findings)


# -- what there is -------------------------------------------------------------------------------


def facts_of(found: Findings, arrival: Arrival) -> dict[str, str]:
    """Say what is worth showing, a few words each; what there is not is left out."""
    volume = found.volume
    facts = {
        "interpreter": found.executable,
        "platform": found.platform,
        "user": found.user,
        "load": "" if found.load is None else f"{found.load:g}",
        "folder": arrival.root,
        "file system": "" if volume is None else _file_system(volume),
        "disk free": "" if volume is None else _free(volume),
        "gpu driver": next((gpu.driver for gpu in found.gpus.found if gpu.driver), ""),
        "gpu memory": _counted(gpu.memory for gpu in found.gpus.found),
        "gpus in use": ", ".join(_use(gpu) for gpu in found.gpus.found if _is_used(gpu)),
        "containers": _tools(found.containers),
        "conda": _tools(None if found.conda is None else (found.conda,)),
        "uv": "not found" if found.uv == "" else found.uv or "",
        "venv": "" if found.has_venv else "not installed",
        "clock": _clock(arrival),
        "round trip": _span(arrival.round_trip_s),
        "login": _login(arrival),
    }
    return {name: text for name, text in facts.items() if text}


def _file_system(volume: Volume) -> str:
    kind = f"{volume.type}, on the network" if volume.is_network else volume.type
    return f"{kind}, no programs" if volume.is_noexec else kind


def _free(volume: Volume) -> str:
    size = f" of {volume.size_bytes / 1e9:.0f}" if volume.size_bytes else ""
    files = "" if volume.free_inodes is None else f", room for {_count(volume.free_inodes)} files"
    return f"{volume.free_bytes / 1e9:.1f}{size} GB{files}"


def _count(number: int) -> str:
    if number < 10_000:
        return str(number)
    return f"{number / 1e6:.1f} million" if number >= 1e6 else f"{number / 1e3:.0f} thousand"


def _counted(words: Iterator[str]) -> str:
    counts = Counter(word for word in words if word)
    return ", ".join(f"{count} × {word}" if count > 1 else word for word, count in counts.items())


def _is_used(gpu: Gpu) -> bool:
    return _number(gpu.busy) >= 10 or _number(gpu.used) > 0.1 * max(_number(gpu.memory), 1.0)


def _use(gpu: Gpu) -> str:
    return f"{gpu.index}: {gpu.busy}, {gpu.used}"


def _number(words: str) -> float:
    try:
        return float(words.split()[0])
    except (IndexError, ValueError):
        return 0.0


def _tools(tools: tuple[Tool, ...] | None) -> str:
    if tools is None:
        return ""
    named = [f"{one.name} {one.version or '(does not answer)'}" for one in tools if one.name]
    return ", ".join(named) or "not found"


def _clock(arrival: Arrival) -> str:
    if arrival.clock_s is None:
        return ""
    if abs(arrival.clock_s) < 1:
        return "right"
    return f"{_span(abs(arrival.clock_s))} {'ahead' if arrival.clock_s > 0 else 'behind'}"


def _login(arrival: Arrival) -> str:
    noise = f"{arrival.noise} bytes of output" if arrival.noise else ""
    return ", ".join(part for part in (_span(arrival.login_s), noise) if part)


def _span(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 600:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 36_000 else f"{seconds / 3600:.0f} h"


# -- what is wrong -------------------------------------------------------------------------------


def problems_of(found: Findings, arrival: Arrival) -> Iterator[Problem]:
    """Say everything that is wrong, each with a remedy, the fatal ones first."""
    every = [
        *_of_volume(found, arrival),
        *_of_tools(found),
        *_of_machine(found),
        *_of_arrival(arrival),
    ]
    yield from sorted(every, key=lambda problem: not problem.fatal)


def _of_volume(found: Findings, arrival: Arrival) -> Iterator[Problem]:
    volume, choice = found.volume, arrival.root_choice
    if volume is None:
        if "volume" in found.missed:
            yield Problem(
                message=f"the file system of {arrival.root} does not answer",
                remedy=f"is its server up? {choice} chooses a folder elsewhere",
                fatal=True,
            )
        return
    if volume.trouble:
        yield Problem(
            message=f"nothing can be written to {arrival.root}: {volume.trouble}",
            remedy=f"make room or get the right to, or choose another folder with {choice}",
            fatal=True,
        )
    if volume.free_bytes < _LITTLE_DISK:
        yield Problem(
            message=f"only {volume.free_bytes / 1e6:.0f} MB of disk are free",
            remedy=f"remove old runs, or choose another folder with {choice}",
        )
    if volume.free_inodes is not None and volume.free_inodes < _FEW_INODES:
        yield Problem(
            message=f"there is room for only {volume.free_inodes} more files (inodes)",
            remedy=f"remove folders with many files, or choose another folder with {choice}",
        )
    if volume.is_network:
        yield Problem(
            message=f"{arrival.root} is on a network file system ({volume.type}): "
            "many files are slow there, and locks and changes may be noticed late",
            remedy=f"choose a folder on a local disk with {choice}",
        )
    if volume.is_noexec:
        yield Problem(
            message=f"{arrival.root} is mounted noexec: environments with compiled packages "
            "and programs of yours cannot run from there",
            remedy=f"choose another folder with {choice}",
        )


def _of_tools(found: Findings) -> Iterator[Problem]:
    engines = found.containers or ()
    if not any(one.name and not one.trouble for one in engines):
        yield from (_of_tool(one) for one in engines if one.trouble)
    if found.conda is not None and found.conda.name and found.conda.trouble:
        yield _of_tool(found.conda)
    if not found.has_venv and found.uv == "":
        yield Problem(
            message="its Python has no venv, and there is no uv to build environments with",
            remedy="install uv there (https://docs.astral.sh/uv), or the package python3-venv",
        )
    if found.gpus.trouble:
        yield Problem(
            message=f"its GPUs cannot be used: {found.gpus.trouble}",
            remedy="nvidia-smi there must list them: is the driver loaded, and the right one?",
        )
    words = {
        "gpus": ("nvidia-smi does not answer, so its GPUs are not known", "nvidia-smi"),
        "containers": ("its container engine does not answer", "docker info, or podman info"),
        "conda": ("its conda does not answer", "conda --version"),
        "uv": ("its uv does not answer", "uv --version"),
    }
    for name in found.missed:
        if name in words:
            message, command = words[name]
            yield Problem(message=message, remedy=f"try there: {command}")


def _of_tool(tool: Tool) -> Problem:
    return Problem(message=tool.trouble, remedy=tool.remedy)


def _of_machine(found: Findings) -> Iterator[Problem]:
    if not found.has_proc:
        yield Problem(
            message="/proc is not there, without which runs cannot be told from other programs",
            remedy="mount it: mount -t proc proc /proc",
            fatal=True,
        )
    if found.killer == "logind":
        yield Problem(
            message="systemd ends a user's processes at logout there, so runs end with the "
            "connection",
            remedy="its administrator sets KillUserProcesses=no, or "
            f"KillExcludeUsers={found.user}, in /etc/systemd/logind.conf",
        )
    if found.killer == "slurm":
        yield Problem(
            message="the login is part of a Slurm job, and runs end with that job",
            remedy="use it as a target of kind slurm, or give the job enough time",
        )


def _of_arrival(arrival: Arrival) -> Iterator[Problem]:
    apart = arrival.clock_s or 0.0
    if abs(apart) >= _WRONG_CLOCK_S:
        side = "ahead of" if apart > 0 else "behind"
        yield Problem(
            message=f"its clock is {_span(abs(apart))} {side} this machine's, and so are the times "
            "of its runs",
            remedy="set the one that is wrong: timedatectl set-ntp true",
        )
    quiet = "let it begin with: case $- in *i*) ;; *) return;; esac"
    if arrival.noise > _LOUD:
        yield Problem(
            message=f"a login file there prints {arrival.noise} bytes even to programs, which "
            "breaks scp and rsync, too",
            remedy=f"print to a terminal only, as with [ -t 1 ] in front; or {quiet}",
        )
    if arrival.login_s is not None and arrival.login_s > _SLOW_S:
        yield Problem(
            message=f"a login file there, or the start of Python, takes {arrival.login_s:.1f} s",
            remedy=f"look at .bashrc and the like, such as conda init; {quiet}",
        )
