"""Recognise the progress bars of tqdm, and of what draws like it, in the end of a log."""

from __future__ import annotations

import re

_BAR = re.compile(
    r"(?:^|(?<=\r))(?P<label>[^\r\n|]*?)[ \t]*(?P<percent>\d{1,3})%\|[^|\r\n]*\|[ \t]*"
    r"(?P<done>[\d.]+)\w*/(?P<total>[\d.]+)\w*[ \t]*\[",
    re.MULTILINE,
)
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Bars:
    """Follows the outermost bar of those that a program draws."""

    def __init__(self) -> None:
        self._current: tuple[str, str] | None = None
        self._fraction = 0.0

    def read(self, text: str) -> tuple[float, str] | None:
        """Return fraction and label of the bar that counts; ``None`` if the text has no bar.

        The bar that came first counts until it is full, as bars within it come later.
        """
        latest: dict[tuple[str, str], float] = {}
        for match in _BAR.finditer(_ANSI.sub("", text)):
            label = match["label"].strip().rstrip(":").strip()
            key = (label, match["total"])
            latest.pop(key, None)
            latest[key] = _fraction(match)
        if not latest:
            return None
        if self._current not in latest and (self._current is None or self._fraction >= 1.0):
            self._current = next(iter(latest))
        if self._current in latest:
            self._fraction = latest[self._current]
            if self._fraction >= 1.0:
                self._current = self._successor(latest)
        assert self._current is not None
        return self._fraction, self._current[0]

    def _successor(self, latest: dict[tuple[str, str], float]) -> tuple[str, str]:
        current = self._current or ("", "")
        unfinished = [key for key, fraction in latest.items() if fraction < 1.0]
        if not unfinished:
            return current
        self._fraction = latest[unfinished[-1]]
        return unfinished[-1]


def _fraction(match: re.Match[str]) -> float:
    percent = min(int(match["percent"]) / 100, 1.0)
    try:
        exact = float(match["done"]) / float(match["total"])
    except (ValueError, ZeroDivisionError):
        return percent
    # Scaled units ("1.2k/3M") do not divide; the percentage then is all there is.
    return min(exact, 1.0) if abs(exact - percent) <= 0.01 else percent
