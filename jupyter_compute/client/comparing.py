"""How two runs differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import NotFoundError
from ..model import Difference, Run, RunId, Snapshot
from .opening import Opened

if TYPE_CHECKING:
    from ..snapshot import Snapshotter

_FIELDS = ("target", "experiment", "name", "state", "exit_code", "error", "attempt", "source")


class ComparingCalls(Opened):
    """Compare runs."""

    def diff(self, first: str, second: str) -> Difference:
        """Compare two runs: files, parameters, environment, metrics and the rest.

        Raises:
            NotFoundError: There is no such run, or one's snapshot has been removed.
        """
        one, other = self.store.find(first), self.store.find(second)
        files, texts = self._compare_files(one, other)
        last = self.store.last_metrics([one.id, other.id])
        # One that never started has no packages, which is no difference to tell line by line.
        is_known = bool(one.facts.packages and other.facts.packages)
        return Difference(
            first=one.id,
            second=other.id,
            files=files,
            texts=texts,
            params=_differences(one.params, other.params),
            environment=_differences(
                _environment(one, is_whole=is_known), _environment(other, is_whole=is_known)
            ),
            metrics=_differences(last.get(one.id, {}), last.get(other.id, {})),
            fields=_differences(_fields(one), _fields(other)),
        )

    def _compare_files(self, one: Run, other: Run) -> tuple[dict[str, str], dict[str, str]]:
        if one.snapshot_id == other.snapshot_id:
            return {}, {}
        snapshotter = self.snapshotter()
        files, texts = snapshotter.compare(
            self._loaded(snapshotter, one.id, one.snapshot_id),
            self._loaded(snapshotter, other.id, other.snapshot_id),
        )
        return dict(files), dict(texts)

    @staticmethod
    def _loaded(snapshotter: Snapshotter, run_id: RunId, snapshot_id: str) -> Snapshot:
        try:
            return snapshotter.load(snapshot_id)
        except NotFoundError as exc:
            raise NotFoundError(
                f"the snapshot of {run_id} is no longer here", hint="its files cannot be compared"
            ) from exc


def _fields(run: Run) -> dict[str, Any]:
    fields: dict[str, Any] = {name: msgspec.to_builtins(getattr(run, name)) for name in _FIELDS}
    fields |= _flat("command", msgspec.to_builtins(run.command))
    fields |= _flat("resources", msgspec.to_builtins(run.resources))
    fields |= _flat("git", msgspec.to_builtins(run.git) or {})
    fields |= _flat("tag", run.tags)
    fields["inputs"] = {file.name or file.path: file.digest for file in run.inputs}
    fields["seconds"] = None
    if run.started is not None and run.ended is not None:
        fields["seconds"] = round(run.ended - run.started, 3)
    return fields


def _environment(run: Run, *, is_whole: bool) -> dict[str, Any]:
    facts = run.facts
    return {
        **_flat("environment", msgspec.to_builtins(run.environment)),
        **_flat("setenv", run.env),
        **_flat("secret", run.secrets),
        "python": facts.python,
        "interpreter": facts.interpreter,
        "host": facts.host,
        **(_flat("package", facts.packages) if is_whole else {}),
    }


def _flat(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{prefix}.{name}": value for name, value in values.items()}


def _differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    names = dict.fromkeys([*one, *other])
    pairs = {name: (one.get(name), other.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
