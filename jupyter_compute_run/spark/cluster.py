"""A program whose driver runs somewhere in a YARN cluster rather than beside ``spark-submit``."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile

from .. import events
from . import cluster_program
from .watching import Watcher as _PageWatcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

_APPLICATION = re.compile(r"\b(application_\d+_\d+)\b")
_LINK = re.compile(r"tracking URL: (\S+)")
_STATE = re.compile(r"\(state: (\w+)\)")
_EXITED = re.compile(r"User application exited with (?:status )?(\d{1,3})\b")
_LOG_S = 120.0
_SENT = ("JUPYTER_COMPUTE_RUN_ID", "JUPYTER_COMPUTE_ATTEMPT")


def package(files: str) -> str:
    """Return the path of what is sent to YARN; it holds secrets and is removed at the end."""
    return os.path.join(files, "spark-work.zip")


def variables(plan: Dict[str, Any], env: Dict[str, str]) -> Dict[str, str]:
    """Return what the program finds in its environment besides what YARN puts there."""
    names = [*plan.get("variables", ()), *_SENT]
    return {name: env[name] for name in names if name in env}


def words(files: str, argv: List[str], variables: Dict[str, str]) -> List[str]:
    """Pack what the program needs; return the words by which it gets there and starts.

    Args:
        files: The run's folder of that name.
        argv: The program, for the interpreter over there.
        variables: Its environment. YARN would change some values, and show all of them.
    """
    work = package(files)
    library = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC
    fd = os.open(work, flags, 0o600)
    with open(fd, "w+b") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("variables.json", json.dumps(variables))
        _add(archive, os.getcwd(), "work")
        _add(archive, files, "files", without=(work,))
        _add(archive, os.path.join(library, "jupyter_compute_run"), "lib/jupyter_compute_run")
    run = os.path.dirname(files)
    place = json.dumps({"run": run, "log": _log_of(run)})
    return [
        "--archives",
        work + "#jc",
        os.path.abspath(cluster_program.__file__),
        place,
        *argv,
    ]


def settings(plan: Dict[str, Any], env: Dict[str, str]) -> Dict[str, str]:
    """Return the settings that an application of YARN's needs besides."""
    python = str(plan.get("executor_python") or sys.executable)
    # Else everything is found again and run in its place, which for a run is twice.
    found = {"spark.yarn.maxAppAttempts": "1", "spark.pyspark.driver.python": python}
    found["spark.yarn.tags"] = "jupyter_compute," + env.get("JUPYTER_COMPUTE_RUN_ID", "")
    return found


def _add(archive: zipfile.ZipFile, folder: str, name: str, without: Any = ()) -> None:
    for place, _, found in os.walk(folder):
        for file in found:
            path = os.path.join(place, file)
            if path not in without and file != "spark.conf" and os.path.isfile(path):
                archive.write(path, os.path.join(name, os.path.relpath(path, folder)))


def _log_of(run: str) -> str:
    return os.path.join(run, "log")


class Watcher(threading.Thread):
    """Follows what ``spark-submit`` says of its application.

    Attributes:
        application: Its id; empty as long as it is not known.
    """

    def __init__(self, log: str) -> None:
        super().__init__(daemon=True)
        self.application = ""
        self._log = log
        self._stopped = threading.Event()
        self._state = ""
        self._page = _PageWatcher("", 0, "")

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def run(self) -> None:
        """Look from time to time."""
        while not self._stopped.wait(1.0):
            try:
                self._look(_read(self._log))
            except (KeyError, TypeError, ValueError, AttributeError):
                # A page that is not as documented tells nothing, and no run ends for that.
                continue

    def _look(self, text: str) -> None:
        found = _APPLICATION.search(text)
        if found and not self.application:
            self.application = found[1]
            events.emit("tag", name="spark_application", value=found[1])
        link = _LINK.search(text)
        if link and link[1] != "N/A" and not self._page.page:
            events.emit("tag", name="spark_ui", value=link[1])
            place = "{}/api/v1/applications/{}"
            self._page.page = place.format(link[1].rstrip("/"), self.application)
        states = _STATE.findall(text)
        state = states[-1] if states else ""
        if state and state != self._state:
            self._state = state
            events.emit("phase", name="running" if state == "RUNNING" else "YARN: " + state)
        if self._page.page and state == "RUNNING":
            self._page.glance()


def kill(log: str, env: Dict[str, str]) -> Optional[subprocess.Popen[bytes]]:
    """Ask YARN to end the application, whoever waits for it; returns who asks."""
    found, yarn = _APPLICATION.search(_read(log)), shutil.which("yarn", path=env.get("PATH"))
    if not found or not yarn:
        return None
    return subprocess.Popen(
        [yarn, "application", "-kill", found[1]],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def bring_log(application: str, env: Dict[str, str]) -> None:
    """Append what the driver wrote, unless it has written to the run's log itself."""
    yarn = shutil.which("yarn", path=env.get("PATH"))
    if not application or not yarn or os.path.exists(_mark(env)):
        return
    try:
        done = subprocess.run(
            [yarn, "logs", "-applicationId", application, "-am", "1", "-log_files", "stdout"],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_LOG_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    sys.stdout.write(contents(done.stdout.decode("utf-8", "replace")))
    sys.stdout.flush()


def exit_code(text: str) -> int:
    """Return what the user's program exited with, as YARN's report has it; 0 if it does not say."""
    found = _EXITED.findall(text)
    return int(found[-1]) if found else 0


def contents(text: str) -> str:
    """Return what stands between the lines that YARN puts around a container's log."""
    match = re.search(
        r"^(?:LogContents|Log Contents):\n(?P<said>.*?)\n?^End of LogType", text, re.S | re.M
    )
    return match["said"] if match else ""


def _mark(env: Dict[str, str]) -> str:
    return os.path.join(env.get("JUPYTER_COMPUTE_FILES", ""), cluster_program.MARK)


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
