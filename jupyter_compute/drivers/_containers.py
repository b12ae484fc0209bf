"""What a target's options say about the containers of its runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

_PREFIX = "container_"
_FIELDS = ("engine", "mounts", "args", "pull")


def _titled(title: str) -> Meta:
    return Meta(title=title, extra_json_schema={"group": "Containers"})


ContainerEngine = Annotated[Literal["", "docker", "podman", "apptainer"], _titled("Engine")]
ContainerMounts = Annotated[tuple[str, ...], _titled("Folders to mount")]
ContainerArgs = Annotated[tuple[str, ...], _titled("Further arguments")]
ContainerPull = Annotated[Literal["missing", "always", "never"], _titled("Pull images")]


def containers_of(options: Struct) -> dict[str, Any]:
    """Return what the keeper is told about containers; the options need not know of them."""
    found = {name: getattr(options, _PREFIX + name, None) for name in _FIELDS}
    return {name: value for name, value in found.items() if value}


def check_mounts(mounts: Iterable[str]) -> None:
    """Refuse what is no mount.

    Raises:
        ValueError: One does not read like ``/data``, ``/data:/data`` or ``/data:/data:ro``.
    """
    for mount in mounts:
        source, _, rest = mount.partition(":")
        target, _, mode = rest.partition(":")
        if not (
            os.path.isabs(source) and os.path.isabs(target or source) and mode in ("", "ro", "rw")
        ):
            raise ValueError(f"{mount!r} is no mount: it reads like /data or /data:/data:ro")
