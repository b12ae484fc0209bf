"""What a run says while it runs."""

from __future__ import annotations

from typing import Any, Union

from msgspec import Struct


class MetricEvent(Struct, frozen=True, kw_only=True, tag="metric", tag_field="type"):
    """One number of a series."""

    t: float
    name: str
    value: float | str
    step: int | None = None


class ListEvent(Struct, frozen=True, kw_only=True, tag="list", tag_field="type"):
    """A whole list of numbers under one name; ``nan`` and ``inf`` travel as text."""

    t: float
    name: str
    values: list[float | str]


class RowEvent(Struct, frozen=True, kw_only=True, tag="row", tag_field="type"):
    """One row of a table."""

    t: float
    name: str
    row: dict[str, Any]


class ImageEvent(Struct, frozen=True, kw_only=True, tag="image", tag_field="type"):
    """An image, by its file under ``results/``."""

    t: float
    name: str
    path: str
    mime: str = "image/png"
    step: int | None = None


class ProgressEvent(Struct, frozen=True, kw_only=True, tag="progress", tag_field="type"):
    """How far the run is, from 0 to 1."""

    t: float
    fraction: float
    label: str = ""


class TagEvent(Struct, frozen=True, kw_only=True, tag="tag", tag_field="type"):
    """A tag set by the run itself."""

    t: float
    name: str
    value: str


class DisplayEvent(Struct, frozen=True, kw_only=True, tag="display", tag_field="type"):
    """A rich output of the cell, as a MIME bundle.

    Attributes:
        data: MIME type → data, as in a notebook; empty when ``path`` is given.
        path: A JSON file under ``results/`` that holds the bundle, when it is large.
        display_id: Names a display that later events with ``update`` replace.
    """

    t: float
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    path: str = ""
    display_id: str = ""
    update: bool = False


class VariableEvent(Struct, frozen=True, kw_only=True, tag="variable", tag_field="type"):
    """A variable that was asked for by ``--out``; ``error`` says why it cannot travel."""

    t: float
    name: str
    path: str = ""
    codec: str = ""
    size: int = 0
    python_type: str = ""
    error: str = ""


class OutputEvent(Struct, frozen=True, kw_only=True, tag="output", tag_field="type"):
    """A file that the run left, named as it is read: ``outputs/…`` or ``results/…``."""

    t: float
    path: str
    size: int
    mode: int = 0o644


class ErrorEvent(Struct, frozen=True, kw_only=True, tag="error", tag_field="type"):
    """The exception that ended the user's program, its last frames in the user's own code."""

    t: float
    ename: str
    evalue: str
    traceback: list[str] = []
    line: int | None = None
    file: str = ""
    source: str = ""


class PhaseEvent(Struct, frozen=True, kw_only=True, tag="phase", tag_field="type"):
    """A phase began, in the words shown to the user, such as ``building the environment``."""

    t: float
    name: str
    seconds: float | None = None


class FactsEvent(Struct, frozen=True, kw_only=True, tag="facts", tag_field="type"):
    """Facts by the names of :class:`RunFacts`."""

    t: float
    facts: dict[str, Any]


Event = Union[
    MetricEvent,
    ListEvent,
    RowEvent,
    ImageEvent,
    ProgressEvent,
    TagEvent,
    DisplayEvent,
    VariableEvent,
    OutputEvent,
    ErrorEvent,
    PhaseEvent,
    FactsEvent,
]
