"""A run in the hands of Python code."""

from __future__ import annotations

import asyncio
import codecs
import functools
import html
import os
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .client import Asked, Client
from .errors import RunFailedError
from .model import (
    Difference,
    Environment,
    OutputFile,
    Resources,
    Run,
    RunFilter,
    RunState,
    Target,
)

TAIL_BYTES = 8192


class RunHandle:
    """A run and what can be done with it. What it shows is read when it is asked for.

    In a notebook ``await handle`` waits for the run without blocking the kernel, and showing the
    handle shows the run.

    Args:
        client: Whose run it is.
        run: The run.
    """

    def __init__(self, client: Client, run: Run) -> None:
        self._client = client
        self._run = run

    @property
    def id(self) -> str:
        """The run's id."""
        return self._run.id

    @property
    def run(self) -> Run:
        """The run as it is now."""
        if not self._run.is_final:
            self._run = self._client.run(self._run.id)
        return self._run

    @property
    def state(self) -> RunState:
        """Where the run stands now."""
        return self.run.state

    def wait(self, timeout_s: float | None = None, *, check: bool = False) -> RunHandle:
        """Wait until the run is over, or until the time is up. An interrupt leaves the run alone.

        Args:
            timeout_s: How long to wait at most.
            check: Whether a run that did not complete is an error.

        Returns:
            This handle, so that ``handle.wait().state`` reads well.

        Raises:
            RunFailedError: The run failed or was canceled, and ``check`` is set.
        """
        self._run = self._client.wait(self.id, timeout_s)
        if check:
            self.check()
        return self

    def check(self) -> None:
        """Raise when the run has ended without completing.

        Raises:
            RunFailedError: It failed or was canceled; the error has the end of the log.
        """
        run = self.run
        if run.is_final and run.state is not RunState.COMPLETED:
            raise failure(self._client, run)

    def logs(self, *, follow: bool = False) -> str | Iterator[str]:
        """Return what has been printed so far, or with ``follow`` yield it until the run is over.

        Bytes that are no UTF-8 show as replacement characters.
        """
        if follow:
            return _decoded(self._client.follow(self.id))
        return self._client.log(self.id).decode("utf-8", "replace")

    @property
    def metrics(self) -> dict[str, list[float | str]]:
        """The values of each series that the run logged, in order."""
        series = self._client.metrics(self.id)
        return {name: [event.value for event in events] for name, events in series.items()}

    @property
    def outputs(self) -> list[OutputFile]:
        """The files that the run left."""
        return self._client.outputs(self.id)

    def download(self, *paths: str, folder: str | os.PathLike[str] = ".") -> list[Path]:
        """Copy files that the run left into a folder: those named, or all under ``outputs/``."""
        return self._client.download(self.id, paths, folder)

    @property
    def variables(self) -> dict[str, Any]:
        """The values of the variables that the run was asked to bring back."""
        return self.values()

    def values(self, names: Collection[str] = (), *, allow_pickle: bool = False) -> dict[str, Any]:
        """Return variables that the run left; pickles only if that is allowed."""
        return self._client.values(self.id, names, allow_pickle=allow_pickle)

    def cancel(self) -> RunHandle:
        """Ask for the run to end; returns before it has. A run that is over is left as it is."""
        if not self.run.is_final:
            self._run = self._client.cancel(self.id)
        return self

    def rerun(self) -> RunHandle:
        """Submit the run once more."""
        return RunHandle(self._client, self._client.rerun(self.id))

    def delete(self) -> None:
        """Remove the run, which must be over, and its files, here and at its target."""
        self._client.delete(self.id)

    def diff(self, other: RunHandle | str) -> Difference:
        """Compare with another run: files, parameters, environment, metrics."""
        return self._client.diff(self.id, other if isinstance(other, str) else other.id)

    def __await__(self) -> Generator[Any, None, RunHandle]:
        return self._waited().__await__()

    async def _waited(self) -> RunHandle:
        pause_s, revision = 0.005, -1
        while True:
            current = self._client.revision()
            if current != revision:
                revision = current
                if self.run.is_final:
                    return self
            self._client.keep_controller(self._run)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.3, 0.02)

    def _repr_html_(self) -> str:
        run = self.run
        name, target = html.escape(run.name), html.escape(run.target)
        return f"<code>{run.id}</code> <b>{name}</b> on {target}: {run.state.value}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunHandle) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        run = self.run
        return f"<Run {run.id} {run.name!r} on {run.target}: {run.state.value}>"


@functools.lru_cache(maxsize=1)
def _client(home: str) -> Client:
    return Client()


def default_client() -> Client:
    """Return the client of the user's workspace, which ``$JUPYTER_COMPUTE_HOME`` may name."""
    return _client(os.environ.get("JUPYTER_COMPUTE_HOME", ""))


