from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_compute.runner.builders import Recipe
from jupyter_compute.runner.building import CannotBuildError, Site, mask
from jupyter_compute.runner.conda import CondaRecipe

NOTHING: dict[str, str] = {"PATH": ""}


def recipe(*requirements: str, **files: str) -> Recipe:
    names = {name.replace("_", "."): text for name, text in files.items()}
    return Recipe(requirements, names, "/no/such/python")


def shown(made: Recipe, env: dict[str, str]) -> list[str]:
    return [" ".join(step.shown) for step in made.steps(Site("/env", "/tools", env))]


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


def program(path: Path, answer: str = "") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{answer}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("modules", "create", "install"),
    [
        ("ensurepip venv virtualenv pip", "-m venv /env", "/env/bin/python -m pip install"),
        ("venv virtualenv pip", "-m virtualenv /env", "/env/bin/python -m pip install"),
        ("venv pip", "-m venv --without-pip /env", "BASE -m pip --python /env/bin/python install"),
    ],
)
def test_without_ensurepip_there_are_other_ways(
    tmp_path: Path, modules: str, create: str, install: str
) -> None:
    base = program(tmp_path / "python", f"[ $2 = uv ] && exit 1; echo {modules}")
    made = Recipe(("numpy",), {}, base)
    first, second = (" ".join(step.argv) for step in made.steps(Site("/env", "/tools", NOTHING)))
    assert first == f"{base} {create}"
    assert second.startswith(install.replace("BASE", base))


def test_virtualenvs_own_archive_will_do(tmp_path: Path) -> None:
    base = program(tmp_path / "python", "[ $2 = uv ] && exit 1; echo venv")
    archive = program(tmp_path / ".local/bin/virtualenv.pyz")
    site = Site("/env", "/tools", {**NOTHING, "HOME": str(tmp_path)})
    [step] = Recipe((), {}, base).steps(site)
    assert step.argv == [base, archive, "/env"]


def test_an_interpreter_that_can_make_no_environment_says_so(tmp_path: Path) -> None:
    base = program(tmp_path / "python", "[ $2 = uv ] && exit 1; echo venv")
    with pytest.raises(CannotBuildError, match="install uv for your user alone"):
        shown(Recipe((), {}, base), NOTHING)


def test_uv_that_was_brought_along_serves_where_there_is_no_other(tmp_path: Path) -> None:
    uv = program(tmp_path / "tools/uv")
    step = Recipe((), {}, "/no/such/python").steps(Site("/env", str(tmp_path / "tools"), NOTHING))
    assert step[0].argv[0] == uv


@pytest.mark.parametrize(
    ("name", "version", "line"),
    [
        ("micromamba", "1.5.8", "micromamba create --prefix /env --file environment.yml"),
        ("mamba", "2.0.5", "mamba create --prefix /env --file environment.yml"),
        ("mamba", "mamba 1.5.8", "mamba env create --prefix /env --file environment.yml"),
        ("conda", "conda 24.1.0", "conda env create --prefix /env --file environment.yml"),
    ],
)
def test_each_of_the_conda_family_is_called_its_way(
    tmp_path: Path, name: str, version: str, line: str
) -> None:
    program(tmp_path / name, f"echo {version}")
    env = {"PATH": str(tmp_path)}
    [step] = CondaRecipe("dependencies: []").steps(Site("/env", "/tools", env))
    assert " ".join(step.shown) == line


def test_a_target_without_conda_says_so() -> None:
    with pytest.raises(CannotBuildError, match="neither micromamba, mamba nor conda"):
        CondaRecipe("dependencies: []").steps(Site("/env", "/tools", NOTHING))


def test_users_and_passwords_in_addresses_are_hidden() -> None:
    said = "from https://me:secret@pypi.corp/simple and git+ssh://git@host/x, me@host"
    assert mask(said) == "from https://***@pypi.corp/simple and git+ssh://***@host/x, me@host"


@pytest.mark.parametrize("name", ["../evil", "a/b", "", ".."])
def test_a_file_cannot_be_written_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(CannotBuildError):
        Recipe((), {name: "x"}, "3.11").write(str(tmp_path / "source"))


def test_equal_recipes_have_equal_digests() -> None:
    assert recipe("a").digest() == recipe("a").digest() != recipe("b").digest()
