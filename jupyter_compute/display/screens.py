"""Where a live view is drawn: a notebook's output without widgets, or a terminal."""

from __future__ import annotations

import shutil
import uuid
from typing import Any, Protocol, TextIO

from . import html, text
from .outputs import Publish
from .view import RunPicture


class Screen(Protocol):
    """A place that shows one run while it is waited for."""

    def show(self, picture: RunPicture) -> None:
        """Draw the run as it stands, over what was drawn before."""
        ...

    def log(self, data: bytes) -> None:
        """Take new bytes of the log, for a place that shows them as they come."""
        ...

    def publish(
        self, data: dict[str, Any], metadata: dict[str, Any], display_id: str, update: bool
    ) -> None:
        """Show a rich output below."""
        ...

    def is_cancel_pressed(self) -> bool:
        """Whether the user asked on this screen for the run to end."""
        ...

    def step_aside(self) -> None:
        """Make room for a question to the person who watches."""
        ...

    def close(self, picture: RunPicture) -> None:
        """Draw the last picture, which stays."""
        ...


def bundle(picture: RunPicture) -> dict[str, Any]:
    """Return a picture as a MIME bundle: HTML, and plain text for where there is none."""
    return {"text/html": html.render(picture), "text/plain": text.render(picture)}


def write(stream: TextIO, text: str) -> None:
    """Write a text; what the stream's encoding lacks is written as ``?``."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding))


class HtmlScreen:
    """Draws into one output of the cell and replaces it in place.

    Args:
        publish: Hands bundles to the front end.
    """

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._display_id = f"compute-{uuid.uuid4().hex}"
        self._is_shown = False

    def show(self, picture: RunPicture) -> None:
        """Draw the run as it stands."""
        self._publish(bundle(picture), {}, self._display_id, self._is_shown)
        self._is_shown = True

    def log(self, data: bytes) -> None:
        """Do nothing: the picture holds the log."""

    def publish(
        self, data: dict[str, Any], metadata: dict[str, Any], display_id: str, update: bool
    ) -> None:
        """Show a rich output below the picture."""
        self._publish(data, metadata, display_id, update)

    def is_cancel_pressed(self) -> bool:
        """There is nothing to press."""
        return False

    def step_aside(self) -> None:
        """Do nothing: the front end shows a question below the picture."""

    def close(self, picture: RunPicture) -> None:
        """Draw the last picture."""
        self.show(picture)


class TextScreen:
    """Writes the log as it comes, and under it a status line that is rewritten in place.

    Where the output is no terminal, a line is written for each new state instead.

    Args:
        stream: Where the text goes.
        publish: Where rich outputs go.
    """

    def __init__(self, stream: TextIO, publish: Publish) -> None:
        self._stream = stream
        self._publish = publish
        self._is_terminal = stream.isatty()
        self._has_status = False
        self._is_at_start = True
        self._said = ("", "")

    def show(self, picture: RunPicture) -> None:
        """Rewrite the status line, unless the log stands in the middle of a line."""
        if self._is_terminal and self._is_at_start:
            width = shutil.get_terminal_size().columns - 1
            self._write("\r\x1b[2K" + text.status_line(picture, width))
            self._has_status = True
        elif not self._is_terminal and (picture.run.state.value, picture.note) != self._said:
            self._said = (picture.run.state.value, picture.note)
            self._start_line()
            self._write(text.status_line(picture) + "\n")
        self._stream.flush()

    def log(self, data: bytes) -> None:
        """Write new bytes of the log."""
        self._clear_status()
        self._write(data.decode("utf-8", "replace"))
        self._stream.flush()
        self._is_at_start = data.endswith(b"\n")

    def publish(
        self, data: dict[str, Any], metadata: dict[str, Any], display_id: str, update: bool
    ) -> None:
        """Show a rich output where the log stands."""
        self._clear_status()
        self._start_line()
        self._stream.flush()
        self._publish(data, metadata, display_id, update)

    def is_cancel_pressed(self) -> bool:
        """There is nothing to press but Ctrl-C."""
        return False

    def step_aside(self) -> None:
        """End the line, so that a question has one of its own."""
        self._clear_status()
        self._start_line()
        self._stream.flush()

    def close(self, picture: RunPicture) -> None:
        """Leave one line that says how it ended, and what came back."""
        self._clear_status()
        self._start_line()
        self._write(text.render(picture, lines=0) + "\n")
        self._stream.flush()

    def _write(self, text: str) -> None:
        write(self._stream, text)

    def _clear_status(self) -> None:
        if self._has_status:
            self._write("\r\x1b[2K")
            self._has_status = False

    def _start_line(self) -> None:
        if not self._is_at_start:
            self._write("\x1b[0m\n" if self._is_terminal else "\n")
            self._is_at_start = True
