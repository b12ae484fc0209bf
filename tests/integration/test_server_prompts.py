"""A target asks, whoever has a page open answers, and the answer is written nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from compute_server import Served, serve, until
from leavings import places_with

from jupyter_compute.client import Client
from jupyter_compute.model import Prompt, Reply
from jupyter_compute.server.events import SCHEMA_ID

KINDS = str(Path(__file__).parents[1] / "kinds")
SECRET = "open-sesame-and-tell-nobody"
CODE = "code-271828"
KEPT = "keep-me-for-the-next-time"
NOBODY = "p0000000000000000"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose user has installed a kind that asks."""
    folder = tmp_path_factory.mktemp("asked")
    with serve(folder / "home", folder / "compute", PYTHONPATH=KINDS) as running:
        yield running


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def look(served: Served, host: str, **options: Any) -> Any:
    return served.post("/kinds/showcase/check", {"options": {"host": host, **options}})


def asked(served: Served, part: str) -> dict[str, Any]:
    """Wait for a question."""

    def find() -> dict[str, Any] | None:
        prompts: list[dict[str, Any]] = served.get("/prompts")["prompts"]
        return next((one for one in prompts if part in one["message"]), None)

    return until(find)


def answer(served: Served, prompt: dict[str, Any], text: str | None, status: int = 204) -> None:
    answered = served.http.post(f"/prompts/{prompt['id']}", json={"answer": text})
    assert answered.status_code == status, answered.text


def test_a_password_and_a_code_lead_in_and_stay_nowhere(
    served: Served, pool: ThreadPoolExecutor
) -> None:
    looking = pool.submit(look, served, "asks", user="ann")
    first = asked(served, "Password for ann@asks")
    assert (first["type"], first["can_keep"]) == ("secret", True)
    assert first["keep_in"] == str(served.workspace / "kept-answers.toml")
    assert first["target"] == "showcase://ann@asks:22" and first["created"] > 0
    answer(served, first, SECRET)
    second = asked(served, "code")
    assert (second["type"], second["can_keep"], second["keep_in"]) == ("text", False, "")
    answer(served, second, CODE)
    found = looking.result()
    assert found["error"] is None and found["info"]["host"] == "asks"
    assert served.get("/prompts") == {"prompts": []}
    for text in (SECRET, CODE):
        assert places_with(text, served.workspace, served.root.parent) == []
    answer(served, second, CODE, 404)


def test_who_declines_or_is_wrong_does_not_get_in(served: Served, pool: ThreadPoolExecutor) -> None:
    for text in (None, "", "wrong"):
        looking = pool.submit(look, served, "asks", user="bob")
        first = asked(served, "Password for bob")
        answer(served, first, text)
        if text:
            again = until(lambda first=first: _other(served, first))
            assert again["again"] and again["message"] == first["message"]
            answer(served, again, text)
            answer(served, asked(served, "code"), "1")
        assert looking.result()["error"]["error"] == "AuthenticationError"


def test_yes_and_no_are_the_answers_to_what_is_to_be_confirmed(
    served: Served, pool: ThreadPoolExecutor
) -> None:
    for text, is_trusted in (("yes", True), ("no", False)):
        looking = pool.submit(look, served, "new")
        prompt = asked(served, "SHA256")
        assert prompt["type"] == "confirm"
        answer(served, prompt, "perhaps", 400)
        answer(served, prompt, text)
        assert (looking.result()["error"] is None) == is_trusted


def test_what_makes_no_answer_is_refused(served: Served, pool: ThreadPoolExecutor) -> None:
    looking = pool.submit(look, served, "asks", user="cy")
    prompt = asked(served, "Password for cy")
    where = f"/prompts/{prompt['id']}"
    for body in ({}, {"answer": 1}, {"answer": "x", "keep": 1}, {"answer": "x" * 100_000}):
        assert served.post(where, body, 400)["error"] == "ConfigError"
    assert served.post(f"/prompts/{NOBODY}", {"answer": "x"}, 404)["hint"]
    answer(served, prompt, "x")
    code = asked(served, "code")
    refused = served.post(f"/prompts/{code['id']}", {"answer": "x", "keep": True}, 400)
    assert "cannot be kept" in refused["message"]
    answer(served, code, None)
    looking.result()


