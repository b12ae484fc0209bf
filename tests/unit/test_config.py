from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from jupyter_compute.config import Settings, Targets
from jupyter_compute.errors import ConfigError, ConflictError, NotFoundError
from jupyter_compute.model import Target
from jupyter_compute.registry import Registry
from jupyter_compute.workspace import Workspace


class Ssh:
    """As much of a driver as the configuration looks at."""

    class Options(Struct, frozen=True, kw_only=True):
        host: str
        port: int = 22
        slots: int | None = None
        setup: tuple[str, ...] = ()

    @classmethod
    def resource_id(cls, options: Options) -> str:
        return f"ssh://{options.host}:{options.port}"


class Local:
    class Options(Struct, frozen=True, kw_only=True):
        slots: int | None = None

    @classmethod
    def resource_id(cls, options: Options) -> str:
        return "local"


REGISTRY = Registry({"ssh": Ssh, "local": Local})  # type: ignore[dict-item]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(root=tmp_path / "workspace").make()


@pytest.fixture
def targets(workspace: Workspace, tmp_path: Path) -> Targets:
    return Targets(workspace, REGISTRY, site=tmp_path / "site.toml")


def gpu(name: str = "gpu1", host: str = "gpu1", **options: object) -> Target:
    return Target(name=name, kind="ssh", options={"host": host, **options})


def test_this_machine_is_always_there(targets):
    (local,) = targets.list()
    assert (local.name, local.kind, local.resource_id) == ("local", "local", "local")
    assert targets.get("local") == local


def test_an_attached_target_is_found_with_its_options_as_typed(targets):
    attached = targets.attach(gpu(port="2222", setup="a,b"))
    assert attached.options == {"host": "gpu1", "port": 2222, "setup": ["a", "b"]}
    assert attached.resource_id == "ssh://gpu1:2222"
    assert targets.get("gpu1") == attached
    assert [target.name for target in targets.list()] == ["local", "gpu1"]


def test_attaching_the_same_again_changes_nothing(targets, workspace):
    targets.attach(gpu())
    text = workspace.targets_file.read_text()
    targets.attach(gpu())
    assert workspace.targets_file.read_text() == text


def test_a_name_is_taken_once_unless_it_is_replaced(targets):
    targets.attach(gpu())
    with pytest.raises(ConflictError, match="'gpu1'"):
        targets.attach(gpu(host="other"))
    targets.attach(gpu(host="other"), replace=True)
    assert targets.get("gpu1").resource_id == "ssh://other:22"


def test_one_resource_has_one_name_and_the_refusal_says_which(targets):
    targets.attach(gpu("first"))
    with pytest.raises(ConflictError, match="already attached as 'first'"):
        targets.attach(gpu("second"))
    targets.attach(gpu("second"), replace=True)
    assert [target.name for target in targets.list()] == ["local", "second"]


def test_wrong_options_are_refused_before_anything_is_written(targets, workspace):
    for wrong in ({"hots": "x"}, {"host": "x", "port": "many"}, {}, {"host": "\udc80"}):
        with pytest.raises(ConfigError, match=r"gpu1|host"):
            targets.attach(Target(name="gpu1", kind="ssh", options=wrong))
    with pytest.raises(ConfigError, match="no kind"):
        targets.attach(Target(name="gpu1", kind="shh"))
    assert not workspace.targets_file.exists()


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "a\n", "../x", "x" * 64, "é", "."])
def test_a_name_that_makes_no_good_word_is_refused(targets, name):
    with pytest.raises(ConfigError, match="cannot be named"):
        targets.attach(gpu(name))


def test_an_unknown_target_suggests_the_nearest(targets):
    targets.attach(gpu())
    with pytest.raises(NotFoundError) as caught:
        targets.get("gpu2")
    assert caught.value.hint == "did you mean 'gpu1'?"


def test_comments_and_order_survive_every_change(targets, workspace):
    text = (
        '# mine\n[settings]\nslots = 3 # few\n\n[targets.b] # the good one\nkind = "ssh"\n'
        'host = "b" # by the window\nport = 23\n\n[targets.a]\nkind = "ssh"\nhost = "a"\n'
    )
    workspace.targets_file.write_text(text)
    targets.attach(gpu("c", "c"))
    targets.update("b", {"port": "24"})
    targets.detach("a")
    written = workspace.targets_file.read_text()
    for comment in ("# mine", "# few", "# the good one", "# by the window"):
        assert comment in written
    assert "port = 24" in written
    assert [target.name for target in targets.list()] == ["local", "b", "c"]
    assert targets.settings().slots == 3


def test_an_update_takes_single_options_and_gives_back_defaults(targets):
    targets.attach(gpu(port=23, slots=4))
    assert targets.update("gpu1", {"slots": None, "setup": "x"}).options == {
        "host": "gpu1",
        "port": 23,
        "setup": ["x"],
    }
    with pytest.raises(ConfigError, match="'prot'"):
        targets.update("gpu1", {"prot": 1})
    with pytest.raises(ConfigError, match="'host' is missing"):
        targets.update("gpu1", {"host": None})
    assert targets.get("gpu1").options["host"] == "gpu1"


def test_this_machine_takes_options_but_goes_nowhere(targets):
    assert targets.update("local", {"slots": "2"}).options == {"slots": 2}
    assert targets.get("local").options == {"slots": 2}
    targets.detach("local")
    assert targets.get("local").options == {}
    with pytest.raises(ConfigError, match="always there"):
        targets.detach("local")
    with pytest.raises(ConflictError, match="this machine"):
        targets.attach(gpu("local"))
    with pytest.raises(ConflictError, match="already attached as 'local'"):
        targets.attach(Target(name="here", kind="local"), replace=True)


