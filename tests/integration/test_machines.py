"""The machines that the ssh tests stand on are what they claim to be."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from machines import Login, Machine, Sshd, User

KEY = User("ada")
PHRASE = User("ben", passphrase="open sesame")
PASSWORD = User("cleo", login=("password",), password="pass wörd")
CODE = User("dan", login=("code",))
PASSWORD_CODE = User("eve", login=("password", "code"))
KEY_CODE = User("fay", login=("key", "code"))
EVERYBODY = (KEY, PHRASE, PASSWORD, CODE, PASSWORD_CODE, KEY_CODE, User("root"))


@pytest.fixture(scope="module")
def town(new_lasting_machine: Callable[..., Machine]) -> Machine:
    """A machine that no test changes."""
    return new_lasting_machine(users=EVERYBODY)


@pytest.fixture
def login(tmp_path: Path, town: Machine) -> Login:
    return Login(tmp_path / "login", town.ssh_config)


@pytest.mark.parametrize("user", [KEY, User("root")], ids=lambda user: user.name)
def test_a_key_gets_in(user: User, town: Machine, login: Login) -> None:
    done = login.run(town.alias(user), "whoami; hostname")
    assert done.stdout.split() == [user.name, "gpu1"], done.stderr
    assert not login.asked


def test_a_key_with_a_passphrase_gets_in(town: Machine, login: Login) -> None:
    login.answers = {"passphrase": PHRASE.passphrase}
    assert login.run(town.alias(PHRASE), "whoami").stdout == "ben\n"
    assert len(login.asked) == 1


def test_a_password_gets_in(town: Machine, login: Login) -> None:
    login.answers = {"assword": PASSWORD.password}
    assert login.run(town.alias(PASSWORD), "whoami").stdout == "cleo\n"


def test_a_wrong_password_does_not_get_in(town: Machine, login: Login) -> None:
    login.answers = {"assword": "guess"}
    done = login.run(town.alias(PASSWORD), "whoami", "-o", "NumberOfPasswordPrompts=1")
    assert done.returncode == 255 and "Permission denied" in done.stderr


@pytest.mark.parametrize("user", [CODE, PASSWORD_CODE, KEY_CODE], ids=lambda user: user.name)
def test_a_one_time_code_gets_in_once(user: User, town: Machine, login: Login) -> None:
    for _ in range(2):
        code = town.code(user)
        login.answers = {"One-time": code, "assword": user.password}
        assert login.run(town.alias(user), "whoami").stdout == f"{user.name}\n"
    again = login.run(town.alias(user), "whoami", "-o", "NumberOfPasswordPrompts=1")
    assert again.returncode == 255


def test_a_machine_shows_nothing_of_this_one(town: Machine, login: Login) -> None:
    done = login.run(town.alias(), "ps -eo comm; cat /etc/passwd; ls /; ls -A /home")
    assert "pytest" not in done.stdout and "work" not in done.stdout
    assert not any(Path("/home", user.name).exists() for user in EVERYBODY)


def test_what_hung_in_a_cut_goes_on_when_it_is_healed(
    new_machine: Callable[..., Machine], tmp_path: Path
) -> None:
    machine = new_machine()
    login = Login(tmp_path, machine.ssh_config)
    with login.start(machine.alias(), "cat") as cat:
        assert cat.stdin and cat.stdout
        os.set_blocking(cat.stdout.fileno(), False)
        _say(cat, b"one\n")
        machine.cut()
        cat.stdin.write(b"two\n")
        cat.stdin.flush()
        with pytest.raises(subprocess.TimeoutExpired):
            login.run(machine.alias(), "true", timeout_s=0.5)
        assert cat.stdout.read() is None and cat.poll() is None
        machine.heal()
        _hear(cat, b"two\n")
        cat.stdin.close()
        assert cat.wait() == 0


def test_an_unplugged_machine_is_back_when_it_is_plugged_in(
    new_machine: Callable[..., Machine], tmp_path: Path
) -> None:
    machine = new_machine()
    login = Login(tmp_path, machine.ssh_config)
    machine.link.unplug()
    with pytest.raises(subprocess.TimeoutExpired):
        login.run(machine.alias(), "true", timeout_s=0.5)
    machine.link.plug()
    assert login.run(machine.alias(), "echo back").stdout == "back\n"


def test_a_reboot_ends_everything_and_keeps_the_files(
    new_machine: Callable[..., Machine], tmp_path: Path
) -> None:
    machine = new_machine()
    login = Login(tmp_path, machine.ssh_config)
    script = "cat /proc/sys/kernel/random/boot_id; setsid sleep 1000 >/dev/null 2>&1 & echo > kept"
    before = login.run(machine.alias(), script).stdout
    _until(lambda: [one for one in machine.processes() if one.name == "sleep"])
    machine.reboot()
    assert not [one for one in machine.processes() if one.name == "sleep"]
    after = login.run(machine.alias(), "cat /proc/sys/kernel/random/boot_id; ls kept").stdout
    assert after.split()[0] != before.strip() and after.split()[1] == "kept"


def test_sshd_is_killed_and_started(new_machine: Callable[..., Machine], tmp_path: Path) -> None:
    machine = new_machine()
    login = Login(tmp_path, machine.ssh_config)
    with login.start(machine.alias(), "cat") as cat:
        _say(cat, b"one\n")
        machine.kill_sshd()
        assert "Connection refused" in login.run(machine.alias(), "true").stderr
        _say(cat, b"two\n")
        machine.start_sshd()
        assert login.run(machine.alias(), "true").returncode == 0
        machine.kill_sshd(sessions=True)
        assert cat.wait(timeout=60) == 255


def test_a_changed_host_key_is_refused(new_machine: Callable[..., Machine], tmp_path: Path) -> None:
    machine = new_machine()
    machine.host_key_changes()
    done = Login(tmp_path, machine.ssh_config).run(machine.alias(), "true")
    assert "IDENTIFICATION HAS CHANGED" in done.stderr


def test_a_machine_behind_another_is_reached_through_it(
    new_machine: Callable[..., Machine], tmp_path: Path
) -> None:
    gate = new_machine("gate")
    inner = new_machine("inner", behind=gate)
    login = Login(tmp_path, inner.ssh_config)
    done = login.run("inner", "hostname; echo $SSH_CONNECTION")
    assert done.stdout.split()[:2] == ["inner", inner.link.near_address], done.stderr


@pytest.mark.parametrize("python", ["3.8", "3.13", None])
def test_a_machine_has_the_python_that_it_shall(
    python: str | None, new_machine: Callable[..., Machine], tmp_path: Path
) -> None:
    try:
        machine = new_machine(python=python)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    done = Login(tmp_path, machine.ssh_config).run(machine.alias(), "python3 --version")
    if python:
        assert done.stdout.startswith(f"Python {python}.")
    else:
        assert done.returncode == 127


def test_a_clock_is_wrong(new_machine: Callable[..., Machine], tmp_path: Path) -> None:
    machine = new_machine(clock_offset_s=7200)
    login = Login(tmp_path, machine.ssh_config)
    done = login.run(machine.alias(), "python3 -c 'import time; print(time.time())'")
    assert 7000 < float(done.stdout) - time.time() < 7400


def test_a_home_is_full_or_read_only(new_machine: Callable[..., Machine], tmp_path: Path) -> None:
    machine = new_machine(home_mb=1)
    login = Login(tmp_path, machine.ssh_config)
    assert "No space left" in login.run(machine.alias(), "head -c 2M /dev/zero > big").stderr
    login.run(machine.alias(), "rm big")
    machine.home_is_read_only()
    assert "Read-only" in login.run(machine.alias(), "echo > small").stderr
    machine.home_is_read_only(False)
    assert login.run(machine.alias(), "echo > small").returncode == 0


@pytest.mark.parametrize(
    "user",
    [
        User("jo smith", home="/home/jo smith"),
        User("zoë", home="/home/ünï cödé/zoë", shell="/usr/bin/fish"),
        User("tim", shell="/usr/bin/tcsh", files={".cshrc": "echo hello\n"}),
    ],
    ids=lambda user: user.name,
)
def test_users_are_odd(user: User, new_machine: Callable[..., Machine], tmp_path: Path) -> None:
    machine = new_machine(users=[user])
    done = Login(tmp_path, machine.ssh_config).run(machine.alias(), "whoami; pwd")
    assert done.stdout.splitlines()[-2:] == [user.name, user.folder], done.stderr


def test_nothing_is_left_of_a_machine_whose_owner_was_killed(tmp_path: Path) -> None:
    script = (
        "import sys, signal; sys.path.insert(0, sys.argv[1]);"
        "from pathlib import Path; from machines import Machine;"
        "m = Machine(Path(sys.argv[2])); m.start();"
        "m.run('sh', '-c', 'setsid sleep 1000 >/dev/null &');"
        "print(m.link.device, m.pid, flush=True); signal.pause()"
    )
    tests = str(Path(__file__).parents[1])
    command = [sys.executable, "-c", script, tests, str(tmp_path / "machine")]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout
        device, init = owner.stdout.readline().split()
        space = os.readlink(f"/proc/{init}/ns/pid")
        assert Path("/sys/class/net", device).exists()
    finally:
        owner.kill()
        owner.communicate()
    _until(lambda: not Path("/sys/class/net", device).exists() and space not in _pid_spaces())


def test_a_light_sshd_lets_the_current_user_in(tmp_path: Path) -> None:
    with Sshd(tmp_path / "server") as server:
        login = Login(tmp_path / "login", server.ssh_config)
        done = login.run(server.name, 'printf %s "$HOME"')
        assert done.stdout == str(server.home), done.stderr
    assert "refused" in login.run(server.name, "true").stderr


def _say(cat: subprocess.Popen[bytes], text: bytes) -> None:
    assert cat.stdin
    cat.stdin.write(text)
    cat.stdin.flush()
    _hear(cat, text)


def _hear(cat: subprocess.Popen[bytes], text: bytes) -> None:
    assert cat.stdout
    os.set_blocking(cat.stdout.fileno(), False)
    heard: list[bytes] = []
    _until(lambda: heard.append(cat.stdout.read() or b"") or b"".join(heard) == text)  # type: ignore


def _until(reached: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.01)


def _pid_spaces() -> set[str]:
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found.add(os.readlink(folder / "ns/pid"))
        except OSError:
            continue
    return found
