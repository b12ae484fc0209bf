from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jupyter_compute.runner.builders import find_uv
from jupyter_compute.runner.conda import find_conda
from jupyter_compute.runner.containers import APPTAINERS, BUILDERS, find_engine, find_engines

DENIED = "Got permission denied while trying to connect to the Docker daemon socket"
ABSENT = "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?"


def program(path: Path, *lines: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + "\n".join(lines) + "\n")
    path.chmod(0o755)
    return str(path)


def docker(folder: Path, answer: str) -> str:
    client = 'if [ "$1" = --version ]; then echo "Docker version 28.2"; exit; fi'
    return program(folder / "docker", client, answer)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path / "home")}


def test_an_engine_that_answers_is_preferred(tmp_path: Path, env: dict[str, str]) -> None:
    docker(tmp_path / "bin", f"echo '{DENIED}' >&2; exit 1")
    assert find_engine(env).name == "docker"
    path = program(tmp_path / "bin/podman", "echo 4.3.1")
    assert find_engine(env) == ("podman", path, "4.3.1", "", "")
    docker(tmp_path / "bin", "echo 20.10.24")
    assert find_engine(env)[::2] == ("docker", "20.10.24", "")


def test_what_is_wrong_with_an_engine_is_said(tmp_path: Path, env: dict[str, str]) -> None:
    assert "neither Docker nor Podman nor Apptainer" in find_engine(env).trouble
    docker(tmp_path / "bin", f"echo '{DENIED}' >&2; exit 1")
    denied = find_engine(env)
    assert "may not use it" in denied.trouble and "docker USER" in denied.remedy
    docker(tmp_path / "bin", f"echo '{ABSENT}' >&2; exit 1")
    assert "daemon does not run" in find_engine(env).trouble
    docker(tmp_path / "bin", f"exec {shutil.which('sleep')} 60")
    assert "did not answer within 0.2 s" in find_engine(env, timeout_s=0.2).trouble


def test_podman_by_the_name_of_docker_is_podman(tmp_path: Path, env: dict[str, str]) -> None:
    path = program(
        tmp_path / "bin/docker",
        'if [ "$1" = --version ]; then echo "podman version 4.3.1"; exit; fi',
        "echo 4.3.1",
    )
    assert find_engine(env)[:3] == ("podman", path, "4.3.1")


def test_one_engine_of_several_can_be_chosen(tmp_path: Path, env: dict[str, str]) -> None:
    docker(tmp_path / "bin", "echo 20.10.24")
    program(tmp_path / "bin/podman", "echo 4.3.1")
    assert [engine.name for engine in find_engines(env)] == ["docker", "podman"]
    assert find_engine({**env, "JUPYTER_COMPUTE_CONTAINER_ENGINE": "podman"}).name == "podman"


def test_conda_is_found_where_its_installers_put_it(tmp_path: Path, env: dict[str, str]) -> None:
    assert "neither micromamba, mamba nor conda" in find_conda(env).trouble
    conda = program(tmp_path / "home/miniforge3/condabin/conda", "echo conda 24.1.0")
    assert find_conda(env)[:3] == ("conda", conda, "24.1.0")
    mamba = program(tmp_path / "x/micromamba", "echo 1.5.8")
    assert find_conda({**env, "MAMBA_EXE": mamba})[:3] == ("micromamba", mamba, "1.5.8")


def test_a_broken_conda_is_passed_over(tmp_path: Path, env: dict[str, str]) -> None:
    broken = program(tmp_path / "bin/micromamba", "echo no such library >&2; exit 127")
    assert broken in find_conda(env).trouble and "no such library" in find_conda(env).trouble
    conda = program(tmp_path / "bin/conda", "echo conda 24.1.0")
    assert find_conda(env)[:4] == ("conda", conda, "24.1.0", "")


@pytest.mark.parametrize("place", ["bin/uv", "home/.local/bin/uv", "home/.cargo/bin/uv"])
def test_uv_is_found_where_its_installers_put_it(
    tmp_path: Path, env: dict[str, str], place: str
) -> None:
    assert find_uv("/no/such/python", env) == []
    uv = program(tmp_path / place, "exit 0")
    assert find_uv("/no/such/python", env) == [uv]


def test_an_engine_is_found_for_what_only_some_can_do(tmp_path: Path, env: dict[str, str]) -> None:
    said = find_engine(env, only=APPTAINERS)
    assert "one for Apptainer, and there is no Apptainer" in said.trouble
    path = program(tmp_path / "bin/singularity", "echo singularity-ce version 4.1.2-jammy")
    assert find_engine(env) == ("singularity", path, "4.1.2-jammy", "", "")
    said = find_engine(env, only=BUILDERS)
    assert "by Docker or Podman, and there is only singularity" in said.trouble
    path = program(tmp_path / "bin/apptainer", "echo apptainer version 1.3.6")
    assert [one.path for one in find_engines(env)] == [path]
    docker(tmp_path / "bin", "echo 20.10.24")
    assert [find_engine(env).name, find_engine(env, only=APPTAINERS).name] == [
        "docker",
        "apptainer",
    ]
    chosen = {**env, "JUPYTER_COMPUTE_CONTAINER_ENGINE": "apptainer"}
    assert find_engine(chosen).path == path
