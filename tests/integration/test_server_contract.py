"""``openapi.yaml`` is true: it is what the routes say, and what the server does."""

from __future__ import annotations

import zlib

import hypothesis
import pytest
import schemathesis
import yaml
from compute_server import Served
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from jupyter_compute.server import openapi
from jupyter_compute.server.routes import ROUTES

CASES = 10

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

schema = schemathesis.openapi.from_dict(openapi.document())


@pytest.fixture(scope="module")
def run_id(served: Served) -> str:
    """A run that is over, so that the cases meet more than runs that are not there."""
    found = served.script("contract.py", "open('outputs/a.txt', 'w').write('a')\nprint('out')\n")
    served.ended(found)
    return found


def test_the_document_is_what_the_routes_say() -> None:
    hint = "python -m jupyter_compute.server.openapi makes it anew"
    assert openapi.FILE.read_text("utf-8") == openapi.text(), hint


def test_the_document_has_every_route_and_verb_and_no_other() -> None:
    described = {
        (path, verb)
        for path, verbs in yaml.safe_load(openapi.FILE.read_text("utf-8"))["paths"].items()
        for verb in verbs
    }
    there = {
        (path, verb)
        for path, handler in ROUTES
        for verb in openapi.VERBS
        if getattr(handler, verb).__qualname__ != "RequestHandler._unimplemented_method"
    }
    assert described == there


@schema.parametrize()
@hypothesis.settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_the_server_does_what_the_document_says(
    case: schemathesis.Case, served: Served, run_id: str
) -> None:
    if case.path.endswith("/check") and case.method == "POST":
        # Waiting is for another test.
        case.query = {**(case.query or {}), "wait_s": "0"}
    parts = case.path_parameters or {}
    for name in ("run_id", "other"):
        if name in parts and case.method != "DELETE" and _is_even(str(parts[name])):
            parts[name] = run_id
    headers = {"Authorization": f"token {served.token}"}
    response = case.call(base_url=served.url, headers=headers, timeout=120)
    case.validate_response(response, checks=CHECKS)


def _is_even(text: str) -> bool:
    return zlib.crc32(text.encode("utf-8", "replace")) % 2 == 0
