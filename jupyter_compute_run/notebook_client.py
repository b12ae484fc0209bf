"""A kernel of the run's own interpreter, and the notebook that goes through it cell by cell."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import tempfile
import time
from importlib import import_module
from typing import Any, Dict, List, NamedTuple, Optional

from . import events
from .leaving import Terminated

# Any version will do, so no one version's types are asked for.
_nbclient: Any = import_module("nbclient")
_errors: Any = import_module("nbclient.exceptions")
_jupyter_client: Any = import_module("jupyter_client")
_kernelspec: Any = import_module("jupyter_client.kernelspec")
_nbformat: Any = import_module("nbformat")

_START_S = 300
_SAVE_S = 5.0
_SOCKET_PATH = 80
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(
    r"(?:Cell In ?|Input In ?|<ipython-input-)\[?(?P<count>\d+)[^\n]*?[, ]line (?P<line>\d+)"
    r"(?:, in (?P<name>[^\n(]+))?"
)
_ARROW = re.compile(r"^-+> (?P<line>\d+) ", re.MULTILINE)


class _Specs(_kernelspec.KernelSpecManager):  # type: ignore[misc]
    """Knows one kernel: the interpreter that runs this."""

    def get_kernel_spec(self, kernel_name: str) -> Any:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        argv.append("--HistoryManager.enabled=False")
        return _kernelspec.KernelSpec(argv=argv, display_name="Python", language="python")


class Copy:
    """The executed notebook on its way to the run's outputs."""

    def __init__(self, notebook: Any, path: str) -> None:
        self.notebook = notebook
        self.path = path
        self._saved = 0.0

    def save(self) -> None:
        """Write it, whole or not at all."""
        self._saved = time.monotonic()
        text = _nbformat.writes(self.notebook, version=4)
        folder = os.environ.get("JUPYTER_COMPUTE_FILES") or os.path.dirname(self.path)
        hidden = os.path.join(folder, ".{}.part".format(os.path.basename(self.path)))
        with open(hidden, "w", encoding="utf-8", errors="replace") as file:
            file.write(text + "\n")
        os.replace(hidden, self.path)

    def save_sometimes(self) -> None:
        """Write it if that was some seconds ago: a long cell's outputs shall not all be lost."""
        if time.monotonic() - self._saved >= _SAVE_S:
            self.save()


class _Client(_nbclient.NotebookClient):  # type: ignore[misc]
    """Tells the log what the cells say, and saves after each of them."""

    def __init__(self, copy: Copy, **options: Any) -> None:
        super().__init__(copy.notebook, **options)
        self.copy_of_run = copy
        self.on_notebook_start = self._begin
        self.on_cell_start = self._announce
        self.on_cell_executed = self._keep
        self.main_task: Any = None
        self.stopped_by = 0
        self.current = 0

    def output(self, outs: Any, msg: Any, display_id: Any, cell_index: int) -> Any:
        """Take an output over, and write it to the log."""
        out = super().output(outs, msg, display_id, cell_index)
        if out is not None:
            _log(out)
        self.copy_of_run.save_sometimes()
        return out

    def _begin(self, **_facts: Any) -> None:
        loop = asyncio.get_event_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number)

    def _stop(self, number: int) -> None:
        self.stopped_by = number
        self.shutdown_kernel = "immediate"
        self.main_task.cancel()

    def _announce(self, cell: Any, cell_index: int, **_facts: Any) -> None:
        self.current = cell_index
        places = [n for n, found in enumerate(self.nb.cells) if found.cell_type == "code"]
        if cell_index in places:
            done, total = places.index(cell_index), len(places)
            events.emit_progress(done / total, "cell {} of {}".format(done + 1, total))

    def _keep(self, **_facts: Any) -> None:
        self.copy_of_run.save()


