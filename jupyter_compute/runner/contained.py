"""The programs of a run in containers, so that all else is as it is without them.

A container is a program's files, not a wall: it shares the machine's network, memory and process
numbers, and runs as the user. So the keeper finds, asks and ends its processes as any others.
"""

from __future__ import annotations

import os
from typing import Any

from . import asking, containers, endings, memory, processes, programs
from .images import Image, Mount, client_environment
from .preparation import own_variables
from .ranks import Rank, log_path
from .remedies import with_remedy
from .run_folder import RunFolder
from .starting import Outcome

_CREATE_S = 120.0
_WORDS = 400
_SHARED = ["--network", "host", "--pid", "host"]
# With SELinux a container sees nothing of the machine that is not labeled for it.
# Whoever removes a container has waited already.
_PLAIN = ["--log-driver", "none", "--stop-timeout", "0", "--security-opt", "label=disable"]
_APPEND = 'exec "$@" >>"$0" 2>&1'
# Not every image has rm: what is left then goes with the container.
_READ_AND_APPEND = '. "$1"; rm -f "$1" 2>/dev/null; shift; ' + _APPEND
_CLIENTS_OWN = ("PATH", "HOME", "LD_LIBRARY_PATH", "LD_PRELOAD")
"""What an engine's program needs for itself and must not get from a job."""


class Contained:
    """Starts the programs of a run in containers of an image.

    Args:
        run: The attempt's folder.
        job: What was asked for.
        image: The image.
        token: What the run's processes are known by.
        secrets: Environment variables that are written nowhere.

    Attributes:
        python: What ``{python}`` stands for; empty if the image has none.
        search_path: Where programs are looked up: nobody knows that outside.
        prefix: What the program of each rank is started by: nothing, as the engine starts it.
    """

    prefix = ()

    def __init__(
        self,
        run: RunFolder,
        job: dict[str, Any],
        image: Image,
        token: str,
        secrets: dict[str, str],
    ) -> None:
        self.run = run
        self.job = job
        self.image = image
        self.token = token
        self.engine = image.engine
        self.python = image.python
        self.search_path: str | None = None
        self._inside = variables_inside(run, job, token, secrets)
        hidden = memory.carried(secrets) if image.has_shell else set()
        self._hidden = {name: self._inside.pop(name) for name in hidden}
        # A name stands in a command that others see, its value does not.
        self._shown = {name for name in self._inside if name in _CLIENTS_OWN} - set(secrets)
        passed = {name: self._inside[name] for name in set(self._inside) - self._shown}
        self._client = {**client_environment(job), **passed}
        for name in _CLIENTS_OWN:
            if name in os.environ and name not in secrets:
                self._client[name] = os.environ[name]
        self._planned: list[str] = []
        self._names: dict[int, str] = {}
        self._insiders: dict[int, int] = {}

    def plan(self, ranks: list[Rank]) -> dict[str, Any]:
        """Return what is to be noted before the start, so that it is found whoever dies."""
        self._planned = [self._name(rank) for rank in ranks]
        return {"engine": self.engine.path, "names": self._planned}

    def ready(self, ranks: list[Rank]) -> None:
        """Make the containers without starting them.

        Raises:
            OSError: The engine says no.
        """
        os.makedirs(self.run / "home", 0o700, exist_ok=True)
        for rank in ranks:
            if self._hidden:
                memory.write(self._name(rank), self._hidden)
            answer = asking.ask(self._create(rank), {**self._client, **rank.env}, _CREATE_S)
            if answer.code:
                said = answer.complained or answer.said or f"exit code {answer.code}"
                raise OSError(5, with_remedy(said), f"a container of {self.image.reference}")

    def start(self, rank: Rank) -> int:
        """Start a container and return the pid of the engine's program, which ends with it."""
        name = self._name(rank)
        words = [self.engine.path, "start", "--attach", name]
        pid = programs.spawn(words, self._client, self.run / "work", log_path(self.run.path, rank))
        self._names[pid] = name
        return pid

    def aim(self, pid: int) -> int:
        """Return the pid of the program itself, which is no child of ours; ``pid`` without one."""
        if pid not in self._insiders:
            state = containers.state_of(self.engine.path, self._names[pid], self._client)
            found = int(state.get("Pid") or 0)
            # Only the token proves that the engine counts processes as this machine does.
            if found and processes.has_token(found, self.token):
                self._insiders[pid] = found
        return self._insiders.get(pid, pid)

    def insiders(self) -> list[int] | None:
        """List the programs themselves, as far as they are known."""
        return [self.aim(pid) for pid in self._names if self.aim(pid) != pid]

    def outcome(self, pid: int, wait_status: int) -> Outcome:
        """Say how a program ended, by the engine's word."""
        state = containers.state_of(self.engine.path, self._names[pid], self._client)
        never_began = str(state.get("StartedAt", "")).startswith("0001-")
        # Killed early enough, it has not even written down that the container began.
        if never_began and not os.WIFSIGNALED(wait_status):
            said = state.get("Error") or endings.tail(self.run / "log", _WORDS).strip()
            return Outcome(error=f"the container could not be started: {with_remedy(said)}")
        if not state or state.get("Running") or never_began:
            return Outcome(error=f"{self.engine.name} ended before the container did")
        code = int(state.get("ExitCode") or 0)
        return Outcome(code, is_out_of_memory=bool(state.get("OOMKilled")))

    def remove(self) -> bool:
        """End and remove the containers; tells whether none is left."""
        if not self._planned:
            return True
        memory.forget(self._planned)
        containers.remove(self.engine.path, self._planned, self._client)
        left = containers.names(self.engine.path, self._client)
        if left is None:
            return False
        self._sweep(left - set(self._planned))
        return not left & set(self._planned)

    def _sweep(self, others: set[str]) -> None:
        """Remove what runs left that were over while the engine did not answer."""
        runs = os.path.dirname(os.path.dirname(self.run.path))
        over = [name for name in others if _is_over(os.path.join(runs, containers.run_of(name)))]
        if over:
            containers.remove(self.engine.path, over, self._client)

    def _name(self, rank: Rank) -> str:
        return f"{containers.PREFIX}{self.run.run_id}-{self.token[:12]}-{rank.number}"

    def _create(self, rank: Rank) -> list[str]:
        inside = {**self._inside, **rank.env}
        output = log_path(self.run.path, rank)
        argv = rank.argv
        if self.image.has_shell:
            # Through the engine, output and errors would come in some order of their own.
            os.makedirs(os.path.dirname(output), exist_ok=True)
            read = [memory.path_for(self._name(rank))] if self._hidden else []
            argv = ["/bin/sh", "-c", _READ_AND_APPEND if read else _APPEND, output, *read, *argv]
        return [
            *[self.engine.path, "create", "--name", self._name(rank)],
            *["--label", f"jupyter_compute.run={self.run.run_id}"],
            *[*_SHARED, *_PLAIN, "--workdir", self.run / "work", "--entrypoint", argv[0]],
            *self._gpu_words(),
            *self._limit_words(),
            *(word for name in sorted(inside) for word in self._env_words(name, inside[name])),
            *(word for mount in self._mounts() for word in mount.words()),
            *self.image.common,
            *[self.image.reference, *argv[1:]],
        ]

    def _env_words(self, name: str, value: str) -> list[str]:
        return ["--env", f"{name}={value}" if name in self._shown else name]

    def _mounts(self) -> list[Mount]:
        own = [Mount(self.run.path, self.run.path), Mount(self.run.checkpoint, self.run.checkpoint)]
        library = self.job.get("lib")
        if library:
            own.append(Mount(library, library, True))
        # The engines' own is too small for what data loaders hand over.
        folder = memory.FOLDER
        return [*own, Mount(folder, folder)] if os.path.isdir(folder) else own

    def _gpu_words(self) -> list[str]:
        ids = gpus_of(self.job)
        if not ids:
            return []
        if self.engine.name == "podman":
            return [word for gpu in ids for word in ("--device", f"nvidia.com/gpu={gpu}")]
        return ["--gpus", '"device={}"'.format(",".join(ids))]

    def _limit_words(self) -> list[str]:
        """Hold a run to what it asked for."""
        asked = self.job.get("resources") or {}
        memory_gb, cpus = asked.get("memory_gb"), asked.get("cpus")
        words = ["--memory", f"{round(memory_gb * 1024)}m"] if memory_gb else []
        return [*words, "--cpus", f"{cpus:g}"] if cpus else words


