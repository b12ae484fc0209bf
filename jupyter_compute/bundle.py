"""A run and its snapshot become a job, in which nothing is left to decide."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from . import environment
from .errors import ConfigError
from .model import (
    ArgvCommand,
    CellCommand,
    Command,
    Digest,
    InputFile,
    Job,
    NotebookCommand,
    Run,
    ScriptCommand,
    Secret,
    Snapshot,
)

PYTHON = "{python}"
"""Stands in ``argv`` for the interpreter of the run's environment."""

_BACKEND = "module://jupyter_compute_run.figures"


class BlobSink(Protocol):
    """Where the files go that a job needs beside its snapshot."""

    def add_bytes(self, data: bytes) -> Digest:
        """Keep bytes and return their digest; repeatable."""
        ...


def bundle(run: Run, snapshot: Snapshot, blobs: BlobSink, *, secrets: Mapping[str, Secret]) -> Job:
    """Make the job of a run. Writes a few small blobs; the same run always makes the same job.

    Args:
        run: What the user asked for.
        snapshot: The run's snapshot, whose blobs are there already.
        blobs: Takes the cell's text, its description and the parameters.
        secrets: The values behind the run's secret references, by the variables' names.

    Raises:
        ConfigError: The snapshot is another run's, or a secret has not been resolved.
    """
    if snapshot.id != run.snapshot_id:
        raise ConfigError(f"{snapshot.id[:12]} is not the snapshot of {run.id}")
    missing = sorted(set(run.secrets) - set(secrets))
    if missing:
        raise ConfigError(f"no value is known for the secret {missing[0]}")
    inputs = (*run.inputs, *_files(run, blobs))
    needed = [snapshot.id, *(file.digest for file in snapshot.files if file.link is None)]
    return Job(
        run_id=run.id,
        attempt=run.attempt,
        name=run.name,
        argv=argv(run.command, run.params),
        env=_variables(run),
        secret_env=dict(secrets),
        snapshot_id=snapshot.id,
        digests=tuple(dict.fromkeys([*needed, *(file.digest for file in inputs)])),
        inputs=inputs,
        environment=run.environment,
        environment_digest=environment.digest(run.environment),
        resources=run.resources,
    )


def argv(command: Command, params: Mapping[str, Any]) -> tuple[str, ...]:
    """Write a command as the words of a process; parameters become a script's options."""
    if isinstance(command, CellCommand):
        return (PYTHON, "-m", "jupyter_compute_run.cell")
    if isinstance(command, NotebookCommand):
        return (PYTHON, "-m", "jupyter_compute_run.notebook", command.path)
    if isinstance(command, ScriptCommand):
        path = f"./{command.path}" if command.path.startswith("-") else command.path
        return (PYTHON, path, *command.args, *_flags(params))
    assert isinstance(command, ArgvCommand)
    return command.argv


def _flags(params: Mapping[str, Any]) -> list[str]:
    words: list[str] = []
    for name, value in params.items():
        text = value if isinstance(value, str) else json.dumps(value)
        # A parser would take a value with a leading dash for an option.
        words += [f"--{name}={text}"] if text.startswith("-") else [f"--{name}", text]
    return words


def _variables(run: Run) -> dict[str, str]:
    env = dict(run.env)
    if isinstance(run.command, (CellCommand, ScriptCommand)):
        env.setdefault("MPLBACKEND", _BACKEND)
    return env


def _files(run: Run, blobs: BlobSink) -> list[InputFile]:
    files: dict[str, bytes] = {}
    if run.params:
        files["params.json"] = msgspec.json.encode(run.params)
    if isinstance(run.command, CellCommand):
        files["cell.py"] = run.command.code.encode("utf-8", "surrogatepass")
        files["cell.json"] = json.dumps(_cell(run, run.command), sort_keys=True).encode()
    return [
        InputFile(path=path, digest=blobs.add_bytes(data), size=len(data))
        for path, data in files.items()
    ]


def _cell(run: Run, command: CellCommand) -> dict[str, Any]:
    return {
        "inputs": [
            {"name": file.name, "path": file.path, "codec": file.codec, "type": file.type}
            for file in run.inputs
            if file.name
        ],
        "outputs": list(command.outputs),
        "allow_pickle": command.allow_pickle,
        "notebook": command.notebook,
    }