def submit(
    command: Asked,
    *,
    source: str | os.PathLike[str] = ".",
    target: str = "local",
    name: str = "",
    experiment: str = "",
    params: Mapping[str, Any] | None = None,
    environment: str | Sequence[str] | Environment | None = None,
    resources: Resources | None = None,
    env: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    variables: Mapping[str, object] | None = None,
    allow_pickle: bool = False,
    tags: Mapping[str, str] | None = None,
) -> RunHandle:
    """Submit a script, a notebook, a cell or a program, and return its run, queued.

    The source folder is captured before this returns, so later edits do not change the run.

    Args:
        command: ``"train.py"``, ``["train.py", "--lr", "0.1"]``, ``"report.ipynb"``,
            ``["make", "all"]`` or ``CellCommand(code="…", outputs=("x",))``.
        source: The folder to capture, and the run's working directory.
        target: Where to run it.
        name: What to call the run; by default after what it runs.
        experiment: The label that groups runs; by default after the source folder.
        params: Parameters by name, JSON values.
        environment: ``"requirements.txt"``, a lock, ``"pyproject.toml"``, ``["a", "b==1"]``, or
            an interpreter; by default the one that submits.
        resources: What the run needs.
        env: Environment variables of the run.
        secrets: Environment variable → reference: ``env:NAME``, ``file:PATH``,
            ``keyring:SERVICE/USER``.
        variables: Values to send along; a cell finds them as globals.
        allow_pickle: Whether values may travel as pickles.
        tags: Labels.

    Raises:
        ComputeError: Something is wrong; nothing was submitted.
    """
    client = default_client()
    inputs = client.pack(variables or {}, allow_pickle=allow_pickle)
    run = client.submit(
        command,
        source=source,
        target=target,
        name=name,
        experiment=experiment,
        params=params,
        environment=environment,
        resources=resources,
        env=env,
        secrets=secrets,
        inputs=inputs,
        tags=tags,
    )
    return RunHandle(client, run)


def run(run_id: str) -> RunHandle:
    """Return a run by its id, by the beginning of its id, or by its name.

    Raises:
        NotFoundError: There is none.
        ConflictError: Several fit.
    """
    client = default_client()
    return RunHandle(client, client.run(run_id))


def runs(
    text: str = "",
    *,
    states: Collection[RunState | str] = (),
    target: str = "",
    experiment: str = "",
    tags: Mapping[str, str] | None = None,
    limit: int = 50,
) -> list[RunHandle]:
    """List runs, the newest first; everything given must hold.

    Args:
        text: Part of the id, name, label or error.
        states: Any of these.
        target: On this target.
        experiment: Of this experiment.
        tags: With all of these.
        limit: How many at most.
    """
    client = default_client()
    page = client.runs(
        RunFilter(
            text=text,
            states=tuple(RunState(state) for state in states),
            target=target,
            experiment=experiment,
            tags=dict(tags or {}),
            limit=limit,
        )
    )
    return [RunHandle(client, found) for found in page.runs]


def targets() -> list[Target]:
    """List the targets; ``local`` is always there."""
    return default_client().targets()


def attach(name: str, kind: str, *, replace: bool = False, **options: Any) -> Target:
    """Attach a target under a name, with the options of its kind. Nothing is sent to it.

    Raises:
        ConfigError: The name, the kind or an option is wrong.
        ConflictError: The name or the place is attached already.
    """
    return default_client().attach(name, kind, options, replace=replace)


def detach(name: str, *, cancel: bool = False, purge: bool = False) -> None:
    """Forget a target. Runs that are not over go on there, and are found again by an attach.

    Args:
        name: The target.
        cancel: Whether its runs are ended first.
        purge: Whether our files there are removed as well.

    Raises:
        NotFoundError: There is none of this name.
        ConflictError: Our files shall go and runs still need them.
        DriverError: The runs do not end, or the files cannot be removed; it stays attached.
    """
    default_client().detach(name, cancel=cancel, purge=purge)


def failure(client: Client, run: Run) -> RunFailedError:
    """Make the error of a run that did not complete, with the end of its log."""
    tail = client.log(run.id, -TAIL_BYTES).decode("utf-8", "replace")
    if run.state is RunState.CANCELED:
        by = f" by {run.canceled_by}" if run.canceled_by else ""
        message = run.error or f"canceled{by}"
    else:
        message = run.error or f"failed with exit code {run.exit_code}"
    return RunFailedError(
        f"{run.name} ({run.id}): {message}",
        run=run,
        log_tail="\n".join(tail.splitlines()[-20:]),
        hint=f"the whole log: jupyter compute logs {run.id}",
    )


def _decoded(chunks: Iterator[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for chunk in chunks:
        text = decoder.decode(chunk)
        if text:
            yield text
    rest = decoder.decode(b"", final=True)
    if rest:
        yield rest
