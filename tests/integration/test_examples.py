"""The examples run as they stand."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nbclient
import nbformat
import pytest
from clusters.ray import RayCluster
from clusters.slurm import Slurm
from clusters.spark import PYTHON, SparkCluster
from kernels import PATIENCE_S
from machines import Sshd

from jupyter_compute.client import Client

pytestmark = pytest.mark.timeout(600)

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def sshd(engine: Callable[[str], str], tmp_path: Path) -> Iterator[Sshd]:
    engine("sshd")
    with Sshd(tmp_path / "sshd", "gpu1") as running:
        yield running


@pytest.fixture
def workspace(home: Path) -> Iterator[Path]:
    yield home / "compute"
    with Client(home / "compute") as client:
        client.stop_controller()


def execute(folder: Path, name: str) -> Callable[[str], str]:
    """Execute a notebook in a copy of the examples' folder; returns how to read its outputs.

    The output of a cell is asked for by all of the cell, or by words that only it has.
    """
    shutil.copytree(EXAMPLES, folder)
    notebook = nbformat.read(folder / name, 4)
    nbclient.NotebookClient(
        notebook,
        timeout=PATIENCE_S,
        startup_timeout=PATIENCE_S,
        resources={"metadata": {"path": folder}},
    ).execute()
    nbformat.write(notebook, folder / name)
    shown = {
        cell.source: " ".join(str(output) for output in cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == "code"
    }

    def output(words: str) -> str:
        if words in shown:
            return shown[words]
        (found,) = (text for source, text in shown.items() if words in source)
        return found

    return output


@pytest.mark.usefixtures("workspace")
def test_the_notebook_about_ssh_runs_on_a_real_machine(
    tmp_path: Path, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST", "gpu1")
    monkeypatch.setenv("MORE", f"--config-file '{sshd.ssh_config}'")
    # The one that has them already, since a test downloads nothing.
    monkeypatch.setenv("PACKAGES", sys.executable)
    output = execute(tmp_path / "examples", "ssh.ipynb")

    assert f"ssh://{sshd.user}@127.0.0.1:{sshd.port}" in output("%compute attach")
    assert "3.1" in output("estimate")
    assert "image/png" in output("plt.show()")
    assert "report.json" in output("%compute outputs")
    assert "epoch   8" in output("%compute logs")
    assert "canceled" in output("%compute cancel")
    assert "endless" in output("%compute runs")
    assert "detached" in output("%compute detach")


@pytest.mark.usefixtures("workspace")
def test_the_notebook_about_slurm_runs_on_a_real_cluster(
    tmp_path: Path, slurm: Slurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in slurm.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MORE", f"--root {tmp_path}/shared")
    monkeypatch.setenv("PACKAGES", sys.executable)
    output = execute(tmp_path / "examples", "slurm.ipynb")

    assert "partition debug" in output("%compute attach")
    assert "seen by the login node and by n" in output("%compute attach")
    assert "3.1" in output("estimate")
    for rank, node in enumerate(("n1", "n1", "n2", "n2")):
        assert f"[{rank}] rank {rank} of 4 on {node}" in output("--name ranks")
    assert "epoch   8" in output("%compute logs")
    assert "canceled" in output("%compute cancel")
    assert "detached" in output("%compute detach")


@pytest.mark.usefixtures("workspace")
def test_the_notebook_about_ray_runs_on_a_real_cluster(
    tmp_path: Path, ray_cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADDRESS", ray_cluster.address)
    monkeypatch.setenv("PACKAGES", sys.executable)
    output = execute(tmp_path / "examples", "ray.ipynb")

    assert "ray+http://" in output("%compute attach")
    assert "3.1" in output("estimate")
    assert "3.1" in output("sum(estimates) / len(estimates)")
    assert "report.json" in output("%compute outputs")
    assert "canceled" in output("%compute cancel")
    assert "endless" in output("%compute runs")
    assert "detached" in output("%compute detach")


@pytest.mark.usefixtures("workspace")
def test_the_notebook_about_spark_runs_on_a_real_cluster(
    tmp_path: Path, spark: SparkCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ",".join(f"{name}={value}" for name, value in spark.env.items())
    words = f"--web-ui {spark.web} --python {PYTHON} --total-cores 1 --env '{given}'"
    monkeypatch.setenv("MASTER", spark.url)
    monkeypatch.setenv("MORE", words)
    output = execute(tmp_path / "examples", "spark.ipynb")

    assert spark.url in output("%compute attach")
    assert "3.1" in output("round(pi, 1)")
    assert "PATH_NOT_FOUND" in output("missing.wait()")
    assert "missing" in output("%compute runs")
    assert "detached" in output("%compute detach")
