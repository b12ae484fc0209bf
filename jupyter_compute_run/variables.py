"""Variables as files: how they travel to a run (``--in``) and back (``--out``).

JSON values, NumPy arrays, tables, text and bytes travel by formats that run no code when they are
read. Pickles run whatever they say, so both sides must have allowed them.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import re
import sys
from typing import Any, Dict

MARK = "__jupyter_compute__"
"""The key of a JSON object, and the name of a column, for what the format has no word for."""

_EXTENSIONS = {
    "json": ".json",
    "text": ".txt",
    "bytes": ".bin",
    "npy": ".npy",
    "parquet": ".parquet",
    "series": ".parquet",
    "arrow": ".arrow",
    "pickle": ".pickle",
}
_DEEP = 200


def encode(
    name: str, value: object, folder: "str | os.PathLike[str]", allow_pickle: bool = False
) -> Dict[str, Any]:
    """Write a variable into a file of a folder that exists. Blocks for the writing.

    Returns:
        ``codec``, ``path`` in the folder, ``size`` in bytes and ``type`` as the user knows it.

    Raises:
        TypeError: Values of this type do not travel; names the variable and its type.
        ValueError: This value does not travel, though its type does.
        OSError: The file cannot be written.
    """
    kind = type_name(value)
    codec = _codec_of(value)
    problem = ""
    if codec == "json":
        problem = _json_problem(value)
    elif codec == "npy" and value.dtype.hasobject:  # type: ignore[attr-defined]
        problem = "an array of objects"
    elif codec in ("parquet", "series", "arrow") and not _has("pyarrow"):
        problem = "a table needs pyarrow, which is not installed here"
    if not codec or problem:
        codec = _pickle_or_raise(name, kind, problem, allow_pickle)
    file_name = _file_name(name) + _EXTENSIONS[codec]
    path = os.path.join(os.fspath(folder), file_name)
    try:
        _write(value, codec, path)
    except OSError:
        raise
    except Exception as error:
        if os.path.exists(path):
            os.unlink(path)
        if codec == "pickle" or not allow_pickle:
            raise ValueError(_cannot(name, kind, _one_line(error))) from error
        codec, file_name = "pickle", _file_name(name) + _EXTENSIONS["pickle"]
        path = os.path.join(os.fspath(folder), file_name)
        _write(value, codec, path)
    return {"codec": codec, "path": file_name, "size": os.path.getsize(path), "type": kind}


def decode(path: "str | os.PathLike[str]", codec: str, allow_pickle: bool = False) -> Any:
    """Read a variable from its file. Blocks for the reading.

    Raises:
        ValueError: It is a pickle and these are not allowed, is damaged, or has a codec that this
            version does not know.
        ImportError: What it was made with is not installed here.
        OSError: The file cannot be read.
    """
    path = os.fspath(path)
    if codec == "pickle":
        return _unpickle(path, allow_pickle)
    if codec in ("text", "bytes", "json"):
        with open(path, "rb") as file:
            data = file.read()
        if codec == "bytes":
            return data
        text = data.decode("utf-8", "surrogatepass")
        return text if codec == "text" else _restore(json.loads(text))
    if codec == "npy":
        import numpy

        found = numpy.load(path, allow_pickle=False)
        return found if found.ndim else found[()]
    if codec in ("parquet", "series", "arrow"):
        return _read_table(path, codec)
    raise ValueError("a variable was written as {!r}, which is not known here".format(codec))


def type_name(value: object) -> str:
    """Name a value's type as its user knows it, such as ``numpy.ndarray``."""
    kind = type(value)
    module = kind.__module__
    if module in ("builtins", "__main__"):
        return kind.__qualname__
    root = module.partition(".")[0]
    # pandas.core.frame.DataFrame is known as pandas.DataFrame.
    is_public = getattr(sys.modules.get(root), kind.__name__, None) is kind
    return "{}.{}".format(root if is_public else module, kind.__qualname__)


def _codec_of(value: object) -> str:
    kind = type(value)
    if kind is str:
        return "text"
    if kind in (bytes, bytearray):
        return "bytes"
    if value is None or kind in (bool, int, float, complex, list, tuple, dict, set, frozenset):
        return "json"
    full = "{}.{}".format(kind.__module__.partition(".")[0], kind.__name__)
    if full == "numpy.ndarray" or _is_numpy_scalar(value):
        return "npy"
    return {
        "pandas.DataFrame": "parquet",
        "pandas.Series": "series",
        "pyarrow.Table": "arrow",
    }.get(full, "")


def _is_numpy_scalar(value: object) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic)


def _json_problem(value: object, depth: int = 0) -> str:
    if depth > _DEEP:
        return "nested too deeply, or contains itself"
    kind = type(value)
    if value is None or kind in (bool, int, float, complex, str, bytes):
        return ""
    if kind is dict:
        items = [item for pair in value.items() for item in pair]  # type: ignore[attr-defined]
    elif kind in (list, tuple, set, frozenset):
        items = list(value)  # type: ignore[call-overload]
    elif _is_numpy_scalar(value) and not value.dtype.hasobject:  # type: ignore[attr-defined]
        return "" if value.dtype.kind in "biufU" else "contains {}".format(type_name(value))  # type: ignore[attr-defined]
    else:
        return "contains {}".format(type_name(value))
    for item in items:
        problem = _json_problem(item, depth + 1)
        if problem:
            return problem
    return ""


