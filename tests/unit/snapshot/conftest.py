from __future__ import annotations

from pathlib import Path

import pytest
import snapshotters

from jupyter_compute.snapshot import Snapshotter


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def snapshotter(workspace: Path) -> Snapshotter:
    return snapshotters.make(workspace)
