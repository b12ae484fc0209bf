"""The command line with everything behind it: a real controller, and this machine as a target."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from shell import PATIENCE_S, Shell, open_shell

from jupyter_compute.client import Client

SLEEPER = """
import time
print("up", flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared") / "compute"


@pytest.fixture
def shell(
    home: Path, shared_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shell]:
    folder = tmp_path / "source"
    folder.mkdir()
    monkeypatch.setenv("JUPYTER_COMPUTE_HOME", str(shared_home))
    monkeypatch.setenv("NO_COLOR", "1")
    yield Shell(folder, shared_home)


@pytest.fixture(scope="module", autouse=True)
def controller_ends(shared_home: Path) -> Iterator[None]:
    yield
    with Client(shared_home) as client:
        assert client.stop_controller(PATIENCE_S)


@pytest.fixture
def own_shell(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    yield from open_shell(tmp_path / "source", home / "compute", monkeypatch)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# -- submit and wait ---------------------------------------------------------------------------


def test_a_waiting_submit_passes_every_byte_of_the_log_on(shell: Shell) -> None:
    shell.write(
        "train.py",
        "import os, sys\n"
        "os.write(1, b'10%\\r20%\\r\\xff\\x00\\n')\n"
        "print(sys.argv[1:], flush=True)\n"
        "os.write(2, b'last words')\n",
    )
    answer = shell.run("submit", "--wait", "train.py", "--name", "bytes", "--", "--lr", "0.1")
    assert answer.code == 0, answer.err
    assert answer.out == b"10%\r20%\r\xff\x00\n['--lr', '0.1']\nlast words"
    assert "completed" in answer.err


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("raise SystemExit(3)", 3),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
        ("1 / 0", 1),
    ],
)
def test_a_waiting_submit_exits_as_its_run_does(shell: Shell, code: str, exit_code: int) -> None:
    shell.write("train.py", code)
    assert shell.run("submit", "--wait", "train.py").code == exit_code
    run_id = shell.ok("run", "--last", "--json").json["id"]
    assert shell.run("wait", run_id).code == exit_code


def test_a_program_runs_without_a_shell(shell: Shell) -> None:
    answer = shell.run("submit", "--wait", "--", "printf", "%s|", "a b", "$HOME", "*")
    assert answer.out == b"a b|$HOME|*|"


def test_with_json_the_log_goes_beside_and_the_run_comes_as_it_ended(shell: Shell) -> None:
    shell.write("train.py", "print('words')\nraise SystemExit(4)")
    shell_process = shell.start("submit", "--wait", "--json", "train.py")
    out, err = shell_process.communicate(timeout=PATIENCE_S)
    assert shell_process.returncode == 4
    assert b"words" in err
    run = json.loads(out)
    assert (run["state"], run["exit_code"]) == ("failed", 4)


def test_an_interrupt_asks_the_run_to_end(shell: Shell) -> None:
    shell.write("train.py", SLEEPER)
    process = shell.start("submit", "--wait", "train.py")
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert b"canceled" in err
    assert shell.ok("run", "--last", "--json").json["state"] == "canceled"


def test_a_second_interrupt_leaves_the_run_alone(shell: Shell, tmp_path: Path) -> None:
    leave = tmp_path / "leave"
    shell.write(
        "train.py",
        "import os, signal, time\n"
        "for number in (signal.SIGTERM, signal.SIGINT):\n"
        "    signal.signal(number, lambda *_: print('asked', flush=True))\n"
        "print('up', flush=True)\n"
        f"while not os.path.exists({str(leave)!r}): time.sleep(0.02)\n",
    )
    process = shell.start("submit", "--wait", "train.py")
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == b"asked\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert b"it goes on" in err
    leave.touch()
    run_id = shell.ok("run", "--last", "--json").json["id"]
    assert shell.run("wait", run_id).code == 130


def test_a_killed_front_end_loses_no_run(shell: Shell) -> None:
    shell.write("train.py", "import time\nprint('up', flush=True)\ntime.sleep(1)\nprint('done')")
    process = shell.start("submit", "--wait", "train.py")
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    process.kill()
    process.communicate()
    run_id = shell.ok("run", "--last", "--json").json["id"]
    assert shell.ok("wait", run_id).code == 0
    assert shell.ok("logs", run_id).out == b"up\ndone\n"


def test_waiting_ends_with_the_time_that_was_given(shell: Shell) -> None:
    run_id = shell.submit(SLEEPER)
    assert shell.run("wait", run_id, "--timeout", "0.2").code == 124
    shell.ok("cancel", run_id)
    assert shell.run("wait", run_id).code == 130
    again = shell.run("cancel", run_id)
    assert again.code == 4


