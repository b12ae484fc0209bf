"""A live view with a cancel button, for front ends that have ipywidgets."""

from __future__ import annotations

import uuid
from typing import Any

from . import html
from .comms import CommPump
from .outputs import Publish
from .screens import bundle
from .view import RunPicture

_VIEW = "application/vnd.jupyter.widget-view+json"


class WidgetScreen:
    """Draws into a widget while the run is live, and leaves plain HTML behind.

    The saved notebook holds no widget and no widget state: the last picture replaces the view
    in the cell's output, and the widgets are closed.

    Args:
        publish: Hands bundles to the front end.
        kernel: The running kernel, whose messages are handled while the cell waits.

    Raises:
        ImportError: ipywidgets is not installed.
    """

    def __init__(self, publish: Publish, kernel: Any) -> None:
        import ipywidgets  # noqa: PLC0415 - optional

        self._publish = publish
        self._display_id = f"compute-{uuid.uuid4().hex}"
        self._is_shown = False
        self._is_pressed = False
        self._html = ipywidgets.HTML()
        self._button = ipywidgets.Button(
            description="Cancel run", tooltip="Ask the run to end", icon="stop"
        )
        self._button.on_click(self._press)
        self._box = ipywidgets.VBox([self._html, self._button])
        self._pump = CommPump(kernel, [self._button.comm.comm_id])

    def show(self, picture: RunPicture) -> None:
        """Draw the run as it stands."""
        self._html.value = html.render(picture)
        if not self._is_shown:
            view = {"version_major": 2, "version_minor": 0, "model_id": self._box.model_id}
            # HTML beside it: what a notebook shows whose kernel died while it waited.
            self._publish({**bundle(picture), _VIEW: view}, {}, self._display_id, False)
            self._is_shown = True

    def log(self, data: bytes) -> None:
        """Do nothing: the picture holds the log."""

    def publish(
        self, data: dict[str, Any], metadata: dict[str, Any], display_id: str, update: bool
    ) -> None:
        """Show a rich output below the picture."""
        self._publish(data, metadata, display_id, update)

    def is_cancel_pressed(self) -> bool:
        """Whether the button was pressed; handles what the front end has sent."""
        self._pump.attend()
        return self._is_pressed

    def step_aside(self) -> None:
        """Do nothing: the front end shows a question below the picture."""

    def close(self, picture: RunPicture) -> None:
        """Replace the widget by the last picture."""
        self._publish(bundle(picture), {}, self._display_id, self._is_shown)
        for widget in (self._box, self._button, self._html):
            for part in (getattr(widget, "style", None), widget.layout, widget):
                if part is not None:
                    part.close()

    def _press(self, _button: Any) -> None:
        self._is_pressed = True
        self._button.disabled = True
        self._button.description = "Canceling…"
