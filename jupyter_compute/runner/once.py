"""What is made once on a target, however many runs need it at the same time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

from .place import Place
from .run_folder import take_lock


@contextlib.contextmanager
def held(place: Place, name: str, waiting: str) -> Iterator[None]:
    """Hold the lock of an image while it is made.

    Args:
        place: Where, and for what.
        name: What is locked, below the folder of images.
        waiting: What the user is told while another run holds it.
    """
    path = os.path.join(place.root, "images", name + ".lock")
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    lock = take_lock(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if lock is None:
        place.announce(waiting)
        lock = take_lock(path, fcntl.LOCK_EX)
    assert lock is not None
    # A command that outlives this process for an instant keeps the next one waiting.
    os.set_inheritable(lock, True)
    try:
        yield
    finally:
        os.close(lock)
