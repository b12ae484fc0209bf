"""What a run's program runs in: found, or built once and kept.

Environments stand in ``<root>/environments/<digest>``. Whoever uses one holds a shared lock on
``<digest>.lock`` beside it, whoever builds or removes it an exclusive one, and one without its
marker does not count. So two runs that need the same one at once build it once, and a build that
was killed is started afresh.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil

from . import allocation, apptainer, building
from .apptainer import Sif, SifRecipe
from .asking import Program
from .builders import Recipe
from .conda import CondaRecipe
from .containers import APPTAINERS, BUILDERS, find_engine
from .endings import shorten
from .images import Image, client_environment, prepare_image
from .interpreters import Interpreter, default_interpreter
from .place import EnvironmentFailedError, Place
from .preparation import base_environment
from .remedies import with_remedy
from .run_folder import files_below, replace_json, take_lock

MARKER = "complete.json"
"""Stands in an environment whose build came to its end."""

_SOURCE = ".source"


def prepare(place: Place) -> Interpreter | Image | Sif:
    """Return what the job's programs run in; builds or pulls it first where that is needed.

    The lock that keeps it from being removed is held until this process ends.

    Raises:
        EnvironmentFailedError: It is not there, or could not be built.
    """
    environment = place.job.get("environment") or {"type": "python"}
    kind = environment.get("type")
    if kind == "python":
        return Interpreter(_find(environment.get("interpreter") or "", place))
    if kind == "packages":
        python = str(environment.get("python") or "") or default_interpreter(place.job)
        requirements = tuple(environment.get("requirements") or ())
        return _built(place, Recipe(requirements, dict(environment.get("files") or {}), python))
    if kind == "conda":
        return _built(place, CondaRecipe(str(environment["text"])))
    if kind == "image":
        return _image(place, *(str(environment.get(key) or "") for key in ("image", "dockerfile")))
    raise EnvironmentFailedError(
        f"an environment of the type {kind!r} is not known to this target's agent"
    )


def _find(name: str, place: Place) -> str:
    path = name or default_interpreter(place.job)
    if name and not os.path.isabs(path):
        if os.sep in path:
            path = os.path.join(place.run / "work", path)
        else:
            path = shutil.which(path) or path
    if not os.path.isabs(path) or not os.access(path, os.X_OK):
        raise EnvironmentFailedError(f"there is no interpreter {path} on {os.uname().nodename}")
    return path


def _image(place: Place, name: str, dockerfile: str) -> Image | Sif:
    only = APPTAINERS if apptainer.is_only_apptainers(name) else BUILDERS if dockerfile else ()
    if not name and not dockerfile:
        raise EnvironmentFailedError("neither an image nor a Dockerfile is named")
    env = client_environment(place.job)
    engine = find_engine(env, only=only)
    if allocation.is_given(place.job) and not only:
        # The others' containers are none of the job's, and outlive one that is killed.
        within = find_engine(env, only=APPTAINERS)
        engine = engine if within.trouble else within
    if engine.trouble:
        raise EnvironmentFailedError(f"{engine.trouble}; {engine.remedy}")
    if engine.name not in APPTAINERS:
        return prepare_image(place, engine, name, dockerfile)
    path = apptainer.file_of(place, name)
    if not path:
        path = os.path.join(_fetched(place, engine, name), apptainer.FILE)
    return apptainer.prepare_sif(place, engine, name, path)


def _fetched(place: Place, engine: Program, name: str) -> str:
    pull = (place.job.get("containers") or {}).get("pull")
    # Runs that use it keep an older one, so that a newer one has a place of its own.
    base = place.run.path if pull == "always" else "sif"
    try:
        return _made(place, SifRecipe(engine, name, base), is_wanted=pull != "never")
    except EnvironmentFailedError as error:
        said = with_remedy(str(error).partition(": ")[2] or str(error))
        raise EnvironmentFailedError(f"the image {name} cannot be had: {said}") from error


def _built(place: Place, recipe: Recipe | CondaRecipe) -> Interpreter:
    return Interpreter(os.path.join(_made(place, recipe), "bin", "python"))


def _made(place: Place, recipe: Recipe | CondaRecipe | SifRecipe, *, is_wanted: bool = True) -> str:
    name = place.job.get("environment_digest") or recipe.digest()
    digest = hashlib.sha256((f"{name}\n{recipe.base}").encode()).hexdigest()
    folder = os.path.join(place.root, "environments", digest)
    os.makedirs(os.path.dirname(folder), mode=0o700, exist_ok=True)
    lock = take_lock(folder + ".lock", fcntl.LOCK_SH | fcntl.LOCK_NB)
    while lock is None or not _is_complete(folder):
        if lock is None:
            place.announce("waiting for another run that builds the same environment")
        else:
            os.close(lock)
        lock = take_lock(folder + ".lock", fcntl.LOCK_EX)
        assert lock is not None
        if not _is_complete(folder):
            if not is_wanted:
                raise EnvironmentFailedError("it is not there, and it may not be pulled")
            _build(place, recipe, folder, lock)
        fcntl.flock(lock, fcntl.LOCK_SH)
    os.utime(os.path.join(folder, MARKER))
    return folder


def _is_complete(folder: str) -> bool:
    return os.path.exists(os.path.join(folder, MARKER))


def _build(place: Place, recipe: Recipe | CondaRecipe | SifRecipe, folder: str, lock: int) -> None:
    place.announce("building the environment")
    source = folder + _SOURCE
    for leftover in (folder, source):
        shutil.rmtree(leftover, ignore_errors=True)
    # A build that outlives this process for an instant keeps the next one waiting.
    os.set_inheritable(lock, True)
    begun = place.log_size()
    try:
        recipe.write(source)
        env = {**base_environment(), **(place.job.get("env") or {})}
        site = building.Site(folder, os.path.join(place.root, "tools"), env)
        for step in recipe.steps(site):
            place.run.add_log("$ " + building.mask(" ".join(step.shown)))
            code = place.step(step.argv, source, {**env, **step.env})
            if code:
                said = building.mask(place.complaint(begun))
                raise EnvironmentFailedError(
                    f"the environment could not be built: {said or f'exit code {code}'}"
                )
        facts = {"base": recipe.base, "bytes": sum(files_below(folder, "").values())}
        replace_json(os.path.join(folder, MARKER), facts, durable=True)
    except (building.CannotBuildError, OSError) as error:
        raise EnvironmentFailedError(
            f"the environment could not be built: {shorten(building.mask(str(error)))}"
        ) from error
    finally:
        os.set_inheritable(lock, False)
        shutil.rmtree(source, ignore_errors=True)
        if not _is_complete(folder):
            shutil.rmtree(folder, ignore_errors=True)


def discard(root: str, limit_bytes: int) -> int:
    """Remove environments until they fit the limit, those first that were used longest ago.

    One that a run uses or builds stays. What a killed build left goes whatever the limit.

    Returns:
        The bytes freed.
    """
    parent = os.path.join(root, "environments")
    found = []
    for name in _names(parent):
        folder = os.path.join(parent, name)
        marker = os.path.join(folder, MARKER)
        if not os.path.isdir(folder):
            continue
        try:
            with open(marker) as file:
                size = int(json.load(file).get("bytes", 0))
            found.append((os.stat(marker).st_mtime, size, folder))
        except (OSError, ValueError):
            _remove(folder.partition(_SOURCE)[0])
    excess = sum(size for _, size, _ in found) - limit_bytes
    freed = 0
    for _, size, folder in sorted(found):
        if freed >= excess:
            break
        if _remove(folder):
            freed += size
    return freed


def _remove(folder: str) -> bool:
    lock = take_lock(folder + ".lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
    if lock is None:
        return False
    try:
        # Without its marker it no longer counts, however far the rest gets.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, MARKER))
        for leftover in (folder, folder + _SOURCE):
            shutil.rmtree(leftover, ignore_errors=True)
    finally:
        os.close(lock)
    return True


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
