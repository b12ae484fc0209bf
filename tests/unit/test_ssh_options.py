"""What can be said about a machine behind SSH, and what cannot."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_compute.drivers._ssh_config import Destination
from jupyter_compute.drivers.ssh import SshOptions
from jupyter_compute.errors import ConfigError
from jupyter_compute.options import read_options, schema_of


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "'host' is missing"),
        ({"host": " "}, "is no host"),
        ({"host": "-oProxyCommand=touch /tmp/x"}, "cannot begin with a dash"),
        ({"host": "gpu1\nHost *"}, "one line"),
        ({"host": "gpu1", "jump": "-J"}, "cannot begin with a dash"),
        ({"host": "gpu1", "root": "a\nb"}, "one line"),
        ({"host": "gpu1", "root": ""}, "cannot be empty"),
        ({"host": "gpu1", "port": "70000"}, "port"),
        ({"host": "gpu1", "password": "hunter2"}, "says where the password is kept"),
        ({"host": "gpu1", "passphrase": "hunter2"}, "says where the passphrase is kept"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_options(SshOptions, options)
    assert said in caught.value.message
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


def test_what_is_said_comes_before_the_configuration() -> None:
    words = Destination(host="gpu1", user="an n", port=22, key_file="/k", jump="j").arguments()
    assert words == ["-l", "an n", "-p", "22", "-i", "/k", "-o", "IdentitiesOnly=yes", "-J", "j"]


def test_only_the_host_must_be_given_and_every_option_is_described() -> None:
    schema = schema_of(SshOptions)
    assert schema["required"] == ["host"]
    assert all(field.get("description") for field in schema["properties"].values())


def test_a_value_with_commas_stays_whole() -> None:
    read = read_options(SshOptions, {"host": "gpu1", "env": "NO_PROXY=a,b, c,HTTP_PROXY=http://p"})
    assert read.env == {"NO_PROXY": "a,b, c", "HTTP_PROXY": "http://p"}
