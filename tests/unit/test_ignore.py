from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_compute.blobs import Blobs
from jupyter_compute.errors import ConfigError
from jupyter_compute.snapshot import Snapshotter


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def snapshotter(tmp_path: Path) -> Snapshotter:
    return Snapshotter(Blobs(tmp_path / "workspace/blobs"), tmp_path / "workspace/cache")


def fill(folder: Path, *paths: str, **texts: str) -> None:
    for path in paths:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path)
    for name, text in texts.items():
        (folder / f".{name}").write_text(text)


def names(snapshotter: Snapshotter, source: Path) -> set[str]:
    return {file.path for file in snapshotter.take(source).files}


def test_an_amlignore_at_the_root_hides_every_gitignore(
    snapshotter: Snapshotter, source: Path
) -> None:
    fill(source, "a.log", "b.tmp", "sub/c.log", "sub/d.tmp", gitignore="*.log\n", amlignore="*.tmp")
    (source / "sub/.gitignore").write_text("*\n")
    assert names(snapshotter, source) == {
        *(".amlignore", ".gitignore", "a.log", "sub/.gitignore", "sub/c.log")
    }


def test_an_empty_amlignore_leaves_out_nothing_but_what_is_built_in(
    snapshotter: Snapshotter, source: Path
) -> None:
    fill(source, "a.log", "__pycache__/a.pyc", gitignore="*.log\n", amlignore="")
    assert names(snapshotter, source) == {".amlignore", ".gitignore", "a.log"}


def test_an_amlignore_deeper_down_is_a_plain_file(snapshotter: Snapshotter, source: Path) -> None:
    fill(source, "sub/a.log", gitignore="*.tmp\n")
    (source / "sub/.amlignore").write_text("*\n")
    assert names(snapshotter, source) == {".gitignore", "sub/.amlignore", "sub/a.log"}


def test_what_is_built_in_and_what_looks_like_a_secret_is_left_out(
    snapshotter: Snapshotter, source: Path
) -> None:
    secrets = (".env", ".env.local", "key.pem", "server.key", "id_rsa", "id_ed25519", ".netrc")
    kept = {"a.py", ".env.example", "id_rsa.pub", "id_mapping.csv", "id_dataset/x.csv"}
    fill(source, *secrets, *kept, *(f"sub/{name}" for name in secrets))
    fill(source, ".git/config", ".ipynb_checkpoints/a.ipynb", "sub/__pycache__/a.pyc")
    fill(source, "node_modules/x/index.js")
    assert names(snapshotter, source) == kept
    preview = snapshotter.preview(source)
    left_out = {one.path: one.source for one in preview.excluded}
    assert left_out["sub/.env"] == "looks like a secret"
    assert left_out[".git/"] == left_out["sub/__pycache__/"] == "built-in"


def test_a_rule_that_names_it_takes_back_what_is_built_in(
    snapshotter: Snapshotter, source: Path
) -> None:
    fill(source, ".env", "a/key.pem", "node_modules/x.js", "__pycache__/a.pyc", "id_rsa")
    fill(source, amlignore="!.env\n!*.pem\n!node_modules/\n")
    assert names(snapshotter, source) == {".amlignore", ".env", "a/key.pem", "node_modules/x.js"}


@pytest.mark.parametrize("broad", ["!*/", "!*", "!**", "!/*", "!.*", "!a/**"])
def test_a_rule_that_names_nothing_takes_back_no_secret(
    snapshotter: Snapshotter, source: Path, broad: str
) -> None:
    fill(source, "a/b.py", ".env", "a/.env", ".git/x.py", "node_modules/x.py", "venv/lib/x.py")
    fill(source, "venv/pyvenv.cfg", amlignore=f"*\n!*/\n!*.py\n{broad}\n")
    taken = names(snapshotter, source)
    assert "a/b.py" in taken
    assert {path.split("/")[0] for path in taken} <= {"a", ".amlignore"}
    assert "a/.env" not in taken


def test_a_virtual_environment_is_known_by_its_configuration(
    snapshotter: Snapshotter, source: Path
) -> None:
    fill(source, "a.py", "my-env/pyvenv.cfg", "my-env/lib/x.py", "deep/e/pyvenv.cfg", "deep/e/y")
    assert names(snapshotter, source) == {"a.py"}
    assert "my-env/" in {one.path for one in snapshotter.preview(source).excluded}
    assert not snapshotter.explain(source, "my-env/lib/x.py").is_included
    (source / "my-env/pyvenv.cfg").unlink()
    assert names(snapshotter, source) == {"a.py", "my-env/lib/x.py"}
    fill(source, "my-env/pyvenv.cfg")
    assert names(snapshotter, source) == {"a.py"}
    fill(source, amlignore="!my-env/\n")
    assert "my-env/lib/x.py" in names(snapshotter, source)
    assert snapshotter.explain(source, "my-env/lib/x.py").is_included


def test_a_changed_rule_holds_at_the_next_snapshot(snapshotter: Snapshotter, source: Path) -> None:
    fill(source, "a.py", "b.log", "sub/c.log", "sub/deep/d.log")
    assert len(names(snapshotter, source)) == 4
    (source / ".gitignore").write_text("*.log\n")
    assert names(snapshotter, source) == {".gitignore", "a.py"}
    (source / "sub/.gitignore").write_text("!c.log\n.gitignore\n")
    assert names(snapshotter, source) == {".gitignore", "a.py", "sub/c.log"}
    (source / "sub/.gitignore").write_text("!d.log\n.gitignore\n")
    assert names(snapshotter, source) == {".gitignore", "a.py", "sub/deep/d.log"}
    (source / ".amlignore").write_text("a.py\n")
    assert names(snapshotter, source) == {
        *(".amlignore", ".gitignore", "b.log", "sub/.gitignore", "sub/c.log", "sub/deep/d.log")
    }
    (source / ".amlignore").unlink()
    (source / ".gitignore").unlink()
    assert "b.log" in names(snapshotter, source)


def test_the_explanation_names_the_rule_and_its_file(
    snapshotter: Snapshotter, source: Path
) -> None:
    fill(source, "data/raw/a.csv", "b.py", gitignore="# data\n\ndata/*\n!data/raw/\n")
    (source / "data/raw/.gitignore").write_text("*.csv\n")
    found = snapshotter.explain(source, "data/raw/a.csv")
    assert not found.is_included and found.rule is not None
    assert (found.rule.source, found.rule.line) == ("data/raw/.gitignore", 1)
    found = snapshotter.explain(source, "data/raw")
    assert found.is_included and found.rule is not None and found.rule.pattern == "!data/raw/"
    found = snapshotter.explain(source, os.fspath(source / "b.py"))
    assert found.is_included and found.rule is None
    assert not snapshotter.explain(source, "data/not there/x").is_included
    for outside in ("..", "/etc/passwd", "data/../../x"):
        with pytest.raises(ConfigError, match="is not below"):
            snapshotter.explain(source, outside)


def test_the_workspace_itself_is_never_part_of_a_snapshot(tmp_path: Path) -> None:
    home = tmp_path / "home"
    fill(home, "a.py", "share/compute/store.db")
    snapshotter = Snapshotter(Blobs(home / "share/compute/blobs"), home / "share/compute/cache")
    first = snapshotter.take(home)
    assert [file.path for file in first.files] == ["a.py"]
    assert snapshotter.take(home).id == first.id
