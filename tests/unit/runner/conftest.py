from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from raw_agent import RawAgent

from jupyter_compute.drivers import _package


def interpreters() -> list[str]:
    """List an interpreter of each minor version that can be found here."""
    found = {sys.version_info[:2]: sys.executable}
    places = sorted(Path.home().glob(".pyenv/versions/3.*/bin/python"))
    for path in [*map(str, places), *filter(None, map(shutil.which, ["python3.8", "python3.13"]))]:
        asked = subprocess.run(
            [path, "-I", "-S", "-c", "import sys; print(*sys.version_info[:2])"],
            capture_output=True,
            text=True,
        )
        if asked.returncode == 0:
            major, minor = map(int, asked.stdout.split())
            if (major, minor) in ((3, 8), (3, 13)):
                found.setdefault((major, minor), path)
    return list(found.values())


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _package.place(tmp_path_factory.mktemp("agent"))


@pytest.fixture(params=interpreters(), ids=lambda path: Path(path).resolve().name)
def agent(request: pytest.FixtureRequest, archive: Path, tmp_path: Path) -> Iterator[RawAgent]:
    agent = RawAgent(archive, tmp_path / "root", request.param)
    yield agent
    if agent.process.poll() is None:
        agent.process.kill()
    agent.close()
