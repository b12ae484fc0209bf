"""Front ends that are killed at random instants: no run is lost, and none is started twice."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from shell import PATIENCE_S, Shell, open_shell


@pytest.fixture
def own_shell(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    yield from open_shell(tmp_path / "source", home / "compute", monkeypatch)


def test_front_ends_killed_at_random_lose_and_double_nothing(
    own_shell: Shell, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    own_shell.write(
        "train.py",
        "import jupyter_compute_run as here, os, sys\n"
        f"name = os.path.join({str(marks)!r}, here.id())\n"
        "os.close(os.open(name, os.O_CREAT | os.O_EXCL))\n",
    )
    chance = random.Random(7)
    own_shell.ok("controller", "--start")
    for _ in range(8):
        process = own_shell.start("submit", "train.py")
        time.sleep(chance.uniform(0.0, 0.8))
        process.kill()
        process.communicate()
    runs = own_shell.ok("runs", "--json", "--limit", "100").json["runs"]
    ids = [run["id"] for run in runs]
    if ids:
        assert own_shell.run("wait", "--timeout", str(PATIENCE_S), *ids).code == 0
    assert sorted(path.name for path in marks.iterdir()) == sorted(ids)
    assert own_shell.ok("doctor", "--json").json["is_well"]
