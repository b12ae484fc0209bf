"""How a value is shown: the same MIME bundles as in a notebook, without IPython."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Tuple

    Bundle = Tuple[Dict[str, Any], Dict[str, Any]]
    """Data by MIME type, and metadata by MIME type."""

_METHODS = {
    "text/html": "_repr_html_",
    "text/markdown": "_repr_markdown_",
    "image/svg+xml": "_repr_svg_",
    "image/png": "_repr_png_",
    "application/pdf": "_repr_pdf_",
    "image/jpeg": "_repr_jpeg_",
    "text/latex": "_repr_latex_",
    "application/json": "_repr_json_",
    "application/javascript": "_repr_javascript_",
}
_CONTAINERS = (list, tuple, dict, set, frozenset)
_WIDTH = 79
_MANY = 1000


def bundle_of(value: Any) -> Bundle:
    """Return what a value shows: its own representations, else its ``repr``.

    A representation that raises is left out and said on stderr, as IPython does.
    """
    data: Dict[str, Any] = {}
    metadata: Dict[str, Any] = {}
    whole = _call(value, "_repr_mimebundle_", lambda method: method(include=None, exclude=None))
    _take_bundle(whole, data, metadata)
    for mime, name in _METHODS.items():
        if mime not in data:
            _take(mime, _call(value, name, lambda method: method()), data, metadata)
    if is_figure(value):
        data.setdefault("image/png", png_of(value))
    if "text/plain" not in data:
        data["text/plain"] = text_of(value)
    return data, metadata


def is_figure(value: Any) -> bool:
    """Tell whether a value is a Matplotlib figure; imports nothing."""
    module = sys.modules.get("matplotlib.figure")
    return module is not None and isinstance(value, module.Figure)


def png_of(figure: Any) -> bytes:
    """Draw a figure as a PNG, as notebooks do."""
    import io

    target = io.BytesIO()
    figure.savefig(target, format="png", bbox_inches="tight", dpi=figure.dpi)
    return target.getvalue()


def text_of(value: Any) -> str:
    """Return a value's ``repr``; containers that are too long for a line go over many."""
    try:
        if type(value) is type and type(value).__repr__ is type.__repr__:
            # As IPython says it.
            module = "" if value.__module__ == "builtins" else value.__module__ + "."
            return module + str(value.__qualname__)
        text = repr(value)
        if type(value) in _CONTAINERS and len(text) > _WIDTH and len(value) <= _MANY:
            import pprint

            text = pprint.pformat(value, width=_WIDTH, **_UNSORTED)
    except Exception as error:
        _complain("__repr__", value, error)
        text = object.__repr__(value)
    return text


_UNSORTED: Dict[str, Any] = {"sort_dicts": False}


def _call(value: Any, name: str, call: Callable[[Any], Any]) -> Any:
    if isinstance(value, type):
        # A class has its instances' methods, which cannot be called without one.
        return None
    method = getattr(value, name, None)
    if method is None or not callable(method):
        return None
    try:
        # An object that answers to every name is no witness that it has this one.
        if callable(getattr(value, "_ipython_canary_method_should_not_exist_", None)):
            return None
        return call(method)
    except NotImplementedError:
        return None
    except Exception as error:
        _complain(name, value, error)
        return None


def _take_bundle(found: Any, data: Dict[str, Any], metadata: Dict[str, Any]) -> None:
    if isinstance(found, tuple) and len(found) == 2:
        found, about = found
        if isinstance(about, dict):
            metadata.update(about)
    if isinstance(found, dict):
        data.update({mime: value for mime, value in found.items() if value is not None})


def _take(mime: str, found: Any, data: Dict[str, Any], metadata: Dict[str, Any]) -> None:
    if isinstance(found, tuple) and len(found) == 2:
        found, metadata[mime] = found
    if found is not None:
        data[mime] = found


def _complain(name: str, value: Any, error: Exception) -> None:
    message = "{} of {} failed: {}: {}"
    kind = type(value).__name__
    print(message.format(name, kind, type(error).__name__, error), file=sys.stderr)
