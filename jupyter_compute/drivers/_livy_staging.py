"""The folder that this machine and the cluster behind Livy both see, from this side."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, unquote, urlsplit

import httpx

from ..driver import DriverContext
from ..errors import AuthenticationError, ConfigError, DriverError, TargetUnreachableError
from ..runner.meeting import Folder
from ._livy_client import trust
from ._livy_login import Login
from ._livy_words import plain
from ._spark_options import SparkOptions

_AWAY = (errno.EIO, errno.ENOTCONN, errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN)
_SCHEMES = {"webhdfs": "http", "swebhdfs": "https", "http": "http", "https": "https"}
_PREFIX = "/webhdfs/v1"

T = TypeVar("T")


class Staging(Protocol):
    """A folder. Names are below it; what is written is there as a whole, or not at all.

    Attributes:
        there: Its URI for the cluster.
        interval_s: Seconds between looks that do no harm.
    """

    there: str
    interval_s: float

    async def names(self, name: str) -> Mapping[str, int]:
        """List a folder: the names in it and their sizes; nothing if it is not there."""
        ...

    async def get(self, name: str, offset: int = 0) -> bytes | None:
        """Read a file from an offset; ``None`` if it is not there."""
        ...

    async def put(self, name: str, data: bytes, *, is_new: bool = False) -> bool:
        """Write a file; returns whether it did: with ``is_new``, not if there is one."""
        ...

    async def remove(self, name: str) -> None:
        """Remove a file or a folder with all in it; what is not there is no error."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def open_staging(context: DriverContext, options: SparkOptions, login: Login) -> Staging:
    """Make what reaches the folder; touches nothing.

    Raises:
        ConfigError: The option makes no sense.
    """
    where = options.staging
    if not where:
        raise ConfigError(
            "a target behind Livy needs the option 'staging'",
            hint="a folder that this machine and the cluster both see: file:/shared/jc or "
            "webhdfs://namenode:9870/user/me/jc",
        )
    parts = urlsplit(where)
    if parts.scheme in ("", "file"):
        path = unquote(parts.path)
        if not path.startswith("/") or parts.netloc:
            raise ConfigError(
                f"the staging folder {where!r} is no absolute path", hint="file:/shared/jc"
            )
        return SharedFolder(path, options.staging_there, context)
    if parts.scheme in _SCHEMES and parts.netloc:
        return WebHdfs(options, context, login)
    raise ConfigError(
        f"the staging folder {where!r} is not reached from here",
        hint="file:/shared/jc, webhdfs://namenode:9870/user/me/jc or https://…/webhdfs/v1/…; how "
        "the cluster names it is the option staging_there",
    )


