"""What ``conda activate`` does to environment variables, for a program that no shell starts."""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess

_LIMIT_S = 60.0
_SOURCE = 'for script in "$@"; do . "$script"; done >&2; exec "$0" -0'


def activate(prefix: str, env: dict[str, str]) -> dict[str, str]:
    """Return the variables with a conda environment activated.

    Its own variables are set and the scripts that its packages left for that are sourced, by bash
    where there is one, as conda would.

    Args:
        prefix: The environment's folder.
        env: The variables as they are; ``PATH`` begins with its folder of programs already.

    Raises:
        TimeoutError: A script does not come to its end.
    """
    env = {**env, "CONDA_PREFIX": prefix, "CONDA_DEFAULT_ENV": prefix, "CONDA_SHLVL": "1"}
    env.update(_variables(prefix))
    scripts = sorted(glob.glob(os.path.join(glob.escape(prefix), "etc/conda/activate.d/*.sh")))
    shell = shutil.which("bash", path=env["PATH"]) or shutil.which("sh", path=env["PATH"])
    printer = shutil.which("env", path=os.defpath)
    if not scripts or not shell or not printer:
        return env
    try:
        done = subprocess.run(
            [shell, "-c", _SOURCE, printer, *scripts],
            env=env,
            cwd=prefix,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"the environment was not activated within {_LIMIT_S:g} s") from None
    rows = [row.partition("=") for row in os.fsdecode(done.stdout).split("\0") if "=" in row]
    # A script that leaves the shell has said nothing about the others' variables.
    return {name: value for name, _, value in rows} if rows else env


def _variables(prefix: str) -> dict[str, str]:
    """Read what ``variables:`` in an ``environment.yml`` left."""
    try:
        with open(os.path.join(prefix, "conda-meta/state"), encoding="utf-8") as file:
            found = json.load(file).get("env_vars", {})
        return {str(name): str(value) for name, value in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}
