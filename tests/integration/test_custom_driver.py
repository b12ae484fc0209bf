"""The package that shows how to write a kind is one that can be installed, tested and used."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from shell import PATIENCE_S, Answer

from jupyter_compute.client import Client

pytestmark = pytest.mark.timeout(600)

EXAMPLE = Path(__file__).parents[2] / "examples/custom_driver"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("author") / "custom_driver"
    left_out = shutil.ignore_patterns("__pycache__", ".*", "*.egg-info")
    shutil.copytree(EXAMPLE, folder, ignore=left_out)
    return folder


@pytest.fixture(scope="module")
def installed(example: Path) -> Path:
    """Install it as pip does, into a folder that only those who know of it look into."""
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    site = example.parent / "site"
    how = ("--offline", "--no-deps", "--no-build-isolation", "--target", str(site))
    command = [uv, "pip", "install", "--python", sys.executable, *how, str(example)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return site


@pytest.fixture
def shell(
    home: Path, installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Answer]]:
    """Return what runs a program of a user who has installed it."""
    workspace = home / "compute"
    monkeypatch.setenv("JUPYTER_COMPUTE_HOME", str(workspace))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("PYTHONPATH", str(installed))
    places = (str(installed / "bin"), str(Path(sys.executable).parent), os.environ["PATH"])
    monkeypatch.setenv("PATH", os.pathsep.join(places))
    folder = tmp_path / "source"
    folder.mkdir()

    def run(*words: str) -> Answer:
        done = subprocess.run(words, cwd=folder, capture_output=True, timeout=PATIENCE_S)
        return Answer(done.returncode, done.stdout, done.stderr.decode())

    yield run
    with Client(workspace) as client:
        assert client.stop_controller(PATIENCE_S)


def test_its_own_tests_pass(example: Path, installed: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=example,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=540,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


def test_it_is_attached_and_runs_a_script(shell: Callable[..., Answer], tmp_path: Path) -> None:
    queue = str(tmp_path / "queue")
    (tmp_path / "source/train.py").write_text("import os; print(os.environ['OMP_NUM_THREADS'])\n")
    attach = ("jupyter-compute", "attach", "night", "--kind", "spool", "--queue", queue)

    answer = shell(*attach, "--threads", "none")
    assert answer.code == 2 and "threads" in answer.err
    answer = shell(*attach, "--threads", "3")
    assert answer.code == 0, answer

    answer = shell("jupyter-compute", "check", "night")
    assert answer.code != 0 and f"spool init {queue}" in answer.text + answer.err
    assert shell("spool", "init", queue).code == 0
    answer = shell("jupyter-compute", "check", "night")
    assert answer.code == 0 and "0 of 1 running" in answer.text

    answer = shell("jupyter-compute", "submit", "--target", "night", "--wait", "train.py")
    assert answer.code == 0 and "3" in answer.text.splitlines(), answer
    assert '"over"' in shell("spool", "list", queue).text
