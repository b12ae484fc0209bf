"""What a real OpenSSH asks reaches the terminal of whoever attaches, checks or waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from leavings import places_with
from machines import Machine, User
from shell import PATIENCE_S, Shell, open_shell
from terminal import terminal

from jupyter_compute.client import Client

CLEO = User("cleo", login=("password",), password="pass wörd of cleo")
DAN = User("dan", login=("password", "code"), password="pass wörd of dan")


@pytest.fixture(scope="module")
def gpu1(new_lasting_machine: Callable[..., Machine]) -> Machine:
    return new_lasting_machine(users=(CLEO, DAN))


@pytest.fixture
def shell(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    yield from open_shell(tmp_path / "source", home / "compute", monkeypatch)


def attach(gpu1: Machine, folder: Path, user: User) -> list[str]:
    """Say how somebody attaches a machine that is not known yet."""
    config = folder / "config"
    config.write_text(f'UserKnownHostsFile "{folder}/known_hosts"\nIdentityAgent none\n')
    place = ["--host", gpu1.address, "--user", user.name, "--config-file", str(config)]
    return ["attach", "gpu-box", "--kind", "ssh", *place]


def test_a_host_key_and_a_password_are_asked_once_and_the_password_is_kept_until_it_is_wrong(
    shell: Shell, gpu1: Machine, tmp_path: Path
) -> None:
    with terminal(shell.folder, attach(gpu1, tmp_path, CLEO)) as user:
        user.until("gpu-box: The authenticity of host")
        user.until("[yes/no]")
        user.type("yes")
        user.until("assword:")
        user.type("wrong")
        user.until("[y/N]")
        user.type("y")
        user.until("gpu-box: that was not accepted. ")
        user.until("assword:")
        user.type(CLEO.password)
        user.until("[y/N]")
        user.type("y")
        assert user.code() == 0
    assert "gpu-box: ssh at ssh://cleo@" in user.shown and CLEO.password not in user.shown
    kept = shell.home / "kept-answers.toml"
    assert places_with(CLEO.password, shell.home, shell.folder) == [kept]
    assert places_with("wrong", shell.home / "runs", kept.parent / "targets") == []
    shell.write("hello.py", "print('hello')")
    submit = ["submit", "--wait", "--target", "gpu-box", "hello.py"]
    assert shell.ok(*submit).text == "hello\n"

    with Client(shell.home) as client:
        assert client.stop_controller(PATIENCE_S)
    assert shell.ok(*submit).text == "hello\n"  # with the kept one, and nobody asked
    with Client(shell.home) as client:
        assert client.stop_controller(PATIENCE_S)
    kept.write_text(kept.read_text().replace(CLEO.password, "changed"))
    with terminal(shell.folder, submit) as user:
        user.until("gpu-box: that was not accepted. ")
        user.until("assword:")
        user.type(CLEO.password)
        user.until("[y/N]")
        user.type("n")
        user.until("hello")
        assert user.code() == 0
    assert shell.ok("answers").text == "no answers are kept\n"
    assert places_with(CLEO.password, shell.home, shell.folder) == []


def test_a_one_time_code_is_asked_and_never_offered_to_be_kept(
    shell: Shell, gpu1: Machine, tmp_path: Path
) -> None:
    with terminal(shell.folder, attach(gpu1, tmp_path, DAN)) as user:
        user.until("[yes/no]")
        user.type("yes")
        user.until("assword:")
        user.type(DAN.password)
        user.until("[y/N]")
        user.type("n")
        user.until("One-time")
        code = gpu1.code(DAN)
        user.type(code)
        assert user.code() == 0
    assert user.shown.count("Keep it") == 1
    assert places_with(DAN.password, shell.home, shell.folder) == []
    # The target goes on with the connection that the code has opened.
    assert "Python" in shell.ok("check", "gpu-box").text.title()
    with Client(shell.home) as client:
        assert client.stop_controller(PATIENCE_S)
    with terminal(shell.folder, ["check", "gpu-box"]) as user:
        user.until("assword:")
        user.type(DAN.password)
        user.until("[y/N]")
        user.type("n")
        user.until("One-time")
        user.type(gpu1.code(DAN))
        assert user.code() == 0


def test_who_is_not_let_in_is_told_and_attaches_nothing(
    shell: Shell, gpu1: Machine, tmp_path: Path
) -> None:
    with terminal(shell.folder, attach(gpu1, tmp_path, CLEO)) as user:
        user.until("[yes/no]")
        user.type("no")
        assert user.code() == 10
    assert "--no-check attaches it all the same" in user.shown
    assert shell.run("show", "gpu-box").code == 3


def test_a_kept_password_that_is_wrong_is_asked_for_where_one_try_is_allowed(
    shell: Shell, new_machine: Callable[..., Machine], tmp_path: Path
) -> None:
    strict = new_machine(users=(CLEO,), sshd_options={"MaxAuthTries": "1"})
    with terminal(shell.folder, attach(strict, tmp_path, CLEO)) as user:
        user.until("[yes/no]")
        user.type("yes")
        user.until("assword:")
        user.type(CLEO.password)
        user.until("[y/N]")
        user.type("y")
        assert user.code() == 0
    with Client(shell.home) as client:
        assert client.stop_controller(PATIENCE_S)
    kept = shell.home / "kept-answers.toml"
    kept.write_text(kept.read_text().replace(CLEO.password, "changed"))
    with terminal(shell.folder, ["check", "gpu-box"]) as user:
        user.until("gpu-box: that was not accepted. ")
        user.until("assword:")
        user.type(CLEO.password)
        user.until("[y/N]")
        user.type("n")
        assert user.code() == 0


def test_a_password_is_not_asked_for_again_when_the_connection_was_lost(
    shell: Shell, new_machine: Callable[..., Machine], tmp_path: Path
) -> None:
    frail = new_machine(users=(CLEO,))
    with terminal(shell.folder, attach(frail, tmp_path, CLEO)) as user:
        user.until("[yes/no]")
        user.type("yes")
        user.until("assword:")
        user.type(CLEO.password)
        user.until("[y/N]")
        user.type("n")
        assert user.code() == 0
    for _ in range(2):
        frail.kill_sshd(sessions=True)
        frail.start_sshd()
        assert "python" in shell.ok("check", "gpu-box").text
