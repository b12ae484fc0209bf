"""Targets over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from compute_server import PATIENCE_S, Served

from jupyter_compute.client import Client
from jupyter_compute.registry import Registry
from jupyter_compute.server import masking, views
from jupyter_compute.testing import FakeDriver


def test_the_kinds_come_with_what_their_forms_need(served: Served) -> None:
    (local,) = [one for one in served.get("/kinds")["kinds"] if one["kind"] == "local"]
    assert local["title"] == "This machine" and local["error"] is None
    assert local["options"]["properties"]["slots"]["description"]
    assert served.get("/kinds/local") == local
    assert served.get("/kinds/locale", 400)["hint"] == "did you mean 'local'?"


def test_the_local_target_is_there_and_can_be_checked(served: Served) -> None:
    first = served.get("/targets")["targets"][0]
    assert (first["name"], first["kind"]) == ("local", "local")
    answer = served.http.post("/targets/local/check", params={"wait_s": PATIENCE_S})
    checked = answer.json()
    assert (answer.status_code, checked["error"]) == (200, None)
    assert checked["info"]["cpus"] > 0 and checked["checked"] > 0
    assert served.get("/targets/local")["info"] == checked["info"]


def test_a_target_is_refused_with_the_name_that_has_its_place(served: Served) -> None:
    body = {"name": "mine", "kind": "local", "options": {}}
    assert "local" in served.post("/targets", body, 409)["message"]
    for wrong, said in (
        ({**body, "kind": "locale"}, "locale"),
        ({**body, "name": "a/b"}, "a/b"),
        ({**body, "options": {"slotz": 1}}, "slotz"),
        ({**body, "options": {"slots": "many"}}, "many"),
        ({**body, "options": {"python": masking.MASK}}, "python"),
        ({**body, "options": []}, "options"),
        ({"name": "mine"}, "kind"),
    ):
        answer = served.post("/targets", wrong, 400)
        assert said in answer["message"], answer


def test_options_are_changed_and_taken_back(served: Served) -> None:
    changed = served.http.patch("/targets/local", json={"options": {"slots": 3}})
    assert (changed.status_code, changed.json()["options"]) == (200, {"slots": 3})
    assert served.get("/targets/local")["options"] == {"slots": 3}
    wrong = served.http.patch("/targets/local", json={"options": {"slots": "x"}})
    assert (wrong.status_code, wrong.json()["error"]) == (400, "ConfigError")
    back = served.http.patch("/targets/local", json={"options": {"slots": None}})
    assert back.json()["options"] == {}
    assert served.http.delete("/targets/local").status_code == 204
    assert served.http.delete("/targets/local").status_code == 400


@pytest.mark.parametrize("action", ["create", "start", "stop", "remove"])
def test_what_a_kind_does_not_do_is_said(served: Served, action: str) -> None:
    answer = served.post(f"/targets/local/{action}", status=409)
    assert "the kind local does not do that" in answer["message"]
    state = served.get("/targets/local")
    assert (state["actions"], state["provisioning"]) == ([], None)
    assert served.post(f"/targets/nowhere/{action}", status=404)["error"] == "NotFoundError"


@pytest.mark.parametrize("verb", ["get", "delete"])
def test_a_target_that_is_not_there_is_not_found(served: Served, verb: str) -> None:
    answer = served.http.request(verb, "/targets/lokal")
    assert (answer.status_code, answer.json()["hint"]) == (404, "did you mean 'local'?")


def test_the_version_says_what_to_do_when_the_page_is_another(served: Served) -> None:
    same = served.get("/version")
    assert same["advice"] == "" and same["api"] == 1
    assert served.get("/version", front_end=same["version"])["advice"] == ""
    assert "reload the page" in served.get("/version", front_end="9.9.9")["advice"]


class SecretOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a guarded target."""

    host: str = ""
    key: Annotated[str, msgspec.Meta(extra_json_schema={"writeOnly": True})] | None = None
    password: Annotated[str, msgspec.Meta(extra_json_schema={"format": "password"})] = ""


class GuardedDriver(FakeDriver):
    """A kind with secrets among its options."""

    kind = "guarded"
    Options = SecretOptions

    @classmethod
    def resource_id(cls, options: Any) -> str:
        return f"guarded:{options.host}"


def test_a_secret_option_is_written_and_never_read_back(tmp_path: Path) -> None:
    with Client(tmp_path / "compute", Registry({"guarded": GuardedDriver})) as client:
        client.attach("safe", "guarded", {"host": "h", "key": "k1", "password": "p1"})
        shown = views.target(client, "safe").options
        assert shown == {"host": "h", "key": masking.MASK, "password": masking.MASK}
        changed = masking.unmasked({**shown, "host": "other"})
        client.update("safe", changed)
        kept = client.target("safe").options
        assert kept == {"host": "other", "key": "k1", "password": "p1"}
