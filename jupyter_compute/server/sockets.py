"""A log as it grows, on a WebSocket that can be cut at any byte and taken up again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, cast

import msgspec
from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web, websocket
from tornado.iostream import StreamClosedError

from ..client import Client
from ..errors import ComputeError, ConfigError, NotFoundError
from .asks import FollowQuery
from .errors import Error, answer_of, error_of
from .following import Follower
from .wire import encode, read_query

if TYPE_CHECKING:
    from .app import ComputeApp

STALLED_S = 300.0
"""How long a reader may take nothing; it can take up the log again where it left."""

_SHORTEST_S = 0.005
_LIVELY_S = 0.02
_QUIET_S = 0.1
_QUIET_AFTER_S = 10.0


class FollowHandler(ExtensionHandlerMixin, JupyterHandler, websocket.WebSocketHandler):
    """``/runs/{run_id}/log/follow``.

    Bytes of the log come as binary messages. Text messages are JSON and say where one stands:
    ``position`` (attempt, offset) at the beginning and when a new attempt begins, ``end``
    (state, attempt, offset) when the run is over and all of its log was sent, ``error``.
    """

    auth_resource = "compute"
    query = FollowQuery
    _task: asyncio.Task[None] | None = None
    _follower: Follower

    @property
    def compute(self) -> ComputeApp:
        """The extension."""
        return cast("ComputeApp", self.extensionapp)

    @ws_authenticated
    async def get(self, run_id: str) -> None:
        """Follow a log. What is wrong with the question is answered before the upgrade."""
        allowed = await ensure_async(
            self.authorizer.is_authorized(self, self.current_user, "read", self.auth_resource)
        )
        if not allowed:
            raise web.HTTPError(403)
        try:
            if self.request.headers.get("Upgrade", "").lower() != "websocket":
                raise ConfigError("this address is for WebSockets", hint="GET …/log does without")
            asked = read_query(FollowQuery, self.request.query_arguments)
            workers = self.compute.workers
            self._follower = await workers.call(_follower, workers.client, run_id, asked)
        except ComputeError as exc:
            self._refuse(*answer_of(exc))
            return
        await cast(Awaitable[None], super().get())

    def open(self, *args: str, **kwargs: str) -> None:
        """Begin to send."""
        self._task = asyncio.create_task(self._send_all())

    def on_message(self, message: str | bytes) -> None:
        """Take no notice: a follower has nothing to say."""

    def on_close(self) -> None:
        """Stop sending."""
        if self._task is not None:
            self._task.cancel()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer in the shape that all errors have."""
        caught = kwargs.get("exc_info")
        self._refuse(*answer_of(caught[1] if caught else None, status_code))

    async def _send_all(self) -> None:
        try:
            await self._follow()
        except (websocket.WebSocketClosedError, StreamClosedError):
            return
        except ComputeError as exc:
            with contextlib.suppress(websocket.WebSocketClosedError, asyncio.TimeoutError):
                await self._say("error", **msgspec.to_builtins(error_of(exc)))
            self.close(1011)
        except RuntimeError:
            if not self.compute.workers.is_closed:
                raise
        except asyncio.TimeoutError:
            self.log.info("a reader of a log took nothing for %.0f s", STALLED_S)
            self._cut()

    async def _follow(self) -> None:
        follower, workers = self._follower, self.compute.workers
        await self._say("position", attempt=follower.attempt, offset=follower.offset)
        pause_s, last = _SHORTEST_S, time.monotonic()
        while True:
            attempt = follower.attempt
            chunk = await workers.call(follower.look)
            if chunk:
                await self._write(chunk)
                pause_s, last = _SHORTEST_S, time.monotonic()
            elif follower.attempt != attempt:
                await self._say("position", attempt=follower.attempt, offset=0)
            elif follower.is_over:
                state = follower.run.state.value
                where = {"attempt": follower.attempt, "offset": follower.offset}
                await self._say("end", state=state, **where)
                self.close(1000)
                return
            else:
                await asyncio.sleep(pause_s)
                is_quiet = time.monotonic() - last > _QUIET_AFTER_S
                pause_s = min(pause_s * 1.3, _QUIET_S if is_quiet else _LIVELY_S)

    async def _say(self, kind: str, **facts: Any) -> None:
        await self._write(encode({"type": kind, **facts}).decode("utf-8"))

    async def _write(self, message: str | bytes) -> None:
        sending = self.write_message(message, binary=isinstance(message, bytes))
        await asyncio.wait_for(sending, STALLED_S)

    def _cut(self) -> None:
        connection = self.ws_connection
        if connection is not None:
            connection._abort()  # a farewell would wait behind what is not read

    def _refuse(self, status: int, error: Error) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(encode(error))


def _follower(client: Client, run_id: str, asked: FollowQuery) -> Follower:
    run = client.run(run_id)
    attempt = asked.attempt or run.attempt
    if attempt > run.attempt:
        raise NotFoundError(f"{run.id} has no attempt {attempt}", hint=f"the last: {run.attempt}")
    client.log_path(run, asked.name, attempt)
    return Follower(client, run, asked.name, attempt, asked.offset)
