"""Calls to the dashboard of a cluster of Ray, and what its answers mean as errors."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

from ..errors import AuthenticationError, ConfigError, DriverError, TargetUnreachableError
from ._ray_options import RayOptions

_ANSWER_S, _UPLOAD_S = 30.0, 600.0
_REFERENCE = re.compile(r"(env|file|keyring):.+")
_LARGEST_WORDS = 300
_COMPLAINT = re.compile(r"(?:error|fatal)\b|×|╰", re.IGNORECASE)
_AWAY = (502, 503, 504)
# What Ray says with a 500 while a part of it starts or is away: it is no answer.
_BUSY = (
    "No available agent",
    "Failed to get head node agent",
    "Cannot connect to host",
    "Connection refused",
    "StatusCode.UNAVAILABLE",
    "failed to connect to all addresses",
    "DEADLINE_EXCEEDED",
    "Deadline Exceeded",
    "Max concurrent requests",
    "ServerDisconnectedError",
    "ClientConnectorError",
    "ClientOSError",
    "TimeoutError",
    "RpcError",
)


class RefusedError(Exception):
    """The dashboard answered, and the answer is no.

    Args:
        status: The status of HTTP.
        words: Its own words, the last line of them where it shows a traceback.
    """

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


class RayApi:
    """The dashboard of one cluster; makes its connection when it is first needed.

    Args:
        options: How it is reached.
        target: The target's name, for errors.
        reveal: Looks secrets up.

    Attributes:
        calls: How many were made.
        answer_s: How long an answer may take.
    """

    def __init__(
        self, options: RayOptions, target: str, reveal: Callable[[str], Awaitable[str]]
    ) -> None:
        self.options = options
        self.target = target
        self.calls = 0
        self.answer_s = _ANSWER_S
        self._reveal = reveal
        self._client: httpx.AsyncClient | None = None
        self._calls: set[asyncio.Future[httpx.Response]] = set()
        self._has_answered = False

    async def get(self, path: str, **params: Any) -> Any:
        """Ask for JSON.

        Raises:
            RefusedError: It answered with no.
            TargetUnreachableError: It did not answer.
            AuthenticationError: It does not let us in.
            DriverError: It is no dashboard of Ray that answered.
        """
        return self._json(await self._send("GET", path, params=params))

    async def get_bytes(self, path: str, **params: Any) -> bytes:
        """Ask for bytes; raises as :meth:`get` does."""
        return (await self._send("GET", path, params=params)).content

    async def has(self, path: str) -> bool:
        """Tell whether something is there; raises as :meth:`get` does, but not for a 404."""
        try:
            await self._send("GET", path)
        except RefusedError as exc:
            if exc.status == 404:
                return False
            raise
        return True

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask for something to be done; raises as :meth:`get` does."""
        return self._json(await self._send("POST", path, json=dict(body or {})))

    async def put(self, path: str, data: bytes) -> None:
        """Send bytes; raises as :meth:`get` does."""
        await self._send("PUT", path, content=data, timeout=_UPLOAD_S)

    async def delete(self, path: str) -> None:
        """Ask for something to be removed; raises as :meth:`get` does."""
        await self._send("DELETE", path)

    async def close(self) -> None:
        """Close the connections; whoever waits for an answer gets none."""
        client, self._client = self._client, None
        if client is not None:
            # One that is being made would not be closed with the others.
            for call in self._calls:
                call.cancel()
            await asyncio.gather(*self._calls, return_exceptions=True)
            await client.aclose()

    async def _send(self, method: str, path: str, **rest: Any) -> httpx.Response:
        client = self._client
        if client is None:
            client = self._client = await self._open()
        self.calls += 1
        rest.setdefault("timeout", httpx.Timeout(self.answer_s, connect=10.0))
        call = asyncio.ensure_future(client.request(method, self.options.url + path, **rest))
        self._calls.add(call)
        try:
            answer = await call
        except asyncio.CancelledError:
            if self._client is client:
                raise
            raise self.unreachable("the connection was closed") from None
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as exc:
            raise self._silence(exc) from exc
        finally:
            self._calls.discard(call)
        self._has_answered = True
        if answer.is_success:
            return answer
        raise self._error(answer)

    async def _open(self) -> httpx.AsyncClient:
        headers = {}
        for name, value in self.options.headers.items():
            secret = _REFERENCE.fullmatch(value)
            headers[name] = (await self._reveal(value)).strip() if secret else value
        if self.options.token:
            token = (await self._reveal(self.options.token)).strip()
            headers["Authorization"] = token if " " in token else f"Bearer {token}"
        return httpx.AsyncClient(
            headers=headers,
            verify=self._trust(),
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=4),
            follow_redirects=False,
        )

    def _trust(self) -> ssl.SSLContext | bool:
        if not self.options.verify:
            return False
        path = self.options.certificates()
        if not path:
            return True
        try:
            return ssl.create_default_context(cafile=path)
        except (OSError, ssl.SSLError) as exc:
            raise ConfigError(
                f"the certificates in {path} cannot be read: {exc}",
                hint="name a file in the PEM format with the option ca_file",
            ) from exc

    def _json(self, answer: httpx.Response) -> Any:
        try:
            return json.loads(answer.content) if answer.content else {}
        except ValueError as exc:
            raise self._stranger() from exc

    def _stranger(self) -> DriverError:
        return DriverError(
            f"what answers at {self.options.url} is no dashboard of Ray",
            hint="check the address; the dashboard of the head mostly has the port 8265",
            target=self.target,
            kind="ray",
        )

    def _error(self, answer: httpx.Response) -> Exception:
        words = last_words(answer.text)
        where = self.options.url
        if answer.status_code in (401, 403):
            what = "the token" if self.options.token else "us without a token"
            return AuthenticationError(
                f"{where} does not accept {what}: {words or answer.reason_phrase}",
                hint="say where a valid one is kept with the option token, such as "
                "token=env:RAY_AUTH_TOKEN",
                target=self.target,
                kind="ray",
            )
        is_busy = answer.status_code == 500 and any(sign in answer.text for sign in _BUSY)
        if is_busy or answer.status_code in _AWAY or answer.status_code == 429:
            return self.unreachable(f"it says {answer.status_code}: {words}")
        if answer.is_redirect:
            return DriverError(
                f"{where} sends us on to {answer.headers.get('location', '')[:200]}",
                hint="a login is in between: give that address, or the headers that it wants",
                target=self.target,
                kind="ray",
            )
        return RefusedError(answer.status_code, words)

    def unreachable(self, words: str, hint: str = "") -> TargetUnreachableError:
        """Make the error for no answer."""
        return TargetUnreachableError(
            f"no answer from {self.options.url}: {words}",
            hint=hint or "it is tried again by itself",
            target=self.target,
            kind="ray",
        )

    def _silence(self, exc: Exception) -> DriverError:
        words = str(exc) or type(exc).__name__
        if "CERTIFICATE_VERIFY_FAILED" in words:
            return DriverError(
                f"the certificate of {self.options.url} is not trusted: {words}",
                hint="name the certificates that vouch for it with the option ca_file",
                target=self.target,
                kind="ray",
            )
        if isinstance(exc, httpx.ConnectTimeout):
            return self.unreachable("the connection timed out", "is it on, or a firewall between?")
        if "Name or service not known" in words or "nodename nor servname" in words:
            return self.unreachable("there is no machine of that name", "check the address")
        if isinstance(exc, httpx.ConnectError) and "SSL" not in words:
            return self.unreachable(
                f"nothing listens there ({words})",
                "start Ray's head with --dashboard-host=0.0.0.0, or check the address",
            )
        is_odd = "SSL" in words or isinstance(exc, (httpx.RemoteProtocolError, httpx.ReadError))
        if is_odd and not self._has_answered:
            hint = "does the address begin with the right one of http and https?"
            return self.unreachable(words, hint)
        return self.unreachable(words)


def last_words(text: str) -> str:
    """Return what Ray says, which is often the end of a traceback, as one short line."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip(" .")]
    if "Traceback (most recent call last)" in text:
        # What installs packages says much, and what is wrong in lines of this kind.
        lines = [line for line in lines if _COMPLAINT.match(line)][-2:] or lines[-1:]
    line = re.sub(r"<[^>]*>", " ", " ".join(lines))
    line = re.sub(r"^(?:[A-Za-z_.]+Error): ", "", line)
    line = " ".join(line.split())
    return line if len(line) <= _LARGEST_WORDS else line[: _LARGEST_WORDS - 1] + "…"
