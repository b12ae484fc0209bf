"""Who reads another language misses nothing: ``make translations`` follows a change of words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import catalogs
import pytest
from babel.messages.catalog import Catalog
from catalogs import String

from jupyter_compute import __version__

LOCALES = catalogs.locales()


@pytest.fixture(scope="module")
def said(engine: Callable[[str], str]) -> set[String]:
    engine("node")
    return catalogs.strings()


def test_everything_that_is_said_is_found(said: set[String]) -> None:
    assert String("", "running") in said
    assert String("", "%1 queued", "%1 queued") in said
    assert String("settings", "Tell when runs end") in said
    assert String("kind", "A machine by SSH") in said
    assert String("kind", "Over there") in said


def test_no_text_is_said_with_and_without_a_plural(said: set[String]) -> None:
    assert catalogs.clashes(said) == []


def test_the_template_is_up_to_date(said: set[String]) -> None:
    template = catalogs.LOCALES / "jupyter_compute.pot"
    assert template.read_bytes() == catalogs.written(catalogs.merged(said))


@pytest.mark.parametrize("locale", LOCALES)
def test_everything_has_a_translation(locale: str, said: set[String]) -> None:
    assert catalogs.missing(said, catalogs.read(locale)) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_translations_have_the_placeholders_of_what_they_translate(locale: str) -> None:
    assert catalogs.misplaced(catalogs.read(locale)) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_what_jupyter_reads_is_what_translators_wrote(locale: str, said: set[String]) -> None:
    catalog = catalogs.merged(said, catalogs.read(locale))
    path = catalogs.po_path(locale)
    assert path.read_bytes() == catalogs.written(catalog)
    assert path.with_suffix(".json").read_text("utf-8") == catalogs.compiled(catalog)


def test_a_placeholder_that_is_lost_or_invented_is_noticed() -> None:
    catalog = Catalog(locale="de_DE")
    catalog.add("%1 of %2", "%2 von %1")
    catalog.add(("%1 run", "%1 runs"), ("ein Lauf", "%1 Läufe"))
    catalog.add("Delete %1", "Löschen")
    catalog.add("Open %1", "%1 öffnen mit %2")
    assert catalogs.misplaced(catalog) == ["ein Lauf", "Löschen", "%1 öffnen mit %2"]


def test_a_text_that_counts_keeps_counting_in_a_language_of_one_form() -> None:
    catalog = Catalog(locale="zh_CN")
    catalog.add(("%1 run", "%1 runs"), ("%1 次运行",))
    catalog.add("Runs", "运行", context="menu")
    compiled = json.loads(catalogs.compiled(catalog))
    assert compiled["%1 run"] == ["%1 次运行", "%1 次运行"]
    assert compiled["menu\x04Runs"] == ["运行"]
    assert compiled[""]["language"] == "zh-CN"


def test_the_front_end_has_the_version_of_the_package() -> None:
    package = json.loads((catalogs.FRONT_END / "package.json").read_text())
    assert re.sub(r"-(alpha|beta|rc)\.", r"\1", package["version"]) == __version__


def test_the_catalogues_are_where_jupyter_looks_for_them() -> None:
    root = Path(catalogs.ROOT / "pyproject.toml").read_text()
    assert '[project.entry-points."jupyterlab.locale"]\njupyter_compute = "jupyter_compute"' in root
