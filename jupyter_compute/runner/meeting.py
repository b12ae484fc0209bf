"""A folder where both sides of a job meet: of a shared file system, or of Hadoop's."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

_CHUNK = 1024 * 1024


def meet(root: str) -> Meeting:
    """Open the folder by its URI as the cluster names it."""
    parts = urlsplit(root)
    if parts.scheme in ("", "file"):
        return Folder(unquote(parts.path) if parts.scheme else root)
    return HadoopFolder(root)


class Meeting(Protocol):
    """A folder. What is written is there as a whole, or not at all; ``OSError`` if it is away.

    Attributes:
        interval_s: Seconds between looks at what the other side wants.
    """

    interval_s: float

    def path(self, name: str) -> str:
        """Return the path of a file for this machine; empty if it must be fetched."""

    def has(self, name: str) -> bool:
        """Tell whether there is a file of this name."""

    def get(self, name: str, offset: int = 0, size: int = -1) -> bytes | None:
        """Read a file; ``None`` if it is not there."""

    def fetch(self, name: str, path: str) -> None:
        """Copy a file to this machine."""

    def put(self, name: str, data: Any, *, is_new: bool = False) -> bool:
        """Write a file; returns whether it did: with ``is_new``, not if there is one."""

    def remove(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""


class Folder:
    """A folder of a file system that both sides have mounted.

    What is made in it has the permissions that the folder has, so that whoever may enter the
    folder may work with it, and nobody else.

    Args:
        root: Its path.
    """

    interval_s = 0.5

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/") or "/"

    def path(self, name: str) -> str:
        """Return the path of a file for this machine; empty if it must be fetched."""
        return os.path.join(self.root, name)

    def has(self, name: str) -> bool:
        """Tell whether there is a file of this name."""
        return os.path.exists(self.path(name))

    def names(self, name: str) -> dict[str, int]:
        """List a folder: the names in it and their sizes; nothing if it is not there."""
        found = {}
        with contextlib.suppress(FileNotFoundError), os.scandir(self.path(name)) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    found[entry.name] = entry.stat(follow_symlinks=False).st_size
        return found

    def get(self, name: str, offset: int = 0, size: int = -1) -> bytes | None:
        """Read a file; ``None`` if it is not there."""
        try:
            with open(self.path(name), "rb") as file:
                file.seek(offset)
                return file.read(size)
        except FileNotFoundError:
            return None

    def fetch(self, name: str, path: str) -> None:
        """Copy a file to this machine."""
        with open(self.path(name), "rb") as source, _private(path) as target:
            while data := source.read(_CHUNK):
                target.write(data)

    def put(self, name: str, data: Any, *, is_new: bool = False) -> bool:
        """Write a file: it is there as a whole, or not at all.

        Args:
            name: Below the folder.
            data: Its bytes, or an iterable of them.
            is_new: Whether to leave one alone that is there.

        Returns:
            Whether it was written.
        """
        path = self.path(name)
        mode = os.stat(self.root).st_mode & 0o2777
        self._make_folder(os.path.dirname(path), mode)
        temporary = f"{path}.{secrets.token_hex(4)}.part"
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode & 0o666)
        try:
            with open(fd, "wb") as file:
                os.fchmod(fd, mode & 0o666)
                for piece in (data,) if isinstance(data, bytes) else data:
                    file.write(piece)
                file.flush()
                os.fsync(fd)
            if is_new:
                os.link(temporary, path)
            else:
                os.rename(temporary, path)
        except FileExistsError:
            return False
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
        return True

    def _make_folder(self, path: str, mode: int) -> None:
        if len(path) <= len(self.root) or os.path.isdir(path):
            return
        self._make_folder(os.path.dirname(path), mode)
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, mode)
            os.chmod(path, mode)

    def remove(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(name))

    def remove_all(self, name: str) -> None:
        """Remove a file or a folder with all in it; what is not there is no error."""
        path = self.path(name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            self.remove(name)


class HadoopFolder:
    """A folder of Hadoop's file system, by way of the Java that Spark has started beside us.

    Args:
        root: Its URI, such as ``hdfs:///user/ann/jc``.
    """

    interval_s = 2.0

    def __init__(self, root: str) -> None:
        from pyspark.java_gateway import launch_gateway  # noqa: PLC0415 - only Spark brings it

        self.root = root.rstrip("/")
        # Spark has left the address and the secret of its Java in the environment.
        self._java: Any = launch_gateway().jvm
        conf = self._java.org.apache.hadoop.conf.Configuration()
        # What a run says is nobody else's business.
        conf.set("fs.permissions.umask-mode", "077")
        self._fs = self._java.org.apache.hadoop.fs.FileSystem.newInstance(
            self._path("").toUri(), conf
        )

    def _path(self, name: str) -> Any:
        return self._java.org.apache.hadoop.fs.Path(f"{self.root}/{name}".rstrip("/"))

    def path(self, name: str) -> str:
        """Return the path of a file for this machine: there is none."""
        return ""

    def has(self, name: str) -> bool:
        """Tell whether there is a file of this name."""
        return bool(self._call(lambda: self._fs.exists(self._path(name))))

    def names(self, name: str) -> dict[str, int]:
        """List a folder: the names in it and their sizes; nothing if it is not there."""
        if not self.has(name):
            return {}
        rows = self._call(lambda: list(self._fs.listStatus(self._path(name))))
        return {str(row.getPath().getName()): int(row.getLen()) for row in rows}

    def get(self, name: str, offset: int = 0, size: int = -1) -> bytes | None:
        """Read a file; ``None`` if it is not there."""
        if not self.has(name):
            return None
        data = b"".join(self._pieces(name))[offset:]
        return data if size < 0 else data[:size]

    def fetch(self, name: str, path: str) -> None:
        """Copy a file to this machine."""
        local = self._java.org.apache.hadoop.fs.Path(f"file://{path}")
        self._call(lambda: self._fs.copyToLocalFile(False, self._path(name), local, True))
        os.chmod(path, 0o600)

    def put(self, name: str, data: Any, *, is_new: bool = False) -> bool:
        """Write a file: it is there as a whole, or not at all; see :meth:`Folder.put`."""
        if is_new and self.has(name):
            return False
        whole = data if isinstance(data, bytes) else b"".join(data)
        # Without a rename in between: creating without overwriting is what decides who is first.
        part = name if is_new else f"{name}.{secrets.token_hex(4)}.part"
        try:
            self._call(lambda: self._write(part, whole))
        except FileExistsError:
            return False
        if not is_new:
            self._call(lambda: self._rename(part, name))
        return True

    def _write(self, name: str, data: bytes) -> None:
        stream = self._fs.create(self._path(name), False)
        try:
            for at in range(0, len(data), _CHUNK):
                stream.write(data[at : at + _CHUNK])
        finally:
            stream.close()

    def _rename(self, part: str, name: str) -> None:
        if not self._fs.rename(self._path(part), self._path(name)):
            self._fs.delete(self._path(name), False)
            if not self._fs.rename(self._path(part), self._path(name)):
                raise OSError(f"{part} could not be renamed")

    def remove(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""
        self._call(lambda: self._fs.delete(self._path(name), False))

    def _pieces(self, name: str) -> list[bytes]:
        def read() -> list[bytes]:
            stream = self._fs.open(self._path(name))
            try:
                return [bytes(self._java.org.apache.commons.io.IOUtils.toByteArray(stream))]
            finally:
                stream.close()

        found: list[bytes] = self._call(read)
        return found

    def _call(self, act: Any) -> Any:
        """Call Java; what goes wrong there becomes an error of this language."""
        try:
            return act()
        except OSError:
            raise
        except Exception as error:
            words = str(getattr(error, "java_exception", error))
            kind = FileExistsError if "AlreadyExists" in words else OSError
            raise kind(words.splitlines()[0][:300]) from error


def _private(path: str) -> Any:
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
