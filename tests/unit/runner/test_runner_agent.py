from __future__ import annotations

import hashlib
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from raw_agent import RawAgent

from jupyter_compute.drivers import _package
from jupyter_compute.runner.protocol import ANSWER, DATA, DROP, ERROR, MORE, REQUEST


def test_an_archive_that_many_place_at_once_is_there_for_all(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        placed = set(pool.map(_package.place, 16 * [tmp_path / "agent"]))
    assert [path.read_bytes() for path in placed] == [_package.build()]
    assert list((tmp_path / "agent").iterdir()) == list(placed)


def test_it_greets_and_ends_when_its_input_closes(agent: RawAgent) -> None:
    assert json.loads(agent.greeting.split(b" ", 1)[1])["protocols"] == [1]
    hello = agent.hello()
    assert hello.kind == ANSWER and hello.head["root"] == str(agent.root)
    assert agent.root.stat().st_mode & 0o777 == 0o700
    library = next((agent.root / "lib").iterdir())
    assert (library / "jupyter_compute_run/__init__.py").exists()
    agent.send(2, REQUEST, {"op": "poll", "jobs": [], "wait_s": 600})
    assert agent.close() == 0


def test_nothing_goes_before_hello_and_no_unknown_protocol(agent: RawAgent) -> None:
    assert agent.ask(1, op="list").head["code"] == "bad-request"
    answer = agent.ask(2, op="hello", protocol=99, root=str(agent.root))
    assert (answer.kind, answer.head["code"]) == (ERROR, "bad-request")
    assert not agent.root.exists()
    assert agent.ask(3, op="ping").kind == ANSWER


@pytest.mark.parametrize(
    "head",
    [
        {"op": "fly"},
        {"op": None},
        {},
        {"op": "missing"},
        {"op": "missing", "digests": ["../../x"]},
        {"op": "put", "blobs": [["x", 1, 0]]},
        {"op": "poll", "jobs": [["../x", 1, ""]]},
        {"op": "poll", "jobs": [["r1", 0, ""]]},
        {"op": "poll", "jobs": 5},
        {"op": "read", "run": "..", "attempt": 1, "name": "log", "offset": 0},
        {"op": "read", "run": "r1", "attempt": "1", "name": "log", "offset": 0},
        {"op": "launch", "job": {}},
        {"op": "launch", "job": {"run_id": "/", "attempt": 1, "digests": []}},
        {"op": "exec", "argv": "ls"},
        {"op": "gc"},
    ],
)
def test_bad_requests_are_answered(archive: Path, tmp_path: Path, head: dict[str, object]) -> None:
    agent = RawAgent(archive, tmp_path / "root")
    agent.hello()
    agent.send(2, REQUEST, head)
    answer = agent.receive()
    assert (answer.id, answer.kind, answer.head["code"]) == (2, ERROR, "bad-request")
    assert agent.ask(3, op="ping").id == 3
    assert agent.close() == 0


def test_a_held_request_holds_up_no_other_and_can_be_dropped(agent: RawAgent) -> None:
    agent.hello()
    agent.send(2, REQUEST, {"op": "poll", "jobs": [], "wait_s": 600})
    agent.send(3, REQUEST, {"op": "poll", "jobs": [["r1", 1, ""]], "wait_s": 600})
    assert agent.ask(4, op="list").head == {"jobs": []}
    agent.send(2, DROP)
    agent.send(3, DROP)
    assert agent.ask(5, op="poll", jobs=[["r1", 1, "known"]], wait_s=600).head == {
        "statuses": {},
        "unknown": ["r1"],
    }


def test_a_blob_arrives_between_other_requests(agent: RawAgent) -> None:
    agent.hello()
    data = b"x" * 1000
    name = hashlib.sha256(data).hexdigest()
    agent.send(2, REQUEST, {"op": "put", "blobs": [[name, 1000, 0]]})
    agent.send(2, DATA, None, data[:600])
    assert agent.ask(3, op="missing", digests=[name]).head["missing"] == [name]
    agent.send(2, DATA, None, data[600:])
    assert agent.receive().head == {"stored": 1}
    assert agent.ask(4, op="missing", digests=[name]).head["missing"] == []


def test_a_command_runs_with_its_input_and_both_outputs(agent: RawAgent) -> None:
    agent.hello()
    code = "import sys; data = sys.stdin.read(); print(data[::-1]); sys.exit('no')"
    argv = [sys.executable, "-c", code]
    agent.send(2, REQUEST, {"op": "exec", "argv": argv, "stdin": 6})
    agent.send(2, DATA, None, b"abc")
    agent.send(2, DATA, None, b"def")
    answer = agent.receive()
    assert (answer.head["exit_code"], answer.body) == (1, b"fedcba\nno\n")
    assert (answer.head["stdout"], answer.head["stderr"]) == (7, 3)


def test_a_long_output_comes_in_pieces(agent: RawAgent) -> None:
    agent.hello()
    argv = [sys.executable, "-c", "print('x' * 3_000_000, end='')"]
    agent.send(2, REQUEST, {"op": "exec", "argv": argv})
    body = b""
    while (frame := agent.receive()).kind == MORE:
        body += frame.body
    assert body + frame.body == b"x" * 3_000_000


def test_a_command_that_takes_too_long_is_ended(agent: RawAgent) -> None:
    agent.hello()
    answer = agent.ask(2, op="exec", argv=["sleep", "600"], timeout_s=0.1)
    assert (answer.head["timed_out"], answer.head["signal"]) == (True, 9)
    assert agent.ask(3, op="exec", argv=["/no/such/thing"]).head["code"] == "refused"


def test_facts_say_what_is_there(agent: RawAgent) -> None:
    agent.hello()
    facts = agent.ask(2, op="facts").head
    assert facts["cpus"] > 0 and facts["memory_bytes"] > 1e8
    assert facts["volume"]["free_bytes"] > 0 and not facts["volume"]["trouble"]
    assert facts["python"].startswith("3.")
    assert facts["missed"] == []


def test_a_ping_tells_the_time(agent: RawAgent) -> None:
    before = time.time()
    assert before <= agent.ask(1, op="ping").head["time"] <= time.time()


def test_bytes_that_are_no_frames_end_it(archive: Path, tmp_path: Path) -> None:
    agent = RawAgent(archive, tmp_path / "root")
    assert agent.process.stdin is not None
    agent.process.stdin.write(b"\xff" * 100)
    assert agent.process.wait(60) != 0
    agent.close()


def test_the_archive_is_the_same_each_time() -> None:
    assert _package.build() == _package.build()
    assert _package.digest() == _package.digest()
