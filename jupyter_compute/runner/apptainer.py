"""Images run by Apptainer, whose containers are ordinary processes of whoever starts them.

So they end with the run like all its others, there is nothing to remove, and they run wherever
a process may: below a scheduler's launcher, on every node of a cluster.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, NamedTuple

from . import processes
from .asking import Program
from .building import CannotBuildError, Site, Step
from .contained import gpus_of, variables_inside
from .images import FIND_PYTHON, SHELL, Mount, client_environment, look_into, read_mount
from .place import EnvironmentFailedError, Place
from .preparation import base_environment
from .run_folder import RunFolder
from .starting import Plain

FILE = "image.sif"
_BY_BUILD = ("docker-daemon:", "docker-archive:", "oci-archive:", "oci:")
_FETCHED = ("docker://", "oras://", "library://", "shub://", *_BY_BUILD)
_FILES = (".sif", ".simg", ".img")
_PASSED = ("SLURM", "PMI", "OMPI_", "PRTE_", "I_MPI_", "MV2_", "UCX_", "NCCL_", "CUDA_", "ROCR_")
_PASSED_NAMES = ("LANG", "LC_ALL", "TZ", "USER", "LOGNAME", "TERM")
"""Of the variables outside, a program sees what its launcher and its devices are told by."""
_OWN = ("PATH", "HOME", "TMPDIR", "XDG_RUNTIME_DIR", "LD_LIBRARY_PATH")
"""What the engine's program needs for itself."""


def is_only_apptainers(name: str) -> bool:
    """Tell whether no other engine can read an image of this name."""
    return _is_file(name) or name.startswith(tuple(set(_FETCHED) - {"docker://"}))


class SifRecipe(NamedTuple):
    """How an image of a registry becomes a file.

    Attributes:
        engine: What fetches it.
        name: Its name, as the user gave it.
        base: What the file depends on besides.
    """

    engine: Program
    name: str
    base: str

    def digest(self) -> str:
        """Name the recipe, for a job that does not."""
        return hashlib.sha256(self.name.encode()).hexdigest()

    def write(self, folder: str) -> None:
        """Make the folder that it is fetched in."""
        os.makedirs(folder, mode=0o700)

    def steps(self, site: Site) -> list[Step]:
        """List what is to be run.

        Raises:
            CannotBuildError: The folder cannot be made.
        """
        try:
            os.makedirs(site.folder, mode=0o700, exist_ok=True)
        except OSError as error:
            raise CannotBuildError(str(error)) from error
        reference = self.name if self.name.startswith(_FETCHED) else "docker://" + self.name
        verb = "build" if reference.startswith(_BY_BUILD) else "pull"
        words = [verb, "--force", os.path.join(site.folder, FILE), reference]
        shown = [self.engine.name, verb, reference]
        return [Step([self.engine.path, "--nocolor", *words], {}, shown)]


class Sif:
    """An image that Apptainer runs, with what is to be known to run programs in it.

    Args:
        engine: The engine.
        name: The image's name, as the user gave it.
        path: The file or folder that it is.
        words: Words of the command for every container of it.
        found: What was found in it.
    """

    def __init__(
        self, engine: Program, name: str, path: str, words: list[str], found: dict[str, Any]
    ) -> None:
        self.engine = engine
        self.name = f"the image {name}"
        self.path = path
        self.words = words
        self.python = str(found.get("python") or "")
        self._facts = {
            "python": str(found.get("version") or ""),
            "interpreter": self.python,
            "packages": dict(found.get("packages") or {}),
        }

    def facts(self, root: str, token: str = "") -> dict[str, Any]:
        """Return the version and path of its Python, and its packages."""
        return dict(self._facts)

    def starter(
        self, run: RunFolder, job: dict[str, Any], token: str, secrets: dict[str, str]
    ) -> Plain:
        """Return what starts the programs of a run in it."""
        inside = variables_inside(run, job, token, secrets)
        gpus = gpus_of(job)
        if gpus and "SLURM_JOB_ID" not in os.environ:
            inside["CUDA_VISIBLE_DEVICES"] = ",".join(gpus)
        home = inside.pop("HOME")
        if not os.path.isdir(home):
            os.makedirs(home := run / "home", 0o700, exist_ok=True)
        prefix = _command(self.engine, *_gpu_words(job), "--home", home, "--pwd", run / "work")
        own = [Mount(run.path, run.path), Mount(run.checkpoint, run.checkpoint)]
        library = job.get("lib")
        own += [Mount(library, library, True)] if library else []
        prefix += [word for mount in own for word in mount.words()]
        env = {**environment_outside(job), **_marked(self.engine, inside)}
        return Plain(run, self.python, env, env.get("PATH", ""), [*prefix, *self.words, self.path])


