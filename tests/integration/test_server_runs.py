"""Runs over HTTP, on the local target."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from compute_server import Served

FOREVER = "import time\nprint('up', flush=True)\ntime.sleep(600)\n"


def argv(*words: str, **more: Any) -> dict[str, Any]:
    return {"command": {"type": "argv", "argv": words}, "source": "words", **more}


@pytest.fixture
def words(served: Served) -> None:
    (served.root / "words").mkdir(exist_ok=True)


def test_a_script_is_submitted_and_its_run_tells_all_about_itself(served: Served) -> None:
    code = (
        "import jupyter_compute_run as run\n"
        "run.log('loss', 0.5, step=1); run.log('loss', 0.25, step=2)\n"
        "run.log_list('sizes', [1, 2]); run.log_row('table', a=1, b='x')\n"
        "run.progress(0.5, 'half'); print(run.params()['lr'])\n"
    )
    run_id = served.script("told.py", code, params={"lr": 0.1}, tags={"who": "me"})
    run = served.ended(run_id)
    assert (run["state"], run["exit_code"], run["experiment"]) == ("completed", 0, "told")
    details = served.get(f"/runs/{run_id}")
    assert details["metrics"] == {"loss": 0.25}
    assert details["progress"]["fraction"] == 0.5
    assert details["failure"] is None and details["logs"] == ["log"] and details["log_size"] == 4
    series = served.get(f"/runs/{run_id}/metrics", name=["loss"])["metrics"]["loss"]
    assert (series["step"], series["value"]) == ([1, 2], [0.5, 0.25])
    assert served.get(f"/runs/{run_id}/lists")["lists"] == {"sizes": [1, 2]}
    assert served.get(f"/runs/{run_id}/tables")["tables"] == {"table": [{"a": 1, "b": "x"}]}
    assert served.get(f"/runs/{run_id}/images") == {"images": []}
    events = served.get(f"/runs/{run_id}/events", type=["metric"])["events"]
    assert [said["event"]["value"] for said in events] == [0.5, 0.25]
    rest = served.get(f"/runs/{run_id}/events", type=["metric"], after=events[0]["number"])
    assert rest["events"] == events[1:]


def test_a_cell_shows_its_rich_outputs_and_names_its_variables(served: Served, words: None) -> None:
    cell = {"type": "cell", "code": "x = 6 * 7\nx", "outputs": ["x"], "cell_id": "c1"}
    run_id = served.post("/runs", {"command": cell, "source": "words"}, 201)["id"]
    assert served.ended(run_id)["state"] == "completed"
    assert [one["data"] for one in served.get(f"/runs/{run_id}/displays")["displays"]] == [
        {"text/plain": "42"}
    ]
    assert served.get(f"/runs/{run_id}/variables")["variables"]["x"]["error"] == ""
    assert served.get("/runs", text=run_id)["runs"][0]["cell_id"] == "c1"


def test_each_cell_of_a_notebook_has_its_last_run(served: Served) -> None:
    (served.root / "deep" / "er").mkdir(parents=True, exist_ok=True)
    cell = {"type": "cell", "code": "1", "notebook": "er/a b.ipynb", "cell_id": "c1"}
    body = {"command": cell, "source": "deep"}
    first, last = (served.post("/runs", body, 201)["id"] for _ in range(2))
    other = {**cell, "notebook": "a b.ipynb", "cell_id": "c2"}
    second = served.post("/runs", {"command": other, "source": "deep/er"}, 201)["id"]
    cells = served.get("/cells", path="deep/er/a b.ipynb")["cells"]
    assert {name: run["id"] for name, run in cells.items()} == {"c1": last, "c2": second}
    assert cells["c1"]["notebook"] == "er/a b.ipynb"
    assert served.get("/cells", path="RTC:deep/er/a b.ipynb")["cells"].keys() == cells.keys()
    assert served.get("/cells", path="er/a b.ipynb") == {"cells": {}}
    served.get("/cells", 400)
    for run_id in (first, last, second):
        assert served.ended(run_id)["state"] == "completed"


def test_a_list_can_be_entered_anywhere(served: Served, words: None) -> None:
    for _ in range(3):
        served.post("/runs", argv("true", experiment="jumps"), 201)
    asked = {"experiment": "jumps", "limit": 1}
    whole = served.get("/runs", experiment="jumps")["runs"]
    page = served.get("/runs", offset=1, **asked)
    assert [run["id"] for run in page["runs"]] == [whole[1]["id"]] and page["total"] == 3
    after = served.get("/runs", cursor=page["cursor"], **asked)
    assert [run["id"] for run in after["runs"]] == [whole[2]["id"]] and after["cursor"] == ""
    assert served.get("/runs", offset=3, **asked)["runs"] == []
    assert "offset" in served.get("/runs", 400, offset=1, cursor=page["cursor"])["message"]
    served.get("/runs", 400, offset=-1)


def test_a_run_that_fails_says_why(served: Served) -> None:
    run_id = served.script("failing.py", "def f():\n    return 1 / 0\nf()\n")
    run = served.ended(run_id)
    assert (run["state"], run["exit_code"]) == ("failed", 1)
    assert "ZeroDivisionError" in served.http.get(f"/runs/{run_id}/log").text


def test_runs_are_listed_by_filter_and_page_by_page(served: Served, words: None) -> None:
    ids = [
        served.post(
            "/runs", argv("true", experiment="paging", name=f"paging-{i}", tags={"i": str(i)}), 201
        )["id"]
        for i in range(5)
    ]
    for run_id in ids:
        served.ended(run_id)
    seen, cursor = [], ""
    while True:
        page = served.get("/runs", experiment="paging", limit=2, cursor=cursor, metrics=True)
        assert page["total"] == 5
        seen += [run["id"] for run in page["runs"]]
        cursor = page["cursor"]
        if not cursor:
            break
    assert seen == ids[::-1]
    by_name = served.get("/runs", experiment="paging", sort="name", state=["completed", "failed"])
    assert [run["name"] for run in by_name["runs"]] == [f"paging-{i}" for i in range(5)]
    assert [run["id"] for run in served.get("/runs", tag="i=3")["runs"]] == [ids[3]]
    assert served.get("/runs", experiment="paging", state="queued")["total"] == 0
    assert served.get("/runs", text="paging-4", experiment="paging")["total"] == 1


def test_a_follower_learns_what_it_missed(served: Served, words: None) -> None:
    since = served.get("/status")["revision"]
    run_id = served.post("/runs", argv("true"), 201)["id"]
    served.ended(run_id)
    changes = served.get("/changes", since=since)
    assert run_id in [run["id"] for run in changes["runs"]]
    assert served.http.delete(f"/runs/{run_id}").status_code == 204
    later = served.get("/changes", since=changes["revision"])
    assert later["deleted"] == [run_id]
    assert served.get("/changes", since=later["revision"])["deleted"] == []
    one = served.get("/changes", since=0, limit=1)
    assert one["has_more"] and one["revision"] == one["runs"][0]["revision"]


def test_a_run_is_canceled_once_and_then_over(served: Served) -> None:
    run_id = served.script("forever.py", FOREVER)
    assert served.http.delete(f"/runs/{run_id}").status_code == 409
    first = served.post(f"/runs/{run_id}/cancel", status=202)
    assert first["cancel_requested"] is not None
    assert served.ended(run_id)["state"] == "canceled"
    assert served.post(f"/runs/{run_id}/cancel", status=409)["error"] == "ConflictError"


def test_a_rerun_is_another_run_of_the_same_and_differs_in_nothing(served: Served) -> None:
    first = served.script("again.py", "print(1)\n")
    served.ended(first)
    second = served.post(f"/runs/{first}/rerun", status=201)
    assert (second["rerun_of"], second["state"]) == (first, "queued")
    served.ended(second["id"])
    third = served.script("again.py", "print(2)\n", params={"a": 1})
    same = served.get(f"/runs/{first}/diff/{second['id']}")
    assert (same["files"], same["texts"], same["params"]) == ({}, {}, {})
    other = served.get(f"/runs/{first}/diff/{third}")
    assert other["files"] == {"again.py": "changed"}
    assert "+print(2)" in other["texts"]["again.py"]
    assert other["params"] == {"a": [None, 1]}
    served.ended(third)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"source": "words"}, 400, "command"),
        ({"command": {"type": "nothing"}, "source": "words"}, 400, "nothing"),
        (argv("true", target="lokal"), 404, "lokal"),
        (argv("true", colour="red"), 400, "colour"),
        (argv("true", resources={"gpus": "many"}), 400, "gpus"),
        (argv("true", params={"not a name": 1}), 400, "not a name"),
        (argv("true", env={"A B": "1"}), 400, "A B"),
        (argv("true", secrets={"KEY": "plain"}), 400, "secret"),
        (argv("true", environment=["==1"]), 400, "==1"),
        (argv(), 400, "nothing to run"),
        ({**argv("true"), "source": "nowhere"}, 422, "nowhere"),
        ({**argv("true"), "source": "a\0b"}, 400, "source"),
        ({"command": {"type": "cell", "code": "1 +"}, "source": "words"}, 400, "syntax"),
        ({"command": {"type": "script", "path": "no.py"}, "source": "words"}, 404, "no.py"),
        ({"command": {"type": "script", "path": "../x.py"}, "source": "words"}, 422, "outside"),
        ([], 400, "object"),
        ("text", 400, "object"),
    ],
)
def test_a_wrong_submit_says_what_is_wrong_and_keeps_nothing(
    served: Served, words: None, body: Any, status: int, said: str
) -> None:
    before = served.get("/status")["revision"]
    answer = served.post("/runs", body, status)
    assert set(answer) == {"error", "message", "hint"}
    assert said in answer["message"], answer
    assert served.get("/changes", since=before)["runs"] == []


@pytest.mark.parametrize("body", [b"{", b"\xff", b'"\\ud800"', b"[" * 100_000, b"nope"])
def test_a_body_that_is_no_json_is_refused(served: Served, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = served.http.post("/runs", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "ConfigError")


def test_a_huge_body_is_refused(served: Served) -> None:
    answer = served.http.post("/runs", content=b" " * (17 << 20))
    assert (answer.status_code, answer.json()["error"]) == (413, "TooLargeError")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/runs?state=done", 400),
        ("/runs?states=queued", 400),
        ("/runs?limit=0", 400),
        ("/runs?limit=ten", 400),
        ("/runs?limit=1&limit=2", 400),
        ("/runs?sort=colour", 400),
        ("/runs?cursor=nonsense", 400),
        ("/runs?tag=without", 400),
        ("/runs?text=%FF", 400),
        ("/runs?1700000000000", 200),
        ("/changes", 400),
        ("/changes?since=-1", 400),
        ("/runs/r000000000", 404),
        ("/runs/..%2F..%2Fetc", 404),
        ("/runs/r", 404),
        ("/nothing", 404),
        ("", 404),
    ],
)
def test_a_wrong_question_is_answered_in_the_one_shape(
    served: Served, path: str, status: int
) -> None:
    answer = served.http.get(path)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert set(answer.json()) == {"error", "message", "hint"}


def test_a_verb_that_is_not_there_is_answered_in_the_one_shape(served: Served) -> None:
    answer = served.http.put("/runs", json={})
    assert (answer.status_code, answer.json()["error"]) == (405, "MethodNotAllowed")


@pytest.mark.parametrize(
    "place", [["-created", 1, 1 << 70], ["-created", "x" * 10], {}, ["-created", float("inf"), 1]]
)
def test_a_forged_cursor_does_no_harm(served: Served, place: Any) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(place).encode()).decode()
    assert served.http.get("/runs", params={"cursor": cursor}).status_code in (200, 400)
    deep = base64.urlsafe_b64encode(b"[" * 3000).decode()
    assert served.http.get("/runs", params={"cursor": deep}).status_code == 400


LONG = "x" * 5000


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**argv("true"), "source": "~nobody-at-all/x"}, 422),
        ({**argv("true"), "source": LONG}, 422),
        (argv("true", environment=LONG + ".txt"), 400),
        (argv("true", secrets={"A": "file:" + LONG}), 400),
        ({"command": {"type": "script", "path": LONG}, "source": "words"}, 404),
        ({"command": {"type": "notebook", "path": "deep.ipynb"}, "source": "words"}, 400),
        ({"command": {"type": "cell", "code": "-" * 100_000 + "1"}, "source": "words"}, 400),
        ({"command": {"type": "cell", "code": "(" * 10_000}, "source": "words"}, 400),
    ],
)
def test_what_is_too_long_or_too_deep_is_refused_like_anything_else(
    served: Served, words: None, body: Any, status: int
) -> None:
    (served.root / "words" / "deep.ipynb").write_text("[" * 100_000)
    assert served.post("/runs", body, status)["message"]


def test_a_number_that_no_file_can_hold_is_no_option(served: Served) -> None:
    answer = served.http.patch("/targets/local", json={"options": {"slots": 1 << 70}})
    assert answer.status_code == 400, answer.text