def variables_inside(
    run: RunFolder, job: dict[str, Any], token: str, secrets: dict[str, str]
) -> dict[str, str]:
    """Return the variables that a program in a container is given, besides the image's."""
    given = job.get("env") or {}
    user = os.environ.get("USER") or os.environ.get("LOGNAME") or str(os.getuid())
    named = {"HOME": run / "home", "USER": user, "LOGNAME": user}
    own = own_variables(run, job, token, given.get("PYTHONPATH", ""))
    return {**named, "PYTHONUNBUFFERED": "1", **given, **own, **secrets}


def gpus_of(job: dict[str, Any]) -> list[str]:
    """Return the GPUs that a run may use, as this machine counts them."""
    given = list(job.get("gpu_ids") or ())
    if given or not (job.get("resources") or {}).get("gpus"):
        return given
    # Slurm counts from 0 in CUDA_VISIBLE_DEVICES where a job sees no others, as an engine does.
    text = os.environ.get("SLURM_STEP_GPUS") or os.environ.get("SLURM_JOB_GPUS") or ""
    return [word for word in text.split(",") if word]


def _is_over(folder: str) -> bool:
    """Tell whether all attempts of a run have ended; not where it is none of this target's."""
    try:
        attempts = [name for name in os.listdir(folder) if name.isdigit()]
    except OSError:
        return False
    return all(os.path.exists(os.path.join(folder, name, "exit.json")) for name in attempts)
