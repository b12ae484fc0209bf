"""Runs."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..client import Client
from ..model import Difference, Run
from . import views
from .answers import Cells, Changes, RunDetails, Runs
from .asks import CellsQuery, ChangesQuery, RunsQuery, SubmitBody
from .handler import Handler, speaks


class RunsHandler(Handler):
    """``/runs``."""

    @web.authenticated
    @authorized
    @speaks(Runs, query=RunsQuery)
    async def get(self, asked: RunsQuery) -> Runs:
        """List runs, the newest first."""
        return await self.call(views.runs, asked)

    @web.authenticated
    @authorized
    @speaks(Run, 409, 422, 501, body=SubmitBody, status=201)
    async def post(self, asked: SubmitBody) -> Run:
        """Submit a run. The folder is captured before the answer."""
        return await self.call_slow(
            Client.submit,
            asked.command,
            source=self.folder(asked.source),
            target=asked.target,
            name=asked.name,
            experiment=asked.experiment,
            params=asked.params,
            environment=asked.environment or None,
            resources=asked.resources,
            env=asked.env,
            secrets=asked.secrets,
            tags=asked.tags,
            follow_links=asked.follow_links,
        )


class ChangesHandler(Handler):
    """``/changes``."""

    @web.authenticated
    @authorized
    @speaks(Changes, query=ChangesQuery)
    async def get(self, asked: ChangesQuery) -> Changes:
        """List the runs that changed since a revision: what a follower missed."""
        return await self.call(views.changes, asked.since, asked.limit)


class CellsHandler(Handler):
    """``/cells``."""

    @web.authenticated
    @authorized
    @speaks(Cells, query=CellsQuery)
    async def get(self, asked: CellsQuery) -> Cells:
        """Find the last run of each cell of a notebook."""
        return await self.call(views.cells, self.file(asked.path))


class RunHandler(Handler):
    """``/runs/{run_id}``."""

    @web.authenticated
    @authorized
    @speaks(RunDetails)
    async def get(self, run_id: str) -> RunDetails:
        """Describe a run."""
        return await self.call(views.details, run_id)

    @web.authenticated
    @authorized
    @speaks(None, 409, status=204)
    async def delete(self, run_id: str) -> None:
        """Remove a run that is over, with its files."""
        await self.call_slow(Client.delete, run_id)


class CancelHandler(Handler):
    """``/runs/{run_id}/cancel``."""

    @web.authenticated
    @authorized
    @speaks(Run, 409, status=202)
    async def post(self, run_id: str) -> Run:
        """Ask for a run to end; a second time changes nothing."""
        return await self.call(Client.cancel, run_id)


class RerunHandler(Handler):
    """``/runs/{run_id}/rerun``."""

    @web.authenticated
    @authorized
    @speaks(Run, 409, 422, status=201)
    async def post(self, run_id: str) -> Run:
        """Submit a run once more: same snapshot, same command."""
        return await self.call_slow(Client.rerun, run_id)


class DiffHandler(Handler):
    """``/runs/{run_id}/diff/{other}``."""

    @web.authenticated
    @authorized
    @speaks(Difference, 422)
    async def get(self, run_id: str, other: str) -> Difference:
        """Compare two runs: files, parameters, environment, metrics."""
        return await self.call_slow(Client.diff, run_id, other)
