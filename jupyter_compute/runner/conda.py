"""The program that makes conda environments on the target: which there is, and where."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from . import asking
from .endings import shorten

_NAMES = ("micromamba", "mamba", "conda")
_HOMES = ("miniforge3", "mambaforge", "miniconda3", "anaconda3", "micromamba", "conda")
_SYSTEM = ("/opt/conda", "/opt/miniforge3", "/opt/miniconda3", "/opt/anaconda3", "/usr/local/conda")
_BINARIES = (".local/bin", "bin")
_POINTERS = ("MAMBA_EXE", "CONDA_EXE")


class Conda(NamedTuple):
    """A program of the conda family.

    Attributes:
        name: ``micromamba``, ``mamba`` or ``conda``; empty if there is none.
        path: The program.
        version: What it says of itself; empty if it does not answer.
        trouble: Why it cannot be used; empty if it can.
        remedy: What to do about that.
    """

    name: str
    path: str
    version: str
    trouble: str = ""
    remedy: str = ""


def find_conda(env: Mapping[str, str], timeout_s: float = asking.ANSWER_S) -> Conda:
    """Return the program that environments are made with: the first that answers.

    Args:
        env: The environment variables that programs of the target are run with.
        timeout_s: How long each may take to answer.
    """
    silent = None
    for name, path in _candidates(env):
        answer = asking.ask([path, "--version"], env, timeout_s)
        if answer.code == 0 and answer.said:
            # The first line is "1.5.8", "conda 24.1.0" or "mamba 1.5.8".
            return Conda(name, path, answer.said.splitlines()[0].split()[-1])
        said = shorten(answer.complained or answer.said or f"exit code {answer.code}")
        silent = silent or Conda(name, path, "", f"{path} cannot be used: {said}", "reinstall it")
    return silent or Conda(
        "",
        "",
        "",
        "there is neither micromamba, mamba nor conda",
        "install one there, for your user alone: https://conda-forge.org/download",
    )


def _candidates(env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    home = env.get("HOME", "")
    roots = [os.path.join(home, name) for name in _HOMES if home]
    pointed = [env[name] for name in _POINTERS if env.get(name)]
    prefix = env.get("MAMBA_ROOT_PREFIX")
    folders = [
        asking.places(env, *_BINARIES),
        *(
            os.path.join(root, folder)
            for root in [*([prefix] if prefix else []), *roots, *_SYSTEM]
            for folder in ("condabin", "bin")
        ),
    ]
    for name in _NAMES:
        for path in pointed:
            if os.path.basename(path) == name and os.access(path, os.X_OK):
                yield name, path
        found = shutil.which(name, path=os.pathsep.join(folders))
        if found:
            yield name, found
