"""The words by which an engine is asked for a container."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_compute.runner.asking import Program
from jupyter_compute.runner.contained import Contained
from jupyter_compute.runner.images import Image, Mount, read_mount
from jupyter_compute.runner.place import EnvironmentFailedError
from jupyter_compute.runner.ranks import Rank
from jupyter_compute.runner.run_folder import RunFolder


def words(folder: Path, engine: str, **job: Any) -> list[str]:
    found = {"shell": job.pop("has_shell", True)}
    image = Image(Program(engine, f"/bin/{engine}", "1"), "python:3.12", [], found)
    secrets = {"TOKEN": "hush"}
    made = Contained(RunFolder(str(folder / "r1/1")), job, image, "0" * 32, secrets)
    return made._create(Rank(0, ["train"], {"RANK": "0"}, "log"))


def after(found: list[str], option: str) -> list[str]:
    return [found[place + 1] for place, word in enumerate(found) if word == option]


def test_gpus_are_handed_over_in_each_engines_words(tmp_path: Path) -> None:
    docker = words(tmp_path, "docker", gpu_ids=["0", "2"])
    # Docker takes the value for a list with commas, of which this is one field.
    assert after(docker, "--gpus") == ['"device=0,2"']
    podman = words(tmp_path, "podman", gpu_ids=["0", "2"])
    assert after(podman, "--device") == ["nvidia.com/gpu=0", "nvidia.com/gpu=2"]
    assert "--gpus" not in words(tmp_path, "docker")
    assert "CUDA_VISIBLE_DEVICES" not in after(docker, "--env")


def test_a_value_stands_in_a_command_only_where_the_engine_needs_its_own(tmp_path: Path) -> None:
    found = words(tmp_path, "docker", env={"PATH": "/opt/bin", "LR": "0.1"})
    named = after(found, "--env")
    assert {"LR", "RANK", "PYTHONPATH", "PATH=/opt/bin"} <= set(named)
    assert not any("hush" in word for word in found)


def test_an_engine_keeps_a_secret_only_for_an_image_without_a_shell(tmp_path: Path) -> None:
    assert "TOKEN" not in after(words(tmp_path, "docker"), "--env")
    assert "TOKEN" in after(words(tmp_path, "docker", has_shell=False), "--env")


def test_a_run_is_held_to_what_it_asked_for(tmp_path: Path) -> None:
    found = words(tmp_path, "podman", resources={"memory_gb": 1.5, "cpus": 2.0})
    assert after(found, "--memory") == ["1536m"] and after(found, "--cpus") == ["2"]
    found = words(tmp_path, "podman", resources={"memory_gb": None})
    assert "--memory" not in found and "--cpus" not in found


def test_on_slurm_the_gpus_are_those_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JOB_GPUS", "2,3")
    found = words(tmp_path, "docker", resources={"gpus": 2})
    assert after(found, "--gpus") == ['"device=2,3"']
    assert "--gpus" not in words(tmp_path, "docker", resources={"gpus": 0})


def test_a_secret_is_in_no_command_whatever_its_name(tmp_path: Path) -> None:
    image = Image(Program("docker", "/bin/docker", "1"), "x", [], {})
    run = RunFolder(str(tmp_path / "r1/1"))
    made = Contained(run, {}, image, "0" * 32, {"LD_PRELOAD": "hush"})
    assert not any("hush" in word for word in made._create(Rank(0, ["x"], {}, "log")))


def test_any_path_can_be_mounted() -> None:
    assert Mount("/a, b", '/c"d', True).words() == [
        "--mount",
        'type=bind,"source=/a, b","target=/c""d",readonly',
    ]


@pytest.mark.parametrize("text", ["data:/data", "/tmp:data", "/tmp:/data:often", "", ":"])
def test_what_is_no_mount_is_refused(text: str) -> None:
    with pytest.raises(EnvironmentFailedError, match="is no mount"):
        read_mount(text)


def test_a_mount_may_keep_its_path(tmp_path: Path) -> None:
    assert read_mount(str(tmp_path)) == Mount(str(tmp_path), str(tmp_path))
    assert read_mount(f"{tmp_path}:/data:ro") == Mount(str(tmp_path), "/data", True)
