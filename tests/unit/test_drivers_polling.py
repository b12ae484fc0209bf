from __future__ import annotations

from typing import Any

from jupyter_compute.drivers._agent import Answer
from jupyter_compute.drivers._polling import Statuses
from jupyter_compute.model import JobStatus
from jupyter_compute.testing import MemoryBlobs, make_job


def told(statuses: Statuses, known: dict[str, JobStatus], head: dict[str, Any], body: bytes) -> Any:
    request = statuses.request({"r": 1}, known, 0)
    return request, statuses.take(request, Answer({"unknown": [], **head}, body))


def status(state: str, **sizes: int) -> dict[str, Any]:
    return {"state": state, "sizes": sizes}


def test_bytes_that_came_with_a_status_are_not_asked_for_again() -> None:
    statuses, job = Statuses(), make_job(MemoryBlobs(), run_id="r")
    head = {
        "statuses": {"r": ["m1", status("running", log=9, events=0)]},
        "tails": [["r", "log", 0, 9]],
    }
    request, found = told(statuses, {}, head, b"one\ntwo\n\n")
    assert request["jobs"] == [["r", 1, "", {"log": 0, "events": 0}]]
    assert statuses.read(job, "log", 0) == b"one\ntwo\n\n"
    assert statuses.read(job, "log", 4) == b"two\n\n"
    assert statuses.read(job, "log", 9) is None
    assert statuses.read(job, "events", 0) is None

    head = {
        "statuses": {"r": ["m2", status("completed", log=10, events=0)]},
        "tails": [["r", "log", 9, 1]],
    }
    request, found = told(statuses, found, head, b"3")
    assert request["jobs"] == [["r", 1, "m1", {"log": 9, "events": 0}]]
    assert statuses.read(job, "log", 9) == b"3"
    assert statuses.read(job, "log", 0) is None


def test_the_end_of_a_file_is_known_once_the_run_is_over() -> None:
    statuses, job = Statuses(), make_job(MemoryBlobs(), run_id="r")
    head = {"statuses": {"r": ["m", status("completed", log=3, events=0)]}}
    told(statuses, {}, head, b"")
    assert statuses.read(job, "log", 3) == statuses.read(job, "events", 0) == b""
    assert statuses.read(job, "log", 2) is None
    assert statuses.read(job, "outputs/x", 0) is None
    statuses.forget("r")
    assert statuses.read(job, "log", 3) is None


def test_what_was_told_of_one_attempt_says_nothing_about_the_next() -> None:
    statuses, job = Statuses(), make_job(MemoryBlobs(), run_id="r", attempt=2)
    head = {"statuses": {"r": ["m", status("failed", log=0)]}}
    _, found = told(statuses, {}, head, b"")
    assert statuses.read(job, "log", 0) is None
    assert statuses.request({"r": 2}, found, 0)["jobs"][0][:3] == ["r", 2, ""]


def test_what_nobody_asked_for_is_passed_over() -> None:
    statuses = Statuses()
    head = {
        "statuses": {"other": ["m", status("completed")]},
        "tails": [["other", "log", 0, 2], ["r", "../x", 0, 1]],
    }
    _, found = told(statuses, {}, head, b"abc")
    assert found == {}


def test_many_runs_are_asked_about_without_their_bytes() -> None:
    wanted = {f"r{number}": 1 for number in range(100)}
    assert Statuses().request(wanted, {}, 5)["jobs"][0] == ["r0", 1, ""]
