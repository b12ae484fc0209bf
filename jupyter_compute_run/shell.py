"""IPython for the cells that need it: magics, ``!``, ``?``, and ``IPython.display``."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from types import ModuleType
from typing import Any, Callable, Optional

from . import execution, formatting
from .publishing import publish

# Any version will do, so no one version's types are asked for.
_DisplayHook: Any = import_module("IPython.core.displayhook").DisplayHook
_DisplayPublisher: Any = import_module("IPython.core.displaypub").DisplayPublisher
_InteractiveShell: Any = import_module("IPython.core.interactiveshell").InteractiveShell


class _Publisher(_DisplayPublisher):  # type: ignore[misc]
    def publish(
        self, data: Any, metadata: Any = None, transient: Any = None, update: bool = False, **_: Any
    ) -> None:
        publish(data, metadata, (transient or {}).get("display_id") or "", update)

    def clear_output(self, wait: bool = False) -> None:
        """Leave what was shown: it is a record."""


class _Hook(_DisplayHook):  # type: ignore[misc]
    def __call__(self, result: Any = None) -> None:
        if result is not None:
            show_result(result)


class RunShell(_InteractiveShell):  # type: ignore[misc]
    """A shell without a terminal, a history or a kernel."""

    display_pub_class = _Publisher
    displayhook_class = _Hook
    failure: Optional[BaseException] = None

    def init_display_formatter(self) -> None:
        """Teach the formatters about figures."""
        super().init_display_formatter()
        png = self.display_formatter.formatters["image/png"]
        png.for_type_by_name("matplotlib.figure", "Figure", formatting.png_of)

    def init_sys_modules(self) -> None:
        """Keep the main module that the cell already is."""

    def showtraceback(self, *_args: Any, **_options: Any) -> None:
        """Keep what a magic would only print: it ends the cell."""
        self.failure = self.failure or sys.exc_info()[1]

    def showsyntaxerror(self, *_args: Any, **_options: Any) -> None:
        """Keep what a magic would only print: it ends the cell."""
        self.failure = self.failure or sys.exc_info()[1]

    def enable_matplotlib(self, gui: Any = None) -> Any:
        """Leave the backend alone: figures become outputs of the run anyway."""
        return "agg", "module://jupyter_compute_run.figures"

    def system(self, cmd: str) -> None:
        """Run a command whose output goes where the run's goes."""
        sys.stdout.flush()
        sys.stderr.flush()
        code = subprocess.call(self.var_expand(cmd, depth=1), shell=True)
        self.user_ns["_exit_code"] = code


def is_started() -> bool:
    """Tell whether there is a shell already."""
    return RunShell._instance is not None


def start(main: ModuleType) -> RunShell:
    """Return the run's shell; the first call makes it, on the cell's own globals."""
    if RunShell._instance is None:
        from traitlets.config import Config

        config = Config()
        config.HistoryManager.enabled = False
        # Nobody is there to page through the answers to ``?``.
        config.InteractiveShell.display_page = True
        config.HistoryManager.hist_file = ":memory:"
        hook = sys.displayhook, sys.excepthook
        kept = dict(main.__dict__)
        RunShell.instance(config=config, user_module=main, user_ns=main.__dict__)
        main.__dict__.update(kept)
        sys.displayhook, sys.excepthook = hook
    shell = RunShell._instance
    assert isinstance(shell, RunShell)
    return shell


def show_result(value: Any) -> None:
    """Show the value of a last line with IPython's formatters."""
    shell = RunShell._instance
    assert isinstance(shell, RunShell)
    publish(*shell.display_formatter.format(value))


def execute(code: str, path: str, main: ModuleType) -> None:
    """Run a cell that is more than Python. Blocks; whatever it raises is raised."""
    shell = start(main)
    plain: str = shell.transform_cell(code)
    show: Callable[[Any], None] = show_result
    execution.execute(plain, path, main.__dict__, show)
    if shell.failure is not None:
        raise shell.failure
