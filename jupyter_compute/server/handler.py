"""What all handlers share: reading, calling, answering."""

from __future__ import annotations

import functools
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from msgspec import Struct
from tornado.iostream import StreamClosedError

from ..client import Client
from ..errors import ComputeError
from .errors import Error, answer_of
from .wire import encode, read_body, read_query
from .workers import Workers

if TYPE_CHECKING:
    from .app import ComputeApp

P = ParamSpec("P")
T = TypeVar("T")

_Verb = Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class Speech:
    """What a verb takes and answers; ``openapi.yaml`` is made from it.

    Attributes:
        answer: What it answers with; ``None`` without a body, a string for bytes of that type.
        query: What may stand behind the question mark.
        body: What is sent along.
        status: Of a success.
        errors: The other statuses there are.
    """

    answer: Any
    query: type[Struct] | None = None
    body: type[Struct] | None = None
    status: int = 200
    errors: frozenset[int] = field(default=frozenset())


def speaks(
    answer: Any,
    *errors: int,
    query: type[Struct] | None = None,
    body: type[Struct] | None = None,
    status: int = 200,
) -> Callable[[_Verb], _Verb]:
    """Let a verb take what was read and return what is written.

    The verb is called with the parts of the path, then the query and the body if it takes any.
    With bytes for an answer it writes them itself.
    """
    usual = {400, 403, 404, 503} | ({413} if body else set())
    speech = Speech(answer, query, body, status, frozenset({*usual, *errors}))

    def wrap(verb: _Verb) -> _Verb:
        @functools.wraps(verb)
        async def speaking(self: Handler, *parts: str) -> None:
            try:
                asked: list[Any] = list(parts)
                if query is not None:
                    asked.append(read_query(query, self.request.query_arguments))
                if body is not None:
                    kind = self.request.headers.get("Content-Type", "")
                    asked.append(read_body(body, self.request.body, kind))
                answered = await verb(self, *asked)
            except ComputeError as exc:
                self.refuse(*answer_of(exc))
            except StreamClosedError:
                return  # who asked is gone
            else:
                if not isinstance(answer, str):
                    self.set_status(status)
                    self.finish(None if answer is None else encode(answered))

        speaking.speech = speech  # type: ignore[attr-defined]
        return speaking

    return wrap


class Handler(ExtensionHandlerMixin, APIHandler):
    """Answers at one address. Every verb is authenticated, then authorized for ``compute``."""

    auth_resource = "compute"
    _is_gone = False

    @property
    def compute(self) -> ComputeApp:
        """The extension."""
        return cast("ComputeApp", self.extensionapp)

    @property
    def workers(self) -> Workers:
        """What calls the client."""
        return self.compute.workers

    async def call(
        self, function: Callable[Concatenate[Client, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a function with the client and arguments, in a thread."""
        return await self.workers.call(function, self.workers.client, *args, **kwargs)

    async def call_slow(
        self, function: Callable[Concatenate[Client, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call something that reads folders, in a thread."""
        return await self.workers.call_slow(function, self.workers.client, *args, **kwargs)

    async def call_waiting(
        self, function: Callable[Concatenate[Client, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call something that waits for a target, in a thread."""
        return await self.workers.call_waiting(function, self.workers.client, *args, **kwargs)

    def is_wanted(self) -> bool:
        """Say whether who asked still waits for the answer; from any thread."""
        return not (self._is_gone or self.workers.is_closed)

    def on_connection_close(self) -> None:
        """Note that nobody waits any more."""
        self._is_gone = True
        super().on_connection_close()

    def folder(self, source: str) -> str:
        """Return a folder as the client takes it: relative to what Jupyter shows as its root."""
        return os.path.join(self.compute.root_dir, os.path.expanduser(source))

    def file(self, path: str) -> str:
        """Return where the file stands that Jupyter shows at a path."""
        root = self.compute.root_dir
        drive, _, rest = path.partition(":")
        there = os.path.join(root, path.lstrip("/"))
        if rest and "/" not in drive and not os.path.lexists(there):
            # Real-time collaboration puts a drive before the path.
            return os.path.join(root, rest.lstrip("/"))
        return there

    def refuse(self, status: int, error: Error) -> None:
        """Answer with an error, unless the answer has begun."""
        if self._headers_written:
            # The length that was promised is missing, so that who reads notices.
            self.request.connection.stream.close()  # type: ignore[union-attr]
            return
        self.clear()
        self.set_status(status)
        self.finish(encode(error))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with the same shape to what the server itself refuses."""
        caught = kwargs.get("exc_info")
        status, error = answer_of(caught[1] if caught else None, status_code)
        self.set_status(status)
        self.finish(encode(error))
