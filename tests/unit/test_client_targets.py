"""Targets as the client and the commands see them; nothing is asked of any."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jupyter_compute.client import Client
from jupyter_compute.commands import Place, render_text, run_line
from jupyter_compute.controller import inspection
from jupyter_compute.errors import ComputeError, ConfigError, ConflictError, NotFoundError
from jupyter_compute.model import (
    ArgvCommand,
    Problem,
    Resources,
    Run,
    RunState,
    TargetInfo,
    new_run_id,
)
from jupyter_compute.registry import Registry
from jupyter_compute.testing import FakeDriver


@pytest.fixture
def client(home: object) -> Iterator[Client]:
    with Client(registry=Registry({"fake": FakeDriver})) as client:
        yield client


def note(client: Client, info: TargetInfo | None, error: dict[str, str] | None = None) -> None:
    """Leave what a check has found, as the controller does."""
    at = inspection.name_of(client.target("there"))
    answer = inspection.Answer(info=info, checked=1.0, error=error, target=at)
    inspection.write_answer(client.workspace, "there", answer)


def test_a_target_is_attached_changed_and_forgotten(client: Client) -> None:
    target = client.attach("there", "fake", {"engine": "one"})
    assert [one.name for one in client.targets()] == ["local", "there"]
    assert client.target("there") == target
    assert client.update("there", {"engine": "two"}).options["engine"] == "two"
    client.detach("there")
    assert [one.name for one in client.targets()] == ["local"]
    with pytest.raises(NotFoundError):
        client.detach("there")


def test_two_names_for_one_place_are_refused_with_the_first(client: Client) -> None:
    client.attach("there", "fake", {"engine": "one"})
    with pytest.raises(ConflictError, match="there"):
        client.attach("here", "fake", {"engine": "one"})
    with pytest.raises(ConflictError, match="there"):
        client.attach("there", "fake", {"engine": "two"})
    assert (
        client.attach("there", "fake", {"engine": "two"}, replace=True).options["engine"] == "two"
    )


def test_our_files_are_not_removed_from_a_target_that_runs_still_need(client: Client) -> None:
    client.attach("there", "fake", {"engine": "one"})
    run = client.store.add(
        Run(
            id=new_run_id(),
            experiment="x",
            name="x",
            target="there",
            snapshot_id="",
            command=ArgvCommand(argv=("x",)),
        )
    )
    with pytest.raises(ConflictError, match="1 run is still active"):
        client.detach("there", purge=True)
    assert client.active_on("there") == {"queued": 1}
    client.store.advance(run.id, RunState.CANCELED)
    client.detach("there")


def test_what_is_always_there_is_not_detached_and_nothing_of_it_is_ended(client: Client) -> None:
    with pytest.raises(ConfigError, match="always there"):
        client.detach("local", cancel=True, purge=True)


def test_options_are_given_as_flags(client: Client) -> None:
    place = Place(client=client)
    result = run_line("attach there --kind fake --engine one", place=place)
    assert result.data["options"] == {"engine": "one"}
    with pytest.raises(ConfigError) as caught:
        run_line("attach more --kind fake --engien one", place=place)
    assert "'engine'" in caught.value.hint
    with pytest.raises(ConfigError, match="which kind"):
        run_line("attach more --engine one", place=place)
    with pytest.raises(ConfigError, match="is no option"):
        run_line("attach more --kind fake engine=one", place=place)
    assert "--engine" in render_text(run_line("kinds fake", place=place))


def test_what_a_check_found_is_shown(client: Client) -> None:
    client.attach("there", "fake", {"engine": "one"})
    place = Place(client=client)
    assert "not checked yet" in render_text(run_line("targets", place=place))
    note(client, TargetInfo(resource_id="x", host="gpu1", cpus=8, gpus=("A",), slots=4))
    assert "ready" in render_text(run_line("targets", place=place))
    assert "gpu1" in render_text(run_line("show there", place=place))
    words = {"error": "TargetUnreachableError", "message": "no route", "hint": "ping it"}
    note(client, None, words)
    assert "no route" in render_text(run_line("targets", place=place))
    assert run_line("show there", place=place).data["error"] == words


def test_what_another_of_the_same_name_has_is_not_told(client: Client) -> None:
    client.attach("there", "fake", {"engine": "one"})
    note(client, TargetInfo(resource_id="fake://one"))
    assert client.target_info("there") is not None
    client.detach("there")
    client.attach("there", "fake", {"engine": "two"})
    assert client.target_info("there") is None


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        (Resources(gpus=2), "2 GPUs were asked for, and there has 1"),
        (Resources(cpus=16), "16 cores were asked for, and there has 8"),
        (Resources(memory_gb=64), "64 GB of memory were asked for, and there has 32"),
    ],
)
def test_more_than_a_target_has_is_refused(
    client: Client, tmp_path: object, resources: Resources, said: str
) -> None:
    client.attach("there", "fake", {"engine": "one"})
    note(client, TargetInfo(resource_id="x", cpus=8, gpus=("A",), memory_gb=32, slots=4))
    with pytest.raises(ConfigError, match=said):
        client.submit(["ls"], source=str(tmp_path), target="there", resources=resources)


def test_a_target_where_nothing_can_run_is_refused_with_the_remedy(
    client: Client, tmp_path: object
) -> None:
    client.attach("there", "fake", {"engine": "one"})
    problem = Problem(message="there is no Python", remedy="install one", fatal=True)
    note(client, TargetInfo(resource_id="x", problems=(problem,)))
    with pytest.raises(ComputeError) as caught:
        client.submit(["ls"], source=str(tmp_path), target="there")
    assert "there is no Python" in caught.value.message
    assert caught.value.hint == "install one"
