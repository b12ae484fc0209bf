from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from interpreters import interpreters
from raw_agent import RawAgent

from jupyter_compute.drivers import _package


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
