"""Programs that the near end brings along where the target lacks them."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
from typing import Any

from . import asking
from .blobs import Blobs
from .builders import find_uv
from .failures import Failure
from .preparation import base_environment


def offer(root: str, head: dict[str, Any]) -> dict[str, Any]:
    """Say whether an offered program is wanted; takes it once its blob is there. Repeatable.

    One that is made for another machine, or does not run here, is not wanted. That it runs is
    found out by running it: no name of a platform tells it.

    Args:
        root: The target's root.
        head: ``name``, ``machine``, ``digest`` and ``size`` of the program.

    Raises:
        Failure: It is no program that we know.
    """
    if head["name"] != "uv":
        raise Failure(
            "bad-request", "{!r} is no program that is brought along".format(head["name"])
        )
    tools = os.path.join(root, "tools")
    refused = os.path.join(tools, "uv." + str(head["digest"])[:16])
    is_like = platform.machine() == head["machine"] and sys.platform.startswith("linux")
    if not is_like or os.path.exists(refused):
        return {"wanted": False}
    env = base_environment()
    if find_uv(sys.executable, env, tools):
        return {"wanted": False}
    blobs = Blobs(root)
    if not blobs.has(head["digest"]):
        return {"wanted": True}
    os.makedirs(tools, 0o700, exist_ok=True)
    path = os.path.join(tools, "uv")
    temporary = f"{path}.{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)
    blobs.copy(head["digest"], int(head["size"]), os.fsencode(temporary), 0o755)
    if asking.ask([temporary, "--version"], env).code == 0:
        os.rename(temporary, path)
    else:
        os.rename(temporary, refused)
        os.truncate(refused, 0)
    return {"wanted": False}
