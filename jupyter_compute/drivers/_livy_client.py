"""Livy's REST interface: one call a method, and every error in its own words."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any, NoReturn

import httpx

from ..driver import DriverContext
from ..errors import (
    AuthenticationError,
    ComputeError,
    ConfigError,
    DriverError,
    LaunchError,
    NotFoundError,
    TargetUnreachableError,
)
from ._livy_login import Login
from ._livy_words import Batch, batch_of, plain
from ._spark_options import SparkOptions

_PAGE = 100
_TIMEOUT = httpx.Timeout(30.0, connect=15.0)
_SLOW_S = 120.0
_AWAY = (408, 425, 429, 500, 502, 503, 504)


class LivyClient:
    """Speaks with one server. What is not JSON, or not of the shape it must have, is an error.

    Args:
        context: The target's name, and who is asked for a password.
        options: Where the server is, and how one signs in.
    """

    def __init__(self, context: DriverContext, options: SparkOptions) -> None:
        self.login = Login(context, options)
        self.url = options.livy.rstrip("/")
        self._context = context
        self._options = options
        self._http: httpx.AsyncClient | None = None

    async def version(self) -> str:
        """Return the server's version; empty if it is too old to say."""
        try:
            found = await self._call("GET", "/version")
        except (NotFoundError, DriverError) as exc:
            if isinstance(exc, (TargetUnreachableError, AuthenticationError)):
                raise
            return ""
        return str(found.get("version") or "")

    async def count_sessions(self) -> int:
        """Return how many interactive sessions there are."""
        return _whole(await self._call("GET", "/sessions", params={"from": 0, "size": 1}), "total")

    async def count_batches(self) -> int:
        """Return how many batches the server knows."""
        return _whole(await self._call("GET", "/batches", params={"from": 0, "size": 1}), "total")

    async def batches(self) -> AsyncIterator[Batch]:
        """List all batches that the server knows."""
        start = 0
        while True:
            found = await self._call("GET", "/batches", params={"from": start, "size": _PAGE})
            rows = found.get("sessions") or []
            for row in rows:
                yield batch_of(row)
            start += len(rows)
            if not rows or start >= _whole(found, "total"):
                return

    async def find(self, name: str) -> Batch | None:
        """Return the batch of a name; ``None`` if there is none."""
        async for batch in self.batches():
            if batch.name == name:
                return batch
        return None

    async def batch(self, number: int) -> Batch | None:
        """Return a batch; ``None`` if the server knows none of this number."""
        try:
            return batch_of(await self._call("GET", f"/batches/{number}"))
        except NotFoundError:
            return None

    async def log(self, number: int, size: int) -> list[str]:
        """Return the last lines that the server has of a batch; none if it knows no such batch."""
        try:
            found = await self._call("GET", f"/batches/{number}/log", params={"size": size})
        except NotFoundError:
            return []
        return [str(line) for line in found.get("log") or ()]

    async def submit(self, body: Mapping[str, Any]) -> Batch:
        """Begin a batch.

        Raises:
            LaunchError: Livy said no, in its own words.
            TargetUnreachableError: Whether it has begun is not known.
        """
        found = await self._call("POST", "/batches", json=body, timeout=_SLOW_S)
        return batch_of(found)

    async def delete(self, number: int) -> None:
        """End a batch and forget it; one that is not known is as good as deleted."""
        try:
            await self._call("DELETE", f"/batches/{number}", timeout=_SLOW_S)
        except NotFoundError:
            return

    async def close(self) -> None:
        """Let go of connections."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    # -- one call ------------------------------------------------------------------------------

    async def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, int] | None = None,
        json: Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        headers = await self.login.headers()
        answer = await self._send(method, path, headers, params, json, timeout)
        if answer.status_code == 401 and await self.login.refused(headers):
            headers = await self.login.headers()
            answer = await self._send(method, path, headers, params, json, timeout)
            if answer.status_code == 401:
                await self.login.refused(headers)
        if answer.is_success:
            self.login.accepted()
            return self._understood(answer)
        self._refuse(method, path, answer)

    async def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        params: Mapping[str, int] | None,
        json: Mapping[str, Any] | None,
        timeout: float | None,
    ) -> httpx.Response:
        request: dict[str, Any] = {
            # Against forged requests, Livy wants this header of whoever changes something.
            "headers": {"X-Requested-By": "jupyter_compute", **headers},
            "params": dict(params or {}),
            "json": json,
            "timeout": timeout or _TIMEOUT,
        }
        try:
            try:
                return await self._open().request(method, self.url + path, **request)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                # A connection that was kept open has been cut; a submit may have arrived.
                if method == "POST":
                    raise
                return await self._open().request(method, self.url + path, **request)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as exc:
            raise ConfigError(f"{self.url!r} is no address of a Livy server: {exc}") from exc
        except httpx.HTTPError as exc:
            raise self._silent(exc) from exc

    def _open(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = httpx.AsyncClient(verify=trust(self._options), timeout=_TIMEOUT)
        return self._http

    def _understood(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise self._error(
                DriverError,
                f"what answers at {self.url} is no Livy: {plain(answer.text) or 'no text'}",
                "look at the address; behind a gateway it often ends in /livy",
            )
        return found

    def _silent(self, exc: httpx.HTTPError) -> ComputeError:
        cause: BaseException | None = exc
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return self._error(
                    DriverError,
                    f"the certificate of {self.url} is not trusted: {cause.verify_message}",
                    "name the file of who signed it with the target's option livy_ca_file",
                )
            cause = cause.__cause__ or cause.__context__
        words = str(exc) or type(exc).__name__
        return self._error(
            TargetUnreachableError,
            f"no answer from Livy at {self.url}: {words}",
            "it is tried again by itself; is the address right, and is the server up?",
        )

    def _refuse(self, method: str, path: str, answer: httpx.Response) -> NoReturn:
        status, words = answer.status_code, _message(answer)
        where = f"Livy at {self.url}"
        if status in (401, 403):
            raise self._error(
                AuthenticationError, f"{where} did not accept us: {words}", self._advice(answer)
            )
        if status == 404:
            raise NotFoundError(f"{where} knows no {path}: {words}")
        if "too many sessions" in words or (status in _AWAY and not _is_refusal(method, status)):
            # A gateway says so while the server behind it is away: that is no answer of Livy's.
            raise self._error(
                TargetUnreachableError,
                f"{where} cannot answer now: {words}",
                "it is tried again by itself",
            )
        if 300 <= status < 400:
            place = answer.headers.get("location", "another page")
            raise self._error(
                DriverError,
                f"{self.url} leads to {place} instead of answering",
                "give that address, or a sign-in if it is a page for that",
            )
        raise self._error(
            LaunchError if method == "POST" else DriverError, f"{where} refused: {words}", ""
        )

    def _advice(self, answer: httpx.Response) -> str:
        if "negotiate" in answer.headers.get("www-authenticate", "").lower():
            return (
                "it wants Kerberos, which is not spoken here: give the address of its gateway, "
                "such as Knox, and livy_user"
            )
        if self._options.livy_token:
            return "the token of the option livy_token may have run out"
        if self._options.livy_user:
            return "look at livy_user and at the password; HDInsight wants the cluster's login"
        return "say with the options livy_user or livy_token how to sign in"

    def _error(self, kind: type[DriverError], message: str, hint: str) -> DriverError:
        return kind(message, hint=hint, target=self._context.target, kind="spark")


def trust(options: SparkOptions) -> ssl.SSLContext | bool:
    """Return how a server's certificate is checked.

    Raises:
        ConfigError: The file of the option cannot be read.
    """
    if not options.livy_verify:
        return False
    if not options.livy_ca_file:
        return True
    try:
        return ssl.create_default_context(cafile=options.livy_ca_file)
    except OSError as exc:
        raise ConfigError(
            f"the certificates of {options.livy_ca_file!r} cannot be read: {exc}",
            hint="livy_ca_file is a file in PEM format",
        ) from exc


def _is_refusal(method: str, status: int) -> bool:
    """Whether Livy itself has looked at a submit and failed at it."""
    return method == "POST" and status == 500


def _message(answer: httpx.Response) -> str:
    try:
        found = answer.json()
        words = found.get("msg") or found.get("message") if isinstance(found, dict) else found
    except ValueError:
        words = ""
    text = plain(str(words or "")) or plain(answer.reason_phrase) or plain(answer.text)
    return f"{text} (HTTP {answer.status_code})"


def _whole(found: Mapping[str, Any], name: str) -> int:
    value = found.get(name)
    return value if isinstance(value, int) and value >= 0 else 0
