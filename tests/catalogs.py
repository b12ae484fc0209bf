"""Translations of the front end: ``make translations`` takes new strings in and compiles.

Translators edit ``jupyter_compute/locale/<locale>/LC_MESSAGES/jupyter_compute.po``. Jupyter reads
the JSON file beside it. What the sources say is in ``jupyter_compute/locale/jupyter_compute.pot``.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jupyterlab_server.translation_utils import DEFAULT_SCHEMA_SELECTORS

from jupyter_compute import __version__
from jupyter_compute.options import schema_of
from jupyter_compute.registry import GROUP, Registry

ROOT = Path(__file__).parents[1]
FRONT_END = ROOT / "labextension"
LOCALES = ROOT / "jupyter_compute" / "locale"
DOMAIN = "jupyter_compute"
_OURS = "jupyter_compute.drivers."

_SELECTORS = {re.compile(f"/{path}"): context for path, context in DEFAULT_SCHEMA_SELECTORS.items()}
_PLACEHOLDER = re.compile(r"%\d+")


class String(NamedTuple):
    """Something that is said.

    Attributes:
        plural: What is said of several; empty if it does not count anything.
    """

    context: str
    text: str
    plural: str = ""


class Translations(Catalog):
    """A catalogue whose head has no times, so that it changes only when a translation does."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        heads = [("Project-Id-Version", DOMAIN), ("Content-Type", "text/plain; charset=utf-8")]
        if self.locale:
            heads += [
                ("Language", str(self.locale_identifier)),
                ("Plural-Forms", self.plural_forms),
            ]
        return heads

    @mime_headers.setter
    def mime_headers(self, _: object) -> None:
        """Take nothing over from a file."""


def strings() -> set[String]:
    """Find everything that is to be translated."""
    return set(_of_sources()) | set(_of_schemas()) | set(_of_kinds())


def clashes(said: Iterable[String]) -> list[str]:
    """Find texts that are said with and without a plural: one of the two is never translated."""
    plurals: dict[tuple[str, str], str] = {}
    found = []
    for one in sorted(said):
        other = plurals.setdefault((one.context, one.text), one.plural)
        if other != one.plural:
            found.append(one.text)
    return found


def _of_sources() -> Iterator[String]:
    done = subprocess.run(
        ["node", "strings.mjs"], cwd=FRONT_END, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ValueError(done.stderr)
    for one in json.loads(done.stdout):
        yield String(one["context"] or "", one["text"], one["plural"] or "")


def _of_schemas() -> Iterator[String]:
    for path in sorted((FRONT_END / "schema").glob("*.json")):
        yield from _of_schema(json.loads(path.read_text("utf-8")), "")


def _of_kinds() -> Iterator[String]:
    """Find what a form says of our own kinds of target."""
    registry = Registry()
    ours = {point.name for point in entry_points(group=GROUP) if point.value.startswith(_OURS)}
    for kind in sorted(ours):
        driver = registry.driver(kind)
        yield String("kind", driver.title)
        yield from _of_options(schema_of(driver.Options)["properties"])


def _of_options(value: Any) -> Iterator[String]:
    if isinstance(value, list):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        for key, one in value.items():
            if key in ("title", "description", "group") and isinstance(one, str):
                yield String("kind", one)
            else:
                yield from _of_options(one)


def _of_schema(value: Any, path: str) -> Iterator[String]:
    """Find what JupyterLab takes for text in a schema."""
    if isinstance(value, str):
        for selector, context in _SELECTORS.items():
            if selector.fullmatch(path) and value:
                yield String(context, value)
                return
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _of_schema(one, f"{path}/{key}")
    elif isinstance(value, list):
        for place, one in enumerate(value):
            if isinstance(one, dict):
                yield from _of_schema(one, f"{path}[{place}]")


def locales() -> list[str]:
    """List the languages there are."""
    return sorted(path.name for path in LOCALES.iterdir() if path.is_dir())


def po_path(locale: str) -> Path:
    return LOCALES / locale / "LC_MESSAGES" / f"{DOMAIN}.po"


def read(locale: str) -> Catalog:
    """Read what a translator has written."""
    with po_path(locale).open("rb") as stream:
        return read_po(stream, locale=locale, domain=DOMAIN)


def merged(said: Iterable[String], old: Catalog | None = None) -> Translations:
    """Make a catalogue of what is said now, with the translations that there are."""
    catalog = Translations(
        locale=None if old is None else old.locale_identifier, domain=DOMAIN, fuzzy=False
    )
    catalog.header_comment = "# Translations of jupyter_compute, under its licence."
    for one in sorted(said):
        msgid: Any = (one.text, one.plural) if one.plural else one.text
        known = old.get(msgid, one.context or None) if old is not None else None
        is_alike = known is not None and isinstance(known.id, str) == isinstance(msgid, str)
        message = catalog.add(
            msgid,
            known.string if known is not None and is_alike else "",
            context=one.context or None,
            user_comments=known.user_comments if known is not None else (),
        )
        # What is taken for one of Python's formats is one of ours.
        message.flags.discard("python-format")
    return catalog


def written(catalog: Catalog) -> bytes:
    stream = io.BytesIO()
    write_po(stream, catalog, width=100, sort_output=False, ignore_obsolete=True)
    return stream.getvalue()


def compiled(catalog: Catalog) -> str:
    """Make what Jupyter reads.

    A text that counts has at least two forms even in a language that has one: the front end would
    otherwise take it for one that does not count.
    """
    content: dict[str, Any] = {
        "": {
            "domain": DOMAIN,
            "language": str(catalog.locale_identifier).replace("_", "-"),
            "plural_forms": catalog.plural_forms,
            "version": __version__,
        }
    }
    for message in catalog:
        if not message.id or not message.string:
            continue
        is_plural = isinstance(message.id, tuple)
        forms = list(message.string) if isinstance(message.string, tuple) else [message.string]
        if all(forms):
            text = message.id[0] if is_plural else message.id
            key = f"{message.context}\x04{text}" if message.context else text
            content[key] = forms * 2 if is_plural and len(forms) == 1 else forms
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def missing(said: Iterable[String], catalog: Catalog) -> list[str]:
    """Find what is said and has no translation."""
    return [
        str(message.id)
        for message in merged(said, catalog)
        if message.id
        and not all([message.string] if isinstance(message.string, str) else message.string)
    ]


def misplaced(catalog: Catalog) -> list[str]:
    """Find translations that lack a placeholder or have one of their own."""
    found = []
    for message in catalog:
        if not message.id or not message.string:
            continue
        ids = [message.id] if isinstance(message.id, str) else message.id
        forms = [message.string] if isinstance(message.string, str) else message.string
        allowed = [sorted(set(_PLACEHOLDER.findall(text))) for text in ids]
        found += [
            form
            for form in forms
            if form and sorted(set(_PLACEHOLDER.findall(form))) not in allowed
        ]
    return found


def main() -> int:
    """Bring all catalogues up to date; returns 1 when translations are missing."""
    said = strings()
    (LOCALES / f"{DOMAIN}.pot").write_bytes(written(merged(said)))
    is_whole = True
    for locale in locales():
        catalog = merged(said, read(locale))
        po_path(locale).write_bytes(written(catalog))
        po_path(locale).with_suffix(".json").write_text(compiled(catalog), "utf-8")
        absent = missing(said, catalog)
        is_whole &= not absent
        print(f"{locale}: {len(said)} strings, {len(absent)} without a translation")
        for text in absent:
            print(f"  {text}")
    return 0 if is_whole else 1


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
