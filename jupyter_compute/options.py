"""Options by a typed definition: read from flags and files, and described for forms."""

from __future__ import annotations

import difflib
import inspect
import re
import textwrap
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from .errors import ConfigError

S = TypeVar("S", bound=Struct)

_WORDS = {"int": "a whole number", "float": "a number", "bool": "yes or no", "str": "text"}
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


def nearest(word: str, choices: Iterable[str]) -> str:
    """Suggest what was meant: ``did you mean 'x'?``, else ``one of: a, b``; empty without any."""
    names = sorted(set(choices))
    # Every option begins with dashes: these make no two of them alike.
    folded = {name.casefold().lstrip("-"): name for name in reversed(names)}
    meant = word.casefold().lstrip("-")
    close = difflib.get_close_matches(meant, folded, n=1, cutoff=0.6)
    if close:
        return f"did you mean {folded[close[0]]!r}?"
    shown = ", ".join(names[:12])
    return f"one of: {shown}{', …' if len(names) > 12 else ''}" if names else ""


def read_options(cls: type[S], values: Mapping[str, Any]) -> S:
    """Read options as their definition says, from a file's values or from flags' strings.

    A string is converted to what the field wants: numbers, ``yes`` and ``no``, lists with
    commas. ``-`` in a name stands for ``_``. Touches nothing.

    Raises:
        ConfigError: Everything that is wrong, in one message: unknown names with the nearest
            one in the hint, values of the wrong type, names that are missing.
    """
    fields = {field.name: field for field in msgspec.structs.fields(cls)}
    problems: list[str] = []
    hints: list[str] = []
    read: dict[str, Any] = {}
    for key, value in values.items():
        name = key.replace("-", "_")
        if name not in fields:
            problems.append(f"there is no option {key!r}")
            hints.append(nearest(name, fields) or "it takes no options")
            continue
        try:
            read[name] = msgspec.convert(_from_string(value, fields[name].type), fields[name].type)
        except (msgspec.ValidationError, ValueError) as exc:
            problems.append(_wrong_value(name, value, exc))
    given = {key.replace("-", "_") for key in values}
    missing = [name for name, field in fields.items() if field.required and name not in given]
    problems.extend(f"option {name!r} is missing" for name in missing)
    if missing:
        hints.append("give " + " ".join(f"--{name.replace('_', '-')} …" for name in missing))
    if problems:
        raise ConfigError("; ".join(problems), hint="; ".join(dict.fromkeys(hints)))
    try:
        return cls(**read)
    except (ValueError, TypeError) as exc:
        raise ConfigError(_say(exc)) from exc


def schema_of(cls: type[Struct]) -> dict[str, Any]:
    """Describe options as a JSON Schema whose root is the object itself, for forms.

    Titles come from the fields' names and descriptions from the docstring's ``Attributes``.
    """
    (_,), parts = msgspec.json.schema_components((cls,), ref_template="#/$defs/{name}")
    schema: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(parts.pop(cls.__name__)))
    schema["description"] = inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0]
    told = _attributes(cls)
    properties = {
        name: {
            "title": name.replace("_", " ").capitalize(),
            **({"description": told[name]} if name in told else {}),
            **field,
        }
        for name, field in schema.get("properties", {}).items()
    }
    schema.update(properties=properties, additionalProperties=False)
    if parts:
        schema["$defs"] = msgspec.json.decode(msgspec.json.encode(parts))
    return schema


def _from_string(value: Any, wanted: Any) -> Any:
    if not isinstance(value, str):
        return value
    options = _alternatives(wanted)
    if str in options:
        return value
    if not value.strip() and type(None) in options:
        return None
    word = value.strip().casefold()
    for option in options:
        origin = get_origin(option) or option
        if origin is bool and word in _TRUE | _FALSE:
            return word in _TRUE
        if origin in (list, tuple, set, frozenset):
            inner = next(iter(get_args(option)), str)
            return [_from_string(part.strip(), inner) for part in value.split(",") if part.strip()]
        if origin in (dict, Mapping):
            return _pairs(value)
        if origin in (int, float):
            return _number(value.strip(), origin)
    return value


def _pairs(text: str) -> dict[str, str]:
    """Read ``A=1,B=2``; a piece without ``=`` belongs to the value before its comma."""
    pieces: list[str] = []
    for piece in text.split(","):
        if "=" in piece or not pieces:
            pieces.append(piece)
        else:
            pieces[-1] += "," + piece
    pairs = [piece.partition("=") for piece in pieces if piece.strip()]
    return {name.strip(): value.strip() for name, _, value in pairs}


def _number(text: str, wanted: type[int] | type[float]) -> Any:
    try:
        return wanted(text)
    except ValueError:
        return text


def _alternatives(wanted: Any) -> tuple[Any, ...]:
    if get_origin(wanted) is Annotated:
        return _alternatives(get_args(wanted)[0])
    if get_origin(wanted) in (Union, UnionType):
        return tuple(each for option in get_args(wanted) for each in _alternatives(option))
    return (wanted,)


def _wrong_value(name: str, value: Any, exc: Exception) -> str:
    wanted = re.match(r"Expected `([a-z]+)(?: \| null)?`, got", str(exc))
    if wanted and wanted[1] in _WORDS:
        return f"option {name!r} takes {_WORDS[wanted[1]]}, not {value!r}"
    return f"option {name!r}: {_say(exc)}, not {value!r}"


def _say(exc: Exception) -> str:
    text = str(exc)
    return text[:1].lower() + text[1:]


def _attributes(cls: type[Struct]) -> dict[str, str]:
    """Read what docstrings tell of the fields: the class's own, then those of its bases."""
    told: dict[str, str] = {}
    for one in cls.__mro__:
        if issubclass(one, Struct) and one is not Struct:
            told = {**_section(inspect.cleandoc(one.__doc__ or "")), **told}
    return told


def _section(text: str) -> dict[str, str]:
    _, found, rest = text.partition("Attributes:\n")
    told: dict[str, str] = {}
    if not found:
        return told
    section = re.split(r"\n(?=\S)", rest, maxsplit=1)[0]
    name = ""
    for line in textwrap.dedent(section).splitlines():
        entry = re.match(r"(\w+): (.*)", line)
        if entry:
            name = entry[1]
            told[name] = entry[2].strip()
        elif name and line.strip():
            told[name] += " " + line.strip()
    # They are shown as plain text.
    return {name: words.replace("``", "") for name, words in told.items()}
