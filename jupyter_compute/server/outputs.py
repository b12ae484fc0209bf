"""Files that runs left, and files that they work on."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import BinaryIO

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..client import Client
from ..errors import NotFoundError
from .answers import Captured, Outputs, Peek
from .asks import FileQuery
from .files import FileHandler, as_file
from .handler import Handler, speaks
from .peeking import peek
from .zipping import zipped

BYTES = "application/octet-stream"
ZIP = "application/zip"


class OutputsHandler(Handler):
    """``/runs/{run_id}/outputs``."""

    @web.authenticated
    @authorized
    @speaks(Outputs)
    async def get(self, run_id: str) -> Outputs:
        """List the files that a run left."""
        return Outputs(outputs=await self.call(Client.outputs, run_id))


class OutputHandler(FileHandler):
    """``/runs/{run_id}/outputs/file``."""

    @web.authenticated
    @authorized
    @speaks(BYTES, 409, 416, query=FileQuery)
    async def get(self, run_id: str, asked: FileQuery) -> None:
        """Send a file that a run left, or a part of it."""
        size, tag, file = await self.call(_open_output, run_id, asked.path)
        await self.send(asked.path, size, file, download=asked.download, tag=tag)


class OutputPeekHandler(Handler):
    """``/runs/{run_id}/outputs/preview``."""

    @web.authenticated
    @authorized
    @speaks(Peek, 409, query=FileQuery)
    async def get(self, run_id: str, asked: FileQuery) -> Peek:
        """Show the beginning of a file that a run left."""
        size, _, file = await self.call(_open_output, run_id, asked.path)
        return await self.workers.call_slow(peek, asked.path, size, file)


class OutputsZipHandler(FileHandler):
    """``/runs/{run_id}/outputs/zip``."""

    @web.authenticated
    @authorized
    @speaks(ZIP, 409)
    async def get(self, run_id: str) -> None:
        """Send everything that a run left under ``outputs/`` as one archive."""
        files = _left(self.workers.client, run_id)
        await self.send_pieces(f"{run_id}-outputs.zip", zipped(files))


class ResultHandler(FileHandler):
    """``/runs/{run_id}/results/file``."""

    @web.authenticated
    @authorized
    @speaks(BYTES, 416, query=FileQuery)
    async def get(self, run_id: str, asked: FileQuery) -> None:
        """Send a file under ``results/``, such as an image that a run logged."""
        data = await self.call(Client.result_bytes, run_id, asked.path)
        if not data:
            raise NotFoundError(
                f"{run_id} has no result {asked.path!r}", hint="it may not have arrived yet"
            )
        await self.send(asked.path, len(data), as_file(data), download=asked.download)


class CapturedHandler(Handler):
    """``/runs/{run_id}/snapshot``."""

    @web.authenticated
    @authorized
    @speaks(Captured, 422)
    async def get(self, run_id: str) -> Captured:
        """List the files that a run works on, as they were captured."""
        return await self.call_slow(_captured, run_id)


class CapturedFileHandler(FileHandler):
    """``/runs/{run_id}/snapshot/file``."""

    @web.authenticated
    @authorized
    @speaks(BYTES, 416, 422, query=FileQuery)
    async def get(self, run_id: str, asked: FileQuery) -> None:
        """Send a file that a run works on, or a part of it."""
        found, file = await self.call(Client.open_captured, run_id, asked.path)
        await self.send(asked.path, found.size, file, download=asked.download, tag=found.digest)


class CapturedPeekHandler(Handler):
    """``/runs/{run_id}/snapshot/preview``."""

    @web.authenticated
    @authorized
    @speaks(Peek, 422, query=FileQuery)
    async def get(self, run_id: str, asked: FileQuery) -> Peek:
        """Show the beginning of a file that a run works on."""
        found, file = await self.call(Client.open_captured, run_id, asked.path)
        return await self.workers.call_slow(peek, asked.path, found.size, file)


class CapturedZipHandler(FileHandler):
    """``/runs/{run_id}/snapshot/zip``."""

    @web.authenticated
    @authorized
    @speaks(ZIP, 422)
    async def get(self, run_id: str) -> None:
        """Send everything that a run works on as one archive."""
        files = _kept(self.workers.client, run_id)
        await self.send_pieces(f"{run_id}-snapshot.zip", zipped(files))


def _open_output(client: Client, run_id: str, path: str) -> tuple[int, str, BinaryIO]:
    file = client.open_output(run_id, path)
    facts = os.fstat(file.fileno())
    return facts.st_size, f"{facts.st_size:x}-{facts.st_mtime_ns:x}", file


def _left(client: Client, run_id: str) -> Iterator[tuple[str, int, BinaryIO]]:
    for output, file in client.open_outputs(run_id):
        yield output.path.removeprefix("outputs/"), 0o644, file


def _captured(client: Client, run_id: str) -> Captured:
    snapshot = client.captured(run_id)
    tree = client.snapshotter().tree(snapshot)
    return Captured(id=snapshot.id, files=list(snapshot.files), tree=tree)


def _kept(client: Client, run_id: str) -> Iterator[tuple[str, int, BinaryIO]]:
    for file, opened in client.open_all_captured(run_id):
        yield file.path, file.mode | (stat.S_IFLNK if file.link is not None else 0), opened
