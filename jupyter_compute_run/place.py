"""Where code stands in a run: as it stood in the user's own folder."""

from __future__ import annotations

import os
import sys

_INLINE = ("", "inline", "module://matplotlib_inline.backend_inline")
FIGURES = "module://jupyter_compute_run.figures"


def enter_folder_of(notebook: str) -> None:
    """Work where a notebook stands, as it did at home; ``outputs/`` still is the run's.

    Args:
        notebook: Its path from the run's working folder; nothing happens without one.
    """
    folder = os.path.dirname(notebook)
    if not folder or ".." in folder.split("/") or not os.path.isdir(folder):
        return  # a notebook outside of what was captured has no folder here
    os.chdir(folder)
    sys.path.insert(0, os.getcwd())
    outputs = os.environ.get("JUPYTER_COMPUTE_OUTPUTS", "")
    if outputs and not os.path.lexists("outputs"):
        try:
            os.symlink(outputs, "outputs")
        except OSError:
            return


def is_backend_chosen() -> bool:
    """Tell whether the user chose how Matplotlib draws; a kernel's own choice does not count."""
    return os.environ.get("MPLBACKEND", "") not in (*_INLINE, FIGURES)


def prepare_streams() -> None:
    """Let a character that the locale cannot write end no run."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(encoding="utf-8", errors="backslashreplace")
