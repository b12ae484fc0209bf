"""What a run has said about itself: metrics, tables, images, rich outputs, progress."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, TypeVar

import msgspec

from ..model import (
    DisplayEvent,
    ErrorEvent,
    Event,
    ImageEvent,
    ListEvent,
    MetricEvent,
    PhaseEvent,
    ProgressEvent,
    RowEvent,
    Run,
    RunId,
    VariableEvent,
)
from .logs import read_at
from .runs import RunCalls

_E = TypeVar("_E", bound=Event)


class RecordCalls(RunCalls):
    """Read what a run has logged. Nothing here waits; an active run may say more later."""

    def events(
        self, run_id: str, *, after: int = 0, types: Collection[str] = ()
    ) -> list[tuple[int, Event]]:
        """List a run's events in order, each with its place; ``after`` goes on where one left."""
        return self.store.events(self.run(run_id).id, types=tuple(types), after=after)

    def metrics(self, run_id: str, names: Collection[str] = ()) -> dict[str, list[MetricEvent]]:
        """Return each series of numbers that the run logged, or those of some names."""
        return self.store.metrics(self.run(run_id).id, tuple(names))

    def last_metrics(self, run_ids: Collection[RunId]) -> dict[RunId, dict[str, float | str]]:
        """Return the last value of each series of each run."""
        return self.store.last_metrics(list(run_ids))

    def lists(self, run_id: str) -> dict[str, list[float | str]]:
        """Return the lists that the run logged; the last one of each name."""
        return {event.name: event.values for event in self._said(run_id, "list", ListEvent)}

    def tables(self, run_id: str) -> dict[str, list[dict[str, Any]]]:
        """Return the tables that the run logged, row by row."""
        tables: dict[str, list[dict[str, Any]]] = {}
        for event in self._said(run_id, "row", RowEvent):
            tables.setdefault(event.name, []).append(event.row)
        return tables

    def images(self, run_id: str) -> list[ImageEvent]:
        """List the images that the run logged; :meth:`result_bytes` reads one."""
        return self._said(run_id, "image", ImageEvent)

    def displays(self, run_id: str) -> list[DisplayEvent]:
        """List the rich outputs of a cell, with their data, updates put in their places."""
        run = self.run(run_id)
        shown: list[DisplayEvent] = []
        places: dict[str, int] = {}
        for event in self._said(run.id, "display", DisplayEvent):
            full = self._with_data(run, event)
            place = places.get(event.display_id) if event.update else None
            if place is not None:
                shown[place] = full
                continue
            if event.display_id:
                places[event.display_id] = len(shown)
            shown.append(full)
        return shown

    def variables(self, run_id: str) -> dict[str, VariableEvent]:
        """Return the variables that were asked for, and why some of them cannot travel."""
        return {event.name: event for event in self._said(run_id, "variable", VariableEvent)}

    def progress(self, run_id: str) -> ProgressEvent | None:
        """Return how far the run is, if it says so."""
        said = self._said(run_id, "progress", ProgressEvent)
        return said[-1] if said else None

    def phases(self, run_id: str) -> list[PhaseEvent]:
        """List the phases that the run has gone through."""
        return self._said(run_id, "phase", PhaseEvent)

    def error(self, run_id: str) -> ErrorEvent | None:
        """Return the exception that ended the run, if one did."""
        said = self._said(run_id, "error", ErrorEvent)
        return said[-1] if said else None

    def result_bytes(self, run_id: str, path: str) -> bytes:
        """Read a file under ``results/``, such as an image; empty while it has not arrived."""
        run = self.run(run_id)
        parts = path.split("/")
        if parts[0] != "results" or not set(parts).isdisjoint({"", ".", ".."}):
            return b""
        return read_at(self.workspace.run(run.id).joinpath(str(run.attempt), *parts))

    def _said(self, run_id: str, tag: str, kind: type[_E]) -> list[_E]:
        run = self.run(run_id)
        found = self.store.events(run.id, types=(tag,), limit=1_000_000, attempt=run.attempt)
        return [event for _, event in found if isinstance(event, kind)]

    def _with_data(self, run: Run, event: DisplayEvent) -> DisplayEvent:
        if not event.path:
            return event
        try:
            bundle = json.loads(self.result_bytes(run.id, event.path))
        except ValueError:
            return event
        data = bundle.get("data", bundle) if isinstance(bundle, dict) else {}
        metadata = bundle.get("metadata", event.metadata) if isinstance(bundle, dict) else {}
        return msgspec.structs.replace(event, data=data, metadata=metadata)
