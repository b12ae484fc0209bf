from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_compute.errors import ConfigError
from jupyter_compute.workspace import Workspace


@pytest.mark.parametrize(
    ("environ", "root"),
    [
        ({"JUPYTER_COMPUTE_HOME": "/a/b", "JUPYTER_DATA_DIR": "/c"}, "/a/b"),
        ({"JUPYTER_DATA_DIR": "/c", "XDG_DATA_HOME": "/d"}, "/c/compute"),
        ({"XDG_DATA_HOME": "/d", "HOME": "/h"}, "/d/jupyter/compute"),
        ({"HOME": "/h"}, "/h/.local/share/jupyter/compute"),
        ({"HOME": "/h", "JUPYTER_COMPUTE_HOME": ""}, "/h/.local/share/jupyter/compute"),
    ],
)
def test_the_default_follows_the_environment(environ, root):
    assert Workspace.default(environ).root == Path(root)


def test_the_default_is_where_jupyter_keeps_its_data(monkeypatch, home):
    paths = pytest.importorskip("jupyter_core.paths")
    monkeypatch.delenv("JUPYTER_COMPUTE_HOME")
    for name in ("JUPYTER_DATA_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HOME", str(home))
        assert Workspace.default().root == Path(paths.jupyter_data_dir()) / "compute"


def test_a_relative_home_does_not_move_with_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Workspace.default({"JUPYTER_COMPUTE_HOME": "here"}).root == tmp_path / "here"


def test_making_is_repeatable_and_for_the_user_alone(tmp_path):
    workspace = Workspace(root=tmp_path / "a" / "b")
    assert workspace.make() == workspace.make() == workspace
    for folder in (workspace.root, workspace.blobs, workspace.runs, workspace.targets):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_an_empty_folder_is_closed_to_others_and_a_used_one_is_left_alone(tmp_path):
    for name in ("empty", "used"):
        (tmp_path / name).mkdir(mode=0o755)
    (tmp_path / "used" / "thesis.tex").touch()
    for name, mode in (("empty", 0o700), ("used", 0o755)):
        root = Workspace(root=tmp_path / name).make().root
        assert root.stat().st_mode & 0o777 == mode


def test_a_file_in_the_way_is_a_config_error(tmp_path):
    (tmp_path / "file").write_text("")
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ConfigError, match="cannot be used") as caught:
            Workspace(root=root).make()
        assert "JUPYTER_COMPUTE_HOME" in caught.value.hint


def test_every_path_is_inside(tmp_path):
    workspace = Workspace(root=tmp_path)
    paths = [
        workspace.database, workspace.blobs, workspace.stat_cache, workspace.runs,
        workspace.targets, workspace.targets_file, workspace.lock, workspace.doorbell,
        workspace.controller_log, workspace.run("r1"), workspace.target("gpu"),
    ]  # fmt: skip
    assert len(set(paths)) == len(paths)
    assert all(path.is_relative_to(tmp_path) for path in paths)
