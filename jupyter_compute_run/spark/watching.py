"""Follows an application through the driver's own web page: its link, its stages, its waiting."""

from __future__ import annotations

import json
import os
import re
import socket
import threading

from .. import events
from .finding import fetch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

MARK = "spark.jupyter_compute.run"
"""The setting that tells our application from others of the same machine."""

_FOLDER = re.compile(r"/\S*/")
_PORTS = 16
_BEGIN_S, _BUSY_S, _QUIET_S = 0.5, 1.0, 3.0
_PREFIX = "Spark "
_WAITING = "waits for executors: the cluster has nothing free that is large enough"
_IDLE = 4


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("", 0))
        return int(one.getsockname()[1])


class Watcher(threading.Thread):
    """Looks at an application until it is told to stop.

    Args:
        host: Where its web page is.
        port: The first port that the page may have; Spark takes the next one that is free.
        mark: The value of :data:`MARK` of our application.

    Attributes:
        application: Its id; empty as long as it is not known.
        page: Where its REST interface tells about it; empty as long as that is not known.
    """

    def __init__(self, host: str, port: int, mark: str) -> None:
        super().__init__(daemon=True)
        self.application = ""
        self._idle = 0
        self._host = host
        self._port = port
        self._mark = mark
        self.page = ""
        self._shown: Optional[Tuple[float, str]] = None
        self._stopped = threading.Event()
        self._reader = _Reports(os.environ.get("JUPYTER_COMPUTE_EVENTS", ""))

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def run(self) -> None:
        """Look from time to time."""
        pause_s = _BEGIN_S
        while not self._stopped.wait(pause_s):
            try:
                is_new = bool(self.page or self.find()) and self.glance()
                pause_s = _BUSY_S if is_new else min(max(pause_s, _BUSY_S) * 1.2, _QUIET_S)
            except (KeyError, TypeError, ValueError, AttributeError):
                # A page that is not as documented tells nothing, and no run ends for that.
                continue

    def find(self) -> bool:
        """Look for the page of our application; tells whether it is there."""
        for port in range(self._port, self._port + _PORTS):
            page = "http://{}:{}".format(self._host, port)
            if not _listens(self._host, port):
                # One that was busy when ours began may be free again.
                continue
            for found in fetch(page + "/api/v1/applications", 2) or ():
                about = "{}/api/v1/applications/{}".format(page, found["id"])
                settings = dict((fetch(about + "/environment", 2) or {})["sparkProperties"])
                if settings.get(MARK) == self._mark:
                    self._begin(about, found["id"], page, settings)
                    return True
        return False

    def _begin(self, about: str, name: str, page: str, settings: Dict[str, str]) -> None:
        self.page, self.application = about, name
        link = settings.get("spark.ui.reverseProxyUrl") or "http://{}:{}".format(
            settings.get("spark.driver.host") or self._host, page.rpartition(":")[2]
        )
        events.emit("tag", name="spark_application", value=name)
        events.emit("tag", name="spark_ui", value=link)

    def glance(self) -> bool:
        """Look once at its jobs and stages; tells whether anything is new."""
        jobs = fetch(self.page + "/jobs?status=running") or ()
        if not jobs:
            return False
        stages = fetch(self.page + "/stages?status=active") or []
        job = min(jobs, key=lambda one: one["jobId"])
        total = int(job["numTasks"]) - int(job["numSkippedTasks"])
        if total <= 0:
            return False
        done = int(job["numCompletedTasks"])
        label = _PREFIX + _WAITING
        if not self._is_waiting(stages):
            stage = min(stages, key=lambda one: one["stageId"], default=None)
            what = _FOLDER.sub("", (stage or job)["name"].split("\n")[0])[:80]
            where = "job {}".format(job["jobId"])
            where += ", stage {}".format(stage["stageId"]) if stage is not None else ""
            label = "{}{}: {}, {} of {} tasks".format(_PREFIX, where, what, done, total)
        shown = (round(min(done / total, 1.0), 4), label)
        if shown == self._shown or self._reader.does_user_report():
            return False
        self._shown = shown
        events.emit("progress", fraction=shown[0], label=label)
        return True

    def _is_waiting(self, stages: List[Dict[str, Any]]) -> bool:
        """Tell whether there is work and, for some looks already, nobody to do it."""
        if not stages or any(one["numActiveTasks"] or one["numCompleteTasks"] for one in stages):
            self._idle = 0
            return False
        workers = fetch(self.page + "/executors")
        if workers is None:
            return self._idle >= _IDLE
        is_alone = not any(one["id"] != "driver" or int(one["totalCores"]) for one in workers)
        self._idle = self._idle + 1 if is_alone else 0
        return self._idle >= _IDLE


class _Reports:
    """Tells whether the program says itself how far it is; then Spark's tasks are left out."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._read = 0
        self._found = False

    def does_user_report(self) -> bool:
        if self._found or not self._path:
            return self._found
        try:
            with open(self._path, "rb") as file:
                file.seek(self._read)
                data = file.read()
        except OSError:
            return False
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            if b'"progress"' in line:
                self._found = self._found or _is_of_user(line)
        return self._found


def _is_of_user(line: bytes) -> bool:
    try:
        event = json.loads(line)
    except ValueError:
        return False
    if not isinstance(event, dict) or event.get("type") != "progress":
        return False
    return not str(event.get("label", "")).startswith(_PREFIX)


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 1.0).close()
    except OSError:
        return False
    return True
