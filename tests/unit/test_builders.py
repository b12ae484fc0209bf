from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_compute.runner.builders import CannotBuildError, Recipe, steps

NOTHING: dict[str, str] = {"PATH": ""}


def recipe(*requirements: str, **files: str) -> Recipe:
    names = {name.replace("_", "."): text for name, text in files.items()}
    return Recipe(requirements, names, "/no/such/python")


def shown(made: Recipe, env: dict[str, str]) -> list[str]:
    return [" ".join(step.shown) for step in steps(made, "/env", "/source", env)]


@pytest.fixture
def uv(tmp_path: Path) -> dict[str, str]:
    program = tmp_path / "uv"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    return {"PATH": str(tmp_path)}


def test_a_lock_is_followed_as_it_stands(uv: dict[str, str]) -> None:
    [line] = shown(recipe(uv_lock="x", pyproject_toml="y"), uv)
    assert line.startswith("uv sync --frozen --no-install-project")


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml", "pylock.toml"])
def test_a_file_is_installed_into_a_fresh_environment(uv: dict[str, str], name: str) -> None:
    create, install = shown(Recipe((), {name: "x"}, "3.11"), uv)
    assert create == "uv venv --no-project --python 3.11 /env"
    assert install == f"uv pip install --python /env/bin/python -r {name}"


def test_no_packages_is_a_bare_environment(uv: dict[str, str]) -> None:
    assert len(shown(recipe(), uv)) == 1


def test_without_uv_pip_does_what_it_can() -> None:
    create, install = shown(recipe("numpy"), NOTHING)
    assert create == "python -m venv"
    assert install.endswith("-m pip install --disable-pip-version-check -r requirements.txt")


@pytest.mark.parametrize("name", ["uv_lock", "pyproject_toml", "pylock_toml"])
def test_without_uv_what_needs_it_says_so(name: str) -> None:
    with pytest.raises(CannotBuildError, match="needs uv"):
        shown(recipe(**{name: "x"}), NOTHING)


@pytest.mark.parametrize("name", ["../evil", "a/b", "", ".."])
def test_a_file_cannot_be_written_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(CannotBuildError):
        Recipe((), {name: "x"}, "3.11").write(str(tmp_path / "source"))


def test_equal_recipes_have_equal_digests() -> None:
    assert recipe("a").digest() == recipe("a").digest() != recipe("b").digest()
