"""Runs: list, find, cancel, repeat, delete, wait."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator

import msgspec

from ..controller import process
from ..controller.handover import hand_over
from ..controller.removal import wish_removal
from ..errors import ConflictError, NotFoundError, StoreError
from ..model import Run, RunFacts, RunFilter, RunId, RunPage, RunState, new_run_id
from ..secrets import resolve
from .opening import Meanwhile, Opened, Pace


def submitter() -> str:
    """Name who submits: user and host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


class RunCalls(Opened):
    """List, find, cancel, repeat, delete and wait for runs."""

    def runs(self, filter: RunFilter | None = None) -> RunPage:
        """List a page of runs, the newest first unless the filter says otherwise.

        Raises:
            ConfigError: The sort field or the cursor is wrong.
        """
        return self.store.list(filter or RunFilter())

    def run(self, run_id: str) -> Run:
        """Return a run by its id, by the beginning of its id, or by its name.

        Raises:
            NotFoundError: There is none; the hint has the nearest one.
            ConflictError: Several fit.
        """
        return self.store.find(run_id)

    def last_run(self) -> Run:
        """Return the run that was submitted last.

        Raises:
            NotFoundError: There is none yet.
        """
        page = self.store.list(RunFilter(limit=1))
        if not page.runs:
            raise NotFoundError(
                "nothing has been submitted yet", hint="jupyter compute submit --help"
            )
        return page.runs[0]

    def cells(self, notebook: str | os.PathLike[str]) -> dict[str, Run]:
        """Return the last run of each cell of a notebook, by the cell's id.

        Args:
            notebook: Its path. Runs are found by where it stands, whatever was captured with it.
        """
        return self.store.last_of_cells(os.path.abspath(os.path.expanduser(notebook)))

    def counts(self) -> dict[RunState, int]:
        """Count the runs in each state."""
        return self.store.counts()

    def revision(self) -> int:
        """Return a number that grows with every change in the workspace; costs microseconds."""
        return self.store.revision()

    def changed(self, since: int, limit: int = 1000) -> list[Run]:
        """List the runs that changed after a revision, in the order of their changes."""
        return self.store.changed(since, limit)

    def deleted(self, since: int) -> list[RunId]:
        """List the ids of the runs that were deleted after a revision."""
        return self.store.deleted(since)

    def active(self) -> list[Run]:
        """List all runs that are not over, the oldest first."""
        return self.store.active()

    def cancel(self, run_id: str, by: str = "") -> Run:
        """Ask for a run to end; returns before it has. A second call changes nothing.

        Raises:
            ConflictError: The run is over.
        """
        run = self.store.request_cancel(self.run(run_id).id, by or submitter())
        self._wake()
        return run

    def rerun(self, run_id: str) -> Run:
        """Submit a run once more: same snapshot, same command, a new id.

        Raises:
            NotFoundError: Its snapshot has been removed.
        """
        old = self.run(run_id)
        needed = [old.snapshot_id, *(file.digest for file in old.inputs)]
        if self.blobs.missing(needed):
            raise NotFoundError(
                f"the snapshot of {old.id} is no longer here",
                hint="submit it again from its source",
            )
        facts = RunFacts(submitted_by=submitter(), client_version=old.facts.client_version)
        return self.enter(
            Run(
                id=new_run_id(),
                experiment=old.experiment,
                name=old.name,
                target=self.attached.get(old.target).name,
                snapshot_id=old.snapshot_id,
                command=old.command,
                params=old.params,
                environment=old.environment,
                resources=old.resources,
                env=old.env,
                secrets=old.secrets,
                inputs=old.inputs,
                rerun_of=old.id,
                tags=old.tags,
                git=old.git,
                source=old.source,
                facts=facts,
            )
        )

    def delete(self, run_id: str) -> None:
        """Remove a run that is over: its record, its log and files here and at its target.

        Raises:
            ConflictError: The run is still active.
        """
        run = self.run(run_id)
        if not run.is_final:
            raise ConflictError(
                f"{run.id} is {run.state.value}",
                hint=f"cancel it first: jupyter compute cancel {run.id}",
            )
        wish_removal(self.workspace, run.target, run.id, run.attempt)
        self.store.delete(run.id)
        shutil.rmtree(self.workspace.run(run.id), ignore_errors=True)
        self._wake()

    def wait(
        self,
        run_id: str,
        timeout_s: float | None = None,
        *,
        meanwhile: Meanwhile = lambda: None,
    ) -> Run:
        """Wait until a run is over, or until the time is up, and return it as it then is.

        The log on this machine is whole once a run is over. An interrupt leaves the run alone.

        Args:
            run_id: Which run.
            timeout_s: How long to wait at most.
            meanwhile: Is called again and again while nothing happens, such as
                :meth:`~.prompts.Attendant.attend`.
        """
        found = self.run(run_id)
        for seen in self.watch(found.id, timeout_s, meanwhile=meanwhile):
            found = seen
        return found

    def watch(
        self,
        run_id: RunId,
        timeout_s: float | None = None,
        *,
        meanwhile: Meanwhile = lambda: None,
    ) -> Iterator[Run]:
        """Yield a run now and after each of its changes, until it is over or the time is up."""
        pace = Pace()
        deadline = float("inf") if timeout_s is None else time.monotonic() + timeout_s
        seen, revision = -1, -1
        run: Run | None = None
        while True:
            current = self.store.revision()
            if run is None or current != revision:
                revision = current
                run = self.store.get(run_id)
                if run.revision != seen:
                    seen = run.revision
                    pace.reset()
                    yield run
                if run.is_final:
                    return
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return
            self.keep_controller(run)
            meanwhile()
            pace.pause(left_s)

    def enter(self, run: Run) -> Run:
        """Write a new run down and wake the controller.

        Secrets from this process's environment reach the controller first, through a socket:
        nothing else could give them to it, and no disk must hold them.

        Raises:
            ConfigError: A secret cannot be read; the message has its name, never its value.
            StoreError: The run could not be written down; it was not submitted.
        """
        run = msgspec.structs.replace(run, created=run.created or time.time())
        found = {
            name: resolve(reference, environ=self.environ)
            for name, reference in run.secrets.items()
        }
        given = {name: found[name] for name in found if run.secrets[name].startswith("env:")}
        if given:
            process.ensure(self.workspace, wait=True)
            if not hand_over(self.workspace, run.id, given):
                raise StoreError(
                    "the controller did not take the secrets", hint="jupyter compute doctor"
                )
        run = self.store.add(run)
        folder = self.workspace.run(run.id)
        with contextlib.suppress(OSError):
            # A copy beside the log, so that a lost store can be rebuilt. The run is submitted,
            # with it or without it.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / "run.json").write_bytes(encode_record(run))
        self._wake()
        return run


def encode_record(run: Run) -> bytes:
    """Encode a run; bytes that are no UTF-8 in its names survive."""
    return json.dumps(msgspec.to_builtins(run)).encode("ascii")
