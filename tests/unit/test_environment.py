"""What ``--env`` may say, and what it then means."""

from __future__ import annotations

import os
import sys
import venv

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_compute import environment
from jupyter_compute.errors import ConfigError
from jupyter_compute.model import (
    CondaEnvironment,
    Environment,
    ImageEnvironment,
    PackagesEnvironment,
    PythonEnvironment,
)

PROJECT = '[project]\nname = "mine"\nversion = "1"\ndependencies = ["numpy"]\n'


def test_nothing_is_the_target_s_default(tmp_path):
    for spec in (None, "", " ", []):
        assert environment.parse(spec, tmp_path) == PythonEnvironment()


def test_packages_are_named_inline_in_a_list_or_in_a_file(tmp_path):
    (tmp_path / "requirements.txt").write_text("b==1\na\n")
    found = [
        environment.parse(spec, tmp_path, python="python3.12")
        for spec in ("a,b==1", ["a", "b==1"], "requirements.txt", ["requirements.txt"])
    ]
    expected = PackagesEnvironment(requirements=("a", "b==1"), python="python3.12")
    assert found == [expected] * 4


def test_a_single_package_is_a_package(tmp_path):
    assert environment.parse("numpy", tmp_path).requirements == ("numpy",)
    assert environment.parse("ruamel.yaml", tmp_path).requirements == ("ruamel-yaml",)


def test_an_interpreter_is_known_by_name_version_or_path(tmp_path):
    path = tmp_path / "bin" / "python"
    path.parent.mkdir()
    path.symlink_to(sys.executable)
    for spec, found in (
        ("python3.12", "python3.12"),
        ("3.12", "python3.12"),
        ("./bin/python", str(path)),
        (str(path), str(path)),
        ("/opt/there/bin/python3", "/opt/there/bin/python3"),
    ):
        assert environment.parse(spec, tmp_path) == PythonEnvironment(interpreter=found)


def test_a_virtual_environment_is_known_by_its_own_path(tmp_path):
    venv.create(tmp_path / ".venv", with_pip=False, symlinks=True)
    found = environment.parse(".venv", tmp_path)
    assert found == PythonEnvironment(interpreter=str(tmp_path / ".venv" / "bin" / "python"))


def test_what_is_built_for_a_virtual_environment_is_shared_by_its_siblings(tmp_path):
    venv.create(tmp_path / ".venv", with_pip=False, symlinks=True)
    python = str(tmp_path / ".venv" / "bin" / "python")
    found = environment.parse("numpy", tmp_path, python=python)
    assert found.python == os.path.realpath(python)


def test_projects_and_locks_travel_as_texts(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "uv.lock").write_text('version = 1\n[[package]]\nname = "mine"\nversion = "1"\n')
    (tmp_path / "pylock.dev.toml").write_text('lock-version = "1.0"\n')
    assert environment.parse("pyproject.toml", tmp_path).files == {"pyproject.toml": PROJECT}
    assert set(environment.parse("uv.lock", tmp_path).files) == {"uv.lock", "pyproject.toml"}
    assert set(environment.parse("pylock.dev.toml", tmp_path).files) == {"pylock.toml"}


def test_conda_and_images_are_recognised(tmp_path):
    (tmp_path / "environment.yml").write_text("name: x\ndependencies:\n  - numpy\n")
    assert isinstance(environment.parse("environment.yml", tmp_path), CondaEnvironment)
    found = environment.parse("image:ghcr.io/me/mine:1.2", tmp_path)
    assert found == ImageEnvironment(image="ghcr.io/me/mine:1.2")


def test_a_dockerfile_is_known_by_its_name_or_said_to_be_one(tmp_path):
    (tmp_path / "there").mkdir()
    for name in ("Dockerfile", "there/Containerfile", "there/gpu.dockerfile", "there/recipe"):
        (tmp_path / name).write_text("FROM python:3.12\n")
        spec = f"dockerfile:{name}" if name.endswith("recipe") else name
        assert environment.parse(spec, tmp_path) == ImageEnvironment(dockerfile=name)
    found = environment.parse(str(tmp_path / "there/./Containerfile"), tmp_path)
    assert found == ImageEnvironment(dockerfile="there/Containerfile")
    with pytest.raises(ConfigError, match="is outside of"):
        environment.parse("../Dockerfile", tmp_path / "there")


