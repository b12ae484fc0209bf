from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from jupyter_compute import registry as module
from jupyter_compute.errors import ConfigError, DriverNotInstalledError
from jupyter_compute.registry import GROUP, Registry


class Given:
    """Stands for a driver; the registry never looks into it."""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two installed kinds: one that imports, one whose package is missing."""
    package = tmp_path / "third_party-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(
        f"[{GROUP}]\nworking = third_party_kind:Working\nbroken = third_party_broken:Broken\n"
    )
    (tmp_path / "third_party_kind.py").write_text("class Working: pass\n")
    (tmp_path / "third_party_broken.py").write_text("import no_such_package_of_theirs\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("third_party_kind", "third_party_broken"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.usefixtures("installed")
def test_kinds_are_listed_without_importing_them():
    kinds = Registry({"given": Given}).kinds()  # type: ignore[dict-item]
    assert {"broken", "given", "local", "working"} <= set(kinds)
    assert kinds == sorted(kinds)
    assert "third_party_kind" not in sys.modules


@pytest.mark.usefixtures("installed")
def test_a_kind_is_imported_when_it_is_asked_for():
    registry = Registry()
    assert registry.driver("working").__name__ == "Working"
    assert registry.driver("working") is registry.driver("working")


@pytest.mark.usefixtures("installed")
def test_what_is_given_comes_before_what_is_installed():
    assert Registry({"working": Given}).driver("working") is Given  # type: ignore[dict-item]


@pytest.mark.usefixtures("installed")
def test_a_missing_package_is_named_with_what_to_install():
    with pytest.raises(DriverNotInstalledError, match="no_such_package_of_theirs") as caught:
        Registry().driver("broken")
    assert caught.value.hint == "pip install 'third-party[broken]'"
    assert caught.value.kind == "broken"


def test_an_unknown_kind_suggests_the_nearest():
    with pytest.raises(ConfigError, match="'lcoal'") as caught:
        Registry().driver("lcoal")
    assert caught.value.hint == "did you mean 'local'?"


def test_the_entry_points_are_read_once(monkeypatch):
    calls: list[str] = []

    def entry_points(group: str) -> list[EntryPoint]:
        calls.append(group)
        return []

    monkeypatch.setattr(module, "entry_points", entry_points)
    registry = Registry()
    assert (registry.kinds(), registry.kinds(), calls) == ([], [], [GROUP])
