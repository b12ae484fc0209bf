"""What the magics do: lines and cells in, runs and pictures out."""

from __future__ import annotations

import codecs
import functools
import importlib.util
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

from .. import capture
from ..client import Asks, Attendant, Client, told
from ..client.checks import check_cell
from ..commands import (
    Place,
    Result,
    Submission,
    ask_person,
    parse_submission,
    render_html,
    render_text,
    run_line,
    send,
    split,
    visible,
)
from ..display.failure import run_failed, short, shown_short
from ..display.live import watch
from ..display.screens import HtmlScreen, Screen, TextScreen, bundle, write
from ..display.view import Follower, RunPicture
from ..display.widgets import WidgetScreen
from ..errors import ComputeError, ConfigError
from ..handle import RunHandle
from ..model import Run, RunState
from ..notebook import find_whereabouts
from .source import ClientSource

_ABOUT_RUNS = frozenset(
    ("run", "logs", "cancel", "wait", "outputs", "metrics", "diff", "rerun", "delete")
)

P = ParamSpec("P")
R = TypeVar("R")


def _shows_errors_short(function: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(function)
    def call(*args: P.args, **options: P.kwargs) -> R:
        try:
            return function(*args, **options)
        except ComputeError as error:
            raise (error if hasattr(error, "_render_traceback_") else short(error)) from None

    return call


class Answer(dict[str, Any]):
    """The answer of a command with ``--json``: a dict that shows itself as JSON."""

    def __repr__(self) -> str:
        return json.dumps(self, indent=2)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


class Session:
    """The commands of one shell.

    Args:
        ipython: The running IPython shell.
    """

    def __init__(self, ipython: Any) -> None:
        self._ipython = ipython
        self._shown: set[tuple[str, int]] = set()

    @functools.cached_property
    def client(self) -> Client:
        """The client of this shell, opened on first use."""
        return Client()

    @_shows_errors_short
    def compute(self, line: str) -> Any:
        """Run the line of ``%compute``."""
        words = self._with_ids(split(line))
        if words[:1] == ["submit"]:
            return self._submit(words[1:], None)
        if words[:1] == ["wait"] and words[1:] and not any(w.startswith("-") for w in words):
            handles = [self._wait_for(self.client.run(word)) for word in words[1:]]
            return handles[0] if len(handles) == 1 else None
        return self._present(run_line(words, place=self._place()))

    def _with_ids(self, words: list[str]) -> list[str]:
        """Put a run's id for the name of the variable that holds it."""
        if words[:1] == [] or words[0] not in _ABOUT_RUNS:
            return words
        known = {
            name: value.id
            for name, value in self._ipython.user_ns.items()
            if isinstance(value, RunHandle) and not name.startswith("_")
        }
        return [words[0], *(known.get(word, word) for word in words[1:])]

    @_shows_errors_short
    def submit(self, line: str, cell: str | None) -> Any:
        """Run the line of ``%submit``, or with a cell that of ``%%submit``."""
        return self._submit(split(line), cell)

    # -- submit ------------------------------------------------------------------------------

    def _submit(self, words: list[str], cell: str | None) -> Any:
        place = self._place()
        asked = parse_submission(words, place, is_cell=cell is not None)
        if isinstance(asked, Result):
            return self._present(asked)
        if cell is None and (asked.takes or asked.brings):
            raise ConfigError(
                "variables travel to and from cells only, and this is no cell",
                hint="%%submit submits a cell; -p NAME VALUE passes a parameter",
            )
        code = None if cell is None else _whole_cell(cell)
        inputs = capture.take(
            self.client, self._variables(), asked.takes, allow_pickle=asked.allow_pickle
        )
        run = send(place, asked, code=code, inputs=inputs)
        handle = RunHandle(self.client, run)
        if asked.variable:
            self._ipython.user_ns[asked.variable] = handle
        if asked.waits is False:
            for prompt in place.attendant(run.target).open():
                _say(told(prompt))
            return self._answer(handle, asked)
        self._wait_for(run)
        capture.bring(
            self.client,
            run.id,
            asked.brings,
            self._ipython.user_ns,
            allow_pickle=asked.allow_pickle,
        )
        return self._answer(handle, asked)

    def _variables(self) -> dict[str, Any]:
        """Return the variables of the user, without those that every shell has."""
        hidden = self._ipython.user_ns_hidden
        own = self._ipython.user_ns.items()
        return {name: value for name, value in own if value is not hidden.get(name, self)}

    def _answer(self, handle: RunHandle, asked: Submission) -> Any:
        return _json_of(handle.run) if asked.is_json else handle

    def _wait_for(self, run: Run) -> RunHandle:
        """Show a run until it is over.

        Raises:
            RunFailedError: It did not complete.
            KeyboardInterrupt: It is no longer watched.
        """
        picture = self._show(run)
        if picture.run.state is not RunState.COMPLETED:
            raise run_failed(picture)
        return RunHandle(self.client, picture.run)

    def _show(self, run: Run) -> RunPicture:
        self._shown.add((run.id, self._ipython.execution_count))
        asks = self._asks
        # Where nobody can be asked, the picture says so, and a line would stay in the notebook.
        attendant = Attendant(self.client, run.target, asks, _say if asks else lambda line: None)
        picture = watch(ClientSource(self.client, run.id), self._screen(), attendant=attendant)
        if not picture.run.is_final:
            words = f"no longer watched; {run.id} goes on. %compute cancel {run.id} ends it."
            raise shown_short(KeyboardInterrupt(words), [f"KeyboardInterrupt: {words}"])
        return picture

    # -- show --------------------------------------------------------------------------------

    def _present(self, result: Result) -> Any:
        if result.stream is not None:
            _write(result.stream)
        if result.is_json:
            return Answer(result.data) if isinstance(result.data, dict) else result.data
        if result.waits_for is not None:
            return self._wait_for(result.waits_for)
        if result.name == "run" and result.run is not None:
            self._show(result.run)
            if not result.run.is_final:
                # It was watched to its end; what is recorded has changed meanwhile.
                result = run_line(["run", result.run.id], place=self._place())
            self._publish_blocks(result, folded="Details")
            return None
        if result.blocks:
            self._publish_blocks(result)
        return None

    def _publish_blocks(self, result: Result, folded: str = "") -> None:
        if not self._is_kernel:
            text = render_text(result, width=_columns(), color=sys.stdout.isatty())
            write(sys.stdout, text + "\n")
            return
        page = render_html(result)
        if folded:
            page = f"<details><summary>{folded}</summary>{page}</details>"
        self._publish({"text/html": page, "text/plain": render_text(result)}, {}, "", False)

    def show_handle(self, handle: RunHandle) -> None:
        """Show a run that a cell ends with as a picture, unless its view stands there already."""
        key = (handle.id, self._ipython.execution_count)
        if key in self._shown:
            return
        follower = Follower(ClientSource(self.client, handle.id))
        follower.read()
        run_id = handle.id
        note = "" if follower.run.is_final else f"%compute run {run_id} shows it live."
        picture = follower.picture(now=time.time(), note=note)
        self._publish(bundle(picture), {}, "", False)

    def _screen(self) -> Screen:
        if not self._is_kernel:
            return TextScreen(sys.stdout, self._publish)
        parent = self._ipython.get_parent() or {}
        if not parent.get("content", {}).get("allow_stdin", False):
            # Executed by a program: papermill, nbclient. No one can press a button, and widget
            # state would stay behind in the notebook.
            return HtmlScreen(self._publish)
        is_page = parent.get("metadata", {}).get("cellId") or os.environ.get("JPY_SESSION_NAME")
        if not is_page and "__vsc_ipynb_file__" not in self._ipython.user_ns:
            # A console on a kernel: few of them can replace an output.
            return TextScreen(sys.stdout, self._publish)
        if importlib.util.find_spec("ipywidgets") is not None:
            return WidgetScreen(self._publish, self._ipython.kernel)
        return HtmlScreen(self._publish)

    @property
    def _is_kernel(self) -> bool:
        return getattr(self._ipython, "kernel", None) is not None

    @property
    def _asks(self) -> Asks | None:
        """What asks who runs this cell, if they can be asked; papermill, for one, cannot."""
        if self._is_kernel:
            can_ask = bool(getattr(self._ipython.kernel, "_allow_stdin", False))
        else:
            can_ask = sys.stdin is not None and sys.stdin.isatty()
        return ask_person if can_ask else None

    def _publish(
        self, data: dict[str, Any], metadata: dict[str, Any], display_id: str, update: bool
    ) -> None:
        transient = {"display_id": display_id} if display_id else {}
        self._ipython.display_pub.publish(
            data=data, metadata=metadata, transient=transient, update=update and bool(display_id)
        )

    def _place(self) -> Place:
        where = find_whereabouts(self._ipython)
        return Place(
            client=self.client,
            source=where.folder,
            notebook=where.notebook,
            cell_id=where.cell_id,
            program="%compute",
            waits=True,
            asks=self._asks,
            tells=_say,
        )


def _whole_cell(body: str) -> str:
    """Return a cell's code with its lines where the user sees them: the first is the magic's.

    Raises:
        ConfigError: The cell is empty or has a syntax error.
    """
    # A magic of the whole cell must stay the first thing in it.
    code = body if re.match(r"\s*%%", body) else f"# %%submit\n{body}"
    check_cell(code if body.strip() else body)
    return code


def _say(line: str) -> None:
    write(sys.stdout, visible(line) + "\n")
    sys.stdout.flush()


def _json_of(run: Run) -> Answer:
    import msgspec  # noqa: PLC0415 - loaded by then

    return Answer(msgspec.to_builtins(run))


def _columns() -> int | None:
    return os.get_terminal_size().columns if sys.stdout.isatty() else None


def _write(stream: Iterator[bytes]) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for chunk in stream:
        write(sys.stdout, decoder.decode(chunk))
        sys.stdout.flush()
