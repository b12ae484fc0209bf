"""What to do about what the engines of containers say, as far as their words tell."""

from __future__ import annotations

import re

from .building import mask
from .endings import shorten

_ROOM = 200
_REMEDIES = (
    (
        "could not select device driver|nvidia-container|unresolvable CDI device|"
        "stat nvidia.com/gpu|failed to discover GPU",
        "containers see GPUs once the NVIDIA Container Toolkit is installed there",
    ),
    ("toomanyrequests|rate limit", "log in to the registry there, or name a mirror of it"),
    (
        "unauthorized|authentication required|access denied|access to the resource is denied|"
        "no basic auth|requested access|forbidden",
        "is the name right? If so, log in to its registry there, as you: docker login, podman "
        "login, or apptainer registry login",
    ),
    ("no matching manifest for|exec format error", "the image is for another kind of processor"),
    ("manifest unknown|manifest for .* not found|name unknown", "are the name and tag right?"),
    (
        "short-name|unqualified-search",
        "name the registry too, as in docker.io/library/python:3.12",
    ),
    (
        "no such host|connection refused|i/o timeout|handshake|dial tcp|network is unreachable|"
        "server misbehaving|proxyconnect",
        "the registry is not reached from there: bring the image there by other means, or set "
        "the proxy that the engine uses",
    ),
    ("no space left", "the disk of the engine is full: docker system prune makes room"),
    (
        "memory.*not supported on cgroups V1|not supported.*rootless",
        "a rootless engine sets no such limit there: ask for no memory and no cores",
    ),
    ("newuidmap|subuid|subgid", "the user needs a range in /etc/subuid and /etc/subgid there"),
)


def with_remedy(said: str) -> str:
    """Return an engine's words in one line, with what to do where that is known."""
    words = shorten(mask(said))
    for pattern, remedy in _REMEDIES:
        if re.search(pattern, words, re.IGNORECASE):
            shown = words if len(words) <= _ROOM else words[: _ROOM - 1] + "…"
            return f"{shown}; {remedy}"
    return words