@pytest.mark.parametrize(
    "name",
    [
        "/data/images/some torch.sif",
        "~/torch.sif",
        "here/torch.sif",
        "docker://python:3.12",
        "oras://ghcr.io/me/mine:1",
        "docker-daemon:mine:latest",
    ],
)
def test_what_only_apptainer_reads_is_an_image(tmp_path, name):
    assert environment.parse(f"image:{name}", tmp_path) == ImageEnvironment(image=name)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("requirments.txt", "no file requirments.txt"),
        ("pyproject.tom", "no file pyproject.tom"),
        ("./folder/none.txt", "no file"),
        ("image:", "no name of an image"),
        ("image:Not An Image", "no name of an image"),
        ("image:oras://me:hunter2@there/x:1", "holds a password"),
        ("Dockerfile", "no file Dockerfile"),
        ("dockerfile:", "no name of a Dockerfile"),
        ("numpy==", "no requirement"),
        ("notes.md", "nothing that an environment is made from"),
        ("folder", "no virtual environment"),
        ("broken.toml/pyproject.toml", "no file"),
        ("poetry/pyproject.toml", "no .project. table"),
        ("dynamic/pyproject.toml", "dynamic"),
        ("wrong/pyproject.toml", "is no TOML"),
        ("alone/uv.lock", "no pyproject.toml beside"),
        ("local/uv.lock", "other from the folder ../other"),
        ("empty.yml", "lists no dependencies"),
        ("latin.txt", "not UTF-8"),
        ([1], "1 is no requirement"),
        (["a", "a ==="], "is no requirement"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, spec, said):
    files = {
        "requirements.txt": "numpy\n",
        "notes.md": "hello\n",
        "folder/x": "",
        "poetry/pyproject.toml": "[tool.poetry]\n",
        "dynamic/pyproject.toml": '[project]\nname = "x"\ndynamic = ["dependencies"]\n',
        "wrong/pyproject.toml": "[project\n",
        "alone/uv.lock": "version = 1\n",
        "local/pyproject.toml": PROJECT,
        "local/uv.lock": '[[package]]\nname = "other"\nsource = { editable = "../other" }\n',
        "empty.yml": "name: x\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "latin.txt").write_bytes("numpy # é\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=said):
        environment.parse(spec, tmp_path)


def test_a_mistyped_file_is_told_its_neighbor(tmp_path):
    (tmp_path / "requirements-dev.txt").write_text("numpy\n")
    with pytest.raises(ConfigError) as caught:
        environment.parse("requirement-dev.txt", tmp_path)
    assert caught.value.hint == "did you mean 'requirements-dev.txt'?"


def test_no_password_enters_an_environment(tmp_path):
    url = '[[tool.uv.index]]\nurl = "https://me:hunter2@example.org/simple"\n'
    (tmp_path / "pyproject.toml").write_text(PROJECT + url)
    with pytest.raises(ConfigError, match="password") as caught:
        environment.parse("pyproject.toml", tmp_path)
    assert "hunter2" not in str(caught.value) + caught.value.hint


def test_equal_environments_have_equal_digests_and_others_do_not(tmp_path):
    specs = ["a,b", "b,a", "a", "image:a", "python3.12", ""]
    digests = [environment.digest(environment.parse(spec, tmp_path)) for spec in specs]
    assert digests[0] == digests[1]
    assert len(set(digests)) == len(specs) - 1


def test_a_digest_survives_the_store(tmp_path):
    found = environment.parse("a,b", tmp_path, python="python3.12")
    again = msgspec.json.decode(msgspec.json.encode(found), type=Environment)
    assert environment.digest(again) == environment.digest(found)


def test_environments_are_described_in_a_few_words(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    for spec, words in (
        ("", "the target's Python"),
        ("python3.12", "python3.12"),
        ("a,b==1", "a, b==1"),
        ("a,b,c,d,e,f", "a, b, c, d and 2 more"),
        ("pyproject.toml", "pyproject.toml"),
        ("image:x", "image x"),
        ("dockerfile:pyproject.toml", "pyproject.toml"),
        ("image:/data/some.sif", "image /data/some.sif"),
    ):
        assert environment.describe(environment.parse(spec, tmp_path)) == words


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=40))
def test_any_text_means_an_environment_or_is_refused(tmp_path_factory, text):
    folder = tmp_path_factory.getbasetemp()
    try:
        found = environment.parse(text, folder)
    except ConfigError as error:
        assert str(error)
        return
    assert environment.digest(found)
    assert environment.describe(found)
