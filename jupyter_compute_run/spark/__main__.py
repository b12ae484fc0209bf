"""Hands a run's program to ``spark-submit``, waits for it, and says what became of it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

from .. import events, leaving
from . import cluster, finding, preflight, program, reasons, session, watching

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, NoReturn, Optional

PLAN = "JUPYTER_COMPUTE_SPARK"
"""What the driver of the target wants, as JSON."""

_TAIL = 256 * 1024
_SHOWN_LINES = 30
_REFERENCE = re.compile(r"\{env:([A-Za-z_]\w*)\}")
_NOTEBOOK = "jupyter_compute_run.notebook"
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Submission:
    """One ``spark-submit``, from the look for it to its end.

    Args:
        plan: What the target's options and the run ask for.
        argv: The program: ``-m module …`` or ``script.py …`` for Python, anything else as it is.
    """

    def __init__(self, plan: Dict[str, Any], argv: List[str]) -> None:
        self.plan = plan
        self.argv = argv
        self.is_cluster = plan.get("deploy_mode") == "cluster"
        self.files = os.environ.get("JUPYTER_COMPUTE_FILES") or os.getcwd()
        self.note = os.path.join(self.files, "spark-end.json")
        self.settings_path = os.path.join(self.files, "spark.conf")
        self.spark_log = os.path.join(os.getcwd(), "logs", "spark.log")
        self.home, self.submit = finding.find_spark(str(plan.get("home") or ""))
        self.env = dict(os.environ)
        self.env.pop(PLAN, None)
        self.is_asked_to_end = False
        self.killing: Optional[subprocess.Popen[bytes]] = None

    def run(self) -> int:
        """Start it and wait; returns the exit code, negative for a signal."""
        finding.prepare(self.env, self.home)
        trouble = preflight.trouble(self.plan, self.submit)
        if trouble:
            return self._fail("SparkError", *trouble)
        settings = self._settings()
        os.makedirs(os.path.dirname(self.spark_log), exist_ok=True)
        self._write_settings(settings)
        watcher = self._watcher(settings)
        signal.signal(signal.SIGTERM, self._heed)
        try:
            with open(self.spark_log, "ab") as log:
                child = subprocess.Popen(
                    self._command(), env=self.env, stdin=subprocess.DEVNULL, stderr=log
                )
            watcher.start()
            code = child.wait()
        except OSError as error:
            return self._fail("SparkError", "{}: {}".format(self.submit, error.strerror))
        finally:
            watcher.stop()
            for path in (self.settings_path, cluster.package(self.files)):
                if os.path.exists(path):
                    os.unlink(path)
        if self.is_cluster:
            self._end_of_cluster(code, watcher.application)
        return self._judge(code)

    def _end_of_cluster(self, code: int, application: str) -> None:
        if code < 0 and self.killing is None:
            # Nobody follows it any more, and it would be taken for over.
            self.killing = cluster.kill(self.spark_log, self.env)
        if self.killing is not None:
            self.killing.wait()
        elif not self.is_asked_to_end:
            cluster.bring_log(application, self.env)

    def _heed(self, number: int, _frame: Any) -> None:
        self.is_asked_to_end = True
        if self.is_cluster:
            self.killing = self.killing or cluster.kill(self.spark_log, self.env)

    # -- what Spark is told --------------------------------------------------------------------

    def _command(self) -> List[str]:
        words = [self.submit, *self.plan.get("words", ()), "--properties-file", self.settings_path]
        if self.argv[0].endswith(".jar"):
            return [*words, *self.argv]
        self.env[session.VARIABLE] = "1"
        if self.is_cluster:
            given = cluster.variables(self.plan, self.env)
            return [*words, *cluster.words(self.files, self.argv, given)]
        if self.argv[:2] == ["-m", _NOTEBOOK]:
            startup = os.path.join(os.path.dirname(os.path.abspath(__file__)), "startup.py")
            self.env["PYTHONSTARTUP"] = startup
        self.env[program.NOTE] = self.note
        self.env[program.LOG] = _own_output()
        self.env[program.SETTINGS] = self.settings_path
        return [*words, os.path.abspath(program.__file__), *self.argv]

    def _settings(self) -> Dict[str, str]:
        given = {str(name): str(value) for name, value in dict(self.plan.get("conf") or {}).items()}
        settings = {
            "spark.ui.showConsoleProgress": "false",
            "spark.pyspark.python": str(self.plan.get("executor_python") or sys.executable),
        }
        if self.is_cluster:
            settings.update(cluster.settings(self.plan, self.env))
        else:
            settings["spark.pyspark.driver.python"] = sys.executable
            settings["spark.ui.port"] = str(watching.free_port())
        run = os.environ.get("JUPYTER_COMPUTE_RUN_ID", "run")
        mark = "{}-{}".format(run, os.environ.get("JUPYTER_COMPUTE_ATTEMPT", "1"))
        return {**settings, **given, watching.MARK: mark}

    def _write_settings(self, settings: Dict[str, str]) -> None:
        """Write what would otherwise stand in a command that everybody on the machine can read."""
        lines = [self._defaults()]
        for name, value in sorted(settings.items()):
            value = _REFERENCE.sub(lambda match: os.environ.get(match[1], ""), value)
            lines.append("{} {}".format(_escaped(name), _escaped(value)))
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with open(os.open(self.settings_path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def _defaults(self) -> str:
        folder = self.env.get("SPARK_CONF_DIR") or os.path.join(self.home, "conf")
        try:
            with open(os.path.join(folder, "spark-defaults.conf"), encoding="utf-8") as file:
                return file.read() + "\n"
        except (OSError, UnicodeDecodeError):
            return ""

    def _watcher(self, settings: Dict[str, str]) -> Any:
        if self.is_cluster:
            return cluster.Watcher(self.spark_log)
        host = self.env.get("SPARK_LOCAL_IP") or "127.0.0.1"
        port = settings.get("spark.ui.port", "4040")
        return watching.Watcher(
            host, int(port) if port.isdigit() else 4040, settings[watching.MARK]
        )

    # -- how it ended --------------------------------------------------------------------------

    def _judge(self, code: int) -> int:
        ended = self._noted()
        if ended is not None and "signal" in ended:
            return -int(ended["signal"])
        if ended is not None:
            code = int(ended["code"])
            if code and not self.is_asked_to_end and not _has_error():
                name, words = reasons.of_program(_tail(_own_output()))
                if name:
                    events.emit("error", ename=name, evalue=_hinted(words))
            return code
        if code == 0 or self.is_asked_to_end:
            return code
        text = _tail(self.spark_log)
        if self.is_cluster and cluster.exit_code(text):
            return cluster.exit_code(text)
        said = reasons.of_spark(text)
        if code < 0:
            name = signal.Signals(-code).name
            who = "spark-submit" if self.is_cluster else "the driver of Spark (Java)"
            said = "{} was ended by {}{}".format(who, name, ": " + said if said else "")
        self._show_spark_log()
        return self._fail("SparkError", said or "spark-submit failed", "", abs(code) or 1)

    def _noted(self) -> Optional[Dict[str, int]]:
        try:
            with open(self.note) as file:
                found: Dict[str, int] = json.load(file)
                return found
        except (OSError, ValueError):
            return None

    def _fail(self, name: str, said: str, hint: str = "", code: int = 1) -> int:
        words = "{}; {}".format(said, hint) if hint else _hinted(said)
        if not _has_error():
            events.emit("error", ename=name, evalue=words)
        print(words, file=sys.stderr, flush=True)
        return code if 0 < code < 256 else 1

    def _show_spark_log(self) -> None:
        lines = _tail(self.spark_log).splitlines()[-_SHOWN_LINES:]
        print("The end of logs/spark.log:", *lines, sep="\n  ", file=sys.stderr, flush=True)


def _hinted(words: str) -> str:
    hint = reasons.hint_of(words)
    return "{}; {}".format(words, hint) if hint else words


def _own_output() -> str:
    """Return the file that this process writes to: the run's log."""
    try:
        path = os.readlink("/proc/self/fd/1")
    except OSError:
        return ""
    return path if os.path.isfile(path) else ""


def _has_error() -> bool:
    return b'"type":"error"' in _tail_bytes(os.environ.get("JUPYTER_COMPUTE_EVENTS", ""))


def _tail(path: str) -> str:
    return _tail_bytes(path).decode("utf-8", "replace")


def _tail_bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            return file.read()
    except OSError:
        return b""


def _escaped(text: str) -> str:
    text = "".join(_ESCAPES.get(char, char) for char in text)
    return "\\" + text if text[:1] in (" ", "#", "!") else text


def main() -> NoReturn:
    """Run what the command line names and exit as it did."""
    if PLAN not in os.environ or len(sys.argv) < 2:
        sys.exit("jupyter_compute_run.spark is started by a run on a target of the kind spark")
    leaving.leave(Submission(json.loads(os.environ[PLAN]), sys.argv[1:]).run())


if __name__ == "__main__":
    main()