def execute(copy: Copy, shown: str) -> int:
    """Execute a notebook in the current folder; returns its exit code. Blocks.

    Args:
        copy: The notebook, and where its executed copy goes.
        shown: What it is called in messages.

    Raises:
        Terminated: The run was asked to end.
    """
    # Connection files hold keys, and need a short path.
    with tempfile.TemporaryDirectory(prefix="jc-") as folder:
        os.environ["JUPYTER_RUNTIME_DIR"] = folder
        kernel = _jupyter_client.AsyncKernelManager(kernel_spec_manager=_Specs())
        if len(folder) < _SOCKET_PATH:
            # Nobody else on the machine can reach it so.
            kernel.transport, kernel.ip = "ipc", os.path.join(folder, "kernel")
        client = _Client(
            copy,
            km=kernel,
            timeout=None,
            startup_timeout=_START_S,
            resources={"metadata": {"path": os.getcwd()}},
        )
        try:
            asyncio.run(_go(client))
        except _errors.CellExecutionError:
            return _report(copy.notebook, client.current, shown)
        except (_errors.DeadKernelError, RuntimeError) as error:
            return _report_death(copy.notebook, client.current, shown, error)
        finally:
            copy.save()
    count = sum(cell.cell_type == "code" for cell in copy.notebook.cells)
    events.emit_progress(1.0, "cell {0} of {0}".format(count))
    return 0


async def _go(client: _Client) -> None:
    client.main_task = asyncio.current_task()
    kernel = client.km
    try:
        await client.async_execute(cleanup_kc=True)
    except (asyncio.CancelledError, _errors.DeadKernelError):
        # To a client that is canceled its kernel looks dead.
        if client.stopped_by == signal.SIGTERM:
            raise Terminated(128 + signal.SIGTERM) from None
        if client.stopped_by:
            raise KeyboardInterrupt from None
        raise
    finally:
        if kernel is not None and kernel.has_kernel:
            await kernel.shutdown_kernel(now=True)


def _log(out: Any) -> None:
    kind = out.output_type
    if kind == "stream":
        stream = sys.stderr if out.name == "stderr" else sys.stdout
        print(out.text, end="", file=stream, flush=True)
    elif kind == "error":
        print("\n".join(out.traceback), file=sys.stderr, flush=True)
    else:
        text = out.data.get("text/plain", "")
        print("".join(text), flush=True)


class _Frame(NamedTuple):
    """A line of a notebook that an exception passed."""

    place: int
    line: int
    name: str
    source: str


def _report(notebook: Any, index: int, shown: str) -> int:
    outputs = notebook.cells[index].get("outputs", ())
    error = next((out for out in reversed(outputs) if out.output_type == "error"), None)
    if error is None:
        return 1
    text = _ANSI.sub("", "\n".join(error.traceback))
    frames = _frames(text, notebook, index)
    lines = ["Traceback (most recent call last):"]
    for frame in frames[-10:]:
        where = ", in {}".format(frame.name) if frame.name else ""
        lines.append("  {}, cell {}, line {}{}".format(shown, frame.place, frame.line, where))
        lines += ["    " + frame.source] if frame.source else []
    lines.append(error.ename + (": " + error.evalue if error.evalue else ""))
    facts: Dict[str, Any] = {}
    if frames:
        last = frames[-1]
        place = "{}, cell {}".format(shown, last.place)
        facts = {"line": last.line, "file": place, "source": last.source}
    events.emit("error", ename=error.ename, evalue=error.evalue, traceback=lines, **facts)
    return 1


def _frames(text: str, notebook: Any, index: int) -> List[_Frame]:
    counts = {cell.get("execution_count"): n for n, cell in enumerate(notebook.cells)}
    found = []
    for match in _FRAME.finditer(text):
        place = counts.get(int(match["count"]), index)
        found.append(_frame(notebook, place, int(match["line"]), match["name"]))
    if not found:
        arrows = [int(match["line"]) for match in _ARROW.finditer(text)]
        found = [_frame(notebook, index, arrows[0], None)] if arrows else []
    return found


def _frame(notebook: Any, place: int, line: int, name: Optional[str]) -> _Frame:
    lines = notebook.cells[place].source.splitlines()
    source = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    name = (name or "").strip()
    return _Frame(place + 1, line, "" if name.startswith("<") else name, source)


def _report_death(notebook: Any, index: int, shown: str, error: Exception) -> int:
    said = "the kernel of {} ended while it ran cell {}".format(shown, index + 1)
    if not isinstance(error, _errors.DeadKernelError):
        said = "the kernel of {} cannot be used: {}".format(shown, error)
    print(said, file=sys.stderr, flush=True)
    source = notebook.cells[index].source.strip().splitlines() if notebook.cells else []
    events.emit(
        "error",
        ename="DeadKernelError",
        evalue=said,
        file="{}, cell {}".format(shown, index + 1),
        source=source[0] if source else "",
    )
    return 1