def environment_outside(job: dict[str, Any]) -> dict[str, str]:
    """Return the variables that the engine's program is run with."""
    env = {
        name: value
        for name, value in base_environment().items()
        if name in (*_OWN, *_PASSED_NAMES)
        or name.lower().endswith("_proxy")
        or name.startswith((*_PASSED, "APPTAINER", "SINGULARITY"))
    }
    given = {name: value for name, value in client_environment(job).items() if name not in _OWN}
    asked = job.get("env") or {}
    # Otherwise, it takes what a variable holds for a line of a shell's.
    quiet = {"APPTAINER_NO_EVAL": "1", "SINGULARITY_NO_EVAL": "1"}
    return {**env, **{name: given[name] for name in asked if name in given}, **quiet}


def file_of(place: Place, name: str) -> str:
    """Return the path of an image that is a file or folder; empty for one that is fetched.

    Raises:
        EnvironmentFailedError: It is not there.
    """
    if not _is_file(name):
        return ""
    path = os.path.join(place.run / "work", os.path.expanduser(name))
    if not os.path.exists(path):
        where = "in the snapshot" if path.startswith(place.run / "work") else "on this target"
        raise EnvironmentFailedError(f"there is no image {name} {where}")
    return os.path.normpath(path)


def prepare_sif(place: Place, engine: Program, name: str, path: str) -> Sif:
    """Return an image whose file is on the target.

    Raises:
        EnvironmentFailedError: Nothing can be run in it.
    """
    asked: dict[str, Any] = place.job.get("containers") or {}
    mounts = [read_mount(text) for text in asked.get("mounts") or ()]
    words = [word for mount in mounts for word in mount.words()]
    words += map(str, asked.get("args") or ())
    there = os.stat(path)
    key = json.dumps([path, there.st_mtime_ns, there.st_size, engine.path, words])
    probe = [*_command(engine, "--no-home", "--pwd", "/"), *words, path, SHELL, "-c", *FIND_PYTHON]
    found = look_into(place, key, probe, environment_outside(place.job))
    return Sif(engine, name, path, words, found)


def _command(engine: Program, *words: str) -> list[str]:
    return [engine.path, "--quiet", "--nocolor", "exec", *words]


def _gpu_words(job: dict[str, Any]) -> list[str]:
    if not gpus_of(job) and not (job.get("resources") or {}).get("gpus"):
        return []
    return ["--rocm"] if os.path.exists("/dev/kfd") else ["--nv"]


def _marked(engine: Program, inside: dict[str, str]) -> dict[str, str]:
    """Name variables so that they count inside whatever the image sets."""
    prefix = processes.TOLD[engine.name]
    # Its processes are known by some of them from outside, too.
    own = {name: value for name, value in inside.items() if name.startswith("JUPYTER_COMPUTE_")}
    return {**own, **{prefix + name: value for name, value in inside.items()}}


def _is_file(name: str) -> bool:
    return name.startswith(("/", "~/", "./")) or (
        name.endswith(_FILES) and not name.startswith(_FETCHED)
    )
