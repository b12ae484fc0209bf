"""What code may say from inside a run, and what it may know. Outside a run it is quiet.

Everything here returns at once, may be called from any thread or process of the run, and never
fails because of the run's disk: what could not be written is said once on stderr. Wrong arguments
raise ``TypeError`` or ``ValueError``, in a run and outside.
"""

from __future__ import annotations

import os

from . import events

# Written out: importing typing takes as long as the rest of a harness.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any, Dict, Iterable, Mapping, Optional, Union

__all__ = [
    "attempt",
    "checkpoint_dir",
    "id",
    "log",
    "log_image",
    "log_list",
    "log_row",
    "outputs_dir",
    "params",
    "progress",
    "tag",
]


def log(name: str, value: Any, step: Optional[int] = None) -> None:
    """Log one number of a series.

    Args:
        name: The series, such as ``loss``.
        value: A number, also of NumPy or a tensor of one element; or a short text.
        step: Where on the horizontal axis; by default the values are counted.
    """
    said = {"name": events.name_of(name), "value": events.number(name, value)}
    events.emit("metric", step=None if step is None else int(step), **said)


def log_list(name: str, values: Iterable[Any]) -> None:
    """Log a whole list of numbers under one name, such as a curve."""
    events.emit("list", name=events.name_of(name), values=events.numbers(name, values))


def log_row(name: str, row: Optional[Mapping[str, Any]] = None, **columns: Any) -> None:
    """Log one row of a table: a mapping, columns as keywords, or both."""
    cells = {str(key): events.cell(value) for key, value in {**(row or {}), **columns}.items()}
    events.emit("row", name=events.name_of(name), row=cells)


def log_image(name: str, image: Any, step: Optional[int] = None) -> None:
    """Log an image.

    Args:
        name: What it is called; several under one name are told apart by their steps.
        image: A Matplotlib figure, a path, the bytes of an image file, a Pillow image, or an
            array of height × width (× 3 or 4): integers from 0 to 255, or floats from 0 to 1.
        step: Where it belongs in a series.
    """
    from . import images

    data, mime = images.encode(name, image)
    if events.is_in_run():
        path = events.save("images", data, images.EXTENSIONS[mime])
        if path:
            place = None if step is None else int(step)
            events.emit("image", name=events.name_of(name), path=path, mime=mime, step=place)


def progress(fraction: float, label: str = "") -> None:
    """Say how far the run is, from 0 to 1. May be called as often as you like."""
    events.emit_progress(fraction, label)


def tag(name: str, value: Any = "") -> None:
    """Put a tag on the run, which can be searched for."""
    events.emit("tag", name=events.name_of(name), value=str(value))


def params() -> Dict[str, Any]:
    """Return the parameters of the run (``-p NAME VALUE``); empty outside a run."""
    path = os.environ.get("JUPYTER_COMPUTE_PARAMS", "")
    if not path:
        return {}
    import json

    with open(path, encoding="utf-8") as file:
        found: Dict[str, Any] = json.load(file)
    return found


def id() -> str:
    """Return the run's id; empty outside a run."""
    return os.environ.get("JUPYTER_COMPUTE_RUN_ID", "")


def attempt() -> int:
    """Return which attempt this is, from 1: a run that lost its machine is started again."""
    return int(os.environ.get("JUPYTER_COMPUTE_ATTEMPT") or 1)


def outputs_dir() -> Path:
    """Return the folder whose files become the run's outputs; ``outputs`` here outside a run."""
    return _folder("JUPYTER_COMPUTE_OUTPUTS", "outputs")


def checkpoint_dir() -> Path:
    """Return a folder that lasts over the run's attempts; ``checkpoint`` here outside a run."""
    return _folder("JUPYTER_COMPUTE_CHECKPOINT", "checkpoint")


def _folder(variable: str, name: Union[str, "os.PathLike[str]"]) -> Path:
    from pathlib import Path

    path = Path(os.environ.get(variable) or name).absolute()
    path.mkdir(parents=True, exist_ok=True)
    return path
