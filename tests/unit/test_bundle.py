"""How a run becomes a job."""

from __future__ import annotations

import hashlib
import json

import msgspec
import pytest

from jupyter_compute.bundle import argv, bundle
from jupyter_compute.errors import ConfigError
from jupyter_compute.model import (
    ArgvCommand,
    CellCommand,
    InputFile,
    NotebookCommand,
    Run,
    ScriptCommand,
    Secret,
    Snapshot,
    SnapshotFile,
)

SNAPSHOT = Snapshot(
    id="5" * 64,
    files=(
        SnapshotFile("a.py", "a" * 64, 1, 0o644),
        SnapshotFile("b.py", "a" * 64, 1, 0o644),
        SnapshotFile("link", "", 0, 0o777, "a.py"),
    ),
)


class Blobs:
    """Keeps what is added, by digest."""

    def __init__(self):
        self.kept = {}

    def add_bytes(self, data):
        digest = hashlib.sha256(data).hexdigest()
        self.kept[digest] = data
        return digest


def run_of(command, **facts):
    return Run(
        id="r123456789",
        experiment="x",
        name="x",
        target="local",
        snapshot_id=SNAPSHOT.id,
        command=command,
        **facts,
    )


def files_of(job, blobs):
    return {file.path: blobs.kept[file.digest] for file in job.inputs if file.digest in blobs.kept}


def test_a_script_gets_its_arguments_and_parameters():
    command = ScriptCommand(path="train.py", args=("--epochs", "3", "a b"))
    params = {"lr": 0.1, "name": "x", "deep": True, "layers": [1, 2], "shift": -1, "dash": "-x"}
    assert argv(command, params) == (
        "{python}",
        "train.py",
        *("--epochs", "3", "a b", "--lr", "0.1", "--name", "x", "--deep", "true"),
        *("--layers", "[1, 2]", "--shift=-1", "--dash=-x"),
    )


def test_a_script_whose_name_begins_with_a_dash_is_no_option():
    assert argv(ScriptCommand(path="-c.py"), {})[1] == "./-c.py"


def test_an_argv_runs_as_it_is():
    command = ArgvCommand(argv=("echo", "$HOME", "{python}"))
    assert argv(command, {"a": 1}) == ("echo", "$HOME", "{python}")


def test_a_notebook_and_a_cell_run_in_harnesses():
    assert argv(NotebookCommand(path="a b.ipynb"), {})[1:] == (
        *("-m", "jupyter_compute_run.notebook"),
        "a b.ipynb",
    )
    assert argv(CellCommand(code="1"), {})[1:] == ("-m", "jupyter_compute_run.cell")


def test_a_cell_travels_with_its_variables_and_parameters():
    blobs = Blobs()
    sent = InputFile(path="variable.x.json", digest="c" * 64, size=1, codec="json", name="x")
    command = CellCommand(code="y = x", outputs=("y",), notebook="sub/n.ipynb", allow_pickle=True)
    job = bundle(run_of(command, params={"a": "é"}, inputs=(sent,)), SNAPSHOT, blobs, secrets={})
    files = files_of(job, blobs)
    assert files["cell.py"] == b"y = x"
    assert json.loads(files["params.json"]) == {"a": "é"}
    facts = json.loads(files["cell.json"])
    assert facts["outputs"] == ["y"]
    assert facts["inputs"][0]["name"] == "x"
    assert facts["allow_pickle"] is True
    assert job.inputs[0] == sent
    assert {file.digest for file in job.inputs} <= set(job.digests)


def test_a_job_needs_each_blob_once_and_the_manifest():
    job = bundle(run_of(ScriptCommand(path="a.py")), SNAPSHOT, Blobs(), secrets={})
    assert job.digests == (SNAPSHOT.id, "a" * 64)


def test_the_same_run_always_makes_the_same_job():
    run = run_of(CellCommand(code="1"), params={"b": 1, "a": [1.5, None]})
    one, other = (bundle(run, SNAPSHOT, Blobs(), secrets={}) for _ in range(2))
    assert msgspec.json.encode(one) == msgspec.json.encode(other)


def test_a_secret_travels_beside_the_environment_variables():
    run = run_of(ScriptCommand(path="a.py"), env={"A": "1"}, secrets={"TOKEN": "env:T"})
    job = bundle(run, SNAPSHOT, Blobs(), secrets={"TOKEN": Secret("hunter2")})
    assert job.env["A"] == "1"
    assert job.secret_env["TOKEN"].reveal() == "hunter2"
    assert "hunter2" not in repr(job)


def test_a_secret_without_a_value_stops_the_run():
    run = run_of(ScriptCommand(path="a.py"), secrets={"TOKEN": "env:T"})
    with pytest.raises(ConfigError, match="TOKEN"):
        bundle(run, SNAPSHOT, Blobs(), secrets={})


def test_another_run_s_snapshot_is_refused():
    run = msgspec.structs.replace(run_of(ScriptCommand(path="a.py")), snapshot_id="6" * 64)
    with pytest.raises(ConfigError, match="not the snapshot"):
        bundle(run, SNAPSHOT, Blobs(), secrets={})


def test_the_user_s_choice_of_a_matplotlib_backend_holds():
    for env, backend in (
        ({}, "module://jupyter_compute_run.figures"),
        ({"MPLBACKEND": "svg"}, "svg"),
    ):
        job = bundle(run_of(ScriptCommand(path="a.py"), env=env), SNAPSHOT, Blobs(), secrets={})
        assert job.env["MPLBACKEND"] == backend
