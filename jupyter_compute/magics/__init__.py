"""``%compute``, ``%submit`` and ``%%submit``: the notebook's side of the one grammar.

Loading the extension only names them; what they stand on is imported when one is used first.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class

if TYPE_CHECKING:
    from .session import Session


@magics_class
class ComputeMagics(Magics):
    """The magics.

    Args:
        shell: The running IPython shell.
    """

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._ipython = shell

    @functools.cached_property
    def session(self) -> Session:
        """What does the work."""
        made: Session = importlib.import_module(".session", __name__).Session(self._ipython)
        return made

    @line_magic
    def compute(self, line: str) -> Any:
        """Run a command: ``%compute --help`` lists them; alone it lists the targets.

        With ``--json`` the answer is returned.
        """
        return self.session.compute(line)

    @line_cell_magic
    def submit(self, line: str, cell: str | None = None) -> Any:
        """Submit this cell (``%%submit``), or a script or notebook (``%submit train.py``).

        Waits for the run and shows it, unless ``--no-wait`` is given, and returns a handle.
        ``%submit --help`` lists the options.
        """
        return self.session.submit(line, cell)


def load_ipython_extension(ipython: Any) -> None:
    """Give a shell the magics; called by ``%load_ext jupyter_compute``. Repeatable."""
    magics = ComputeMagics(ipython)
    ipython.register_magics(magics)
    if getattr(ipython, "kernel", None) is not None:
        formatter = ipython.display_formatter.ipython_display_formatter
        formatter.for_type_by_name(
            "jupyter_compute.handle",
            "RunHandle",
            lambda handle: magics.session.show_handle(handle),
        )
