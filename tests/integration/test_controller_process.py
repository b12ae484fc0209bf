"""The controller as a process: started by anyone, once, killed at will, gone when idle."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jupyter_compute.blobs import Blobs
from jupyter_compute.controller import handover, process
from jupyter_compute.controller.doorbell import ring
from jupyter_compute.controller.lock import PROTOCOL, boot_id, read_facts, try_lock
from jupyter_compute.errors import ConflictError, StoreError
from jupyter_compute.model import ArgvCommand, Run, RunState, Secret, new_run_id
from jupyter_compute.snapshot import Snapshotter
from jupyter_compute.store import Store
from jupyter_compute.workspace import Workspace

PATIENCE_S = 90.0


class Home:
    """A workspace, as a front end without a client would use it."""

    def __init__(self, root):
        self.workspace = Workspace(root).make()
        source = root.with_name("source")
        source.mkdir(exist_ok=True)
        blobs = Blobs(self.workspace.blobs)
        taker = Snapshotter(blobs, self.workspace.stat_cache, limit_mb=10, follow_links=False)
        self.snapshot_id = taker.take(source).id
        self.store = Store.open(self.workspace.database)

    def settings(self, text):
        self.workspace.targets_file.write_text(f"[settings]\n{text}\n")

    def add(self, code, **changes):
        run = Run(
            id=new_run_id(),
            experiment="tests",
            name="code",
            target="local",
            snapshot_id=self.snapshot_id,
            command=ArgvCommand(argv=("{python}", "-c", code)),
            **changes,
        )
        return self.store.add(run)

    def submit(self, code, **changes):
        run = self.add(code, **changes)
        process.ensure(self.workspace)
        return run

    def until(self, condition):
        deadline = time.monotonic() + PATIENCE_S
        while not (found := condition()):
            assert time.monotonic() < deadline, self.workspace.controller_log.read_text()
            time.sleep(0.01)
        return found

    def over(self, run):
        def look():
            process.ensure(self.workspace)
            found = self.store.get(run.id)
            return found if found.is_final else None

        return self.until(look)

    def facts(self):
        return self.until(lambda: process.facts(self.workspace))

    def log(self, run):
        return (self.workspace.run(run.id) / str(run.attempt) / "log").read_bytes()

    def starts(self):
        text = self.workspace.controller_log.read_text()
        return text.count("a controller is here")


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "workspace")
    yield home
    home.store.close()
    assert process.stop(home.workspace, 60)


def test_a_wish_starts_a_controller_and_a_run_completes(home):
    run = home.over(home.submit("print('hello')"))
    assert (run.state, run.error) == (RunState.COMPLETED, ""), run
    assert home.log(run) == b"hello\n"


def test_it_is_nobodys_child_and_says_who_it_is(home):
    process.ensure(home.workspace, wait=True)
    facts = home.facts()
    stat = Path(f"/proc/{facts.pid}/stat").read_text().rpartition(")")[2].split()
    assert int(stat[1]) != os.getpid()
    assert facts.protocol == PROTOCOL
    assert facts.python == sys.executable
    assert facts.schema > 0
    assert handover.ask(home.workspace, {"op": "status"})["active"] == 0


def _ensure_at_once(root, count):
    workspace = Workspace(root)
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda _: process.ensure(workspace), range(count)))


def test_of_many_starters_exactly_one_starts_one(home):
    context = multiprocessing.get_context("spawn")
    racers = [
        context.Process(target=_ensure_at_once, args=(home.workspace.root, 5)) for _ in range(3)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(PATIENCE_S)
        assert racer.exitcode == 0
    process.ensure(home.workspace, wait=True)
    assert home.starts() == 1


def test_a_controller_in_the_foreground_leaves_a_workspace_that_has_one(home):
    process.ensure(home.workspace, wait=True)
    pid = home.facts().pid
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_compute.controller", str(home.workspace.root)],
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0
    assert home.facts().pid == pid


def test_a_killed_controller_is_replaced_and_the_run_goes_on(home):
    code = "import time\nfor n in range(20): print(n, flush=True); time.sleep(0.05)"
    run = home.submit(code)
    home.until(lambda: home.store.get(run.id).state is RunState.RUNNING)
    for _ in range(3):
        os.kill(home.facts().pid, signal.SIGKILL)
        home.until(lambda: process.facts(home.workspace) is None)
        process.ensure(home.workspace)
    run = home.over(run)
    assert (run.state, run.attempt) == (RunState.COMPLETED, 1)
    assert home.log(run) == "".join(f"{n}\n" for n in range(20)).encode()


def test_it_goes_when_idle_and_a_wish_in_that_instant_is_not_lost(home):
    home.settings("idle_minutes = 0.0001")
    runs = []
    for number in range(5):
        runs.append(home.submit(f"print({number})"))
        # Every submit meets another instant of the controller's coming and going.
        time.sleep(0.03 * (number % 5))
    for number, run in enumerate(runs):
        home.until(lambda run=run: home.store.get(run.id).is_final)
        assert home.log(home.store.get(run.id)) == f"{number}\n".encode()
    os.close(home.until(lambda: try_lock(home.workspace.lock)))


def test_stopping_leaves_runs_to_the_next(home):
    code = "import time; time.sleep(1.5); print('still here')"
    run = home.submit(code)
    home.until(lambda: home.store.get(run.id).state is RunState.RUNNING)
    assert process.stop(home.workspace, PATIENCE_S)
    assert process.facts(home.workspace) is None
    assert process.stop(home.workspace, PATIENCE_S)
    run = home.over(run)
    assert (run.state, home.log(run)) == (RunState.COMPLETED, b"still here\n")


def test_one_that_is_only_starting_is_stopped_as_well(home):
    for _ in range(3):
        process.ensure(home.workspace)
        assert process.stop(home.workspace, PATIENCE_S)


def test_a_secret_reaches_the_run_and_no_file(home):
    process.ensure(home.workspace, wait=True)
    code = "import os; print(os.environ['TOKEN'] == 'sword' + 'fish-4711')"
    run_id = new_run_id()
    assert handover.hand_over(home.workspace, run_id, {"TOKEN": Secret("swordfish-4711")})
    added = home.add(code, secrets={"TOKEN": "env:MY_TOKEN"})
    assert handover.hand_over(home.workspace, added.id, {"TOKEN": Secret("swordfish-4711")})
    run = home.over(added)
    assert (run.state, home.log(run)) == (RunState.COMPLETED, b"True\n")
    files = [path for path in home.workspace.root.rglob("*") if path.is_file()]
    assert not [path for path in files if b"swordfish-4711" in path.read_bytes()]


def test_a_workspace_may_lie_deeper_than_a_sockets_path_can_be(tmp_path):
    deep = tmp_path
    for _ in range(4):
        deep = deep / ("d" * 40)
    deep.mkdir(parents=True)
    home = Home(deep / "workspace")
    try:
        process.ensure(home.workspace, wait=True)
        assert ring(home.workspace)
        assert home.over(home.submit("print(1)")).state is RunState.COMPLETED
    finally:
        home.store.close()
        assert process.stop(home.workspace, 60)


def test_a_controller_whose_interpreter_is_missing_is_a_clear_error(home):
    process.ensure(home.workspace, python="/no/such/python")
    with pytest.raises(StoreError, match="did not start") as caught:
        process.ensure(home.workspace, python="/no/such/python", wait=True)
    assert "/no/such/python" in caught.value.hint


@pytest.fixture
def stranger(home):
    """Let the workspace be held by a controller of another version."""
    fd = try_lock(home.workspace.lock)

    def declare(**changes):
        facts = {
            "pid": os.getpid(),
            "boot_id": boot_id(),
            "host": os.uname().nodename,
            "version": "99.0",
            "protocol": PROTOCOL,
            "python": "/other/python",
            **changes,
        }
        os.pwrite(fd, json.dumps(facts).encode(), 0)

    yield declare
    os.close(fd)


def test_a_controller_of_another_version_that_we_understand_is_left_at_work(home, stranger):
    stranger()
    process.ensure(home.workspace)
    assert read_facts(home.workspace.lock).version == "99.0"


def test_a_controller_we_do_not_understand_is_said_with_what_to_upgrade(home, stranger):
    stranger(protocol=PROTOCOL + 1)
    with pytest.raises(ConflictError, match=r"version 99\.0") as caught:
        process.ensure(home.workspace)
    assert "this installation" in caught.value.hint
    stranger(protocol=PROTOCOL - 1)
    with pytest.raises(ConflictError) as caught:
        process.ensure(home.workspace)
    assert "/other/python" in caught.value.hint


def test_facts_of_a_process_that_is_gone_count_as_none(home, stranger):
    stranger(pid=2**22 + 1)
    assert process.facts(home.workspace) is None
    stranger(boot_id="an earlier one")
    assert process.facts(home.workspace) is None
    home.workspace.lock.write_text("{")
    assert process.facts(home.workspace) is None


def test_the_environment_of_a_kernel_or_a_run_does_not_reach_the_controller():
    environ = {
        "PATH": "/bin",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "JPY_PARENT_PID": "1",
        "JUPYTER_COMPUTE_TOKEN": "marks a run",
        "JUPYTER_COMPUTE_HOME": "/home/me",
    }
    assert process.clean_environment(environ) == {
        "PATH": "/bin",
        "JUPYTER_COMPUTE_HOME": "/home/me",
    }
    assert process.clean_environment({"MPLBACKEND": "agg"}) == {"MPLBACKEND": "agg"}


def test_controllers_killed_at_random_lose_no_run_and_start_none_twice(home, tmp_path):
    chance = random.Random(7)
    starts = tmp_path / "starts"
    code = (
        "import os, time\n"
        f"fd = os.open({str(starts)!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)\n"
        "os.write(fd, (os.environ['JUPYTER_COMPUTE_RUN_ID'] + '\\n').encode())\n"
        "for n in range(8):\n    print(n, flush=True); time.sleep(0.02)\n"
        "open('outputs/done', 'w').write('yes')\n"
    )
    runs = []
    for _ in range(7):
        runs.append(home.submit(code))
        time.sleep(chance.random() * 0.2)
        facts = process.facts(home.workspace)
        if facts is not None:
            os.kill(facts.pid, signal.SIGKILL)
    ended = [home.over(run) for run in runs]
    assert {run.state for run in ended} == {RunState.COMPLETED}
    assert sorted(starts.read_text().split()) == sorted(run.id for run in runs)
    for run in ended:
        assert home.log(run) == b"0\n1\n2\n3\n4\n5\n6\n7\n"
        assert (home.workspace.run(run.id) / "1" / "outputs" / "done").read_bytes() == b"yes"


def test_a_controller_that_does_not_answer_is_stopped_all_the_same(home):
    process.ensure(home.workspace, wait=True)
    os.kill(home.facts().pid, signal.SIGSTOP)
    assert process.stop(home.workspace, 0.1)
    assert home.over(home.submit("print(1)")).state is RunState.COMPLETED
