"""The blobs of a workspace."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from ..errors import NotFoundError, SnapshotError
from ..model import Digest
from .garbage import collect
from .index import PACK, Index, Place
from .locks import exclusive, shared
from .reading import VerifiedFile
from .writer import LARGE_BYTES, Writer


class Blobs:
    """Bytes named by their sha256; any number of processes and threads may add and read at once.

    Implements :class:`~.driver.BlobSource`. Constructing touches nothing; the folder is made with
    the first blob.

    Args:
        root: The folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        base = os.fspath(self.root)
        self._packs = os.path.join(base, "packs")
        self._large = os.path.join(base, "large")
        self._incoming = os.path.join(base, "incoming")
        self._lock = os.path.join(base, "lock")
        self._generation_path = os.path.join(base, "generation")
        self._damaged = os.path.join(base, "damaged")
        self._index = Index(self._packs, self._damaged)
        self._known_large: dict[Digest, int] = {}
        self._generation: object = None
        self._mutex = threading.RLock()

    # -- adding --------------------------------------------------------------------------------

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep every blob that is there, or is added, while the block runs.

        Whoever adds blobs and only later writes down that they are needed does both within. May
        be nested. Blocks while blobs are being removed.
        """
        self._make()
        with shared(self._lock):
            yield

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        """Add many blobs together; one thread of a process does so at a time.

        What was added is visible when the block has ended. If it ends with an error, any part of
        it may be there.
        """
        with self.hold(), self._mutex:
            self._refresh()
            writer = Writer(self, self._index)
            try:
                yield writer
                writer.flush()
            finally:
                writer.close()

    def add_bytes(self, data: bytes) -> Digest:
        """Add a blob; adding it twice is adding it once.

        Raises:
            SnapshotError: It cannot be written.
        """
        with self.writer() as writer:
            digest = writer.add_bytes(data)
            writer.flush()
            self.freshen([digest])
        return digest

    def add_file(self, path: Path) -> Digest:
        """Add the bytes of a file as they are read now.

        Raises:
            SnapshotError: It cannot be read, or the blob cannot be written.
        """
        try:
            with open(path, "rb", buffering=0) as file:
                if os.fstat(file.fileno()).st_size < LARGE_BYTES:
                    return self.add_bytes(file.readall())
                with self.writer() as writer, writer.receive() as incoming:
                    incoming.copy(file.fileno())
                    return incoming.keep()
        except OSError as exc:
            raise SnapshotError(
                f"{path} cannot be read: {exc.strerror}", hint="check the path and its permissions"
            ) from exc

    def freshen(self, digests: Iterable[Digest]) -> list[str]:
        """Protect blobs from :meth:`gc` as if they had just been added; return their files."""
        with self._mutex:
            places = self._index.places
            found = {digest: places.get(digest) for digest in digests}
        packs = {place.pack for place in found.values() if place is not None}
        paths = [self._index.path(pack, PACK) for pack in packs]
        paths += [self.large_path(digest) for digest, place in found.items() if place is None]
        self.freshen_files(paths)
        return paths

    def freshen_files(self, paths: Iterable[str]) -> None:
        """Do what :meth:`freshen` did for the same files before."""
        for path in paths:
            try:
                os.utime(path)
            except OSError:
                continue

    # -- reading -------------------------------------------------------------------------------

    def has(self, digest: Digest) -> bool:
        """Say whether a blob is there."""
        return not self.missing([digest])

    def missing(self, digests: Iterable[Digest]) -> set[Digest]:
        """Return those that are not there; looks at what other processes added once at most."""
        with self._mutex:
            self._check_generation()
            absent = {digest for digest in digests if not self.knows(digest)}
            if absent:
                self._refresh()
                absent = {digest for digest in absent if not self.knows(digest)}
            return absent

    def knows(self, digest: Digest) -> bool:
        """Say whether a blob is there, as far as this process has looked."""
        return digest in self._index.places or digest in self._known_large

    def note_large(self, digest: Digest, size: int) -> None:
        """Take note of a large blob that this process has added."""
        self._known_large[digest] = size

    def size(self, digest: Digest) -> int:
        """Return a blob's size in bytes.

        Raises:
            NotFoundError: It is not there.
        """
        place = self._find(digest)
        return place.size if isinstance(place, Place) else place

    def open(self, digest: Digest) -> BinaryIO:
        """Open a blob; the last of its bytes are handed out only when all have been verified.

        Raises:
            NotFoundError: It is not there.
            SnapshotError: It is damaged (here or while it is read); it then counts as not there.
        """
        for _ in range(2):
            place = self._find(digest)
            try:
                if isinstance(place, Place):
                    return io.BytesIO(self._read_packed(digest, place))
                file = open(self.large_path(digest), "rb", buffering=0)  # noqa: SIM115
                return cast(BinaryIO, self._verified(cast(BinaryIO, file), digest, place))
            except FileNotFoundError:
                self._reload()  # garbage was collected: it may stand elsewhere now
        raise self._not_found(digest)

    def read(self, digest: Digest) -> bytes:
        """Read and verify a whole blob; raises what :meth:`open` raises."""
        with self.open(digest) as file:
            return file.read()

    @property
    def generation(self) -> object:
        """What changes when blobs have been removed, and not when some are added."""
        try:
            status = os.stat(self._generation_path)
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_ctime_ns

    # -- removing ------------------------------------------------------------------------------

    def gc(
        self,
        keep: Collection[Digest] | Callable[[], Collection[Digest]],
        *,
        grace_s: float = 600.0,
        timeout_s: float = 30.0,
    ) -> int:
        """Remove the blobs that nobody needs and return how many bytes this has freed.

        Blocks while somebody adds blobs. May be repeated, and killed at any instant.

        Args:
            keep: The blobs that are needed. A function is called when nobody can add blobs, so
                that with :meth:`hold` around a submit no grace is needed.
            grace_s: Blobs added more recently than this stay.
            timeout_s: How long to wait for those that are adding blobs.

        Raises:
            ConflictError: Blobs were being added all the time.
        """
        self._make()
        # Always first the lock between processes and then the one between threads: who holds
        # blobs and adds one must not wait for the thread that waits for the hold to end.
        with exclusive(self._lock, timeout_s), self._mutex:
            freed = collect(self, self._index, keep, grace_s=grace_s)
            self._reload()
        return freed

    def renew_generation(self) -> None:
        """Tell every process that blobs have been removed."""
        path = self.incoming_path("g" + secrets.token_hex(8))
        with open(path, "wb") as file:
            file.write(secrets.token_bytes(8))
        os.replace(path, self._generation_path)

    def folders(self) -> tuple[str, str, str]:
        """Return the paths of the packs, of the large blobs and of what is coming in."""
        return self._packs, self._large, self._incoming

    def large_path(self, digest: Digest) -> str:
        """Return where a large blob stands, if it is there."""
        return os.path.join(self._large, digest)

    def incoming_path(self, name: str) -> str:
        """Return where something stands that is not whole yet."""
        return os.path.join(self._incoming, name)

    def unwritable(self, exc: OSError) -> SnapshotError:
        """Make the error for a blob that cannot be written."""
        return SnapshotError(
            f"blobs cannot be written to {self.root}: {exc.strerror}",
            hint="free some space on that disk, or run: jupyter compute gc",
        )

    # -- within --------------------------------------------------------------------------------

    def _make(self) -> None:
        try:
            for folder in (self._packs, self._large, self._incoming):
                os.makedirs(folder, mode=0o700, exist_ok=True)
        except OSError as exc:
            raise self.unwritable(exc) from exc

    def _find(self, digest: Digest) -> Place | int:
        with self._mutex:
            if self.missing([digest]):
                raise self._not_found(digest)
            place = self._index.places.get(digest)
            return self._known_large[digest] if place is None else place

    def _check_generation(self) -> None:
        if self.generation != self._generation:
            self._reload()

    def _reload(self) -> None:
        with self._mutex:
            self._generation = self.generation
            self._index.clear()
            self._refresh()

    def _refresh(self) -> None:
        if self.generation != self._generation:
            self._generation = self.generation
            self._index.clear()
        self._index.refresh()
        self._known_large = {}
        if os.path.isdir(self._large):
            with os.scandir(self._large) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):  # just collected
                        self._known_large[entry.name] = entry.stat().st_size

    def _read_packed(self, digest: Digest, place: Place) -> bytes:
        handle = os.open(self._index.path(place.pack, PACK), os.O_RDONLY | os.O_CLOEXEC)
        try:
            data = os.pread(handle, place.size, place.offset)
        finally:
            os.close(handle)
        if hashlib.sha256(data).hexdigest() != digest:
            with self._mutex:
                self._index.mark_damaged(digest, place)
                self.renew_generation()
            raise self._damage(digest)
        return data

    def _verified(self, file: BinaryIO, digest: Digest, size: int) -> io.BufferedReader:
        def fail() -> Exception:
            with suppress(FileNotFoundError):  # another reader was faster
                os.replace(self.large_path(digest), self.incoming_path(digest))
            self.renew_generation()
            return self._damage(digest)

        return io.BufferedReader(VerifiedFile(file, digest, size, fail), LARGE_BYTES)

    def _damage(self, digest: Digest) -> SnapshotError:
        return SnapshotError(
            f"blob {digest[:12]} in {self.root} is damaged, and was taken out",
            hint="submit again: what the folder still has is stored anew",
        )

    def _not_found(self, digest: Digest) -> NotFoundError:
        return NotFoundError(
            f"there is no blob {digest[:12]} in {self.root}",
            hint="submit again: what the folder still has is stored anew",
        )