def test_the_site_comes_below_the_user_and_is_never_written(targets, tmp_path):
    site = tmp_path / "site.toml"
    text = (
        '[settings]\nslots = 1\nidle_minutes = 2\n[targets.shared]\nkind = "ssh"\nhost = "s"\n'
        '[targets.mine]\nkind = "ssh"\nhost = "theirs"\n'
    )
    site.write_text(text)
    targets.attach(gpu("mine", "m"), replace=True)
    assert [target.name for target in targets.list()] == ["local", "mine", "shared"]
    assert targets.get("mine").options["host"] == "m"
    with pytest.raises(ConfigError, match="cannot be detached"):
        targets.detach("shared")
    with pytest.raises(ConflictError, match="'shared'"):
        targets.attach(gpu("again", "s"))
    with pytest.raises(ConfigError, match="cannot be replaced"):
        targets.attach(gpu("again", "s"), replace=True)
    assert targets.settings() == Settings(slots=1, idle_minutes=2)
    assert site.read_text() == text


@pytest.mark.parametrize(
    "text",
    ["[", "targets = 1", "[targets]\nx = 2", "[targets.x]\nhost = 'x'", "settings = 3", "a = \x00"],
)
def test_a_file_that_makes_no_sense_is_named_and_left_as_it_is(targets, workspace, text):
    workspace.targets_file.write_text(text)
    with pytest.raises(ConfigError):
        targets.list()
        targets.settings()
    with pytest.raises(ConfigError):
        targets.attach(gpu())
        targets.settings()
    if text != "settings = 3":
        assert workspace.targets_file.read_text() == text


def test_one_wrong_target_does_not_hide_the_others(targets, workspace):
    workspace.targets_file.write_text(
        '[targets.a]\nkind = "ssh"\nprt = 1\n[targets.b]\nkind = "gone"\n'
        '[targets.c]\nkind = "ssh"\nhost = "c"\n'
    )
    assert [target.name for target in targets.list()] == ["local", "a", "b", "c"]
    with pytest.raises(ConfigError, match="'prt'"):
        targets.options(targets.get("a"))
    with pytest.raises(ConfigError, match="'gone'"):
        targets.options(targets.get("b"))
    assert targets.options(targets.get("c")).host == "c"


@pytest.mark.parametrize("line", ["slot = 3", "slots = 0", "slots = 'x'", "idle_minutes = -1"])
def test_a_wrong_setting_is_named(targets, workspace, line):
    workspace.targets_file.write_text(f"[settings]\n{line}\n")
    with pytest.raises(ConfigError, match=f"setting.*'{line.split(' ')[0]}'"):
        targets.settings()


def test_a_linked_file_stays_a_link(targets, workspace, tmp_path):
    real = tmp_path / "dotfiles.toml"
    real.write_text("# kept elsewhere\n")
    workspace.targets_file.symlink_to(real)
    targets.attach(gpu())
    assert workspace.targets_file.is_symlink()
    assert "gpu1" in real.read_text()


def test_the_file_is_for_the_user_alone(targets, workspace):
    targets.attach(gpu())
    assert workspace.targets_file.stat().st_mode & 0o777 == 0o600


def test_attaching_at_once_loses_none(workspace, tmp_path):
    def attach(number: int) -> None:
        mine = Targets(workspace, REGISTRY, site=tmp_path / "site.toml")
        mine.attach(gpu(f"t{number}", f"h{number}"))

    threads = [threading.Thread(target=attach, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = [target.name for target in Targets(workspace, REGISTRY).list()]
    assert names == ["local", *(f"t{number}" for number in range(8))]


def test_a_name_with_a_dot_is_one_name(targets):
    targets.attach(gpu("gpu.lab", "x"))
    assert targets.get("gpu.lab").options == {"host": "x"}
    targets.detach("gpu.lab")
    assert [target.name for target in targets.list()] == ["local"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.text(min_size=1, max_size=6)), max_size=6))
def test_what_is_attached_and_detached_is_what_is_listed(tmp_path_factory, steps):
    workspace = Workspace(root=tmp_path_factory.mktemp("w"))
    targets = Targets(workspace, REGISTRY, site=workspace.root / "none.toml")
    expected: dict[str, str] = {}
    for name, host in steps:
        if host in expected.values() and expected.get(name) != host:
            targets.detach(name) if expected.pop(name, None) else None
            continue
        targets.attach(gpu(name, host), replace=True)
        expected[name] = host
    listed = {target.name: target.options["host"] for target in targets.list()[1:]}
    assert listed == expected


@pytest.mark.parametrize(
    "text",
    [
        '[targets.a]\nkind = "ssh"\nhost = "a"\n[settings]\nslots = 1\n[targets.b]\nkind = "ssh"\n'
        'host = "b"\n',
        'targets.a.kind = "ssh"\ntargets.a.host = "a"\ntargets.b = {kind = "ssh", host = "b"}\n',
        'targets = {a = {kind = "ssh", host = "a"}, b = {kind = "ssh", host = "b"}}\n',
        '# first\n[targets.a]\nkind = "ssh"\nhost = "a"\n\n# of b\n[targets.b]\nkind = "ssh"\n'
        'host = "b"\nsetup = ["""\n[targets.a]\n"""]\n# last',
        '[targets]\na = {kind = "ssh", host = "a"}\n[targets."b"]\nkind = "ssh"\nhost = "b"\n',
    ],
)
def test_any_way_to_write_the_tables_can_be_changed(targets, workspace, text):
    workspace.targets_file.write_text(text)
    targets.attach(gpu("c", "c", setup="x,y"))
    targets.update("a", {"port": 5})
    targets.detach("b")
    found = {target.name: target.options for target in targets.list()[1:]}
    assert found == {"a": {"host": "a", "port": 5}, "c": {"host": "c", "setup": ["x", "y"]}}
