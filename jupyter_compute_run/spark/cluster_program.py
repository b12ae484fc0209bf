"""What YARN starts as the driver of a run: it unpacks nothing, finds its place, and begins.

Where the run's folder is on a file system that this machine sees too, the program works right
there; elsewhere in the copy that came along, and only its output goes back.
"""

from __future__ import annotations

import json
import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, NoReturn

MARK = "spark-driver-here"


def main() -> NoReturn:
    """Run the program that the arguments name, with this interpreter, and end as it did."""
    place, argv = json.loads(sys.argv[1]), sys.argv[2:]
    is_shared = os.access(os.path.join(place["run"], "files"), os.W_OK)
    root = place["run"] if is_shared else os.path.abspath("jc")
    library = os.path.abspath("jc/lib")
    log = place["log"] if is_shared else ""
    if is_shared:
        with open(os.path.join(root, "files", MARK), "w"):
            pass
    with open("jc/variables.json") as file:
        os.environ.update(json.load(file))
    own = {"FILES": "files", "EVENTS": "events", "RESULTS": "results", "OUTPUTS": "work/outputs"}
    for name, path in own.items():
        os.environ["JUPYTER_COMPUTE_" + name] = os.path.join(root, path)
    params = os.path.join(root, "files", "params.json")
    if os.path.exists(params):
        os.environ["JUPYTER_COMPUTE_PARAMS"] = params
    os.environ["JUPYTER_COMPUTE_SPARK_SESSION"] = "1"
    os.environ["PYTHONPATH"] = os.pathsep.join([library, os.environ.get("PYTHONPATH", "")])
    if argv[:2] == ["-m", "jupyter_compute_run.notebook"]:
        startup = os.path.join(library, "jupyter_compute_run", "spark", "startup.py")
        os.environ["PYTHONSTARTUP"] = startup
    for folder in ("work/outputs", "work/logs", "results"):
        os.makedirs(os.path.join(root, folder), exist_ok=True)
    pid = os.fork()
    if pid == 0:
        _become(os.path.join(root, "work"), log, argv)
    signal.signal(signal.SIGTERM, lambda number, _frame: os.kill(pid, number))
    _, status = os.waitpid(pid, 0)
    ended = {"signal": os.WTERMSIG(status)} if os.WIFSIGNALED(status) else {}
    ended = ended or {"code": os.WEXITSTATUS(status)}
    if is_shared:
        note = os.path.join(root, "files", "spark-end.json")
        with open(note + ".part", "w") as file:
            json.dump(ended, file)
        os.rename(note + ".part", note)
    os._exit(128 + ended["signal"] if "signal" in ended else ended["code"])


def _become(folder: str, log: str, argv: List[str]) -> NoReturn:
    try:
        os.chdir(folder)
        if log:
            fd = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.dup2(fd, 1)
            os.dup2(fd, 2)
        os.execv(sys.executable, [sys.executable, *argv])
    except OSError as error:
        os.write(2, "{}: {}\n".format(error.filename, error.strerror).encode())
    finally:
        os._exit(127)


if __name__ == "__main__":
    main()