def _plain(value: Any) -> Any:
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if math.isfinite(value) else {MARK: "float", "value": repr(value)}
    if kind is list:
        return [_plain(item) for item in value]
    if kind is dict:
        if all(type(key) is str for key in value) and MARK not in value:
            return {key: _plain(item) for key, item in value.items()}
        return {MARK: "dict", "value": [[_plain(a), _plain(b)] for a, b in value.items()]}
    if kind is bytes:
        return {MARK: "bytes", "value": value.hex()}
    if kind is complex:
        return {MARK: "complex", "value": [repr(value.real), repr(value.imag)]}
    if kind in (tuple, set, frozenset):
        return {MARK: kind.__name__, "value": [_plain(item) for item in value]}
    return _plain(value.item())


def _restore(value: Any) -> Any:
    if isinstance(value, list):
        return [_restore(item) for item in value]
    if not isinstance(value, dict):
        return value
    if MARK not in value:
        return {key: _restore(item) for key, item in value.items()}
    kind, inner = value[MARK], value["value"]
    if kind == "float":
        return float(inner)
    if kind == "bytes":
        return bytes.fromhex(inner)
    if kind == "complex":
        return complex(float(inner[0]), float(inner[1]))
    if kind == "dict":
        return {_restore(a): _restore(b) for a, b in inner}
    return {"tuple": tuple, "set": set, "frozenset": frozenset}[kind](map(_restore, inner))


def _write(value: Any, codec: str, path: str) -> None:
    if codec == "text":
        _write_bytes(path, value.encode("utf-8", "surrogatepass"))
    elif codec == "bytes":
        _write_bytes(path, bytes(value))
    elif codec == "json":
        _write_bytes(path, json.dumps(_plain(value), allow_nan=False).encode("ascii"))
    elif codec == "npy":
        import numpy

        numpy.save(path, value, allow_pickle=False)
    elif codec == "pickle":
        _pickle(value, path)
    else:
        _write_table(value, codec, path)


def _write_bytes(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


def _write_table(value: Any, codec: str, path: str) -> None:
    if codec == "arrow":
        import pyarrow

        with pyarrow.OSFile(path, "wb") as sink, pyarrow.ipc.new_file(sink, value.schema) as out:
            out.write_table(value)
        return
    if codec == "series":
        name = value.name
        if name is not None and not isinstance(name, str):
            raise ValueError("its name {!r} is no text".format(name))
        value = value.to_frame(MARK if name is None else name)
    if not all(isinstance(column, str) for column in value.columns):
        raise ValueError("its columns are not named by texts")
    value.to_parquet(path, engine="pyarrow", compression="snappy")


def _read_table(path: str, codec: str) -> Any:
    if codec == "arrow":
        import pyarrow

        with pyarrow.OSFile(path, "rb") as source:
            return pyarrow.ipc.open_file(source).read_all()
    import pandas

    frame = pandas.read_parquet(path, engine="pyarrow")
    if codec == "parquet":
        return frame
    series = frame.iloc[:, 0]
    return series.rename(None) if series.name == MARK else series


def _pickle_or_raise(name: str, kind: str, problem: str, allow_pickle: bool) -> str:
    if allow_pickle:
        return "pickle"
    raise TypeError(_cannot(name, kind, problem or "only --pickle lets such objects travel"))


def _pickle(value: Any, path: str) -> None:
    import pickle

    try:
        data = pickle.dumps(value, protocol=4)
    except Exception:
        if not _has("cloudpickle"):
            raise
        data = b"__main__"
    if b"__main__" in data and _has("cloudpickle"):
        # What was defined in a cell is not there where it is read; cloudpickle takes it along.
        data = importlib.import_module("cloudpickle").dumps(value, protocol=4)
    _write_bytes(path, data)


def _unpickle(path: str, allow_pickle: bool) -> Any:
    if not allow_pickle:
        raise ValueError("it was pickled, and pickles are only read with --pickle")
    import pickle

    with open(path, "rb") as file:
        data = file.read()
    try:
        return pickle.loads(data)
    except (OSError, ImportError):
        raise
    except Exception as error:
        raise ValueError("its pickle cannot be read: " + _one_line(error)) from error


def _cannot(name: str, kind: str, why: str) -> str:
    return "{} ({}) cannot travel: {}".format(name, kind, why)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _file_name(name: str) -> str:
    # Beside it stand cell.py and params.json, which a variable's name must not hit.
    plain = name if re.fullmatch(r"[A-Za-z0-9_]{1,100}", name) else name.encode("utf-8").hex()[:100]
    return "variable." + plain


def _has(module: str) -> bool:
    return module in sys.modules or importlib.util.find_spec(module) is not None
