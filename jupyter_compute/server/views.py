"""What several calls of the client say together. Each blocks as they do: for threads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from .._version import __version__
from ..client import Client
from ..errors import ComputeError, ConfigError, DriverError
from ..model import (
    CellCommand,
    Command,
    NotebookCommand,
    Run,
    RunFilter,
    ScriptCommand,
    Target,
)
from .answers import (
    Cells,
    Changes,
    Kind,
    Looked,
    RunDetails,
    RunLine,
    Runs,
    Series,
    Status,
    TargetState,
    Version,
)
from .asks import LookBody, RunsQuery
from .errors import Error, error_of
from .masking import filled, masked, refuse_masks, secret_names

API = 1


def version(client: Client, front_end: str) -> Version:
    """Say who answers, and what to do when the front end is another version."""
    facts = client.controller()
    running = None if facts is None else str(facts.get("version", ""))
    advice = ""
    if front_end and front_end != __version__:
        advice = (
            f"the page has version {front_end} and the server {__version__}: reload the page; "
            "if that does not help, restart Jupyter"
        )
    elif running and running != __version__:
        advice = (
            f"the controller has version {running} and the server {__version__}: "
            "restart Jupyter after an upgrade, or run jupyter compute controller --stop"
        )
    return Version(version=__version__, api=API, controller=running, advice=advice)


def status(client: Client) -> Status:
    """Look at the workspace."""
    revision = client.revision()
    return Status(
        counts={state.value: count for state, count in client.counts().items()},
        revision=revision,
        workspace=str(client.workspace.root),
        controller=client.controller(),
    )


def kind(client: Client, name: str) -> Kind:
    """Describe a kind of target."""
    return msgspec.convert(client.kind(name), Kind)


def kinds(client: Client) -> list[Kind]:
    """Describe all kinds; one that cannot be used hides none of the others."""
    found = []
    for name in client.kinds():
        try:
            found.append(kind(client, name))
        except ComputeError as exc:
            found.append(Kind(kind=name, title=name, options={}, error=error_of(exc)))
    return found


def look(
    client: Client, name: str, asked: LookBody, wait_s: float, is_wanted: Callable[[], bool]
) -> Looked:
    """Look at a place of a kind before it is attached.

    Raises:
        ConfigError: An option is wrong, or the target that is named is of another kind.
        NotFoundError: There is no target of the name that is given.
    """
    options = asked.options
    if asked.name:
        known = client.target(asked.name)
        if known.kind != name:
            raise ConfigError(
                f"{asked.name} is of the kind {known.kind!r} and not {name!r}",
                hint="give its secrets again",
            )
        options = filled(options, known.options)
    refuse_masks(options)
    place = asked.name or ""
    found = client.look(name, options, name=place, wait_s=wait_s, is_wanted=is_wanted)
    return msgspec.convert(found, Looked, from_attributes=True)


def target(client: Client, name: str) -> TargetState:
    """Describe a target."""
    return _target(client, client.target(name))


def targets(client: Client) -> list[TargetState]:
    """Describe all targets."""
    return [_target(client, one) for one in client.targets()]


def check(client: Client, name: str, wait_s: float, is_wanted: Callable[[], bool]) -> TargetState:
    """Have a target checked and describe it; what went wrong there is part of the answer.

    Raises:
        TargetUnreachableError: There was no answer in time.
    """
    before = client.last_check(client.target(name))
    try:
        client.check(name, wait_s, is_wanted=is_wanted)
    except DriverError:
        if client.last_check(client.target(name)) == before:
            raise
    return target(client, name)


def _target(client: Client, found: Target) -> TargetState:
    checked = client.last_check(found)
    try:
        secret = secret_names(client.kind(found.kind)["options"])
    except ComputeError:
        # Which of the options are secret cannot be known.
        secret = set(found.options)
    error = None if checked is None or checked.error is None else checked.error
    return TargetState(
        name=found.name,
        kind=found.kind,
        options=masked(found.options, secret),
        resource_id=found.resource_id,
        info=None if checked is None else checked.info,
        checked=None if checked is None else checked.checked,
        error=None if error is None else msgspec.convert(error, Error),
        active=client.active_on(found.name),
        actions=client.actions(found.name),
        provisioning=client.provisioning(found.name),
    )


def runs(client: Client, asked: RunsQuery) -> Runs:
    """List a page of runs."""
    # Before the page, so that no change falls between the two.
    revision = client.revision()
    page = client.runs(
        RunFilter(
            text=asked.text,
            states=tuple(asked.state),
            target=asked.target,
            experiment=asked.experiment,
            notebook=asked.notebook,
            parent_id=asked.parent_id,
            tags=dict(_pair(tag) for tag in asked.tag),
            sort=asked.sort,
            limit=asked.limit,
            cursor=asked.cursor,
            offset=asked.offset,
        )
    )
    last: Mapping[str, Any] = {}
    if asked.metrics:
        last = client.last_metrics([run.id for run in page.runs])
    return Runs(
        runs=[line(run, last.get(run.id, {}) if asked.metrics else None) for run in page.runs],
        cursor=page.cursor,
        total=page.total,
        revision=revision,
    )


def changes(client: Client, since: int, limit: int) -> Changes:
    """List what changed since a revision."""
    now = client.revision()
    deleted = client.deleted(since)
    changed = client.changed(since, limit)
    has_more = len(changed) == limit
    return Changes(
        runs=[line(run) for run in changed],
        deleted=deleted,
        revision=changed[-1].revision if has_more else max([now, *(r.revision for r in changed)]),
        has_more=has_more,
    )


def cells(client: Client, notebook: str) -> Cells:
    """Find the last run of each cell of a notebook."""
    return Cells(cells={cell_id: line(run) for cell_id, run in client.cells(notebook).items()})


def line(run: Run, metrics: dict[str, float | str] | None = None) -> RunLine:
    """Describe a run as a list shows it."""
    command = run.command
    cell = command if isinstance(command, CellCommand) else None
    return RunLine(
        id=run.id,
        experiment=run.experiment,
        name=run.name,
        target=run.target,
        type=type(command).__struct_config__.tag,  # type: ignore[arg-type]
        what=_what(command),
        state=run.state,
        attempt=run.attempt,
        created=run.created,
        revision=run.revision,
        reason=run.reason,
        error=run.error,
        exit_code=run.exit_code,
        started=run.started,
        ended=run.ended,
        cancel_requested=run.cancel_requested,
        last_seen=run.last_seen,
        retry_at=run.retry_at,
        parent_id=run.parent_id,
        rerun_of=run.rerun_of,
        notebook=cell.notebook if cell else "",
        cell_id=cell.cell_id if cell else "",
        source=run.source,
        gpus=run.resources.gpus,
        params=run.params,
        tags=run.tags,
        metrics=metrics,
    )


def details(client: Client, run_id: str) -> RunDetails:
    """Describe a run as its page shows it."""
    run = client.run(run_id)
    return RunDetails(
        run=run,
        metrics=client.last_metrics([run.id]).get(run.id, {}),
        progress=client.progress(run.id),
        failure=client.error(run.id),
        phases=client.phases(run.id),
        logs=client.log_names(run.id),
        log_size=client.log_size(run.id),
    )


def metrics(client: Client, run_id: str, names: list[str]) -> dict[str, Series]:
    """Return metrics column by column."""
    return {
        name: Series(
            step=[event.step for event in events],
            t=[event.t for event in events],
            value=[event.value for event in events],
        )
        for name, events in client.metrics(run_id, names).items()
    }


def _what(command: Command) -> str:
    if isinstance(command, ScriptCommand | NotebookCommand):
        return command.path
    if isinstance(command, CellCommand):
        return command.notebook
    return command.argv[0] if command.argv else ""


def _pair(tag: str) -> tuple[str, str]:
    name, _, value = tag.partition("=")
    return name, value
