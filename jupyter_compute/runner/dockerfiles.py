"""An image made from a Dockerfile of the snapshot, once for all runs that send the same files."""

from __future__ import annotations

import hashlib
import json
import os
import posixpath

from . import asking
from .asking import Program
from .blobs import Blobs
from .once import held
from .place import EnvironmentFailedError, Place
from .remedies import with_remedy

REPOSITORY = "localhost/jupyter-compute"
"""What our images are called. Of this host no engine ever pulls without being told to."""

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")


def build(place: Place, engine: Program, path: str, env: dict[str, str]) -> str:
    """Return the name of the image that a Dockerfile describes; builds it where it is not there.

    Args:
        place: Where, and for what.
        engine: What builds it.
        path: The Dockerfile in the snapshot. Its folder there is all that the build sees.
        env: The environment variables that the engine's program is run with.

    Raises:
        EnvironmentFailedError: There is no such file, or the build fails.
    """
    if not os.path.isfile(os.path.join(place.run / "work", path)):
        raise EnvironmentFailedError(f"there is no {path} in the snapshot")
    digest = _digest(place, path)
    name = f"{REPOSITORY}:{digest}"
    known = [engine.path, "image", "inspect", "--format", "{{.Id}}", name]
    pull = str((place.job.get("containers") or {}).get("pull") or "missing")
    if pull != "always" and asking.ask(known, env).code == 0:
        return name
    with held(place, digest, "waiting for another run that builds the same image"):
        if pull == "always" or asking.ask(known, env).code:
            _run(place, [*_builder(engine, pull, env), *_what(name, path)], env)
    return name


def _digest(place: Place, path: str) -> str:
    """Name a Dockerfile and all that its build sees, by what the snapshot says of the files."""
    manifest = json.loads(Blobs(place.root).read(place.job["snapshot_id"]))
    folder = posixpath.dirname(path)
    inside = folder + "/" if folder else ""
    rows = [
        [name[len(inside) :], digest, bool(mode & 0o100), link]
        for name, digest, _, mode, link in manifest["files"]
        if name.startswith(inside)
    ]
    folders = [name[len(inside) :] for name in manifest["folders"] if name.startswith(inside)]
    text = json.dumps([path[len(inside) :], sorted(rows, key=lambda row: row[0]), sorted(folders)])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _builder(engine: Program, pull: str, env: dict[str, str]) -> list[str]:
    if engine.name == "podman":
        return [engine.path, "build", f"--pull={pull}"]
    # Without the word, this builder leaves the container of a command that failed.
    words = ["build", "--force-rm"]
    if env.get("DOCKER_BUILDKIT") != "0" and _has_buildx(engine, env):
        # An image that a builder of another place made comes here only if that is asked for.
        words = ["buildx", "build", "--load", "--progress", "plain"]
    names = [word for proxy in _PROXIES for word in (proxy, proxy.lower()) if env.get(word)]
    proxies = [word for name in names for word in ("--build-arg", name)]
    return [engine.path, *words, *["--pull"] * (pull == "always"), *proxies]


def _what(name: str, path: str) -> list[str]:
    context = posixpath.dirname(path) or "."
    return ["--tag", name, "--file", path, context]


def _has_buildx(engine: Program, env: dict[str, str]) -> bool:
    return asking.ask([engine.path, "buildx", "version"], env).code == 0


def _run(place: Place, words: list[str], env: dict[str, str]) -> None:
    place.announce("building the image")
    place.run.add_log("$ " + " ".join([os.path.basename(words[0]), *words[1:]]))
    begun = place.log_size()
    code = place.step(words, place.run / "work", env)
    if code:
        said = place.complaint(begun) or f"exit code {code}"
        raise EnvironmentFailedError(f"the image could not be built: {with_remedy(said)}")
