"""Who may do what, and the places a server can stand in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import websocket
from compute_server import Served, serve, until

from jupyter_compute.server.openapi import VERBS, speech_of
from jupyter_compute.server.routes import PARTS, ROUTES

EXAMPLES = {
    "run_id": "r000000000",
    "other": "r000000001",
    "kind": "local",
    "name": "nowhere",
    "prompt_id": "p0123456789abcdef",
    "action": "start",
}

ALL = [
    (re.sub(r"\{(\w+)\}", lambda part: EXAMPLES[part[1]], path), verb)
    for path, handler in ROUTES
    for verb in VERBS
    if speech_of(handler, verb) is not None
]
NOWHERE = [("/nothing", verb) for verb in ("get", "post", "put", "patch", "delete")]


@pytest.fixture(scope="module")
def guarded(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A second server on the same workspace: behind a path, with an authorizer that records."""
    folder = tmp_path_factory.mktemp("guarded")
    options = (
        "--ServerApp.base_url=/user/ann/",
        "--ServerApp.authorizer_class=recording_authorizer.RecordingAuthorizer",
    )
    environ = {
        "AUTHORIZER_RECORD": str(folder / "record"),
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    with serve(folder / "home", served.workspace, *options, is_guest=True, **environ) as running:
        yield running


def recorded(guarded: Served) -> list[str]:
    path = guarded.root.parents[1] / "record"
    return path.read_text().splitlines() if path.exists() else []


def test_the_walk_meets_every_kind_of_part() -> None:
    assert set(EXAMPLES) == set(PARTS)
    assert all(re.fullmatch(PARTS[name], value) for name, value in EXAMPLES.items())


def test_no_verb_answers_to_a_stranger_and_none_of_them_reaches_the_authorizer(
    guarded: Served,
) -> None:
    before = len(recorded(guarded))
    for path, verb in [*ALL, *NOWHERE]:
        answer = httpx.request(verb, guarded.url + path)
        assert answer.status_code == 403, (verb, path, answer.status_code)
        assert set(answer.json()) == {"error", "message", "hint"}
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        guarded.socket("/runs/r000000000/log/follow", Authorization="")
    assert refused.value.status_code == 403
    assert len(recorded(guarded)) == before


def test_every_verb_asks_whether_it_is_authorized_for_compute(guarded: Served) -> None:
    for path, verb in [*ALL, *NOWHERE]:
        before = len(recorded(guarded))
        answer = guarded.http.request(verb, path, headers={"X-Deny": "1"})
        assert answer.status_code == 403, (verb, path, answer.status_code)
        (asked,) = recorded(guarded)[before:]
        _, where, user, action, resource = asked.split()
        assert where.endswith(path) and user
        assert (action, resource) == ("read" if verb == "get" else "write", "compute")
    before = len(recorded(guarded))
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        guarded.socket("/runs/r000000000/log/follow", **{"X-Deny": "1"})
    assert refused.value.status_code == 403
    assert recorded(guarded)[before].endswith("read compute")


def test_a_page_of_another_site_cannot_use_the_cookie(served: Served) -> None:
    with httpx.Client() as browser:
        base = served.url.removesuffix("/compute")
        assert browser.get(f"{base}/lab", params={"token": served.token}).status_code < 400
        assert browser.get(f"{served.url}/runs").status_code == 200
        blind = browser.post(f"{served.url}/targets/local/start")
        assert blind.status_code == 403
        assert set(blind.json()) == {"error", "message", "hint"}
        token = {"X-XSRFToken": browser.cookies["_xsrf"]}
        seen = browser.post(f"{served.url}/targets/local/start", headers=token)
        assert seen.status_code == 409
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        served.socket("/runs/r000000000/log/follow", Origin="http://evil.example")
    assert refused.value.status_code in (403, 404)


def test_two_servers_on_one_workspace_show_the_same(served: Served, guarded: Served) -> None:
    assert "/user/ann/compute" in guarded.url
    run_id = served.script("shared.py", "print('both')\n")
    guarded.ended(run_id)
    assert guarded.http.get(f"/runs/{run_id}/log").text == "both\n"
    socket = guarded.socket(f"/runs/{run_id}/log/follow")
    socket.recv_data()
    assert socket.recv_data()[1] == b"both\n"
    socket.shutdown()
    assert guarded.http.delete(f"/runs/{run_id}").status_code == 204
    until(lambda: served.http.get(f"/runs/{run_id}").status_code == 404)


def test_a_server_on_a_unix_socket_works(
    served: Served, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("u") / "home"
    home.mkdir()
    path = home / "s"
    with serve(home, served.workspace, f"--ServerApp.sock={path}", is_guest=True) as running:
        assert path.is_socket()
        assert running.get("/version")["version"]
        run_id = running.script("unix.py", "print('here')\n")
        assert running.ended(run_id)["state"] == "completed"
