"""Each way in which OpenSSH does not get through has a message and a hint of its own."""

from __future__ import annotations

import pytest

from jupyter_compute.drivers._bootstrap import NoAgent
from jupyter_compute.drivers._ssh_config import Destination, Resolved
from jupyter_compute.drivers._ssh_errors import Attempt, explain, explain_no_agent
from jupyter_compute.errors import AuthenticationError, DriverError, TargetUnreachableError

CHANGED = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Offending ED25519 key in /home/ann/.ssh/known_hosts:3
Host key for gpu1 has changed and you have requested strict checking.
Host key verification failed."""
TOO_OPEN = """\
@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @
Permissions 0644 for '/home/ann/key' are too open.
It is required that your private key files are NOT accessible by others.
This private key will be ignored.
Load key "/home/ann/key": bad permissions
ann@gpu1: Permission denied (publickey)."""


def attempt(
    said: str, exit_code: int | None = 255, printed: str = "", methods: tuple[str, ...] = ()
) -> Attempt:
    return Attempt(
        Destination(host="gpu1", key_file="~/key" if "key" in methods else ""),
        Resolved(user="ann", hostname="gpu1.lab", port="2222", settings={}),
        frozenset(methods),
        said,
        printed,
        exit_code,
    )


@pytest.mark.parametrize(
    ("said", "error", "message", "hint"),
    [
        (CHANGED, AuthenticationError, "known_hosts:3", "ssh-keygen -R '[gpu1.lab]:2222'"),
        ("Host key verification failed.", AuthenticationError, "not accepted", "fingerprint"),
        (TOO_OPEN, AuthenticationError, "others can read: /home/ann/key", "chmod 600"),
        (
            'Load key "/k": incorrect passphrase supplied to decrypt private key\n'
            "ann@gpu1: Permission denied (publickey).",
            AuthenticationError,
            "passphrase does not open the key /k",
            "ssh-agent",
        ),
        (
            'Load key "/k.pub": invalid format\nann@gpu1: Permission denied (publickey).',
            AuthenticationError,
            "/k.pub is no private key",
            "not the public one",
        ),
        (
            "Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures",
            AuthenticationError,
            "too many keys",
            "key_file",
        ),
        (
            "ann@gpu1: Permission denied (publickey,password).",
            AuthenticationError,
            "did not let ann in with the keys that ssh has here; it takes publickey,password",
            "user",
        ),
        (
            "ssh: Could not resolve hostname gpu1.lab: Name or service not known",
            TargetUnreachableError,
            "no machine of the name gpu1.lab",
            "spelling",
        ),
        (
            "ssh: connect to host gpu1.lab port 2222: Connection refused",
            TargetUnreachableError,
            "nothing listens on port 2222 of gpu1.lab",
            "sshd",
        ),
        (
            "ssh: connect to host gpu1.lab port 2222: Connection timed out",
            TargetUnreachableError,
            "does not answer on port 2222",
            "firewall",
        ),
        (
            "ssh: connect to host gpu1.lab port 2222: No route to host",
            TargetUnreachableError,
            "no way to gpu1.lab",
            "network",
        ),
        (
            "kex_exchange_identification: Connection closed by remote host\n"
            "Connection closed by 10.0.0.1 port 2222",
            TargetUnreachableError,
            "broke off",
            "MaxStartups",
        ),
        (
            "Unable to negotiate with 10.0.0.1 port 22: no matching host key type found. "
            "Their offer: ssh-rsa",
            DriverError,
            "Their offer: ssh-rsa",
            "~/.ssh/config",
        ),
        (
            "/home/ann/.ssh/config: line 3: Bad configuration option: hots",
            DriverError,
            "line 3",
            "mend",
        ),
    ],
)
def test_what_openssh_says_is_explained(
    said: str, error: type[DriverError], message: str, hint: str
) -> None:
    found = explain(attempt(said))
    assert type(found) is error
    assert message in found.message
    assert hint in found.hint


def test_what_was_tried_is_named() -> None:
    denied = "ann@gpu1: Permission denied (publickey)."
    assert "with the key ~/key" in explain(attempt(denied, methods=("key",))).message
    assert "with this password;" in explain(attempt(denied, methods=("password",))).message
    both = explain(attempt(denied, methods=("password", "code")))
    assert "with this password and code" in both.message


def test_words_that_nobody_knows_are_silence() -> None:
    found = explain(attempt("client_loop: something new"))
    assert type(found) is TargetUnreachableError
    assert "something new" in found.message


def test_a_login_shell_that_starts_nothing_is_told_with_its_words() -> None:
    found = explain(attempt("", 1, "This account is currently not available."))
    assert type(found) is AuthenticationError
    assert "may not run anything" in found.message
    found = explain(attempt("bash: exec: restricted", 126))
    assert type(found) is DriverError
    assert "restricted (exit code 126)" in found.message


def test_a_machine_without_python_or_room_is_told() -> None:
    found = explain_no_agent(NoAgent("no-python", "podman"), attempt("", 1), "~/x", "", "")
    assert "no Python on gpu1.lab that could be found" in found.message
    assert "podman is there, an image such as" in found.hint
    full = attempt("head: write error: No space left on device", 1)
    found = explain_no_agent(NoAgent("no-room"), full, "~/x", "", "")
    assert "No space left on device" in found.message
