"""What was captured when a run was submitted."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import BinaryIO

from ..errors import NotFoundError
from ..model import Run, Snapshot, SnapshotFile
from ..options import nearest
from .runs import RunCalls


class CapturedCalls(RunCalls):
    """Look into the snapshots of runs."""

    def captured(self, run_id: str) -> Snapshot:
        """Return the snapshot that a run works on.

        Raises:
            NotFoundError: There is no such run, or its snapshot has been removed.
        """
        return self._captured(self.run(run_id))

    def open_captured(self, run_id: str, path: str) -> tuple[SnapshotFile, BinaryIO]:
        """Open a file of the snapshot that a run works on, for reading from its beginning.

        Raises:
            NotFoundError: There is no such file; the hint has the nearest one.
        """
        run = self.run(run_id)
        snapshot = self._captured(run)
        for file in snapshot.files:
            if file.path == path:
                if file.link is not None:
                    raise NotFoundError(f"{path!r} is a link to {file.link!r}")
                return file, self.blobs.open(file.digest)
        names = [file.path for file in snapshot.files]
        raise NotFoundError(
            f"the snapshot of {run.id} has no file {path!r}",
            hint=nearest(path, names) if names else "it is empty",
        )

    def open_all_captured(self, run_id: str) -> Iterator[tuple[SnapshotFile, BinaryIO]]:
        """Open all files of a run's snapshot, one after the other; a link's bytes are its goal.

        Raises:
            NotFoundError: There is no such run, or its snapshot has been removed.
        """
        for file in self._captured(self.run(run_id)).files:
            if file.link is not None:
                yield file, io.BytesIO(os.fsencode(file.link))
                continue
            with self.blobs.open(file.digest) as opened:
                yield file, opened

    def _captured(self, run: Run) -> Snapshot:
        try:
            return self.snapshotter().load(run.snapshot_id)
        except NotFoundError as exc:
            raise NotFoundError(
                f"the snapshot of {run.id} is no longer here", hint="its files cannot be shown"
            ) from exc
