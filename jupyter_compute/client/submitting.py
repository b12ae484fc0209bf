"""Submit: check everything, capture the folder, write the run down."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from .. import secrets as references
from .._version import __version__
from ..errors import ConfigError
from ..model import (
    ArgvCommand,
    CellCommand,
    Command,
    Environment,
    InputFile,
    NotebookCommand,
    PythonEnvironment,
    Resources,
    Run,
    RunFacts,
    ScriptCommand,
    Snapshot,
    Target,
    new_run_id,
)
from .checks import check_all, check_command, check_is_captured
from .managing import ManageCalls
from .runs import RunCalls, submitter
from .snapshots import folder_of

Asked = str | os.PathLike[str] | Sequence[str] | Command


class SubmitCalls(RunCalls, ManageCalls):
    """Submit runs."""

    def submit(
        self,
        command: Asked,
        *,
        source: str | os.PathLike[str] = ".",
        target: str = "local",
        name: str = "",
        experiment: str = "",
        params: Mapping[str, Any] | None = None,
        environment: str | Sequence[str] | Environment | None = None,
        resources: Resources | None = None,
        env: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        inputs: Sequence[InputFile] = (),
        tags: Mapping[str, str] | None = None,
        follow_links: bool | None = None,
    ) -> Run:
        """Submit a run and return it, queued. What is wrong is said before anything is kept.

        The source folder is captured before this returns, so later edits do not change the run.

        Args:
            command: A script or a notebook by its path, a program with its arguments as a
                sequence, or one of the commands of the model, such as ``CellCommand``.
            source: The folder to capture, and the run's working directory.
            target: Where to run it.
            name: What to call the run; by default after what it runs.
            experiment: The label that groups runs; by default after the source folder.
            params: Parameters by name, JSON values.
            environment: What the code runs in; see :func:`~..environment.parse`.
            resources: What the run needs.
            env: Environment variables of the run.
            secrets: Environment variable → reference, such as ``env:MY_TOKEN``.
            inputs: Files from :meth:`~.inputs.InputCalls.pack`.
            tags: Labels.
            follow_links: Whether links that leave the source are followed.

        Raises:
            NotFoundError: There is no such target or script.
            ConfigError: An argument is wrong.
            SnapshotError: The folder cannot be captured, or the script is not part of it.
            StoreError: The run could not be written down; nothing was submitted.
        """
        began = time.monotonic()
        place = self.attached.get(target)
        if place.options:
            self.attached.options(place)
        folder = folder_of(source)
        params, env, secrets = dict(params or {}), dict(env or {}), dict(secrets or {})
        asked = check_command(read_command(command), folder)
        resources = resources or Resources()
        check_all(params, resources, env, secrets)
        secrets = {name: _absolute(reference) for name, reference in secrets.items()}
        self._check_target(place, resources)
        surroundings = _environment(environment, folder, place)
        with self.blobs.hold():
            snapshot = self._capture(asked, surroundings, folder, follow_links)
            run = Run(
                id=new_run_id(),
                experiment=experiment or folder.name or "default",
                name=name or name_of(asked),
                target=place.name,
                snapshot_id=snapshot.id,
                command=asked,
                params=params,
                environment=surroundings,
                resources=resources,
                env=env,
                secrets=secrets,
                inputs=tuple(inputs),
                tags=dict(tags or {}),
                git=snapshot.git,
                source=str(folder),
                facts=RunFacts(
                    submitted_by=submitter(),
                    client_version=__version__,
                    environment_digest=_digest(surroundings),
                    phases={"snapshot": round(time.monotonic() - began, 4)},
                ),
            )
            return self._write_down(run, snapshot)

    def _capture(
        self,
        command: Command,
        environment: Environment,
        folder: Path,
        follow_links: bool | None,
    ) -> Snapshot:
        snapshotter = self.snapshotter(follow_links=follow_links)
        snapshot = snapshotter.take(folder)
        check_is_captured(command, environment, snapshot, snapshotter)
        return snapshot

    def _write_down(self, run: Run, snapshot: Snapshot) -> Run:
        self.store.put_snapshot(
            snapshot.id, snapshot.source, len(snapshot.files), snapshot.bytes, snapshot.git
        )
        return self.enter(run)

    def _check_target(self, target: Target, resources: Resources) -> None:
        info = self.target_info(target.name)
        if info is None:
            return
        for problem in info.problems:
            if problem.fatal:
                raise ConfigError(
                    f"{target.name} cannot run anything: {problem.message}",
                    hint=problem.remedy or f"jupyter compute check {target.name}",
                )
        if info.slots is None:
            return
        for word, asked, there in (
            ("machines", resources.nodes, 1),
            ("GPUs", resources.gpus, len(info.gpus)),
            ("cores", resources.cpus or 0, info.cpus),
            ("GB of memory", resources.memory_gb or 0, info.memory_gb),
        ):
            if asked > there and (there or word == "GPUs"):
                raise ConfigError(
                    f"{asked:g} {word} were asked for, and {target.name} has {there:g}",
                    hint="ask for less, or choose another target: jupyter compute targets",
                )


def _environment(
    spec: str | Sequence[str] | Environment | None, folder: Path, target: Target
) -> Environment:
    from ..environment import parse  # noqa: PLC0415 - slow, and not always needed

    if isinstance(spec, msgspec.Struct):
        return spec
    # The Python that submits is taken where it can be: on this machine.
    python = sys.executable if target.kind == "local" else ""
    if not spec:
        return PythonEnvironment(interpreter=python)
    return parse(spec if isinstance(spec, str) else list(spec), folder, python=python)


def _digest(environment: Environment) -> str:
    from ..environment import digest  # noqa: PLC0415 - slow, and not always needed

    return digest(environment)


def _absolute(reference: str) -> str:
    """Check a reference to a secret; a file's path must mean the same to the controller."""
    references.check(reference)
    scheme, _, rest = reference.partition(":")
    return f"file:{os.path.abspath(os.path.expanduser(rest))}" if scheme == "file" else reference


def read_command(asked: Asked) -> Command:
    """Turn what was asked for into a command: a script, a notebook or a program."""
    if isinstance(asked, (CellCommand, ScriptCommand, NotebookCommand, ArgvCommand)):
        return asked
    words = [os.fspath(asked)] if isinstance(asked, (str, os.PathLike)) else list(asked)
    if not words or not all(isinstance(word, str) for word in words):
        raise ConfigError("there is nothing to run", hint="name a script, a notebook or a program")
    first, *rest = words
    suffix = Path(first).suffix.lower()
    if suffix == ".py":
        return ScriptCommand(path=first, args=tuple(rest))
    if suffix == ".ipynb":
        if rest:
            raise ConfigError(
                f"a notebook takes no arguments, but {rest[0]!r} was given",
                hint="-p NAME VALUE sets a parameter",
            )
        return NotebookCommand(path=first)
    return ArgvCommand(argv=tuple(words))


def name_of(command: Command) -> str:
    """Name a run after what it runs."""
    if isinstance(command, CellCommand):
        return Path(command.notebook).stem if command.notebook else "cell"
    if isinstance(command, ArgvCommand):
        return Path(command.argv[0]).name or command.argv[0]
    return Path(command.path).stem
