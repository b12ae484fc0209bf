"""What stands ready before a program starts: its files, its folders, its environment variables."""

from __future__ import annotations

import os
from typing import Any

from . import processes
from .activation import activate
from .blobs import Blobs
from .interpreters import Interpreter
from .materialize import materialize, place_inputs
from .run_folder import RunFolder

_PREFIX = "JUPYTER_COMPUTE_"
_FOREIGN = ("VIRTUAL_ENV", "PYTHONHOME", "__PYVENV_LAUNCHER__")


def place_files(root: str, run: RunFolder, job: dict[str, Any]) -> None:
    """Lay out the snapshot, the inputs and the folders that a program expects."""
    work = run / "work"
    blobs = Blobs(root)
    materialize(blobs, job["snapshot_id"], work)
    place_inputs(blobs, job.get("inputs") or [], run / "files")
    for folder in ("work", "work/outputs", "work/logs", "files", "results"):
        os.makedirs(run / folder, exist_ok=True)
    os.makedirs(run.checkpoint, exist_ok=True)


def environment_variables(
    run: RunFolder, job: dict[str, Any], interpreter: Interpreter, token: str
) -> dict[str, str]:
    """Return what the program finds in its environment, without the secrets."""
    env = {**base_environment(), "PYTHONUNBUFFERED": "1", **(job.get("env") or {})}
    env["PATH"] = interpreter.search_path(env.get("PATH", os.defpath))
    if interpreter.home:
        env["VIRTUAL_ENV"] = interpreter.home
    if interpreter.prefix and env.get("CONDA_PREFIX") != interpreter.prefix:
        env = activate(interpreter.prefix, env)
    if job.get("gpu_ids"):
        env["CUDA_VISIBLE_DEVICES"] = ",".join(job["gpu_ids"])
    env.update(own_variables(run, job, token, env.get("PYTHONPATH", "")))
    return env


def own_variables(
    run: RunFolder, job: dict[str, Any], token: str, search_path: str
) -> dict[str, str]:
    """Return the variables by which a program, wherever it runs, finds us and its folders.

    Args:
        run: The attempt's folder.
        job: What was asked for.
        token: What the run's processes are known by.
        search_path: The ``PYTHONPATH`` as it is.
    """
    paths = [job.get("lib") or "", search_path]
    env = {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}
    params = run / "files/params.json"
    if os.path.exists(params):
        env[_PREFIX + "PARAMS"] = params
    env.update(
        {
            processes.TOKEN: token,
            _PREFIX + "RUN_ID": run.run_id,
            _PREFIX + "ATTEMPT": str(job.get("attempt", run.attempt)),
            _PREFIX + "EVENTS": run / "events",
            _PREFIX + "RESULTS": run / "results",
            _PREFIX + "FILES": run / "files",
            _PREFIX + "OUTPUTS": run / "work/outputs",
            _PREFIX + "CHECKPOINT": run.checkpoint,
        }
    )
    return env


def base_environment() -> dict[str, str]:
    """Return the agent's own environment without what another run or interpreter left in it."""
    return {
        name: value
        for name, value in os.environ.items()
        if name == _PREFIX + "HOME" or not name.startswith((_PREFIX, *_FOREIGN))
    }
