"""Variables that travel to a run and come back from it."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from jupyter_compute_run import variables as codecs

from ..blobs import Blobs
from ..errors import ConfigError, NotFoundError
from ..model import InputFile, VariableEvent
from ..options import nearest
from .records import RecordCalls


class InputCalls(RecordCalls):
    """Pack variables for a run, and unpack those that it left."""

    def pack(
        self, variables: Mapping[str, object], *, allow_pickle: bool = False
    ) -> tuple[InputFile, ...]:
        """Encode variables and keep their bytes, ready to be submitted as ``inputs``.

        Raises:
            ConfigError: Some cannot travel; all of them are named with their types.
        """
        packed, problems = [], []
        with tempfile.TemporaryDirectory(prefix="jupyter-compute-") as folder:
            for name, value in variables.items():
                try:
                    packed.append(_pack(self.blobs, name, value, Path(folder), allow_pickle))
                except (TypeError, ValueError) as exc:
                    problems.append(str(exc))
        if problems:
            raise ConfigError(
                "; ".join(problems),
                hint="JSON values, NumPy arrays, tables, text and bytes travel"
                + ("" if allow_pickle else "; --pickle sends other objects, too"),
            )
        return tuple(packed)

    def values(
        self, run_id: str, names: Collection[str] = (), *, allow_pickle: bool = False
    ) -> dict[str, Any]:
        """Return the values of variables that a run left.

        Args:
            run_id: Which run.
            names: Which variables; all that were asked for by default.
            allow_pickle: Whether pickles that came from the target may be loaded: they can run
                any code here.

        Raises:
            NotFoundError: The run left no such variable.
            ConfigError: A variable cannot travel or may not be loaded.
        """
        run = self.run(run_id)
        left = self.variables(run.id)
        values = {}
        for name in names or left:
            event = left.get(name)
            if event is None:
                raise NotFoundError(
                    f"{run.id} left no variable {name!r}",
                    hint=nearest(name, list(left)) if left else "",
                )
            if event.error:
                raise _did_not_come_back(name, event)
            path = self.workspace.run(run.id).joinpath(str(run.attempt), *event.path.split("/"))
            try:
                values[name] = codecs.decode(path, event.codec, allow_pickle=allow_pickle)
            except (OSError, TypeError, ValueError, ImportError) as exc:
                raise ConfigError(
                    f"{name} ({event.python_type}) cannot be read here: {exc}"
                ) from exc
        return values


def _did_not_come_back(name: str, event: VariableEvent) -> ConfigError:
    if not event.python_type:
        return ConfigError(event.error, hint=f"assign {name} in the cell")
    is_named = event.error.startswith(f"{name} ")
    return ConfigError(
        event.error if is_named else f"{name} ({event.python_type}): {event.error}",
        hint="JSON values, NumPy arrays, tables, text and bytes travel; --pickle brings others",
    )


def _pack(blobs: Blobs, name: str, value: object, folder: Path, allow_pickle: bool) -> InputFile:
    facts = codecs.encode(name, value, folder, allow_pickle=allow_pickle)
    path = Path(folder, str(facts["path"]))
    return InputFile(
        path=path.name,
        digest=blobs.add_file(path),
        size=path.stat().st_size,
        codec=str(facts["codec"]),
        name=name,
        type=str(facts["type"]),
    )
