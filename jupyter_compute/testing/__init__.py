"""What proves a driver: suites to inherit from, and fakes to play against."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .fake import FakeDriver, FakeEngine, FakeOptions
from .jobs import (
    MemoryBlobs,
    add_manifest,
    die,
    ignore_terminate,
    leave,
    make_job,
    rest,
    say,
    tell,
    write,
)
from .play import hold, lose, pend, prepare

if TYPE_CHECKING:
    from .contract import JobSuite
    from .suite import DriverSuite

__all__ = [
    "DriverSuite",
    "FakeDriver",
    "FakeEngine",
    "FakeOptions",
    "JobSuite",
    "MemoryBlobs",
    "add_manifest",
    "die",
    "hold",
    "ignore_terminate",
    "leave",
    "lose",
    "make_job",
    "pend",
    "prepare",
    "rest",
    "say",
    "tell",
    "write",
]


def __getattr__(name: str) -> Any:
    """Import the suites on first use: only they need pytest."""
    modules = {"DriverSuite": "suite", "JobSuite": "contract"}
    if name not in modules:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    pytest = importlib.import_module("pytest")
    pytest.register_assert_rewrite(f"{__name__}.{modules[name]}", f"{__name__}.cases")
    return getattr(importlib.import_module(f"{__name__}.{modules[name]}"), name)
