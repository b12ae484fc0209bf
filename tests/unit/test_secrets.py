from __future__ import annotations

import sys
import traceback
from types import ModuleType

import pytest

from jupyter_compute import secrets
from jupyter_compute.errors import ConfigError

VALUE = "hunter2-not-to-be-seen"


def shown(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(vars(error))


def test_an_environment_variable_is_found():
    found = secrets.resolve("env:MY_TOKEN", environ={"MY_TOKEN": VALUE})
    assert found.reveal() == VALUE
    assert VALUE not in repr(found)


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(ConfigError, match="env:MY_TOKEN"):
        secrets.resolve("env:MY_TOKEN", environ={})


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_file_is_read_without_its_last_newline(tmp_path, ending):
    (tmp_path / "token").write_bytes((f" {VALUE}\n{VALUE}" + ending).encode())
    found = secrets.resolve(f"file:{tmp_path}/token", environ={})
    assert found.reveal() == f" {VALUE}\n{VALUE}"


@pytest.mark.parametrize("name", ["missing", ".", "large", "bytes"])
def test_a_file_that_cannot_be_a_secret_is_named_and_not_shown(tmp_path, name):
    (tmp_path / "large").write_bytes(VALUE.encode() * 100_000)
    (tmp_path / "bytes").write_bytes(VALUE.encode() + b"\xff\xfe")
    with pytest.raises(ConfigError) as caught:
        secrets.resolve(f"file:{tmp_path}/{name}", environ={})
    assert str(tmp_path) in caught.value.message
    assert VALUE not in shown(caught.value)


@pytest.mark.parametrize(
    "reference",
    [VALUE, f"{VALUE}:", f"token:{VALUE}", f"keyring:{VALUE}", f"env:{VALUE}\n", "", "env:", ":x"],
)
def test_what_is_no_reference_is_refused_and_never_repeated(reference):
    with pytest.raises(ConfigError) as caught:
        secrets.check(reference)
    assert VALUE not in f"{caught.value.message}{caught.value.hint}"


@pytest.mark.parametrize("reference", ["env:A", "file:~/t", "keyring:hub/me", "keyring:a/b/me"])
def test_a_reference_is_checked_without_looking_behind_it(reference):
    secrets.check(reference)


class KeyringError(Exception):
    pass


@pytest.fixture
def keyring(monkeypatch):
    """A keyring in memory; one that is locked raises."""
    package, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    kept = {("a/b", "me"): VALUE}

    def get_password(service: str, user: str) -> str | None:
        if service == "locked":
            raise KeyringError(VALUE)
        return kept.get((service, user))

    package.get_password, package.errors = get_password, errors
    errors.KeyringError = KeyringError
    monkeypatch.setitem(sys.modules, "keyring", package)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)


@pytest.mark.usefixtures("keyring")
def test_a_keyring_is_asked_by_service_and_user():
    assert secrets.resolve("keyring:a/b/me", environ={}).reveal() == VALUE
    with pytest.raises(ConfigError, match="nothing for a/b/you"):
        secrets.resolve("keyring:a/b/you", environ={})
    with pytest.raises(ConfigError, match="did not give locked/me") as caught:
        secrets.resolve("keyring:locked/me", environ={})
    assert VALUE not in f"{caught.value.message}{caught.value.hint}"


def test_without_the_package_the_hint_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError) as caught:
        secrets.resolve("keyring:a/me", environ={})
    assert caught.value.hint == "pip install keyring"
