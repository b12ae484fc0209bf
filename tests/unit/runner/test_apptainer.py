"""The words and the variables by which Apptainer is asked to run a program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_compute.runner.apptainer import Sif, SifRecipe, is_only_apptainers
from jupyter_compute.runner.asking import Program
from jupyter_compute.runner.building import Site
from jupyter_compute.runner.ranks import ranks_of
from jupyter_compute.runner.run_folder import RunFolder
from jupyter_compute.runner.starting import Plain

ENGINE = Program("apptainer", "/bin/apptainer", "1.3.6")


def starter(folder: Path, engine: Program = ENGINE, **job: Any) -> Plain:
    image = Sif(engine, "torch.sif", "/data/torch.sif", ["--writable-tmpfs"], {})
    (folder / "r1/1").mkdir(parents=True, exist_ok=True)
    return image.starter(RunFolder(str(folder / "r1/1")), job, "0" * 32, {"KEY": "hush"})


def test_a_program_is_started_by_the_engine_and_nothing_secret_is_said(tmp_path: Path) -> None:
    found = starter(tmp_path, env={"LR": "0.1", "HOME": "/no/where"})
    words, run = list(found.prefix), f"{tmp_path}/r1/1"
    assert words[:5] == ["/bin/apptainer", "--quiet", "--nocolor", "exec", "--home"]
    assert words[5:8] == [f"{run}/home", "--pwd", f"{run}/work"]
    assert f"type=bind,source={run},target={run}" in words
    assert words[-2:] == ["--writable-tmpfs", "/data/torch.sif"]
    assert not any("hush" in word for word in words)
    assert found.env["APPTAINERENV_KEY"] == "hush" and found.env["APPTAINERENV_LR"] == "0.1"
    assert "APPTAINERENV_HOME" not in found.env and found.env["HOME"] != "/no/where"


def test_only_what_concerns_a_program_is_let_in_from_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SLURM_PROCID", "PMI_RANK", "CUDA_VISIBLE_DEVICES", "CONDA_PREFIX", "LD_PRELOAD"):
        monkeypatch.setenv(name, "1")
    found = starter(tmp_path).env
    assert {"SLURM_PROCID", "PMI_RANK", "CUDA_VISIBLE_DEVICES", "PATH"} <= set(found)
    assert not {"CONDA_PREFIX", "LD_PRELOAD", "KEY"} & set(found)


def test_singularity_hears_it_by_its_own_name(tmp_path: Path) -> None:
    found = starter(tmp_path, Program("singularity", "/bin/singularity", "4.1"))
    assert found.env["SINGULARITYENV_KEY"] == "hush" and "APPTAINERENV_KEY" not in found.env


def test_gpus_are_asked_for_where_a_run_has_some(tmp_path: Path) -> None:
    assert "--nv" not in starter(tmp_path).prefix
    found = starter(tmp_path, gpu_ids=["2"])
    assert {"--nv", "--rocm"} & set(found.prefix)
    assert found.env["APPTAINERENV_CUDA_VISIBLE_DEVICES"] == "2"
    assert {"--nv", "--rocm"} & set(starter(tmp_path, resources={"gpus": 1}).prefix)


def test_each_rank_is_started_by_the_engine_and_mpi_is_the_images_own(tmp_path: Path) -> None:
    asked = {"resources": {"processes_per_node": 2, "distribution": "pytorch"}}
    found = ranks_of(asked, ["train"], "/bin", str(tmp_path), ["engine", "image"])
    assert [rank.argv for rank in found] == [["engine", "image", "train"]] * 2
    asked["resources"]["distribution"] = "mpi"
    [rank] = ranks_of(asked, ["train"], "/bin", str(tmp_path), ["engine", "image"])
    assert rank.argv == ["engine", "image", "mpirun", "-n", "2", "train"]


def test_an_engine_that_is_asked_on_one_node_runs_nothing_on_two(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="only Apptainer runs an image on several nodes"):
        ranks_of({"resources": {"nodes": 2}}, ["train"], None, str(tmp_path))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("python:3.12", ["pull", "docker://python:3.12"]),
        ("docker://python:3.12", ["pull", "docker://python:3.12"]),
        ("oras://there/x:1", ["pull", "oras://there/x:1"]),
        ("docker-daemon:mine:1", ["build", "docker-daemon:mine:1"]),
    ],
)
def test_an_image_is_fetched_by_the_words_of_its_source(
    tmp_path: Path, name: str, words: list[str]
) -> None:
    [step] = SifRecipe(ENGINE, name, "sif").steps(Site(str(tmp_path), "", {}))
    verb, reference = words
    file = str(tmp_path / "image.sif")
    assert step.argv == ["/bin/apptainer", "--nocolor", verb, "--force", file, reference]


def test_what_no_other_engine_reads_is_known_by_its_name() -> None:
    names = ("/data/x.sif", "~/x", "x.sif", "oras://x", "docker-archive:/x.tar", "library://x")
    assert all(map(is_only_apptainers, names))
    assert not any(map(is_only_apptainers, ("python:3.12", "docker://python:3.12", "a.b/sif:1")))