# -- what runs leave ---------------------------------------------------------------------------


def test_odd_names_travel_there_and_back(shell: Shell) -> None:
    folder = shell.folder / 'it\'s a "folder"\nwith two lines'
    folder.mkdir()
    script = folder / "-o d'd\n.py"
    script.write_text(
        "import os\n"
        "os.makedirs('outputs/-o')\n"
        "open('outputs/-o/na\\nme €', 'w').write(open('data ü.txt').read())\n"
        "print(os.path.exists(b'\\xfe'))\n"
    )
    (folder / "data ü.txt").write_text("data")
    Path(os.fsdecode(bytes(folder) + b"/\xfe")).write_text("x")
    answer = shell.run("submit", "--wait", "--source", str(folder), "--", script.name)
    assert (answer.code, answer.out) == (0, b"True\n"), answer.err
    outputs = shell.ok("outputs", "--last", "--json").json["outputs"]
    assert [one["path"] for one in outputs] == ["outputs/-o/na\nme €"]
    assert r"outputs/-o/na\nme €" in shell.ok("outputs", "--last").text
    shell.ok("outputs", "--last", "--download", "here")
    assert (shell.folder / "here/-o/na\nme €").read_text() == "data"
    shell.ok("outputs", "--last", "--download", "there", "--", "-o")
    assert (shell.folder / "there/-o/na\nme €").is_file()
    assert shell.run("outputs", "--last", "nothing", "--download", "there").code == 3
    captured = shell.ok("snapshot", folder.name, "--json").json["files"]
    assert "\udcfe" in [file["path"] for file in captured]
    shell.ok("snapshot", folder.name)
    shell.ok("runs")
    shell.ok("run", "--last")


def test_lists_of_runs_leave_packages_out(shell: Shell) -> None:
    run = shell.ended("print(1)", "--tag", "kind=short")
    listed = shell.ok("runs", "--json", "--tag", "kind=short").json
    assert [one["id"] for one in listed["runs"]] == [run["id"]]
    assert listed["total"] == 1
    assert "packages" not in listed["runs"][0]["facts"]
    assert "packages" in run["facts"]


def test_logs_can_be_followed_and_cut(shell: Shell) -> None:
    run_id = shell.submit("for n in range(100): print('line', n, flush=True)")
    followed = shell.ok("logs", "--follow", run_id)
    lines = followed.out.splitlines()
    assert lines == [b"line %d" % n for n in range(100)]
    assert shell.ok("logs", "--tail", "3", run_id).out == b"\n".join(lines[-3:]) + b"\n"
    assert shell.ok("logs", "--tail", "0", run_id).out == b""
    assert shell.ok("logs", "--tail", "1000", run_id).out == followed.out
    part = shell.ok("logs", "--json", "--offset", "-8", run_id).json
    assert part["text"] == "line 99\n"
    assert part["next_offset"] == len(followed.out)


def test_nobody_complains_when_the_reader_has_gone(shell: Shell) -> None:
    run_id = shell.submit("print('x' * 3_000_000)")
    shell.ok("wait", run_id)
    process = shell.start("logs", run_id)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.wait(PATIENCE_S) == 141
    assert process.stderr.read() == b""
    process.stderr.close()


def test_what_a_run_never_had_is_told_and_not_shown_as_empty(shell: Shell) -> None:
    run_id = shell.ended("import jupyter_compute_run as run; run.log('loss', 1)")["id"]
    assert shell.ok("metrics", run_id, "loss", "--json").json["metrics"]["loss"]
    error = shell.run("metrics", run_id, "los")
    assert error.code == 3 and "'loss'" in error.err
    error = shell.run("outputs", run_id, "model.bin")
    assert error.code == 3 and "model.bin" in error.err
    error = shell.run("logs", run_id, "--attempt", "2")
    assert error.code == 3 and "attempt 2" in error.err


def test_a_run_that_never_started_is_compared_without_its_packages(shell: Shell) -> None:
    first = shell.ended("print(1)")["id"]
    second = shell.ok("submit", "--json", "no-such-program").json["id"]
    shell.run("wait", second)
    text = shell.ok("diff", first, second).text
    assert "package." not in text
    assert first in text and second in text


def test_a_downloaded_file_is_as_open_as_any_other_of_its_folder(shell: Shell) -> None:
    run_id = shell.ended("open('outputs/a.txt', 'w').write('x')")["id"]
    assert "1 file copied" in shell.ok("outputs", run_id, "--download", "there").text
    plain = shell.folder / "plain.txt"
    plain.write_text("x")
    assert (shell.folder / "there" / "a.txt").stat().st_mode == plain.stat().st_mode


