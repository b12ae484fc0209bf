"""A run on the target from its start to its end, with real processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from keeper_stage import Stage, events_of, log_of, state_of, until

from jupyter_compute.runner import keeper, processes, status

ZOMBIE = processes.Process(0, 0, 0, 0, True)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.close()


def test_a_run_completes_with_its_output_in_order(stage: Stage) -> None:
    code = "import os; os.write(1, b'one '); os.write(2, b'two '); print('three')"
    folder = stage.python(code)
    found = stage.finish(folder)
    assert found["state"] == "completed"
    assert found["exit_code"] == 0
    assert found["started"] <= found["ended"]
    assert log_of(folder) == "one two three\n"
    assert found["sizes"]["log"] == len("one two three\n")
    assert [event["name"] for event in events_of(folder, "phase")][-1] == "running"


def test_the_program_sees_its_folders_its_snapshot_and_its_secret(stage: Stage) -> None:
    code = (
        "import json, os; print(json.dumps([dict(os.environ), os.getcwd(), os.listdir(),"
        " open('data.txt').read(), os.path.isdir(os.environ['JUPYTER_COMPUTE_CHECKPOINT'])]))"
    )
    folder = stage.python(code, files={"data.txt": "hello"}, secrets={"KEY": "top secret"})
    assert stage.finish(folder)["state"] == "completed"
    env, place, names, text, is_there = json.loads(log_of(folder))
    assert (text, is_there) == ("hello", True)
    assert place == os.path.join(folder, "work")
    assert sorted(names) == ["data.txt", "logs", "outputs"]
    assert env["KEY"] == "top secret"
    assert env["JUPYTER_COMPUTE_EVENTS"] == os.path.join(folder, "events")
    assert env["JUPYTER_COMPUTE_RUN_ID"] == os.path.basename(os.path.dirname(folder))
    Path(folder, "log").unlink()
    for path in Path(folder).rglob("*"):
        assert not path.is_file() or b"top secret" not in path.read_bytes()


def test_starting_twice_and_at_once_is_one_run(stage: Stage, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    folder = stage.write_job("sh", "-c", f"echo ran >> {ran}; sleep 0.2")
    starters = [
        threading.Thread(target=keeper.start, args=(stage.root, folder, {})) for _ in range(4)
    ]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert stage.finish(folder)["state"] == "completed"
    keeper.start(stage.root, folder, {})
    assert ran.read_text() == "ran\n"


def test_a_failure_names_the_exception(stage: Stage) -> None:
    found = stage.finish(stage.python("x = {}\nx['lr']"))
    assert (found["state"], found["exit_code"]) == ("failed", 1)
    assert found["error"] == "exit code 1: KeyError: 'lr'"


def test_an_error_event_says_it_better_than_the_log(stage: Stage) -> None:
    code = (
        "import json, os\n"
        "event = {'type': 'error', 't': 0, 'ename': 'ValueError', 'evalue': 'bad lr'}\n"
        "open(os.environ['JUPYTER_COMPUTE_EVENTS'], 'a').write(json.dumps(event) + '\\n')\n"
        "raise SystemExit(3)\n"
    )
    assert stage.finish(stage.python(code))["error"] == "exit code 3: ValueError: bad lr"


def test_a_program_that_is_not_there_is_named(stage: Stage) -> None:
    found = stage.finish(stage.launch("no-such-program"))
    assert found["state"] == "failed"
    assert found["error"] == "no-such-program could not be started: No such file or directory"


def test_a_signal_is_named(stage: Stage) -> None:
    found = stage.finish(stage.python("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"))
    assert found["signal"] == signal.SIGSEGV
    assert found["error"] == "ended by SIGSEGV (segmentation fault)"


def test_a_time_limit_ends_the_run(stage: Stage) -> None:
    found = stage.finish(
        stage.launch("sleep", "1000", resources={"time_limit_min": 0.002}, grace_s=0.2)
    )
    assert (found["state"], found["error"]) == ("failed", "the time limit of 0.12 s was reached")
    assert stage.left() == []


def test_a_cancel_lets_the_program_clean_up(stage: Stage) -> None:
    code = (
        "import time\nprint('ready')\ntry:\n  time.sleep(1000)\n"
        "except KeyboardInterrupt:\n  print('cleaned up')\n"
    )
    folder = stage.python(code)
    until(lambda: "ready" in log_of(folder), "the program")
    status.cancel(folder, "ada@laptop")
    status.cancel(folder, "somebody else")
    found = stage.finish(folder)
    assert (found["state"], found["error"]) == ("canceled", "canceled by ada@laptop")
    assert "cleaned up" in log_of(folder)


def test_a_program_that_handles_sigterm_gets_it(stage: Stage) -> None:
    code = (
        "import signal, sys, time\nsignal.signal(15, lambda *_: sys.exit('saved'))\n"
        "print('ready')\ntime.sleep(1000)\n"
    )
    folder = stage.python(code)
    until(lambda: "ready" in log_of(folder), "the program")
    status.cancel(folder)
    assert stage.finish(folder)["state"] == "canceled"
    assert "saved" in log_of(folder)


def test_a_cancel_kills_what_does_not_listen_and_what_hides(stage: Stage) -> None:
    code = (
        "import os, signal, time\n"
        "for number in (2, 15, 1): signal.signal(number, signal.SIG_IGN)\n"
        "if os.fork() == 0:\n"
        "  os.setsid()\n"
        "  if os.fork() == 0:\n"
        "    os.execve('/bin/sleep', ['sleep', '1000'], {'STAGE': os.environ['STAGE']})\n"
        "  os._exit(0)\n"
        "print('ready')\ntime.sleep(1000)\n"
    )
    folder = stage.python(code, grace_s=0.4)
    until(lambda: "ready" in log_of(folder), "the program")
    until(lambda: len(stage.left()) == 2, "the hidden process")
    status.cancel(folder)
    found = stage.finish(folder)
    assert (found["state"], found["signal"]) == ("canceled", signal.SIGKILL)
    assert stage.left() == []


def test_a_cancel_before_the_start_prevents_it(stage: Stage, tmp_path: Path) -> None:
    folder = stage.write_job("touch", str(tmp_path / "ran"))
    status.cancel(folder, "ada")
    keeper.start(stage.root, folder, {})
    found = stage.finish(folder)
    assert (found["state"], found["error"]) == ("canceled", "canceled by ada")
    assert not (tmp_path / "ran").exists()


def test_a_cancel_after_the_end_changes_nothing(stage: Stage) -> None:
    folder = stage.launch("true")
    before = stage.finish(folder)
    status.cancel(folder)
    assert stage.finish(folder) == before


def test_processes_left_behind_end_with_the_run(stage: Stage) -> None:
    folder = stage.launch("sh", "-c", "sleep 1000 & setsid sleep 1000 & exit 0")
    assert stage.finish(folder)["state"] == "completed"
    assert stage.left() == []


def test_the_host_may_end_a_run_through_its_keeper(stage: Stage) -> None:
    folder = stage.launch("sleep", "1000")
    until(lambda: state_of(folder)["phase"] == "running", "the program")
    os.kill(state_of(folder)["pid"], signal.SIGTERM)
    found = stage.finish(folder)
    assert (found["state"], "SIGTERM" in found["error"]) == ("failed", True)


def test_outputs_are_announced_with_their_sizes(stage: Stage) -> None:
    code = (
        "import os; os.makedirs('outputs/deep'); open('outputs/deep/a b.txt', 'w').write('abc');"
        " open('logs/train.log', 'w').write('12345'); os.symlink('/etc/passwd', 'outputs/link')"
    )
    folder = stage.python(code)
    found = stage.finish(folder)
    assert found["sizes"]["logs/train.log"] == 5
    outputs = events_of(folder, "output")
    assert [(event["path"], event["size"]) for event in outputs] == [("outputs/deep/a b.txt", 3)]


def test_outputs_that_are_a_link_or_have_no_name_are_not_announced(stage: Stage) -> None:
    code = (
        "open(b'outputs/\\xff', 'w').close(); open(b'logs/\\xff', 'w').close();"
        " open('outputs/é', 'w').close()"
    )
    folder = stage.python(code)
    found = stage.finish(folder)
    assert found["reason"] == "1 file left on the target: no UTF-8 in the name"
    assert [event["path"] for event in events_of(folder, "output")] == ["outputs/é"]
    assert set(found["sizes"]) == {"log", "events"}
    folder = stage.python("import os; os.rmdir('outputs'); os.symlink('/etc', 'outputs')")
    assert stage.finish(folder)["state"] == "completed"
    assert events_of(folder, "output") == []


def test_outputs_beyond_the_limit_stay_on_the_target(stage: Stage) -> None:
    code = "open('outputs/a', 'w').write('x' * 2000000); open('outputs/b', 'w').write('y')"
    folder = stage.python(code, env={"JUPYTER_COMPUTE_OUTPUTS_LIMIT_MB": "1"})
    found = stage.finish(folder)
    assert found["state"] == "completed"
    assert "left on the target" in found["reason"]
    assert [event["path"] for event in events_of(folder, "output")] == ["outputs/b"]


def test_a_log_that_grows_beyond_its_limit_ends_the_run(stage: Stage) -> None:
    code = "import time; print('x' * 2_000_000); time.sleep(1000)"
    folder = stage.python(code, env={"JUPYTER_COMPUTE_LOG_LIMIT_MB": "1"})
    found = stage.finish(folder)
    assert (found["state"], found["error"]) == ("failed", "the log grew beyond its limit of 1 MB")


def test_progress_bars_become_progress(stage: Stage) -> None:
    code = (
        "import sys, time\n"
        "for i in range(5):\n"
        "  sys.stderr.write(f'\\rtrain: {25 * i:3d}%|###   | {i}/4 [00:00<00:00, 9it/s]')\n"
        "  time.sleep(0.3)\n"
    )
    folder = stage.python(code)
    stage.finish(folder)
    found = events_of(folder, "progress")
    assert found[-1]["fraction"] == 1.0
    assert {event["label"] for event in found} == {"train"}


def test_facts_name_host_python_packages_and_memory(stage: Stage) -> None:
    folder = stage.python("x = bytearray(60_000_000); print(len(x))")
    found = stage.finish(folder)
    facts: dict[str, object] = {}
    for event in events_of(folder, "facts"):
        facts.update(event["facts"])
    assert facts["python"] == ".".join(map(str, sys.version_info[:3]))
    assert facts["interpreter"] == sys.executable
    assert "pytest" in facts["packages"]
    assert {"files", "environment", "run", "finalize"} <= set(facts["phases"])
    assert found["facts"]["peak_memory_bytes"] > 60_000_000


def test_a_run_whose_folder_is_removed_ends(stage: Stage) -> None:
    folder = stage.launch("sleep", "1000")
    until(lambda: state_of(folder)["phase"] == "running", "the program")
    keeper_pid = state_of(folder)["pid"]
    # The keeper may just be adding a file to it.
    until(lambda: shutil.rmtree(folder, True) or not os.path.exists(folder), "the removal")
    until(lambda: not stage.left(), "the end of the program")
    until(lambda: (processes.find(keeper_pid) or ZOMBIE).is_zombie, "the end of the keeper")


def test_the_keeper_holds_nothing_of_the_agent(stage: Stage) -> None:
    reader, writer = os.pipe()
    folder = stage.launch("sleep", "1000")
    os.close(writer)
    os.set_blocking(reader, False)
    assert os.read(reader, 1) == b""
    os.close(reader)
    status.cancel(folder)
    stage.finish(folder)


def test_a_damaged_snapshot_fails_the_run_before_it_starts(stage: Stage) -> None:
    folder = stage.launch("true", snapshot_id="0" * 64)
    found = stage.finish(folder)
    assert found["state"] == "failed"
    assert found["error"]
    assert "started" not in found


def test_several_processes_find_each_other(stage: Stage) -> None:
    code = (
        "import os; names = ('RANK', 'LOCAL_RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT');"
        " print(*(os.environ[name] for name in names))"
    )
    resources = {"processes_per_node": 3, "distribution": "pytorch"}
    folder = stage.python(code, resources=resources)
    found = stage.finish(folder)
    assert found["state"] == "completed"
    lines = [log_of(folder)]
    for rank in (1, 2):
        lines.append(Path(folder, f"work/logs/rank-{rank}.log").read_text())
        assert found["sizes"][f"logs/rank-{rank}.log"] == len(lines[rank])
    ranks, local_ranks, sizes, addresses, ports = zip(
        *(line.split() for line in lines), strict=True
    )
    assert ranks == local_ranks == ("0", "1", "2")
    assert set(sizes) == {"3"}
    assert len(set(ports)) == len(set(addresses)) == 1


def test_one_process_that_fails_ends_the_others(stage: Stage) -> None:
    code = (
        "import os, time\nif os.environ['RANK'] == '1': raise ValueError('no peer')\n"
        "time.sleep(1000)\n"
    )
    resources = {"processes_per_node": 2, "distribution": "pytorch"}
    found = stage.finish(stage.python(code, resources=resources))
    assert (found["state"], found["exit_code"]) == ("failed", 1)
    assert found["error"] == "rank 1: exit code 1: ValueError: no peer"
    assert stage.left() == []


def test_mpi_without_mpi_says_so(stage: Stage) -> None:
    resources = {"processes_per_node": 2, "distribution": "mpi"}
    found = stage.finish(stage.launch("true", resources=resources, env={"PATH": "/nowhere"}))
    assert (found["state"], "mpirun is not on" in found["error"]) == ("failed", True)


@pytest.mark.parametrize("jump_s", [-7200.0, 7200.0])
def test_a_clock_that_jumps_neither_ends_nor_confuses_a_run(stage: Stage, jump_s: float) -> None:
    folder = stage.write_job("sleep", "0.3", resources={"time_limit_min": 60})
    pid = os.fork()
    if pid == 0:
        true_time, begun = time.time, time.monotonic()
        time.time = lambda: true_time() + jump_s * (time.monotonic() - begun)
        try:
            keeper.start(stage.root, folder, {})
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    found = stage.finish(folder)
    assert found["state"] == "completed"
    assert 0.3 <= found["ended"] - found["started"] < 600
