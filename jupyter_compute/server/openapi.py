"""Makes ``openapi.yaml`` from the routes: ``python -m jupyter_compute.server.openapi``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml
from msgspec import Struct

from .._version import __version__
from .errors import Error
from .handler import Speech
from .routes import PARTS, ROUTES
from .sockets import FollowHandler

FILE = Path(__file__).with_name("openapi.yaml")
VERBS = ("get", "post", "put", "patch", "delete")

_REF = "#/components/schemas/{name}"
_FOLLOWING = Speech(None, FollowHandler.query, None, 101, frozenset({400, 403, 404, 503}))
_WORDS = {
    101: "The connection becomes a WebSocket",
    200: "Here it is",
    201: "It was made",
    202: "It was asked for",
    204: "Done",
    206: "The part that was asked for",
    304: "It has not changed",
    400: "The request is wrong",
    403: "Not allowed",
    404: "There is no such thing",
    409: "Not in its present state",
    413: "Too large",
    416: "The file has no such part",
    422: "The folder or snapshot cannot be used",
    501: "The kind needs a package that is not installed",
    502: "The target said no",
    503: "The store cannot be used now",
    504: "The target did not answer",
}


def speech_of(handler: type[Any], verb: str) -> Speech | None:
    """Return what a verb takes and answers; ``None`` if the handler does not know the verb."""
    if handler is FollowHandler:
        return _FOLLOWING if verb == "get" else None
    return getattr(getattr(handler, verb), "speech", None)


def document() -> dict[str, Any]:
    """Describe every route and verb."""
    found = list(_verbs())
    types = {cls for _, _, _, speech in found for cls in (speech.body, speech.answer) if cls}
    types = {cls for cls in types if not isinstance(cls, str)} | {Error}
    ordered = sorted(types, key=lambda cls: cls.__name__)
    _, schemas = msgspec.json.schema_components(ordered, ref_template=_REF)
    for schema in schemas.values():
        if "description" in schema:
            # Some versions of msgspec leave the indentation of the source in it.
            schema["description"] = inspect.cleandoc(schema["description"])
    paths: dict[str, Any] = {}
    for address, verb, handler, speech in found:
        paths.setdefault(address, {})[verb] = _operation(address, verb, handler, speech)
    made = {
        "openapi": "3.1.0",
        "info": {
            "title": "jupyter_compute",
            "version": __version__,
            "description": "Compute targets and runs, below the base URL of a Jupyter server.",
        },
        "servers": [{"url": "/compute"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "responses": {str(status): _refusal(status) for status in _refusals(found)},
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`token …`, Jupyter's own; a browser has its cookie",
                }
            },
        },
    }
    plain: dict[str, Any] = _modern(msgspec.json.decode(msgspec.json.encode(made)))
    return plain


def _modern(part: Any) -> Any:
    """Write tuples of anything as OpenAPI 3.1 and those who read it understand them."""
    if isinstance(part, list):
        return [_modern(one) for one in part]
    if not isinstance(part, dict):
        return part
    is_pair = isinstance(part.get("prefixItems"), list) or isinstance(part.get("items"), list)
    left_out = ("prefixItems", "items") if is_pair else ()
    return {name: _modern(value) for name, value in part.items() if name not in left_out}


def text() -> str:
    """Return the document as it stands in the file."""
    return str(yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=100))


def _verbs() -> Iterator[tuple[str, str, type[Any], Speech]]:
    for address, handler in ROUTES:
        for verb in VERBS:
            speech = speech_of(handler, verb)
            if speech is not None:
                yield address, verb, handler, speech


def _operation(address: str, verb: str, handler: type[Any], speech: Speech) -> dict[str, Any]:
    said = inspect.getdoc(getattr(handler, verb)) or ""
    operation: dict[str, Any] = {
        "operationId": f"{verb}_{handler.__name__.removesuffix('Handler').lower()}",
        "summary": said.partition("\n")[0].rstrip("."),
        "parameters": [*_parts(address), *_queries(speech.query)],
    }
    if speech.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _ref(speech.body)}},
        }
    responses = {str(speech.status): _success(speech, speech.status)}
    if 416 in speech.errors:
        responses["206"] = _success(speech, 206)
        responses["304"] = {"description": _WORDS[304]}
    for status in sorted(speech.errors):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    operation["responses"] = responses
    return {name: value for name, value in operation.items() if value != []}


def _success(speech: Speech, status: int) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": _WORDS[status]}
    if isinstance(speech.answer, str):
        # A file is sent as what its name says it is.
        kind = "*/*" if speech.answer == "application/octet-stream" else speech.answer
        answer["content"] = {kind: {"schema": {"type": "string", "format": "binary"}}}
    elif speech.answer is not None:
        answer["content"] = {"application/json": {"schema": _ref(speech.answer)}}
    return answer


def _refusals(found: list[tuple[str, str, type[Any], Speech]]) -> list[int]:
    return sorted({status for *_, speech in found for status in speech.errors})


def _refusal(status: int) -> dict[str, Any]:
    content = {"application/json": {"schema": _ref(Error)}}
    return {"description": _WORDS[status], "content": content}


def _parts(address: str) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"\{(\w+)\}", address):
        schema = {"type": "string", "pattern": f"^(?:{PARTS[name]})$"}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _queries(query: type[Struct] | None) -> Iterator[dict[str, Any]]:
    if query is None:
        return
    (_,), schemas = msgspec.json.schema_components((query,), ref_template=_REF)
    schema = schemas[query.__name__]
    for name, field in schema["properties"].items():
        fields = {key: value for key, value in field.items() if key != "default"}
        if "anyOf" in fields:
            # An address has no null: leaving it out says the same.
            fields = next(one for one in fields["anyOf"] if one.get("type") != "null")
        yield {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": _inlined(fields, schemas),
        }


def _inlined(field: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    items = field.get("items", {})
    if "$ref" in items:
        return {**field, "items": schemas[items["$ref"].rpartition("/")[2]]}
    return field


def _ref(cls: type[Any]) -> dict[str, str]:
    return {"$ref": _REF.format(name=cls.__name__)}


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
