"""What a user asks for: a command, an environment, resources, files beside the snapshot."""

from __future__ import annotations

from enum import Enum
from typing import Union

from msgspec import Struct

from .names import Digest


class Distribution(str, Enum):
    """How the processes of a run find each other."""

    NONE = "none"
    MPI = "mpi"
    PYTORCH = "pytorch"
    TENSORFLOW = "tensorflow"


class CellCommand(Struct, frozen=True, kw_only=True, tag="cell", tag_field="type"):
    """Run the source of one cell.

    Attributes:
        code: The cell's text.
        notebook: The notebook's path relative to the snapshot's root; empty without one.
        cell_id: The cell's id in its notebook.
        outputs: Names of the variables to bring back.
        allow_pickle: Whether these may travel as pickles.
    """

    code: str
    notebook: str = ""
    cell_id: str = ""
    outputs: tuple[str, ...] = ()
    allow_pickle: bool = False


class ScriptCommand(Struct, frozen=True, kw_only=True, tag="script", tag_field="type"):
    """Run a Python script of the snapshot with arguments."""

    path: str
    args: tuple[str, ...] = ()


class NotebookCommand(Struct, frozen=True, kw_only=True, tag="notebook", tag_field="type"):
    """Execute a notebook of the snapshot; the executed copy becomes an output."""

    path: str


class ArgvCommand(Struct, frozen=True, kw_only=True, tag="argv", tag_field="type"):
    """Run any program with arguments, without a shell."""

    argv: tuple[str, ...]


Command = Union[CellCommand, ScriptCommand, NotebookCommand, ArgvCommand]


class PythonEnvironment(Struct, frozen=True, kw_only=True, tag="python", tag_field="type"):
    """An interpreter on the target by path or name; empty means the target's default."""

    interpreter: str = ""


class PackagesEnvironment(Struct, frozen=True, kw_only=True, tag="packages", tag_field="type"):
    """A set of packages, built once per digest on the target.

    Attributes:
        requirements: Requirement lines, normalised; empty when a lock or project is given.
        files: Names and texts of the files it is built from: ``requirements.txt``, ``uv.lock``,
            ``pyproject.toml``, ``pylock.toml``.
        python: The interpreter or version it is built with; empty means the target's default.
    """

    requirements: tuple[str, ...] = ()
    files: dict[str, str] = {}
    python: str = ""


class CondaEnvironment(Struct, frozen=True, kw_only=True, tag="conda", tag_field="type"):
    """An ``environment.yml``, by its text."""

    text: str


class ImageEnvironment(Struct, frozen=True, kw_only=True, tag="image", tag_field="type"):
    """A container image, by its name or by what it is built from.

    Attributes:
        image: Its OCI reference, or one that Apptainer reads, such as the path of a ``.sif``.
        dockerfile: The path of a Dockerfile in the snapshot instead; its folder is what the
            build sees.
    """

    image: str = ""
    dockerfile: str = ""


Environment = Union[PythonEnvironment, PackagesEnvironment, CondaEnvironment, ImageEnvironment]


class Resources(Struct, frozen=True, kw_only=True):
    """What a run needs. ``None`` leaves it to the target."""

    nodes: int = 1
    processes_per_node: int = 1
    cpus: float | None = None
    gpus: int = 0
    memory_gb: float | None = None
    time_limit_min: float | None = None
    distribution: Distribution = Distribution.NONE


class InputFile(Struct, frozen=True, kw_only=True):
    """A file that travels beside the snapshot, such as a variable given by ``--in``.

    Attributes:
        path: Where it stands under the run's ``files`` folder.
        digest: Its bytes.
        size: In bytes.
        codec: How a variable was written (``json``, ``npy``, ``parquet``, ``pickle``…); empty
            for a plain file.
        name: The variable's name; empty for a plain file.
        type: The variable's type as the user knows it, such as ``numpy.ndarray``.
    """

    path: str
    digest: Digest
    size: int
    codec: str = ""
    name: str = ""
    type: str = ""
