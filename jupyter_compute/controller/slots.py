"""Which GPUs a run was given, kept beside its files so that the next controller knows."""

from __future__ import annotations

import json
from pathlib import Path


def remember(folder: Path, gpu_ids: tuple[str, ...]) -> None:
    """Note the GPUs of an attempt before it is launched; atomic, repeatable."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = folder / "gpus.json.part"
    part.write_text(json.dumps(gpu_ids))
    part.replace(folder / "gpus.json")


def recall(folder: Path) -> tuple[str, ...]:
    """Return the GPUs that an attempt was given; none if nothing was noted."""
    try:
        return tuple(str(gpu) for gpu in json.loads((folder / "gpus.json").read_text()))
    except (OSError, ValueError):
        return ()