def test_an_answer_that_is_to_be_kept_is_used_until_it_is_refused(
    served: Served, pool: ThreadPoolExecutor
) -> None:
    def come(password: str | None = None) -> Any:
        """Look at the place; the password is kept, and not asked for if none is given."""
        looking = pool.submit(look, served, "asks", user="kit")
        if password is not None:
            prompt = asked(served, "Password for kit")
            body = {"answer": password, "keep": True}
            assert served.http.post(f"/prompts/{prompt['id']}", json=body).status_code == 204
        answer(served, asked(served, "code"), CODE)
        return looking.result()["error"]

    kept = served.workspace / "kept-answers.toml"
    assert come(KEPT) is None
    assert places_with(KEPT, served.workspace, served.root.parent) == [kept]
    with Client(served.workspace) as client:
        # Another one has nothing in its memory.
        assert client.stop_controller(60)
        assert come() is None
        assert [one.name for one in client.kept_answers()] == ["showcase://kit@asks:22 password"]
        kept.write_text(kept.read_text().replace(KEPT, "wrong"))
        assert client.stop_controller(60)
        looking = pool.submit(look, served, "asks", user="kit")
        again = asked(served, "Password for kit")
        assert again["again"] and client.kept_answers() == []
        answer(served, again, None)
        assert looking.result()["error"]["error"] == "AuthenticationError"
    assert places_with(KEPT, served.workspace, served.root.parent) == []


def test_an_attached_target_asks_under_its_name_and_the_check_waits_for_the_answer(
    served: Served, pool: ThreadPoolExecutor
) -> None:
    body = {"name": "asker", "kind": "showcase", "options": {"host": "asks", "user": "di"}}
    served.post("/targets", body, 201)

    def check() -> httpx.Response:
        return served.http.post("/targets/asker/check", params={"wait_s": 2})

    # The time in which it asks does not count as time without an answer.
    checking: Future[httpx.Response] = pool.submit(check)
    prompt = asked(served, "Password for di")
    assert prompt["target"] == "asker"
    with pytest.raises(TimeoutError):
        checking.result(3)
    answer(served, prompt, SECRET)
    answer(served, asked(served, "code"), CODE)
    state = checking.result().json()
    assert state["error"] is None and state["info"]["host"] == "asks"
    assert served.http.delete("/targets/asker").status_code == 204
    assert places_with(SECRET, served.workspace, served.root.parent) == []


def test_a_person_at_a_terminal_is_asked_too(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    # If a controller has to be started, it is from here.
    monkeypatch.setenv("PYTHONPATH", KINDS)
    body = {"name": "manned", "kind": "showcase", "options": {"host": "asks", "user": "hal"}}
    served.post("/targets", body, 201)
    heard: list[str] = []

    def asks(prompt: Prompt, is_open: Callable[[], bool]) -> Reply:
        assert is_open()
        heard.append(prompt.type)
        return Reply(answer=SECRET)

    with Client(served.workspace) as client:
        found = client.check("manned", asks=asks)
        assert (found.host, heard) == ("asks", ["secret", "text"])
    assert served.get("/targets/manned")["info"]["host"] == "asks"


def test_a_question_goes_when_nobody_waits_for_its_answer(served: Served) -> None:
    with pytest.raises(httpx.ReadTimeout):
        served.http.post(
            "/kinds/showcase/check", json={"options": {"host": "asks", "user": "eve"}}, timeout=5
        )
    until(lambda: served.get("/prompts") == {"prompts": []})


def test_a_question_goes_with_the_controller_that_asked(
    served: Served, pool: ThreadPoolExecutor
) -> None:
    with Client(served.workspace) as client:
        looking = pool.submit(look, served, "asks", user="flo")
        first = asked(served, "Password for flo")
        assert client.stop_controller(60)
        # Whoever looks goes on looking, with the next one.
        again = until(lambda: _other(served, first))
        answer(served, first, "x", 404)
        answer(served, again, None)
        assert looking.result()["error"]["error"] == "AuthenticationError"


def _other(served: Served, than: dict[str, Any]) -> dict[str, Any] | None:
    prompts = served.get("/prompts")["prompts"]
    return next((one for one in prompts if one["id"] != than["id"]), None)


def test_the_event_bus_tells_that_the_questions_are_others(
    served: Served, pool: ThreadPoolExecutor
) -> None:
    socket = served.socket(served.url.removesuffix("compute") + "api/events/subscribe")
    try:
        looking = pool.submit(look, served, "new", user="gil")
        _until_told(socket)
        prompt = asked(served, "SHA256")
        answer(served, prompt, "yes")
        _until_told(socket)
        looking.result()
    finally:
        socket.shutdown()


def _until_told(socket: Any) -> None:
    while True:
        text = socket.recv()
        message = json.loads(text)
        if message["schema_id"] == SCHEMA_ID and message["what"] == "prompts":
            assert "SHA256" not in text
            return