class SharedFolder:
    """A folder of a file system that both sides have mounted."""

    interval_s = 0.2

    def __init__(self, path: str, there: str, context: DriverContext) -> None:
        self._folder = Folder(path)
        self._context = context
        self.there = (there or "file://" + quote(path)).rstrip("/")

    async def names(self, name: str) -> Mapping[str, int]:
        """List a folder."""
        return await self._do(lambda: self._folder.names(name))

    async def get(self, name: str, offset: int = 0) -> bytes | None:
        """Read a file from an offset."""
        return await self._do(lambda: self._folder.get(name, offset))

    async def put(self, name: str, data: bytes, *, is_new: bool = False) -> bool:
        """Write a file."""
        return await self._do(lambda: self._folder.put(name, data, is_new=is_new))

    async def remove(self, name: str) -> None:
        """Remove a file or a folder."""
        await self._do(lambda: self._folder.remove_all(name))

    async def close(self) -> None:
        """Let go of nothing."""

    async def _do(self, act: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(act)
        except OSError as exc:
            what = f"the staging folder {self._folder.root}: {exc.strerror or exc}"
            context = {"target": self._context.target, "kind": "spark"}
            if exc.errno in _AWAY:
                raise TargetUnreachableError(
                    what, hint="it is tried again by itself; is it mounted?", **context
                ) from exc
            hint = "it must be there, and writable by you and by whom Livy runs the work as"
            raise DriverError(what, hint=hint, **context) from exc


class WebHdfs:
    """A folder of Hadoop's file system, by its REST interface.

    Args:
        options: Where it is.
        context: The target's name.
        login: Signs requests to the gateway that Livy is behind, and to no other host.
    """

    interval_s = 1.0

    def __init__(self, options: SparkOptions, context: DriverContext, login: Login) -> None:
        parts = urlsplit(options.staging)
        host = parts.netloc.rpartition("@")[2]
        path = parts.path.rstrip("/")
        prefix, _, rest = path.partition(_PREFIX)
        if parts.scheme.endswith("webhdfs"):
            prefix, rest = "", path
        elif _PREFIX not in path:
            raise ConfigError(
                f"the staging folder {options.staging!r} is no address of WebHDFS",
                hint=f"write it as https://gateway{_PREFIX}/user/me/jc",
            )
        self._base = f"{_SCHEMES[parts.scheme]}://{host}{prefix}{_PREFIX}{rest}"
        self._user = unquote(parts.username or "") or options.proxy_user or options.livy_user
        is_gateway = parts.scheme in ("http", "https") and host == urlsplit(options.livy).netloc
        self._login = login if is_gateway else None
        self._options = options
        self._context = context
        self._http: httpx.AsyncClient | None = None
        # Spark's own client is for its cluster's file system; that for the REST interface is not
        # always whole.
        self.there = (options.staging_there or f"hdfs://{rest}").rstrip("/")

    async def names(self, name: str) -> Mapping[str, int]:
        """List a folder."""
        answer = await self._call("GET", name, "LISTSTATUS")
        if answer is None:
            return {}
        try:
            rows = answer.json()["FileStatuses"]["FileStatus"]
            return {str(row["pathSuffix"]): int(row["length"]) for row in rows}
        except (ValueError, KeyError, TypeError) as exc:
            raise self._error(
                DriverError, f"what answers at {self._base} is no WebHDFS", "look at the option"
            ) from exc

    async def get(self, name: str, offset: int = 0) -> bytes | None:
        """Read a file from an offset."""
        answer = await self._call("GET", name, "OPEN", offset=offset)
        return None if answer is None else answer.content

    async def put(self, name: str, data: bytes, *, is_new: bool = False) -> bool:
        """Write a file: the name node says where its bytes go."""
        part = name if is_new else f"{name}.part"
        # Some of it is half of a secret, and what a run says is nobody else's business.
        given = {"overwrite": str(not is_new).lower(), "permission": "600"}
        first = await self._call("PUT", part, "CREATE", **given)
        if first is not None and first.status_code == 409:
            return False
        if first is None or not first.is_redirect:
            raise self._error(
                DriverError, f"{self._base} does not say where files go", "is it really WebHDFS?"
            )
        done = await self._send("PUT", first.headers["location"], data)
        if done.status_code in (403, 409) and "AlreadyExists" in done.text:
            return False
        self._check(done)
        if part != name:
            await self._rename(part, name)
        return True

    async def _rename(self, part: str, name: str) -> None:
        where = unquote(urlsplit(f"{self._base}/{name}").path.partition(_PREFIX)[2])
        for _ in range(2):
            answer = await self._call("PUT", part, "RENAME", destination=where)
            with contextlib.suppress(ValueError, TypeError):
                if answer is not None and json.loads(answer.content).get("boolean"):
                    return
            # There is one of that name, and no rename replaces it.
            await self.remove(name)
        raise self._error(DriverError, f"{part} could not be renamed in {self._base}", "")

    async def remove(self, name: str) -> None:
        """Remove a file or a folder."""
        await self._call("DELETE", name, "DELETE", recursive="true")

    async def close(self) -> None:
        """Let go of connections."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    async def _call(
        self, method: str, name: str, op: str, **params: str | int
    ) -> httpx.Response | None:
        """Ask the name node; ``None`` if there is no such file."""
        words = {"op": op, **params, **({"user.name": self._user} if self._user else {})}
        query = "&".join(f"{key}={quote(str(value))}" for key, value in words.items())
        answer = await self._send(method, f"{self._base}/{quote(name)}?{query}")
        while method == "GET" and answer.is_redirect:
            answer = await self._send(method, answer.headers["location"])
        if answer.status_code == 404:
            return None
        if answer.status_code in (403, 409) and "AlreadyExists" in answer.text:
            return httpx.Response(409)
        self._check(answer)
        return answer

    async def _send(self, method: str, url: str, data: bytes | None = None) -> httpx.Response:
        if self._http is None:
            self._http = httpx.AsyncClient(verify=trust(self._options), timeout=60.0)
        headers = {"X-Requested-By": "jupyter_compute", "Content-Type": "application/octet-stream"}
        if self._login is not None and urlsplit(url).netloc == urlsplit(self._base).netloc:
            headers.update(await self._login.headers())
        try:
            return await self._http.request(method, url, headers=headers, content=data)
        except httpx.HTTPError as exc:
            words = str(exc) or type(exc).__name__
            raise self._error(
                TargetUnreachableError,
                f"no answer from the staging folder {self._base}: {words}",
                "it is tried again by itself",
            ) from exc

    def _check(self, answer: httpx.Response) -> None:
        if answer.is_success or answer.is_redirect:
            return
        try:
            words = str(answer.json()["RemoteException"]["message"])
        except (ValueError, KeyError, TypeError):
            words = answer.reason_phrase
        said = f"the staging folder {self._base}: {plain(words)} (HTTP {answer.status_code})"
        if answer.status_code >= 500 or "StandbyException" in words or "SafeMode" in answer.text:
            raise self._error(TargetUnreachableError, said, "it is tried again by itself")
        if answer.status_code in (401, 403):
            hint = f"{self._user or 'an unnamed user'} must be let in, and own the folder"
            raise self._error(AuthenticationError, said, hint)
        raise self._error(DriverError, said, "")

    def _error(self, kind: type[DriverError], message: str, hint: str) -> DriverError:
        return kind(message, hint=hint, target=self._context.target, kind="spark")


def as_json(data: bytes | None) -> dict[str, Any]:
    """Read a small file of ours; one that is damaged says nothing."""
    try:
        found = json.loads(data or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
