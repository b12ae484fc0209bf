"""A place is looked at before it is attached, and nothing of its options stays anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from compute_server import Served, serve, until
from leavings import places_with

from jupyter_compute.server.masking import MASK

KINDS = str(Path(__file__).parents[1] / "kinds")
SECRET = "a-secret-that-must-not-stay"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose user has installed another kind."""
    folder = tmp_path_factory.mktemp("kinds")
    with serve(folder / "home", folder / "compute", PYTHONPATH=KINDS) as running:
        yield running


def look(served: Served, status: int = 200, name: str | None = None, **options: Any) -> Any:
    body = {"options": options, "name": name}
    return served.post("/kinds/showcase/check", body, status)


def attach(served: Served, name: str, **options: Any) -> Any:
    return served.post("/targets", {"name": name, "kind": "showcase", "options": options}, 201)


def test_a_look_finds_what_is_there_and_all_that_is_wrong(served: Served) -> None:
    found = look(served, host="gpu1", gpus=2, slots=3)
    assert (found["error"], found["attached_as"]) == (None, "")
    assert found["resource_id"] == "showcase://gpu1:22"
    info = found["info"]
    assert (info["host"], info["slots"], len(info["gpus"])) == ("gpu1", 3, 2)
    assert [bool(one["remedy"]) for one in info["problems"]] == [True, True]
    ill = look(served, host="ill")["info"]["problems"]
    assert [one["fatal"] for one in ill] == [True, False, False]
    assert look(served, host="well")["info"]["problems"] == []
    assert [one["name"] for one in served.get("/targets")["targets"]] == ["local"]


def test_what_cannot_be_reached_or_says_no_is_part_of_the_answer(served: Served) -> None:
    found = look(served, host="nowhere", port=2222)
    assert found["info"] is None
    assert found["error"]["error"] == "TargetUnreachableError"
    assert "nowhere:2222" in found["error"]["message"]
    assert look(served, host="closed")["error"]["error"] == "AuthenticationError"


def test_wrong_options_are_refused_as_attaching_would(served: Served) -> None:
    for options, said in (
        ({}, "option 'host' is missing"),
        ({"host": "a", "port": 0}, "option 'port'"),
        ({"host": "a", "prot": 1}, "there is no option 'prot'"),
        ({"host": "a", "queue": "none"}, "option 'queue'"),
        ({"host": "a", "password": MASK}, "is a mask"),
    ):
        attached = {"name": "wrong", "kind": "showcase", "options": options}
        assert said in look(served, 400, **options)["message"]
        assert said in served.post("/targets", attached, 400)["message"]
    assert "nobody" in look(served, 404, name="nobody", host="a")["message"]
    assert "of the kind 'local'" in look(served, 400, name="local", host="a")["message"]
    served.post("/kinds/showcasing/check", {"options": {}}, 400)
    (unready,) = [one for one in served.get("/kinds")["kinds"] if one["kind"] == "unready"]
    assert unready["error"]["error"] == "DriverNotInstalledError"
    answer = served.post("/kinds/unready/check", {"options": {}}, 501)
    assert "a_package_that_is_not_there" in answer["message"]


def test_a_place_that_is_attached_is_recognised_and_lends_its_secrets(served: Served) -> None:
    shown = attach(served, "mine", host="gpu2", password=SECRET)
    assert shown["options"]["password"] == MASK
    options = {**shown["options"], "slots": 7}
    found = look(served, name="mine", **options)
    assert (found["attached_as"], found["info"]["slots"]) == ("mine", 7)
    assert served.get("/targets/mine")["options"] == shown["options"]
    assert served.http.delete("/targets/mine").status_code == 204


def test_nothing_of_a_look_stays_anywhere(served: Served) -> None:
    for host in ("gpu3", "ill", "nowhere", "closed"):
        look(served, host=host, password=SECRET)
    home = served.root.parent
    assert places_with(SECRET, served.workspace, home) == []
    assert not list((served.workspace / "targets").glob(".look-*"))


def test_an_answer_that_takes_too_long_is_not_waited_for(served: Served) -> None:
    body = {"options": {"host": "well"}}
    answer = served.http.post("/kinds/showcase/check", params={"wait_s": 0}, json=body)
    assert (answer.status_code, answer.json()["error"]["error"]) == (200, "TargetUnreachableError")


def test_a_run_works_there(served: Served) -> None:
    attach(served, "there", host="gpu4")
    run = served.ended(served.script("show.py", "print('there')\n", target="there"))
    assert run["state"] == "completed", run
    assert served.http.get(f"/runs/{run['id']}/log").text == "there\n"


def test_the_form_has_all_that_its_kind_says_of_an_option(served: Served) -> None:
    options = served.get("/kinds/showcase")["options"]
    assert options["required"] == ["host"]
    fields = options["properties"]
    assert {field["group"] for field in fields.values()} == {"Connection", "Sign-in", "Runs"}
    assert fields["password"]["format"] == "password"
    key = fields["key_file"]
    assert (key["format"], key["title"]) == ("path", "Private key")
    assert key["description"] == "A private key, instead of a password."
    assert (fields["port"]["minimum"], fields["port"]["maximum"]) == (1, 65535)
    assert sorted(fields["queue"]["enum"]) == ["gpu", "long", "short"]
    assert fields["slots"]["default"] is None


def test_what_a_kind_can_do_with_its_machine_is_done_and_told(served: Served) -> None:
    attach(served, "machine", host="gpu5")
    state = served.get("/targets/machine")
    assert (state["actions"], state["provisioning"]) == (["start", "stop"], None)
    for action, problems in (("stop", ["it is stopped"]), ("start", 2), ("start", 2)):
        asked = served.post(f"/targets/machine/{action}", status=202)["provisioning"]
        assert (asked["action"], asked["message"]) == (action, "")
        done = until(lambda: manages(served, "machine", "done"))
        assert done["provisioning"]["action"] == action
        # The target is looked at again, since it is another now.
        until(lambda wanted=problems: shows(served, "machine", wanted))
    said = served.post("/targets/machine/create", status=409)["message"]
    assert "the kind showcase does not do that" in said


def test_what_could_not_be_done_says_why(served: Served) -> None:
    attach(served, "overfull", host="full")
    served.post("/targets/overfull/start", status=202)
    failed = until(lambda: manages(served, "overfull", "failed"))["provisioning"]
    assert failed["message"] == "there is no machine left (try again at night)"
    assert failed["since"] > 0


def manages(served: Served, name: str, state: str) -> Any:
    found = served.get(f"/targets/{name}")
    return found if found["provisioning"]["state"] == state else None


def shows(served: Served, name: str, wanted: list[str] | int) -> bool:
    info = served.get(f"/targets/{name}")["info"]
    said = [one["message"] for one in info["problems"]] if info else []
    return wanted in (said, len(said))
