"""What runs print."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from msgspec import Struct
from tornado import web

from ..client import Client
from .answers import Logs
from .asks import LogQuery
from .handler import Handler, speaks

TEXT = "text/plain"


class Part(Struct, kw_only=True):
    """A part of a log, and where it stands."""

    data: bytes
    offset: int
    attempt: int
    is_final: bool


class LogsHandler(Handler):
    """``/runs/{run_id}/logs``."""

    @web.authenticated
    @authorized
    @speaks(Logs)
    async def get(self, run_id: str) -> Logs:
        """List the logs of a run: ``log`` and its files under ``logs/``."""
        return await self.call(_logs, run_id)


class LogHandler(Handler):
    """``/runs/{run_id}/log``."""

    @web.authenticated
    @authorized
    @speaks(TEXT, query=LogQuery)
    async def get(self, run_id: str, asked: LogQuery) -> None:
        """Send a part of a log, bytes as they are; ``Compute-Next-Offset`` goes on."""
        part = await self.call(_part, run_id, asked)
        self.set_header("Compute-Offset", str(part.offset))
        self.set_header("Compute-Next-Offset", str(part.offset + len(part.data)))
        self.set_header("Compute-Attempt", str(part.attempt))
        self.set_header("Compute-Final", "true" if part.is_final else "false")
        self.set_header("Cache-Control", "no-store")
        self.write(part.data)
        self.finish(set_content_type=f"{TEXT}; charset=utf-8")


def _logs(client: Client, run_id: str) -> Logs:
    run = client.run(run_id)
    sizes = {name: client.log_size(run.id, name=name) for name in client.log_names(run.id)}
    return Logs(logs=sizes, attempt=run.attempt, is_final=run.is_final)


def _part(client: Client, run_id: str, asked: LogQuery) -> Part:
    # The run first: once it is over its log is whole, so "final" is true of what follows.
    run = client.run(run_id)
    attempt = asked.attempt or run.attempt
    offset = asked.offset
    if offset < 0:
        size = client.log_size(run.id, name=asked.name, attempt=attempt)
        offset = max(0, size + offset)
    data = client.log(run.id, offset, asked.limit, name=asked.name, attempt=attempt)
    return Part(data=data, offset=offset, attempt=attempt, is_final=run.is_final)
