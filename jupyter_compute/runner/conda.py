"""Conda environments on the target: the program that makes them, and how it is called."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from . import asking
from .asking import Program
from .building import CannotBuildError, Site, Step, write_files
from .endings import shorten

_NAMES = ("micromamba", "mamba", "conda")
_HOMES = ("miniforge3", "mambaforge", "miniconda3", "anaconda3", "micromamba", "conda")
_SYSTEM = ("/opt/conda", "/opt/miniforge3", "/opt/miniconda3", "/opt/anaconda3", "/usr/local/conda")
_BINARIES = (".local/bin", "bin")
_POINTERS = ("MAMBA_EXE", "CONDA_EXE")
_FILE = "environment.yml"
_UNATTENDED = {
    "CONDA_ALWAYS_YES": "true",
    "MAMBA_ALWAYS_YES": "true",
    "CONDA_NOTIFY_OUTDATED_CONDA": "false",
    "MAMBA_NO_PROGRESS_BARS": "true",
    "NO_COLOR": "1",
}
"""No question is asked, and nothing is drawn, where nobody looks."""


def find_conda(env: Mapping[str, str], timeout_s: float = asking.ANSWER_S) -> Program:
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
            return Program(name, path, answer.said.splitlines()[0].split()[-1])
        said = shorten(answer.complained or answer.said or f"exit code {answer.code}")
        silent = silent or Program(name, path, "", f"{path} cannot be used: {said}", "reinstall it")
    return silent or Program(
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


class CondaRecipe(NamedTuple):
    """What a conda environment is made from.

    Attributes:
        text: The text of an ``environment.yml``.
    """

    text: str

    @property
    def base(self) -> str:
        """What the environment depends on besides: nothing."""
        return "conda"

    def digest(self) -> str:
        """Name the recipe, for a job that does not."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def write(self, folder: str) -> None:
        """Write the file that the build reads."""
        write_files(folder, {_FILE: self.text})

    def steps(self, site: Site) -> list[Step]:
        """List what is to be run, in the folder of the file.

        Raises:
            CannotBuildError: No program of the conda family is there.
        """
        conda = find_conda(site.env)
        if conda.trouble:
            raise CannotBuildError(f"{conda.trouble}; {conda.remedy}")
        # From its version 2 on, mamba is what micromamba is.
        is_old = conda.name == "conda" or conda.version.startswith(("0.", "1."))
        verb = ["env", "create"] if is_old and conda.name != "micromamba" else ["create"]
        argv = [*verb, "--prefix", site.folder, "--file", _FILE]
        return [Step([conda.path, *argv], _UNATTENDED, [conda.name, *argv])]
