"""Files that a run left."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import ConflictError, NotFoundError, StoreError
from ..model import OutputEvent, OutputFile, Run
from ..options import nearest
from .runs import RunCalls

PART = ".part"


class FileCalls(RunCalls):
    """List, open and copy what a run left under ``outputs/`` and ``logs/``."""

    def outputs(self, run_id: str) -> list[OutputFile]:
        """List the files that a run left, ordered by path."""
        run = self.run(run_id)
        found: dict[str, OutputFile] = {}
        said = self.store.events(run.id, types=("output",), limit=1_000_000, attempt=run.attempt)
        for _, event in said:
            if isinstance(event, OutputEvent) and event.path.startswith(("outputs/", "logs/")):
                found[event.path] = OutputFile(path=event.path, size=event.size, is_here=False)
        folder = self._mirror(run)
        for path in _files(folder / "outputs", folder / "logs"):
            name = path.relative_to(folder).as_posix()
            with contextlib.suppress(FileNotFoundError):  # deleted at this very moment
                found[name] = OutputFile(path=name, size=path.stat().st_size)
        return [found[name] for name in sorted(found)]

    def open_output(self, run_id: str, path: str) -> BinaryIO:
        """Open a file that a run left, for reading. ``outputs/`` may be left out.

        Raises:
            NotFoundError: There is no such file; the hint has the nearest one.
            ConflictError: It has not arrived yet.
        """
        run = self.run(run_id)
        output = self._pick(run, self.outputs(run.id), path)
        try:
            return (self._mirror(run) / output.path).open("rb")
        except FileNotFoundError as exc:
            raise NotFoundError(f"{output.path} of {run.id} has just been deleted") from exc

    def download(
        self, run_id: str, paths: Collection[str] = (), folder: str | os.PathLike[str] = "."
    ) -> list[Path]:
        """Copy files that a run left into a folder, which is made if need be.

        Args:
            run_id: Which run.
            paths: Files, or folders of files; everything under ``outputs/`` if none is named.
            folder: Where to; the paths below it are those below ``outputs/``.

        Returns:
            The copies. Each appears whole or not at all; a file that stood there is replaced.
        """
        run = self.run(run_id)
        chosen = self._chosen(run, paths)
        copies = []
        for output in chosen:
            name = output.path.removeprefix("outputs/")
            copies.append(_copy(self._mirror(run) / output.path, Path(folder) / name))
        return copies

    def open_outputs(
        self, run_id: str, paths: Collection[str] = ()
    ) -> Iterator[tuple[OutputFile, BinaryIO]]:
        """Open files that a run left, one after the other; each is closed before the next.

        Args:
            run_id: Which run.
            paths: As for :meth:`download`.

        Raises:
            NotFoundError: One is not there. Raised before the first file.
            ConflictError: One has not arrived yet. Raised before the first file.
        """
        run = self.run(run_id)
        for output in self._chosen(run, paths):
            with (self._mirror(run) / output.path).open("rb") as file:
                yield output, file

    def _chosen(self, run: Run, paths: Collection[str]) -> list[OutputFile]:
        outputs = self.outputs(run.id)
        if paths:
            chosen = [one for path in paths for one in self._choose(run, outputs, path)]
        else:
            chosen = [one for one in outputs if one.path.startswith("outputs/")]
        for output in chosen:
            self._must_be_here(run, output)
        return list(dict.fromkeys(chosen))

    def _mirror(self, run: Run) -> Path:
        return self.workspace.run(run.id) / str(run.attempt)

    def _choose(self, run: Run, outputs: list[OutputFile], path: str) -> list[OutputFile]:
        stem = path.rstrip("/")
        below = [one for one in outputs if one.path.startswith((f"{stem}/", f"outputs/{stem}/"))]
        return below or [self._pick(run, outputs, path)]

    def _pick(self, run: Run, outputs: list[OutputFile], path: str) -> OutputFile:
        for output in outputs:
            if output.path in (path, f"outputs/{path}"):
                self._must_be_here(run, output)
                return output
        names = [output.path for output in outputs]
        raise NotFoundError(
            f"{run.id} left no file {path!r}",
            hint=nearest(path, names) if names else "it left no files",
        )

    def _must_be_here(self, run: Run, output: OutputFile) -> None:
        if output.is_here:
            return
        if run.is_final:
            raise NotFoundError(
                f"{output.path} of {run.id} was not brought here ({output.size:,} bytes)",
                hint="outputs_limit_mb in the settings of targets.toml limits what is",
            )
        raise ConflictError(
            f"{output.path} of {run.id} has not arrived yet", hint=f"jupyter compute wait {run.id}"
        )


def _files(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        for root, _, names in os.walk(folder):
            for name in names:
                path = Path(root, name)
                # A link could lead out of the run's folder.
                if not name.endswith(PART) and path.is_file() and not path.is_symlink():
                    yield path


def _copy(source: Path, goal: Path) -> Path:
    part = goal.with_name(f".{goal.name}.{os.getpid()}{PART}")
    try:
        goal.parent.mkdir(parents=True, exist_ok=True)
        try:
            # Not the mode: the workspace is closed to others, the goal need not be.
            shutil.copyfile(source, part)
            part.replace(goal)
        finally:
            part.unlink(missing_ok=True)
    except OSError as exc:
        raise StoreError(
            f"{str(goal)!r} could not be written: {exc.strerror or exc}",
            hint="name another folder with --download",
        ) from exc
    return goal
