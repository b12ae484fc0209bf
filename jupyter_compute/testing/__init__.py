"""What proves a driver: suites to inherit from, and fakes to play against."""

from __future__ import annotations

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
from .play import hold, lose, prepare

__all__ = [
    "FakeDriver",
    "FakeEngine",
    "FakeOptions",
    "MemoryBlobs",
    "add_manifest",
    "die",
    "hold",
    "ignore_terminate",
    "leave",
    "lose",
    "make_job",
    "prepare",
    "rest",
    "say",
    "tell",
    "write",
]
