"""What a run says, one line of JSON for each thing, appended in one write.

Many processes of a run may write at once: a line that is appended in one write is whole.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, List, Tuple, Union

LARGE = 64 * 1024
"""What is longer than this stands in a file of its own, and the event names the file."""

_PROGRESS_S = 0.05


class _Line:
    """The open file of events, by its path."""

    path = ""
    fd = -1
    is_broken = False
    has_complained = False
    last_progress: Tuple[float, str] = (0.0, "")
    saved = 0


def is_in_run() -> bool:
    """Tell whether there is a run to speak for."""
    return bool(os.environ.get("JUPYTER_COMPUTE_EVENTS"))


def emit(kind: str, **fields: Any) -> None:
    """Append an event; does nothing outside a run and never raises for the disk's sake."""
    path = os.environ.get("JUPYTER_COMPUTE_EVENTS", "")
    if path:
        fields = {key: value for key, value in fields.items() if value is not None}
        _append(path, encode({"type": kind, "t": round(time.time(), 6), **fields}) + b"\n")


def emit_progress(fraction: Any, label: str = "") -> None:
    """Append a progress event; those that follow each other too fast are left out."""
    done = float(fraction)
    if math.isnan(done):
        raise ValueError("progress takes a number from 0 to 1, not nan")
    done, label = min(max(done, 0.0), 1.0), str(label)
    now = time.monotonic()
    since, before = _Line.last_progress
    if done >= 1.0 or label != before or now - since >= _PROGRESS_S:
        _Line.last_progress = (now, label)
        emit("progress", fraction=done, label=label)


def encode(value: Any) -> bytes:
    """Write JSON that any reader takes: ASCII, no lone surrogates, no bare ``NaN``."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False, default=str)
    if "\\ud" in text:
        raw = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
        clean = json.loads(raw.encode("utf-8", "replace").decode("utf-8"))
        text = json.dumps(clean, separators=(",", ":"))
    return text.encode("ascii")


def save(folder: str, data: bytes, extension: str) -> str:
    """Write a file under ``results/``, whole or not at all; returns its path as events name it.

    Returns an empty path if it cannot be written.
    """
    root = os.environ.get("JUPYTER_COMPUTE_RESULTS", "")
    if not root:
        return ""
    _Line.saved += 1
    name = "{:x}-{}-{}{}".format(time.time_ns(), os.getpid(), _Line.saved, extension)
    path = os.path.join(root, folder, name)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        hidden = os.path.join(os.path.dirname(path), "." + name)
        with open(hidden, "wb") as file:
            file.write(data)
        os.rename(hidden, path)
    except OSError as error:
        _complain(path, error)
        return ""
    return "results/{}/{}".format(folder, name)


def name_of(name: Any) -> str:
    """Check the name of something that is logged."""
    if not isinstance(name, str) or not name:
        raise TypeError("a name is a text that is not empty, not {!r}".format(name))
    return name


def number(name: str, value: Any) -> Union[float, str]:
    """Read a number; ``nan`` and ``inf`` become text, as JSON has no words for them."""
    if isinstance(value, str):
        return value
    if getattr(value, "ndim", 0) or getattr(value, "shape", ()):
        value = _only_element(name, value)
    try:
        found = float(value)
    except OverflowError:
        return str(value)
    except (TypeError, ValueError):
        raise TypeError("{!r} takes a number, not {}".format(name, type(value).__name__)) from None
    return found if math.isfinite(found) else repr(found)


def numbers(name: str, values: Iterable[Any]) -> List[Union[float, str]]:
    """Read a list of numbers from anything that can be walked through."""
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise TypeError("{!r} takes a list, not {}".format(name, type(values).__name__))
    if hasattr(values, "tolist"):
        values = values.tolist()
    return [number(name, value) for value in values]


def cell(value: Any) -> Any:
    """Make a table's cell of any value: a number, a truth, a text or nothing."""
    if value is None or isinstance(value, (bool, str)):
        return value
    try:
        if hasattr(value, "__index__") and not getattr(value, "shape", ()):
            whole = int(value)
            return whole if abs(whole) < 2**63 else str(whole)
        if hasattr(value, "__float__"):
            return number("", value)
    except (TypeError, ValueError):
        pass
    return str(value)


def _only_element(name: str, value: Any) -> Any:
    if hasattr(value, "item"):
        try:
            return value.item()
        except (ValueError, RuntimeError):
            pass
    raise TypeError(
        "{!r} takes one number, not {} of the shape {}; log_list takes many".format(
            name, type(value).__name__, tuple(getattr(value, "shape", ()))
        )
    )


def _append(path: str, line: bytes) -> None:
    try:
        if _Line.path != path or _Line.fd < 0:
            _open(path)
        # After a line that was cut short, the next one starts afresh.
        data = b"\n" + line if _Line.is_broken else line
        try:
            written = os.write(_Line.fd, data)
        except OSError as error:
            if error.errno != 9:
                raise
            _open(path)
            written = os.write(_Line.fd, data)
        _Line.is_broken = written < len(data)
        if _Line.is_broken:
            raise OSError(28, "no room for the whole line")
    except OSError as error:
        _complain(path, error)


def _open(path: str) -> None:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    _Line.fd = os.open(path, flags, 0o600)
    _Line.path = path
    _Line.is_broken = False


def _complain(path: str, error: OSError) -> None:
    if not _Line.has_complained:
        _Line.has_complained = True
        message = "jupyter_compute_run: {} cannot be written: {}; what is logged is lost"
        print(message.format(os.path.basename(path), error.strerror), file=sys.stderr, flush=True)
