"""The foreground of a job of Ray: finds what Ray has laid out, and runs the one run in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from typing import Any

from . import launching, parcels, solo
from .failures import Failure
from .sinks import FileSink

SEGMENTS = "jupyter_compute"
"""The folder below Ray's folder for logs, which its dashboard lets others look into."""

_CONFIG = "RAY_JOB_CONFIG_JSON_ENV_VAR"
_OLD_S = 2 * 86400.0
_PACKAGES = "_ray_pkg_"


def main() -> None:
    """Run the job whose order is in the working folder; never returns."""
    try:
        sys.exit(_run())
    except (Failure, OSError) as error:
        print(f"the run cannot be started here: {error}", file=sys.stderr, flush=True)
        sys.exit(125)


def _run() -> int:
    pad = os.environ.pop(solo.PAD, "")
    job, secrets = parcels.read_order(os.getcwd(), pad)
    ray = dict(job.pop("ray", {}))
    logs = _logs()
    root = os.path.realpath(os.path.expanduser(ray.get("root") or _root(logs)))
    segments = ""
    if logs and ray.get("channel") != "log":
        parent = os.path.join(logs, SEGMENTS)
        segments = os.path.join(parent, "{}-{}".format(job["run_id"], job["attempt"]))
        _drop_old(parent)
        # It is there before anything is said in it, so whoever looks knows that we are.
        FileSink(segments)
    found = _take_packages()
    job["python"] = job.get("python") or _python()
    work = os.path.join(launching.attempt_folder(root, job["run_id"], job["attempt"]), "work")
    _hand_on(work)
    return solo.run(job, secrets, found, root, segments)


def _logs() -> str:
    """Return Ray's folder for logs, in which the log of this process is; empty if unknown."""
    try:
        folder = os.path.dirname(os.readlink("/proc/self/fd/1"))
    except OSError:
        folder = ""
    if os.path.isdir(folder) and os.path.basename(folder) == "logs":
        return folder
    session, found, _ = os.getcwd().partition("/runtime_resources/")
    folder = os.path.join(session, "logs")
    return folder if found and os.path.isdir(folder) else ""


def _root(logs: str) -> str:
    """Return the folder for our files: beside Ray's sessions, so that it outlasts them."""
    if logs:
        return os.path.join(os.path.dirname(os.path.dirname(logs)), "jupyter_compute")
    return "~/.jupyter_compute"


def _take_packages() -> list[str]:
    """Find our packages, and take them out of what the run would find to import."""
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    ours = [path for path in paths if _PACKAGES in path and _is_ours(path)]
    rest = [path for path in paths if path and path not in ours and path != os.getcwd()]
    os.environ["PYTHONPATH"] = os.pathsep.join(rest)
    return ours


def _is_ours(path: str) -> bool:
    return any(os.path.exists(os.path.join(path, name)) for name in ("runner.pyz", parcels.INDEX))


def _python() -> str:
    """Return the interpreter that has Ray: that of the environment, else that of its worker."""
    home = os.environ.get("VIRTUAL_ENV") or os.environ.get("CONDA_PREFIX") or ""
    if "/runtime_resources/" in home:
        return os.path.join(home, "bin", "python")
    try:
        with open(f"/proc/{os.getppid()}/maps", errors="replace") as maps:
            found = re.search(r"(/\S.*)/lib/python[\d.]+/\S+/ray/_raylet\.so", maps.read())
    except OSError:
        found = None
    path = os.path.join(found[1], "bin", "python") if found else ""
    if path and os.access(path, os.X_OK):
        return path
    return shutil.which("python") or sys.executable


def _hand_on(work: str) -> None:
    """Let a ``ray.init()`` of the run give its tasks the run's own files, rather than ours."""
    try:
        config: dict[str, Any] = json.loads(os.environ.get(_CONFIG, ""))
    except ValueError:
        return
    env = dict(config.get("runtime_env") or {})
    for name in ("py_modules", "working_dir", "_ray_commit"):
        env.pop(name, None)
    variables = dict(env.get("env_vars") or {})
    variables.pop(solo.PAD, None)
    env["env_vars"] = variables
    env["working_dir"] = work
    env["excludes"] = ["/outputs", "/logs"]
    config["runtime_env"] = env
    os.environ[_CONFIG] = json.dumps(config)
    # What the run itself says about its tasks' environment comes first.
    os.environ.setdefault("RAY_OVERRIDE_JOB_RUNTIME_ENV", "1")


def _drop_old(parent: str) -> None:
    """Remove what was told of runs that are long over: nobody has come for it."""
    try:
        names = os.listdir(parent)
    except OSError:
        return
    for name in names:
        path = os.path.join(parent, name)
        try:
            newest = max(os.stat(entry.path).st_mtime for entry in os.scandir(path))
        except (OSError, ValueError):
            continue
        if newest < time.time() - _OLD_S:
            shutil.rmtree(path, ignore_errors=True)
