"""Logs over HTTP and on the WebSocket."""

from __future__ import annotations

import json
from typing import Any

import pytest
import websocket
from compute_server import Served, until

SLOW = """
import sys, time
from pathlib import Path
for i in range(200):
    print("line", i, flush=True)
    if i == 50:
        while not Path(sys.argv[1]).exists():
            time.sleep(0.02)
"""

MIB = 1 << 20


class Reader:
    """Reads what a WebSocket sends."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self.socket = socket
        self.log = b""
        self.said: list[dict[str, Any]] = []
        self.code: int | None = None

    def step(self) -> None:
        opcode, data = self.socket.recv_data()
        if opcode == websocket.ABNF.OPCODE_BINARY:
            self.log += data
        elif opcode == websocket.ABNF.OPCODE_TEXT:
            self.said.append(json.loads(data))
        elif opcode == websocket.ABNF.OPCODE_CLOSE:
            self.code = int.from_bytes(data[:2], "big")

    def to_the_end(self) -> None:
        while self.code is None:
            self.step()
        self.socket.shutdown()


def follow(served: Served, run_id: str, **query: Any) -> Reader:
    words = "&".join(f"{name}={value}" for name, value in query.items())
    return Reader(served.socket(f"/runs/{run_id}/log/follow?{words}"))


def test_a_log_is_followed_cut_and_taken_up_at_its_offset(served: Served) -> None:
    gate = served.root / "go"
    source = served.write("slow.py", SLOW)
    command = {"type": "script", "path": "slow.py", "args": [str(gate)]}
    run_id = served.post("/runs", {"command": command, "source": source}, 201)["id"]
    first = follow(served, run_id)
    while b"line 50\n" not in first.log:
        first.step()
    first.socket.shutdown()  # no farewell, as when a laptop is closed
    assert first.said == [{"type": "position", "attempt": 1, "offset": 0}]
    gate.touch()
    second = follow(served, run_id, offset=len(first.log), attempt=1)
    second.to_the_end()
    whole = b"".join(b"line %d\n" % i for i in range(200))
    assert first.log + second.log == whole
    assert second.said[0] == {"type": "position", "attempt": 1, "offset": len(first.log)}
    end = {"type": "end", "state": "completed", "attempt": 1, "offset": len(whole)}
    assert (second.said[-1], second.code) == (end, 1000)


def test_a_part_of_a_log_is_read_by_offset_and_limit(served: Served) -> None:
    run_id = served.script("digits.py", "print('0123456789', end='')\n")
    served.ended(run_id)
    for query, data, offset in (
        ({}, b"0123456789", "0"),
        ({"offset": 3, "limit": 4}, b"3456", "3"),
        ({"offset": -3}, b"789", "7"),
        ({"offset": -30}, b"0123456789", "0"),
        ({"offset": 30}, b"", "30"),
    ):
        answer = served.http.get(f"/runs/{run_id}/log", params=query)
        assert (answer.status_code, answer.content) == (200, data)
        assert answer.headers["Compute-Offset"] == offset
        assert answer.headers["Compute-Next-Offset"] == str(int(offset) + len(data))
        assert answer.headers["Compute-Final"] == "true"
    assert served.get(f"/runs/{run_id}/logs") == {
        "logs": {"log": 10},
        "attempt": 1,
        "is_final": True,
    }


def test_a_file_under_logs_is_a_log_too_and_no_other_file_is(served: Served) -> None:
    run_id = served.script("more.py", "open('logs/train.log', 'w').write('deep')\n")
    served.ended(run_id)
    assert "logs/train.log" in served.get(f"/runs/{run_id}/logs")["logs"]
    answer = served.http.get(f"/runs/{run_id}/log", params={"name": "logs/train.log"})
    assert answer.content == b"deep"
    for name in ("../1/log", "logs/../log", "logs/../../run.json", "/etc/passwd", "logs/a%00"):
        answer = served.http.get(f"/runs/{run_id}/log?name={name}")
        assert answer.status_code == 400, name
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            follow(served, run_id, name=name)
        assert refused.value.status_code == 400
    reader = follow(served, run_id, name="logs/train.log")
    reader.to_the_end()
    assert reader.log == b"deep"


def test_bytes_come_as_they_are(served: Served) -> None:
    code = "import os\nos.write(1, bytes(range(256)) + b'\\xc3')\n"
    run_id = served.script("bytes.py", code)
    served.ended(run_id)
    wanted = bytes(range(256)) + b"\xc3"
    assert served.http.get(f"/runs/{run_id}/log").content == wanted
    reader = follow(served, run_id)
    reader.to_the_end()
    assert reader.log == wanted


def test_a_reader_that_takes_nothing_holds_up_nobody(served: Served) -> None:
    run_id = served.script("much.py", f"print('x' * {16 * MIB})\n")
    served.ended(run_id)
    readers = [follow(served, run_id) for _ in range(12)]
    assert served.get("/status")["counts"]
    last = follow(served, run_id)
    last.to_the_end()
    assert len(last.log) == 16 * MIB + 1
    for reader in readers:
        reader.socket.shutdown()
    assert served.get(f"/runs/{run_id}")["log_size"] == 16 * MIB + 1


def test_a_follower_of_a_deleted_run_is_told_so(served: Served) -> None:
    run_id = served.script("gone.py", f"print('x' * {16 * MIB})\n")
    served.ended(run_id)
    reader = follow(served, run_id)
    reader.step()
    assert served.http.delete(f"/runs/{run_id}").status_code == 204
    reader.to_the_end()
    assert reader.said[-1]["type"] == "error" and reader.code == 1011


@pytest.mark.parametrize(
    ("query", "status"), [("offset=-1", 400), ("attempt=2", 404), ("colour=red", 400)]
)
def test_a_wrong_question_gets_no_socket(served: Served, query: str, status: int) -> None:
    run_id = served.script("short.py", "print(1)\n")
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        served.socket(f"/runs/{run_id}/log/follow?{query}")
    assert refused.value.status_code == status
    assert set(json.loads(refused.value.resp_body)) == {"error", "message", "hint"}
    assert served.http.get(f"/runs/{run_id}/log/follow").status_code == 400
    with pytest.raises(websocket.WebSocketBadStatusException) as unknown:
        served.socket("/runs/r000000000/log/follow")
    assert unknown.value.status_code == 404


def test_a_canceled_run_ends_what_follows_it(served: Served) -> None:
    code = "import time\nprint('up', flush=True)\ntime.sleep(600)\n"
    run_id = served.script("stopped.py", code)
    reader = follow(served, run_id)
    while reader.log != b"up\n":
        reader.step()
    served.post(f"/runs/{run_id}/cancel", status=202)
    reader.to_the_end()
    assert reader.said[-1]["state"] == "canceled"
    until(lambda: served.get(f"/runs/{run_id}")["run"]["state"] == "canceled")
