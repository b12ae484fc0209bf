"""A Matplotlib backend: figures that are shown become rich outputs of the run.

Named by ``MPLBACKEND=module://jupyter_compute_run.figures``. It draws with Agg and imports
nothing that Matplotlib would not.
"""

from __future__ import annotations

import sys
from typing import Any

from matplotlib._pylab_helpers import Gcf
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

from .formatting import bundle_of
from .publishing import publish

FigureCanvas = FigureCanvasAgg


class FigureManager(FigureManagerBase):
    """A figure that can be shown by itself."""

    def show(self) -> None:
        """Show the figure and close it."""
        publish(*bundle_of(self.canvas.figure))
        Gcf.destroy_fig(self.canvas.figure)


def show(*_args: Any, **_options: Any) -> None:
    """Show all open figures that hold something, and close them, as notebooks do."""
    try:
        for manager in Gcf.get_all_fig_managers():
            figure = manager.canvas.figure
            if figure.axes or figure.lines or figure.images or figure.texts:
                publish(*bundle_of(figure))
    finally:
        Gcf.destroy_all()


def new_figure_manager(number: int, *args: Any, **options: Any) -> Any:
    """Make a figure and its manager; older versions of Matplotlib ask the backend for it."""
    from matplotlib.figure import Figure

    make = options.pop("FigureClass", Figure)
    return new_figure_manager_given_figure(number, make(*args, **options))


def new_figure_manager_given_figure(number: int, figure: Any) -> Any:
    """Give a figure its canvas and manager."""
    return FigureManager(FigureCanvasAgg(figure), number)


def is_current() -> bool:
    """Tell whether figures are drawn by this backend."""
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return False
    return str(pyplot.get_backend()).lower() == "module://" + __name__
