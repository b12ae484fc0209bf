"""``python -m jupyter_compute.controller WORKSPACE``: the controller's process."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from pathlib import Path

from ..errors import StoreError
from ..store.schema import VERSION
from ..workspace import Workspace
from .assemble import assemble
from .lock import Lock
from .serve import serve


def main(argv: list[str]) -> int:
    """Serve a workspace until it is idle; return the exit code.

    With ``--locked`` standard input holds the workspace's lock, handed over by the starter.
    Without, the lock is taken, and if another holds it there is nothing to do.
    """
    if not argv or argv[0].startswith("-"):
        print("usage: python -m jupyter_compute.controller WORKSPACE", file=sys.stderr)
        return 2
    os.umask(0o077)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
    )
    workspace = Workspace(Path(argv[0]).absolute())
    try:
        lock = Lock(workspace.lock, _inherited() if "--locked" in argv else None)
        if not lock.take():
            return 0
    except StoreError as exc:
        print(f"{exc.message} ({exc.hint})", file=sys.stderr)
        return 1
    gc.freeze()
    # The store's thread and the loop hand over to each other often, and each time one waits.
    sys.setswitchinterval(0.0005)
    return asyncio.run(serve(lambda: assemble(workspace), lock, VERSION))


def _inherited() -> int:
    """Move the lock away from standard input, where no child of ours can come upon it."""
    fd = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return fd


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
