"""Engines that several modules share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from compute_server import Served, serve


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A Jupyter server with the extension, for all tests that do not mind each other's runs."""
    folder = tmp_path_factory.mktemp("served")
    with serve(folder / "home", folder / "compute") as running:
        yield running
