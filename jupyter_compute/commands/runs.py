"""Commands about runs: submit, list, show, wait, cancel, repeat, delete."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import click
import msgspec

from ..client import Client, told
from ..errors import ConfigError
from ..model import Run, RunFilter, RunState
from . import wording
from .grammar import Line, answers
from .rendering import visible
from .result import Cell, Column, Fields, Result, Row, Table, Text
from .submission import Submission, read_options, send

_ACTIVE = tuple(state for state in RunState if not state.is_final)
TIMED_OUT = 124


def run_data(run: Run, *, is_whole: bool = True) -> dict[str, Any]:
    """Return a run as JSON values; its packages only if ``is_whole``."""
    data: dict[str, Any] = msgspec.to_builtins(run)
    if not is_whole:
        data["facts"].pop("packages", None)
    return data


def pick(line: Line, word: str | None, is_last: bool) -> Run:
    """Find the run that was named, or the last one.

    Raises:
        ConfigError: Neither or both were given.
    """
    if is_last == (word is not None):
        raise ConfigError("name a run, or give --last", hint=f"{line.place.program} runs")
    return line.client.last_run() if word is None else line.client.run(word)


def one_run(function: Any) -> Any:
    """Add the argument RUN and ``--last`` to a command."""
    function = click.option("--last", "is_last", is_flag=True, help="The run submitted last.")(
        function
    )
    return click.argument("run_id", metavar="RUN", required=False)(function)


def several_runs(function: Any) -> Any:
    """Add the arguments RUN… and ``--last`` to a command."""
    function = click.option("--last", "is_last", is_flag=True, help="The run submitted last.")(
        function
    )
    return click.argument("run_ids", metavar="RUN...", nargs=-1)(function)


def _pick_all(line: Line, words: Sequence[str], is_last: bool) -> list[Run]:
    if is_last or not words:
        return [pick(line, words[0] if words else None, is_last)]
    return [line.client.run(word) for word in words]


@answers
def submit(line: Line, **options: Any) -> Result:
    """Submit a run."""
    asked = read_options(is_json=line.is_json, **options)
    _refuse_variables(asked)
    if not asked.words:
        raise ConfigError("there is nothing to run", hint="name a script, a notebook or a program")
    run = send(line.place, asked)
    waits = line.place.waits if asked.waits is None else asked.waits
    return submitted(line, run, waits=waits, variable=asked.variable)


def _refuse_variables(asked: Submission) -> None:
    for option, names in (("--in", asked.takes), ("--out", asked.brings)):
        if names:
            raise ConfigError(
                f"{option} {','.join(names)}: variables travel to and from cells only",
                hint="submit a cell with %%submit in a notebook",
            )


def submitted(line: Line, run: Run, *, waits: bool, variable: str = "") -> Result:
    """Make the answer of a submit."""
    where = f"{run.id}  {visible(run.name)} on {run.target}: {run.state.value}"
    blocks = [Text(where)]
    if not waits:
        blocks.append(Text(f"{line.place.program} logs --follow {run.id}", style="dim"))
        asked = line.place.attendant(run.target).open()
        blocks += [Text(told(prompt), style="strong") for prompt in asked]
    return line.result(
        "submit",
        run_data(run),
        *blocks,
        run=run,
        waits_for=run if waits else None,
        variable=variable,
    )


def settled(result: Result, run: Run) -> Result:
    """Make the answer of a submit that has waited: the run as it ended."""
    return Result(
        result.name,
        run_data(run),
        [runs_table([run])],
        is_json=result.is_json,
        exit_code=wording.exit_code_of(run),
        run=run,
        variable=result.variable,
    )


def _states(context: click.Context, param: click.Parameter, value: Sequence[str]) -> Any:
    words = [
        word for item in value for word in item.lower().replace("cancelled", "canceled").split(",")
    ]
    names = [state.value for state in RunState]
    for word in words:
        if word not in names:
            raise click.BadParameter(f"{word!r} is no state: {', '.join(names)}")
    return tuple(RunState(word) for word in words)


@click.argument("text", required=False, default="")
@click.option("--target", "-t", default="", metavar="NAME", help="Runs on this target.")
@click.option("--experiment", "-e", default="", metavar="NAME", help="Runs of this experiment.")
@click.option(
    "--state",
    "states",
    multiple=True,
    callback=_states,
    metavar="STATE",
    help="Runs in this state.",
)
@click.option("--active", is_flag=True, help="Runs that are not over.")
@click.option("--notebook", default="", metavar="PATH", help="Runs of this notebook.")
@click.option("--parent", "parent_id", default="", metavar="RUN", help="Runs of this run.")
@click.option("--tag", "tags", multiple=True, metavar="NAME=VALUE", help="Runs with this label.")
@click.option("--sort", default="-created", metavar="FIELD", help="Order; -FIELD turns it round.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, help="How many at most.")
@click.option("--cursor", default="", help="Go on where a page ended.")
@answers
def runs(
    line: Line,
    tags: Sequence[str],
    states: tuple[RunState, ...],
    active: bool,
    **facts: Any,
) -> Result:
    """List runs, the newest first. TEXT must be part of the id, name, label or error."""
    pairs = dict(item.partition("=")[::2] for item in tags)
    wanted = tuple(dict.fromkeys([*states, *(_ACTIVE if active else ())]))
    page = line.client.runs(RunFilter(states=wanted, tags=pairs, **facts))
    last = line.client.last_metrics([run.id for run in page.runs])
    data = {
        "runs": [
            {**run_data(run, is_whole=False), "metrics": last.get(run.id, {})} for run in page.runs
        ],
        "cursor": page.cursor,
        "total": page.total,
    }
    blocks: list[Table | Text] = [runs_table(page.runs, last)]
    if page.cursor:
        blocks.append(Text(f"{len(page.runs)} of {page.total}; --limit shows more", style="dim"))
    return line.result("runs", data, *blocks)


def runs_table(
    listed: Sequence[Run], last: Mapping[str, Mapping[str, float | str]] | None = None
) -> Table:
    """Make the table of runs."""
    last = last or {}
    columns = [
        Column("run"),
        Column("name", gives_way=True),
        Column("target", gives_way=True),
        Column("state"),
        Column("submitted"),
        Column("time", is_number=True),
        Column("metrics", gives_way=True),
    ]
    rows: list[Row] = [
        [
            run.id,
            run.name,
            run.target,
            wording.state(run),
            wording.ago(run.created),
            wording.span(wording.elapsed(run)),
            Cell(wording.why(run), "dim")
            if wording.why(run)
            else wording.values(last.get(run.id, {})),
        ]
        for run in listed
    ]
    return Table(columns, rows, empty="no runs")


@one_run
@answers
def run(line: Line, run_id: str | None, is_last: bool) -> Result:
    """Show everything about one run."""
    found = pick(line, run_id, is_last)
    client = line.client
    last = client.last_metrics([found.id]).get(found.id, {})
    progress = client.progress(found.id)
    data = {
        **run_data(found),
        "metrics": last,
        "progress": None if progress is None else progress.fraction,
        "outputs": msgspec.to_builtins(client.outputs(found.id)),
    }
    return line.result("run", data, Fields(_fields(client, found, last)), run=found)


def _fields(client: Client, run: Run, last: Mapping[str, Any]) -> dict[str, Cell | str]:
    facts, needs = run.facts, run.resources
    progress = None if run.is_final else client.progress(run.id)
    asked = {
        name: value
        for name, value in msgspec.to_builtins(needs).items()
        if value != getattr(type(needs)(), name) and value != "none"
    }
    fields: dict[str, Cell | str] = {
        "run": Cell(run.id, "strong"),
        "name": run.name,
        "experiment": run.experiment,
        "target": run.target,
        "state": wording.state(run),
        "why": wording.why(run),
        "progress": f"{progress.fraction:.0%} {progress.label}" if progress else "",
        "command": wording.command(run),
        "params": wording.values(run.params),
        "environment": wording.environment(run.environment),
        "needs": wording.values(asked),
        "tags": wording.values(run.tags),
        "submitted": _by(wording.moment(run.created), facts.submitted_by),
        "started": _by(wording.moment(run.started), facts.host),
        "time": wording.span(wording.elapsed(run)),
        "phases": ", ".join(f"{name} {wording.span(took)}" for name, took in facts.phases.items()),
        "exit code": "" if run.exit_code is None else str(run.exit_code),
        "attempt": str(run.attempt) if run.attempt > 1 else "",
        "peak memory": wording.size(facts.peak_memory_bytes) if facts.peak_memory_bytes else "",
        "python": " ".join(part for part in (facts.python, facts.interpreter) if part),
        "source": run.source,
        "git": _git(run),
        "repeats": run.rerun_of or "",
        "metrics": wording.values(last),
        "outputs": ", ".join(file.path for file in client.outputs(run.id)),
    }
    return {name: value for name, value in fields.items() if value}


def _by(when: str, who: str) -> str:
    return (
        f"{when} by {who}" if when and "@" in who else f"{when} on {who}" if when and who else when
    )


def _git(run: Run) -> str:
    git = run.git
    if git is None:
        return ""
    words = [git.repository, git.branch, git.commit[:12], "with changes" if git.dirty else ""]
    return " ".join(word for word in words if word)


@several_runs
@answers
def cancel(line: Line, run_ids: Sequence[str], is_last: bool) -> Result:
    """Ask for runs to end."""
    found = _pick_all(line, run_ids, is_last)
    canceled = [line.client.cancel(one.id) for one in found]
    return line.result(
        "cancel",
        {"runs": [run_data(one, is_whole=False) for one in canceled]},
        *(Text(f"{one.id}  {visible(one.name)}: asked to end") for one in canceled),
    )


@several_runs
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(0), metavar="SECONDS", help="How long at most."
)
@answers
def wait(line: Line, run_ids: Sequence[str], is_last: bool, timeout_s: float | None) -> Result:
    """Wait until runs are over; the exit code is the first one's that did not complete.

    124 means that the time is up.
    """
    found = _pick_all(line, run_ids, is_last)
    deadline = float("inf") if timeout_s is None else time.monotonic() + timeout_s
    ended = []
    for one in found:
        left_s = None if timeout_s is None else max(0.0, deadline - time.monotonic())
        attend = line.place.attendant(one.target).attend
        ended.append(line.client.wait(one.id, left_s, meanwhile=attend))
    codes = [wording.exit_code_of(one) if one.is_final else TIMED_OUT for one in ended]
    return line.result(
        "wait",
        {"runs": [run_data(one, is_whole=False) for one in ended]},
        runs_table(ended, line.client.last_metrics([one.id for one in ended])),
        exit_code=next((code for code in codes if code), 0),
        run=ended[0] if len(ended) == 1 else None,
    )


@one_run
@click.option("--wait/--no-wait", "waits", default=None, help="Wait until the run is over.")
@answers
def rerun(line: Line, run_id: str | None, is_last: bool, waits: bool | None) -> Result:
    """Submit a run once more, from the same snapshot."""
    again = line.client.rerun(pick(line, run_id, is_last).id)
    result = submitted(line, again, waits=line.place.waits if waits is None else waits)
    result.name = "rerun"
    return result


@click.argument("run_ids", metavar="RUN...", nargs=-1, required=True)
@answers
def delete(line: Line, run_ids: Sequence[str]) -> Result:
    """Remove runs that are over, with their logs and files, here and at their targets."""
    found = [line.client.run(word) for word in run_ids]
    for one in found:
        line.client.delete(one.id)
    ids = [one.id for one in found]
    return line.result("delete", {"deleted": ids}, *(Text(f"{one}  deleted") for one in ids))
