"""Runs the cell of a run: ``python -m jupyter_compute_run.cell``, started by the runner.

Plain Python runs without IPython, which would take longer to start than many a cell to run. A
cell with magics, ``!`` or ``?`` gets IPython, and so does one that asks for it.
"""

from __future__ import annotations

import builtins
import faulthandler
import os
import signal
import sys
from importlib.machinery import ModuleSpec

from . import displaying, events, execution, leaving, place
from .inputs import Inputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, NoReturn


class _Cell:
    """A cell and what belongs to it."""

    def __init__(self, files: str) -> None:
        self.inputs = Inputs(files)
        self.path, self.code = self.inputs.path, self.inputs.code
        self.facts = self.inputs.facts
        self.main = type(sys)("__main__")
        # Workers that start afresh look here for what to import.
        self.main.__spec__ = ModuleSpec("jupyter_compute_run.spawned", None)
        self.namespace = self.main.__dict__
        self.namespace.update(__file__=self.path, __builtins__=builtins)

    def take_place(self) -> None:
        """Make the cell the main module, so that what it defines can be pickled and spawned."""
        sys.modules["__main__"] = self.main
        sys.argv = [self.path]
        place.enter_folder_of(self.facts.get("notebook") or "")

    def bring_back(self) -> None:
        """Write the variables that were asked for; say of each why it cannot travel."""
        folder = os.path.join(os.environ.get("JUPYTER_COMPUTE_RESULTS", "."), "variables")
        for name in self.facts.get("outputs", ()):
            said = self._encode(name, folder)
            events.emit("variable", name=name, **said)
            if said.get("error"):
                print("--out: " + said["error"], file=sys.stderr, flush=True)

    def _encode(self, name: str, folder: str) -> Dict[str, Any]:
        if name not in self.namespace:
            return {"error": "the cell left no variable {}".format(name)}
        from . import variables

        value = self.namespace[name]
        kind = variables.type_name(value)
        try:
            os.makedirs(folder, exist_ok=True)
            allow_pickle = bool(self.facts.get("allow_pickle"))
            done = variables.encode(name, value, folder, allow_pickle=allow_pickle)
        except (TypeError, ValueError, OSError) as error:
            return {"python_type": kind, "error": str(error)}
        path = "results/variables/" + done["path"]
        facts = {"path": path, "codec": done["codec"], "size": done["size"]}
        return {"python_type": kind, **facts}


def run(files: str) -> int:
    """Run the cell that stands in a folder; returns its exit code. Blocks until it ends."""
    cell = _Cell(files)
    folder = os.getcwd()
    cell.take_place()
    place.prepare_streams()
    if not place.is_backend_chosen():
        os.environ["MPLBACKEND"] = place.FIGURES
    builtins.display = displaying.display  # type: ignore[attr-defined]
    try:
        try:
            _begin_spark(cell)
            cell.inputs.load(cell.namespace)
            _execute(cell)
        finally:
            _flush_figures()
        cell.bring_back()
        return 0
    except leaving.Terminated:
        return -signal.SIGTERM
    except SystemExit as error:
        return _exit_code(error)
    except BaseException as error:
        from . import tracebacks

        tracebacks.report(error, tracebacks.Source(cell.path, folder))
        return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1


def _begin_spark(cell: _Cell) -> None:
    if os.environ.get("JUPYTER_COMPUTE_SPARK_SESSION"):
        from .spark import session

        session.place(cell.namespace)


def _execute(cell: _Cell) -> None:
    show: Callable[[Any], None] = displaying.show_result
    code = cell.code
    if execution.is_plain(code):
        from . import ipython_hook

        ipython_hook.install(cell.main, is_wanted="get_ipython" in code)
        execution.execute(code, cell.path, cell.namespace, ipython_hook.show_result(show))
        return
    try:
        from . import shell
    except ImportError:
        raise _without_ipython(cell) from None
    shell.execute(code, cell.path, cell.main)


def _without_ipython(cell: _Cell) -> Exception:
    try:
        compile(cell.code, cell.path, "exec")
    except SyntaxError as error:
        said = "this is no Python, and IPython, which might know it, is not installed for this run"
        details = (error.filename, error.lineno, error.offset, error.text)
        return SyntaxError("{}: {}".format(error.msg, said), details)
    return RuntimeError("this cell needs IPython, which is not installed for this run")


def _exit_code(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    print(error.code, file=sys.stderr, flush=True)
    return 1


def _flush_figures() -> None:
    if "matplotlib.pyplot" not in sys.modules:
        return
    from . import figures

    if figures.is_current():
        figures.show()


def main() -> NoReturn:
    """Run the cell of this run and exit as it says."""
    files = os.environ.get("JUPYTER_COMPUTE_FILES", "")
    if not os.path.exists(os.path.join(files, "cell.py")):
        sys.exit("jupyter_compute_run.cell is started by a run, which has a cell")
    # A crash in native code shall tell its line, too.
    faulthandler.enable()
    leaving.end_on_sigterm()
    leaving.leave(run(files))


if __name__ == "__main__":
    main()
