"""Compute behind targets: what is wished for is done once, or again after a controller's death."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from jupyter_compute.client import Client
from jupyter_compute.controller.provisioning import Provisioner, actions_wished, read_provisioning
from jupyter_compute.driver import DriverContext
from jupyter_compute.errors import ConfigError, ConflictError, LaunchError
from jupyter_compute.model import ArgvCommand, Run, Target, new_run_id
from jupyter_compute.registry import Registry
from jupyter_compute.testing import FakeDriver
from jupyter_compute.testing.fake import FakeOptions


class StillClient(Client):
    """A client that starts no controller."""

    def _wake(self) -> None:
        pass


@pytest.fixture
def client(tmp_path: Path):
    with StillClient(tmp_path / "compute", Registry({"fake": FakeDriver})) as client:
        client.attach("there", "fake", {"engine": str(tmp_path)})
        yield client


def do(client: Client, fail: Exception | None = None) -> FakeDriver:
    """Do what is wished for, as the controller would."""
    target: Target = client.target("there")
    context = DriverContext(target="there", folder="", default_python="")
    driver = FakeDriver(context, FakeOptions(engine=target.options["engine"]))
    if fail is not None:
        driver.engine.fail("start", fail)
    ended: list[bool] = []

    async def act() -> None:
        provisioner = Provisioner(
            client.workspace, target, driver, lambda: 5.0, lambda: ended.append(True)
        )
        for action in actions_wished(client.workspace).values():
            provisioner.start(action)
            provisioner.start(action)
            assert provisioner.is_busy
        assert provisioner.task is not None
        await provisioner.task

    asyncio.run(act())
    assert ended == [True]
    return driver


def test_a_wish_is_shown_done_and_gone(client: Client) -> None:
    assert client.actions("there") == ["create", "start", "stop", "remove"]
    assert client.provisioning("there") is None
    client.manage("there", "stop")
    client.manage("there", "stop")
    shown = client.provisioning("there")
    assert shown is not None and (shown.action, shown.state) == ("stop", "queued")
    with pytest.raises(ConflictError, match="stop is under way"):
        client.manage("there", "start")
    driver = do(client)
    assert driver.engine.calls["stop"] == 1 and driver.engine.is_stopped
    done = client.provisioning("there")
    assert done is not None and (done.state, done.since) == ("done", 5.0)
    assert actions_wished(client.workspace) == {}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (LaunchError("no quota", hint="ask for more"), "no quota (ask for more)"),
        (ZeroDivisionError("oh"), "a bug in the kind fake: ZeroDivisionError: oh"),
    ],
)
def test_what_fails_says_why_and_is_not_tried_again(
    client: Client, error: Exception, said: str
) -> None:
    client.manage("there", "start")
    do(client, error)
    failed = client.provisioning("there")
    assert failed is not None and (failed.state, failed.message) == ("failed", said)
    assert actions_wished(client.workspace) == {}


def test_nothing_is_stopped_under_a_run(client: Client) -> None:
    run = Run(
        id=new_run_id(),
        experiment="e",
        name="n",
        target="there",
        snapshot_id="",
        command=ArgvCommand(argv=("true",)),
    )
    client.store.add(run)
    for action in ("stop", "remove"):
        with pytest.raises(ConflictError, match="1 run is still active on there"):
            client.manage("there", action)
    client.manage("there", "start")


def test_what_is_known_of_another_place_is_not_shown(client: Client, tmp_path: Path) -> None:
    client.manage("there", "start")
    do(client)
    client.update("there", {"engine": "another"})
    assert read_provisioning(client.workspace, client.target("there")) is None


def test_an_action_that_is_none_is_refused(client: Client) -> None:
    with pytest.raises(ConfigError) as refused:
        client.manage("there", "strat")
    assert "start" in refused.value.hint
