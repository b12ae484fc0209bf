"""Runs in containers, with real engines."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import container_engines
import pytest
from container_engines import BASE, IMAGE, MOUNT, ContainerEngine
from keeper_stage import Stage, events_of, final, log_of, state_of, until

from jupyter_compute.drivers.local import LocalDriver
from jupyter_compute.model import ImageEnvironment, RunState
from jupyter_compute.runner import library, processes, status
from jupyter_compute.runner.containers import PREFIX
from jupyter_compute.testing.jobs import say, write
from jupyter_compute.testing.stage import Stage as DriverStage
from jupyter_compute.testing.stage import Subject


@pytest.fixture(scope="module")
def docker(
    engine: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ContainerEngine]:
    with container_engines.docker(tmp_path_factory.mktemp("d") / "d", engine("docker")) as running:
        yield running


@pytest.fixture(scope="module")
def podman(
    engine: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ContainerEngine]:
    with container_engines.podman(tmp_path_factory.mktemp("p") / "p", engine("podman")) as running:
        yield running


@pytest.fixture
def apptainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ContainerEngine:
    found = container_engines.apptainer(tmp_path / "a")
    monkeypatch.setenv("PATH", os.path.dirname(found.path), prepend=os.pathsep)
    return found


@pytest.fixture
def containers(request: pytest.FixtureRequest) -> ContainerEngine:
    """Return the engine that a test names, by default Docker."""
    found: ContainerEngine = request.getfixturevalue(getattr(request, "param", "docker"))
    return found


either = pytest.mark.parametrize("containers", ["docker", "podman"], indirect=True)
"""What the engines do in ways of their own is tried with each."""

every = pytest.mark.parametrize("containers", ["docker", "podman", "apptainer"], indirect=True)
"""Where Apptainer, which runs programs in another way, must come to the same."""


class Yard:
    """Runs in containers on a root of their own."""

    def __init__(self, stage: Stage, containers: ContainerEngine) -> None:
        self.stage = stage
        self.engine = containers

    def launch(self, *argv: str, image: str | None = None, **changes: Any) -> str:
        asked = {"engine": self.engine.name, "mounts": [MOUNT], **changes.pop("containers", {})}
        env = {**self.engine.env, **changes.pop("env", {})}
        dockerfile = changes.pop("dockerfile", "")
        image = self.engine.image if image is None else image
        environment = {"type": "image", "image": image, "dockerfile": dockerfile}
        return self.stage.launch(
            *argv, environment=environment, containers=asked, env=env, **changes
        )

    def python(self, code: str, **changes: Any) -> str:
        return self.launch("{python}", "-c", code, **changes)

    def build(self, path: str, files: dict[str, str], **changes: Any) -> str:
        """Run a program in an image that is built from a Dockerfile among the files."""
        self.engine.add_base(Path(self.stage.root))
        code = "import os; print(open('/opt/greeting').read(), os.environ.get('COLOR'))"
        return self.python(code, image="", dockerfile=path, files=files, **changes)

    def finish(self, folder: str) -> dict[str, Any]:
        return self.stage.finish(folder)

    def complete(self, folder: str) -> None:
        found = self.finish(folder)
        assert found["state"] == "completed", (found, log_of(folder))

    def until_on(self, folder: str, count: int = 1) -> None:
        """Wait until so many processes of a run said that they are on."""

        def is_on() -> bool:
            if log_of(folder).count("on\n") == count:
                return True
            found = final(folder)
            assert found is None, (found, log_of(folder))
            return False

        until(is_on, "the program")


@pytest.fixture
def yard(tmp_path: Path, containers: ContainerEngine) -> Iterator[Yard]:
    stage = Stage(tmp_path / "a root, of tests")
    yield Yard(stage, containers)
    stage.close()


@every
def test_a_program_runs_in_the_image_as_the_user(yard: Yard) -> None:
    code = (
        "import os; print(os.getcwd(), os.getuid(), os.path.exists('/etc/hostname'));"
        "open('outputs/x.txt', 'w').write(open('data.txt').read())"
    )
    folder = yard.python(code, files={"data.txt": "given"})
    yard.complete(folder)
    assert log_of(folder).startswith(f"{folder}/work {os.getuid()} ")
    made = Path(folder, "work/outputs/x.txt")
    assert made.read_text() == "given"
    assert (made.stat().st_uid, made.stat().st_gid) == (os.getuid(), os.getgid())
    facts = [event["facts"] for event in events_of(folder, "facts")]
    assert facts[-1]["interpreter"] == "/usr/bin/python3"
    assert yard.engine.containers() == []


def test_what_another_user_runs_is_that_users(docker: ContainerEngine) -> None:
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    socket = docker.env["DOCKER_HOST"].partition("//")[2]
    uid, gid, group = 12345, 12346, 12347
    try:
        os.chown(folder, uid, gid)
        open_the_way(Path(socket))
        os.chmod(socket, 0o666)
        code = "import os; print(*os.getresuid(), os.getgid()); open('outputs/x', 'w')"
        child = os.fork()
        if child == 0:
            finish_as(uid, gid, group, folder, docker, code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        [run] = Path(folder, "runs").glob("*/1")
        assert log_of(str(run)) == f"{uid} {uid} {uid} {gid}\n"
        made = os.stat(run / "work/outputs/x")
        assert (made.st_uid, made.st_gid) == (uid, gid)
    finally:
        shutil.rmtree(folder)


def open_the_way(path: Path) -> None:
    """Let everybody pass to a file, as far up as folders belong to this test."""
    for parent in path.parents:
        if parent == Path("/tmp"):
            return
        os.chmod(parent, os.stat(parent).st_mode | 0o011)


def finish_as(
    uid: int, gid: int, group: int, folder: Path, containers: ContainerEngine, code: str
) -> None:
    """Become another user and see a run to its end; never returns."""
    status = 1
    try:
        os.setgroups([group])
        os.setgid(gid)
        os.setuid(uid)
        os.environ.update(HOME=str(folder), PATH="/usr/bin:/bin")
        yard = Yard(Stage(folder), containers)
        found = yard.finish(yard.python(code))
        status = 0 if found["state"] == "completed" else 2
    finally:
        os._exit(status)


@every
def test_output_and_errors_come_in_order_to_the_last_byte(yard: Yard) -> None:
    code = "import os\nfor i in range(3000): os.write(1 + i % 2, b'%d\\n' % i)"
    folder = yard.python(code)
    yard.complete(folder)
    assert log_of(folder) == "".join(f"{number}\n" for number in range(3000))


@every
def test_variables_and_secrets_arrive_whole_and_stand_in_no_command(yard: Yard) -> None:
    names = ["PLAIN", "LINES", "TOKEN", "HOME", "PATH"]
    code = f"import json, os; print(json.dumps([os.environ.get(n) for n in {names}]))"
    env = {"PLAIN": "a 'b' \"c\" $d", "LINES": "one\ntwo", "PATH": "/usr/bin:/x"}
    folder = yard.python(code, env=env, secrets={"TOKEN": "hush\nhush"})
    yard.complete(folder)
    found = json.loads(log_of(folder))
    assert found == [env["PLAIN"], env["LINES"], "hush\nhush", f"{folder}/home", env["PATH"]]
    for path in Path(folder).rglob("*"):
        assert path.name == "log" or not path.is_file() or b"hush" not in path.read_bytes()


@either
def test_no_engine_writes_a_secret_down(yard: Yard) -> None:
    code = "import os, time; print(os.environ['KEY'], 'on', sep='\\n', flush=True); time.sleep(99)"
    folder = yard.python(code, secrets={"KEY": "hush 'hush'\n\"$x\""})
    yard.until_on(folder)
    assert log_of(folder) == "hush 'hush'\n\"$x\"\non\n"
    [name] = yard.engine.containers()
    assert "hush" not in yard.engine.run("inspect", name)
    assert not Path("/dev/shm", name).exists()
    status.cancel(folder)
    yard.finish(folder)


DOCKERFILE = f"""\
FROM {BASE}
COPY greeting /opt/greeting
RUN echo built >>/opt/greeting
ENV COLOR=green
"""


@either
def test_an_image_is_built_from_a_dockerfile_of_the_snapshot_once(yard: Yard) -> None:
    files = {"there/Dockerfile": DOCKERFILE, "there/greeting": "hello ", "train.py": "1"}
    both = [yard.build("there/Dockerfile", {**files, "n": str(number)}) for number in range(2)]
    for folder in both:
        yard.complete(folder)
        assert log_of(folder).endswith("hello built\n green\n")
    assert sum("COPY greeting" in log_of(folder) for folder in both) == 1
    built = [name for name in yard.engine.images() if "jupyter-compute" in name]
    assert len(built) == 1
    yard.complete(again := yard.build("there/Dockerfile", {**files, "train.py": "2"}))
    assert log_of(again) == "hello built\n green\n"


def test_an_image_is_built_anew_from_other_files(yard: Yard) -> None:
    files = {"there/Dockerfile": DOCKERFILE}
    yard.complete(other := yard.build("there/Dockerfile", {**files, "there/greeting": "bye "}))
    assert log_of(other).endswith("bye built\n green\n")


@either
def test_a_build_that_fails_says_so_in_the_engines_words(yard: Yard) -> None:
    text = f"FROM {BASE}\nRUN echo no such package >&2; exit 7\n"
    found = yard.finish(yard.build("Dockerfile", {"Dockerfile": text}))
    assert found["error"].startswith("the image could not be built: ")
    assert "exit 7" in found["error"] or "exit status 7" in found["error"]
    assert yard.engine.containers() == []


def test_what_is_wrong_with_a_dockerfile_is_said(yard: Yard) -> None:
    found = yard.finish(yard.build("Dockerfile", {"Dockerfile": "FORM x\n"}))
    assert "form" in found["error"].lower()
    found = yard.finish(yard.build("Dockerfile", {"Dockerfile": "FROM 127.0.0.1:1/x:1\n"}))
    assert "127.0.0.1:1" in found["error"]
    assert found["error"].endswith("set the proxy that the engine uses")
    found = yard.finish(yard.build("Dockerfile", {}))
    assert found["error"] == "there is no Dockerfile in the snapshot"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("raise ValueError('bad lr')", "exit code 1: ValueError: bad lr"),
        ("import sys; sys.exit(3)", "exit code 3"),
        ("import os; os.abort()", "exit code 134, as a shell says when SIGABRT ended a program"),
    ],
)
def test_how_a_program_ended_is_told(yard: Yard, code: str, error: str) -> None:
    found = yard.finish(yard.python(code))
    assert (found["state"], found["error"]) == ("failed", error)
    assert yard.engine.containers() == []


def test_an_image_that_apptainer_fetches_is_fetched_once_and_kept(
    docker: ContainerEngine, apptainer: ContainerEngine, tmp_path: Path
) -> None:
    docker.add_base(tmp_path)
    yard = Yard(Stage(tmp_path / "root"), apptainer)
    names = {**docker.env, "APPTAINER_CACHEDIR": str(tmp_path / "cache")}
    given = ("/bin/sh", "-c", "echo $COLOR >outputs/x")
    asked = {"image": f"docker-daemon:{BASE}", "env": {**names, "COLOR": "green"}}
    folders = [yard.launch(*given, **asked) for _ in range(2)]
    for folder in folders:
        yard.complete(folder)
        assert Path(folder, "work/outputs/x").read_text() == "green\n"
    fetched = f"$ apptainer build docker-daemon:{BASE}\n"
    assert sum(fetched in log_of(folder) for folder in folders) == 1
    asked["image"] = "docker-daemon:localhost/nowhere:1"
    found = yard.finish(yard.launch(*given, **asked))
    assert found["error"].startswith(f"the image {asked['image']} cannot be had: FATAL: ")
    found = yard.finish(yard.launch(*given, **asked, containers={"pull": "never"}))
    assert found["error"].endswith("cannot be had: it is not there, and it may not be pulled")


def test_what_apptainer_cannot_do_is_said(apptainer: ContainerEngine, tmp_path: Path) -> None:
    yard = Yard(Stage(tmp_path / "root"), apptainer)
    found = yard.finish(yard.python("1", image="", dockerfile="Dockerfile"))
    assert "is built from a Dockerfile by Docker or Podman" in found["error"]
    found = yard.finish(yard.python("1", image="./there/torch.sif"))
    assert found["error"] == "there is no image ./there/torch.sif in the snapshot"
    found = yard.finish(yard.python("1", image="/no/where.sif"))
    assert found["error"] == "there is no image /no/where.sif on this target"
    found = yard.finish(yard.python("1", containers={"args": ["--no-such-word"]}))
    assert "unknown flag: --no-such-word" in found["error"]


def test_below_apptainer_a_signal_reads_as_one(apptainer: ContainerEngine, tmp_path: Path) -> None:
    stage = Stage(tmp_path / "root")
    yard = Yard(stage, apptainer)
    found = yard.finish(yard.python("import os; os.abort()"))
    assert (found["signal"], found["error"]) == (6, "ended by SIGABRT (it aborted itself)")
    assert stage.left() == []


@either
def test_want_of_memory_is_told(yard: Yard) -> None:
    code = "x = b'x' * (300 << 20)"
    found = yard.finish(yard.python(code, containers={"args": ["--memory=60m"]}))
    assert found["state"] == "failed"
    assert "out of memory" in found["error"]


@every
def test_a_cancel_is_heard_by_the_program_itself(yard: Yard) -> None:
    code = (
        "import time\nprint('on', flush=True)\n"
        "try: time.sleep(1000)\nexcept KeyboardInterrupt: print('tidied')"
    )
    folder = yard.python(code)
    yard.until_on(folder)
    status.cancel(folder, "ada")
    found = yard.finish(folder)
    assert (found["state"], found["error"]) == ("canceled", "canceled by ada")
    assert log_of(folder) == "on\ntidied\n"
    assert yard.stage.left() == [] and yard.engine.containers() == []


STUBBORN = (
    "import os, signal, time\n"
    "for number in (2, 15): signal.signal(number, signal.SIG_IGN)\n"
    "if os.fork() == 0:\n    os.setsid(); os.fork()\n"
    # Three that print unbuffered would each write its word and the end of its line apart.
    "os.write(1, b'on\\n')\ntime.sleep(1000)"
)


@pytest.mark.parametrize("containers", ["docker", "apptainer"], indirect=True)
def test_whatever_does_not_want_to_end_is_ended(yard: Yard) -> None:
    folder = yard.python(STUBBORN, grace_s=0.5)
    yard.until_on(folder, 3)
    status.cancel(folder)
    assert yard.finish(folder)["state"] == "canceled"
    assert yard.stage.left() == [] and yard.engine.containers() == []


@every
def test_a_killed_keepers_container_is_removed(yard: Yard) -> None:
    folder = yard.python(STUBBORN)
    yard.until_on(folder, 3)
    assert len(yard.engine.containers()) == (yard.engine.name != "apptainer")
    os.kill(state_of(folder)["pid"], signal.SIGKILL)
    found = yard.finish(folder)
    assert found["error"].startswith("the keeper of the run was killed during the run")
    assert yard.stage.left() == [] and yard.engine.containers() == []


@either
def test_a_killed_client_of_the_engine_is_told_and_its_container_removed(yard: Yard) -> None:
    folder = yard.python(STUBBORN)
    yard.until_on(folder, 3)
    until(lambda: state_of(folder).get("leaders"), "the note of the start")
    [[client, _]] = state_of(folder)["leaders"]
    os.kill(client, signal.SIGKILL)
    found = yard.finish(folder)
    assert found["error"] == f"{yard.engine.name} ended before the container did"
    assert yard.stage.left() == [] and yard.engine.containers() == []


@either
def test_what_an_engine_could_not_remove_goes_with_a_later_run(yard: Yard) -> None:
    folder = yard.python("print('one')")
    yard.complete(folder)
    over, foreign = (
        f"{PREFIX}{run_id}-0123456789ab-0"
        for run_id in (os.path.basename(os.path.dirname(folder)), "another-targets")
    )
    for name in (over, foreign):
        yard.engine.run("create", "--name", name, IMAGE, "x")
    yard.complete(yard.python("print('two')"))
    assert yard.engine.containers() == [foreign]
    yard.engine.run("rm", foreign)


@either
def test_a_missing_image_says_so_in_the_engines_words(yard: Yard) -> None:
    found = yard.finish(yard.python("1", image="localhost/nowhere:1", containers={"pull": "never"}))
    assert found["error"].startswith(
        "there is no image localhost/nowhere:1 on this target, and it may not be pulled: "
    )
    assert "no such image" in found["error"].lower() or "not known" in found["error"]
    folder = yard.python("1", image="127.0.0.1:1/nowhere:1")
    found = yard.finish(folder)
    assert found["error"].startswith("the image 127.0.0.1:1/nowhere:1 cannot be had: ")
    assert "127.0.0.1:1" in found["error"].partition("had: ")[2]
    assert f"$ {yard.engine.name} pull 127.0.0.1:1/nowhere:1" in log_of(folder)


def test_what_cannot_be_mounted_is_said(yard: Yard) -> None:
    for mount, words in (("/no/where:/x", "/no/where, which"), ("data:/x", "is no mount")):
        found = yard.finish(yard.python("1", containers={"mounts": [MOUNT, mount]}))
        assert words in found["error"]


@every
def test_a_read_only_mount_is_not_written_to(yard: Yard, tmp_path: Path) -> None:
    data = tmp_path / "data, all of it"
    data.mkdir()
    (data / "x").write_text("kept")
    code = "print(open('/data/x').read()); open('/data/x', 'w')"
    mounts = [MOUNT, f"{data}:/data:ro"]
    folder = yard.python(code, containers={"mounts": mounts})
    found = yard.finish(folder)
    assert "Read-only file system" in found["error"]
    assert log_of(folder).startswith("kept\n") and (data / "x").read_text() == "kept"


@pytest.mark.parametrize("containers", ["docker", "apptainer"], indirect=True)
def test_our_module_is_found_in_the_image(yard: Yard) -> None:
    lib = library.install(yard.stage.root)
    code = "import jupyter_compute_run as run; run.log('loss', 0.5)"
    folder = yard.python(code, lib=lib)
    yard.complete(folder)
    assert [event["name"] for event in events_of(folder, "metric")] == ["loss"]


@pytest.mark.parametrize("containers", ["docker", "apptainer"], indirect=True)
def test_several_processes_find_each_other(yard: Yard) -> None:
    code = "import os; print(*(os.environ[n] for n in ('RANK', 'WORLD_SIZE', 'MASTER_ADDR')))"
    folder = yard.python(code, resources={"processes_per_node": 2, "distribution": "pytorch"})
    yard.complete(folder)
    assert log_of(folder) == "0 2 127.0.0.1\n"
    assert Path(folder, "work/logs/rank-1.log").read_text() == "1 2 127.0.0.1\n"
    assert yard.engine.containers() == []


@pytest.mark.parametrize("containers", ["docker", "apptainer"], indirect=True)
def test_any_program_of_an_image_runs(yard: Yard) -> None:
    folder = yard.launch("/usr/bin/printf", "%s", "no Python")
    yard.complete(folder)
    assert log_of(folder) == "no Python"
    found = yard.finish(yard.launch("no-such-program"))
    code = 255 if yard.engine.name == "apptainer" else 127
    assert found["exit_code"] == code and "no-such-program" in found["error"]


@every
def test_an_image_without_shell_and_python_runs_its_programs(yard: Yard) -> None:
    libraries = [f"/usr/{name}:/usr/{name}:ro" for name in ("lib", "lib64")]
    mounts = [*libraries, "/usr/bin/echo:/box/echo:ro"]
    folder = yard.launch("/box/echo", "bare", containers={"mounts": mounts})
    yard.complete(folder)
    assert log_of(folder) == "bare\n"
    found = yard.finish(yard.python("1", containers={"mounts": mounts}))
    assert found["error"] == f"there is no Python 3 in the image {yard.engine.image}"
    found = yard.finish(yard.launch("/no/program", containers={"mounts": mounts}))
    if yard.engine.name != "apptainer":
        assert found["error"].startswith("the container could not be started: ")
    assert "/no/program" in found["error"]


def test_memory_is_that_of_the_program(yard: Yard) -> None:
    code = "import time; x = b'x' * (150 << 20); print('on', flush=True); time.sleep(2)"
    folder = yard.python(code)
    found = yard.finish(folder)
    assert 150 << 20 < found["facts"]["peak_memory_bytes"] < 250 << 20


def test_the_program_is_known_by_its_token(yard: Yard) -> None:
    folder = yard.python("import time; print('on', flush=True); time.sleep(1000)")
    yard.until_on(folder)
    token = state_of(folder)["token"]
    known = [one.pid for one in processes.list_all() if processes.has_token(one.pid, token)]
    assert len(known) >= 2
    status.cancel(folder)
    yard.finish(folder)


class TestOnThisMachine(Subject):
    driver = LocalDriver

    @pytest.fixture(autouse=True)
    def _arrive(self, docker: ContainerEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in docker.env.items():
            monkeypatch.setenv(name, value)

    def target_options(self, folder: Path) -> dict[str, Any]:
        return {"container_engine": "docker", "container_mounts": [MOUNT]}

    def test_a_target_says_what_its_containers_see(self, play: Any) -> None:
        async def act(stage: DriverStage) -> None:
            changes = {"environment": ImageEnvironment(image=IMAGE)}
            job = await stage.launch(say("hello\n"), write("outputs/x", "made"), changes=changes)
            status = await stage.over(job)
            assert status.state is RunState.COMPLETED, (status, await stage.whole(job, "log"))
            assert await stage.whole(job, "log") == b"hello\n"
            assert await stage.whole(job, "outputs/x") == b"made"

        play(act)
