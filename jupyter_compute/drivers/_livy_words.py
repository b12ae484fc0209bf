"""What Livy says about a batch, and what is to be understood by it."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ..errors import DriverError

_PREPARING = frozenset({"not_started", "starting", "recovering"})
_ACTIVE = frozenset({"running", "idle", "busy", "shutting_down"})
_FINAL = frozenset({"success", "dead", "killed", "error"})
_LONGEST = 300
_TAG = re.compile(r"<(style|script|title|head)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_HEADING = re.compile(r"^\s*(stdout|stderr|YARN Diagnostics): *$")


class Batch(NamedTuple):
    """A batch as Livy describes it.

    Attributes:
        number: Livy's number for it, which is given again after a restart without recovery.
        name: What it was submitted as; empty where Livy is too old to say.
        state: Livy's own word.
        application: The application's id at the cluster.
        web: Spark's page about it.
        driver_log: The page of the driver's log.
    """

    number: int
    name: str
    state: str
    application: str = ""
    web: str = ""
    driver_log: str = ""

    @property
    def is_over(self) -> bool:
        """Whether Livy says that it has ended. A word that is not known means nothing."""
        return self.state in _FINAL

    @property
    def is_active(self) -> bool:
        """Whether Livy says that its driver runs."""
        return self.state in _ACTIVE

    @property
    def is_known_word(self) -> bool:
        """Whether the state is one of those that are documented."""
        return self.state in _PREPARING | _ACTIVE | _FINAL


def batch_of(found: Any) -> Batch:
    """Understand a batch.

    Raises:
        DriverError: It has not the shape it must have.
    """
    if not isinstance(found, dict) or not isinstance(found.get("id"), int):
        raise DriverError(
            f"Livy's answer makes no sense: {plain(str(found))}",
            hint="is it really Livy that answers there?",
            kind="spark",
        )
    info = found.get("appInfo")
    info = info if isinstance(info, dict) else {}
    return Batch(
        number=found["id"],
        name=_text(found.get("name")),
        state=_text(found.get("state")).lower(),
        application=_text(found.get("appId")),
        web=_text(info.get("sparkUiUrl")),
        driver_log=_text(info.get("driverLogUrl")),
    )


def own_lines(lines: list[str]) -> list[str]:
    """Return a log without Livy's headings over its parts."""
    return [line.rstrip("\r\n") for line in lines if not _HEADING.match(line.strip("\n"))]


def plain(text: str) -> str:
    """Make one short line of a text or of a page."""
    words = " ".join(_TAG.sub(" ", text).split()) if "<" in text else " ".join(text.split())
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