def test_a_run_is_repeated_compared_and_deleted(shell: Shell) -> None:
    first = shell.ended("import sys; print(sys.argv)", "-p", "lr", "0.1")["id"]
    second = shell.ended("import sys; print(1, sys.argv)", "-p", "lr", "0.2")["id"]
    found = shell.ok("diff", first, second, "--json").json
    assert found["files"] == {"script.py": "changed"}
    assert "+import sys; print(1, sys.argv)" in found["texts"]["script.py"]
    assert found["params"] == {"lr": [0.1, 0.2]}
    assert "script.py" in shell.ok("diff", first, second).text

    again = shell.ok("rerun", first, "--json").json
    assert again["rerun_of"] == first
    shell.ok("wait", again["id"])
    assert shell.ok("logs", again["id"]).out == shell.ok("logs", first).out

    there = shell.home / "targets" / "local" / "runs"
    assert (there / first).exists()
    shell.ok("delete", first)
    assert shell.run("run", first).code == 3
    assert not (shell.home / "runs" / first).exists()
    until(lambda: not (there / first).exists())
    assert shell.run("rerun", again["id"], "--wait").code == 0


def test_a_secret_reaches_its_run_and_nothing_else(
    own_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = "correct-horse-battery"
    monkeypatch.setenv("MY_TOKEN", value)
    own_shell.write("train.py", "import os; print(len(os.environ['TOKEN']))")
    answer = own_shell.run("submit", "--wait", "--secret", "TOKEN=env:MY_TOKEN", "train.py")
    assert answer.out.strip() == str(len(value)).encode(), answer.err
    monkeypatch.delenv("MY_TOKEN")
    refused = own_shell.run("submit", "--secret", f"TOKEN={value}", "train.py")
    assert refused.code == 2
    assert value not in refused.err
    for path in own_shell.home.rglob("*"):
        if path.is_file():
            assert value.encode() not in path.read_bytes(), path


def test_files_of_a_deleted_run_are_collected(own_shell: Shell) -> None:
    own_shell.write("data.bin", "x" * 100_000)
    run_id = own_shell.ended("print(1)")["id"]
    assert own_shell.ok("gc", "--json").json == {"freed": 0}
    own_shell.ok("delete", run_id)
    assert own_shell.ok("gc", "--json").json["freed"] >= 100_000


# -- care --------------------------------------------------------------------------------------


def test_the_doctor_finds_a_fresh_workspace_well(own_shell: Shell) -> None:
    answer = own_shell.ok("doctor", "--json").json
    assert answer["is_well"]
    subjects = {one["subject"] for one in answer["findings"]}
    assert {"workspace", "disk", "store", "controller", "local", "targets"} <= subjects
    assert own_shell.ok("controller", "--json").json["is_running"]
    assert "ready" in own_shell.ok("targets").text
    assert own_shell.ok("show", "local", "--json").json["info"]["python"]
    assert own_shell.ok("check", "local", "--json").json["is_usable"]


def test_stopping_the_controller_says_whether_there_was_one(own_shell: Shell) -> None:
    own_shell.ok("controller", "--start")
    assert b"has stopped" in own_shell.ok("controller", "--stop").out
    assert b"no controller is running" in own_shell.ok("controller", "--stop").out


def test_the_doctor_does_not_wait_for_a_controller_that_cannot_start(own_shell: Shell) -> None:
    own_shell.home.mkdir(parents=True, exist_ok=True)
    (own_shell.home / "targets.toml").write_text("[settings]\nslotss = 3\n")
    answer = own_shell.run("doctor", "--json")
    levels = {one["subject"]: one["level"] for one in answer.json["findings"]}
    assert answer.code == 1
    assert levels["targets"] == levels["controller"] == "problem"
    assert "local" not in levels


@pytest.mark.parametrize("loss", ["gone", "damaged"])
def test_a_lost_store_is_rebuilt_with_its_runs_logs_and_files(own_shell: Shell, loss: str) -> None:
    code = "open('outputs/x', 'w').write('1')\nprint('words')"
    run = own_shell.ended(code, "-p", "lr", "0.5")
    own_shell.ok("controller", "--stop")
    database = own_shell.home / "store.db"
    for beside in own_shell.home.glob("store.db-*"):
        beside.unlink()
    if loss == "gone":
        database.unlink()
    else:
        database.write_bytes(b"\0" * 8192)
        assert own_shell.run("runs").code == 6
    assert own_shell.ok("doctor", "--rebuild", "--json").json["is_well"]
    own_shell.ok("wait", run["id"])
    again = own_shell.ok("run", run["id"], "--json").json
    assert (again["state"], again["params"], again["command"]) == (
        "completed",
        run["params"],
        run["command"],
    )
    assert own_shell.ok("logs", run["id"]).out == b"words\n"
    assert [one["path"] for one in again["outputs"]] == ["outputs/x"]


def test_a_newer_store_is_refused_and_left_as_it_is(own_shell: Shell) -> None:
    own_shell.ok("runs")
    database = own_shell.home / "store.db"
    for beside in own_shell.home.glob("store.db-*"):
        beside.unlink()
    content = bytearray(database.read_bytes())
    content[60:64] = (9999).to_bytes(4, "big")
    database.write_bytes(content)
    own_shell.write("train.py", "1")
    for words in (["runs"], ["submit", "train.py"], ["doctor", "--rebuild"]):
        assert own_shell.run(*words).code in (1, 6)
    assert database.read_bytes() == content


def test_two_front_ends_may_submit_at_once(own_shell: Shell) -> None:
    own_shell.write("train.py", "print('once')")
    both = [own_shell.start("submit", "--wait", "train.py") for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, out) == (0, b"once\n"), err
    assert own_shell.ok("runs", "--json").json["total"] == 2


def test_jupyter_finds_the_command(own_shell: Shell) -> None:
    jupyter = Path(sys.executable).with_name("jupyter")
    words = [str(jupyter), "compute", "kinds", "--json"]
    path = f"{jupyter.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(words, capture_output=True, env={**os.environ, "PATH": path}, check=True)
    assert "local" in json.loads(done.stdout)["kinds"]


# -- what is shown -----------------------------------------------------------------------------


def documented() -> dict[str, set[str]]:
    """Read the fields of each command's answer from its page."""
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
    parts = re.split(r"^##+ (.+)$", page, flags=re.MULTILINE)
    found = {}
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        block = re.search(r"```json\n(.*?)```", text, re.DOTALL)
        if block:
            found[name] = set(json.loads(block[1]))
    return found


def test_answers_have_the_fields_that_the_page_describes(own_shell: Shell) -> None:
    fields = documented()
    first = own_shell.ended("open('outputs/x', 'w')", "-p", "lr", "1")
    second = own_shell.ok("submit", "script.py", "--json").json
    assert set(second) == fields["The run"]
    assert set(first) == fields["The run"] | {"metrics", "progress", "outputs"}
    own_shell.ok("wait", second["id"])
    lines = {
        "targets": [],
        "check": ["local"],
        "kinds": [],
        "runs": [],
        "logs": ["--last"],
        "wait": [first["id"]],
        "outputs": ["--last"],
        "metrics": ["--last"],
        "diff": [first["id"], second["id"]],
        "snapshot": ["."],
        "gc": [],
        "doctor": [],
        "delete": [first["id"]],
    }
    for name, words in lines.items():
        answer = own_shell.ok(name, *words, "--json").json
        assert set(answer) == fields[name], name
    own_shell.ok("controller", "--stop")
    assert set(own_shell.ok("controller", "--json").json) == fields["controller"]
    targets = own_shell.ok("targets", "--json").json["targets"]
    assert set(own_shell.ok("show", "local", "--json").json) == set(targets[0])


def test_errors_are_one_line_and_a_hint_or_json(own_shell: Shell) -> None:
    plain = own_shell.run("rnus")
    assert (plain.code, plain.out) == (2, b"")
    assert plain.err == "error: there is no command 'rnus'\nhint: did you mean 'runs'?\n"
    told = own_shell.run("run", "nothing", "--json")
    assert (told.code, told.out) == (3, b"")
    words = json.loads(told.err)
    assert (words["error"], words["exit_code"]) == ("NotFoundError", 3)


@pytest.mark.parametrize("no_color", ["", "1"])
def test_a_terminal_gets_colors_and_its_own_width(own_shell: Shell, no_color: str) -> None:
    own_shell.submit("1", "--name", "a name that is far longer than the terminal is wide " * 3)
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 70, 0, 0))
    env = {**os.environ, "NO_COLOR": no_color, "TERM": "xterm"}
    env.pop("COLUMNS", None)
    words = [sys.executable, "-m", "jupyter_compute", "runs"]
    subprocess.run(words, stdout=slave, check=True, env=env, timeout=PATIENCE_S)
    os.close(slave)
    shown = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(master, 65536):
            shown += chunk
    os.close(master)
    assert (b"\x1b[" in shown) == (not no_color)
    plain = re.sub(rb"\x1b\[\d*m", b"", shown).decode()
    assert all(len(line) <= 70 for line in plain.splitlines())
    assert "…" in plain
