"""Kinds of target, found through entry points and imported on first use."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from .driver import Driver
from .errors import ConfigError, DriverNotInstalledError
from .options import nearest

GROUP = "jupyter_compute.drivers"


class Registry:
    """The kinds that are installed.

    Args:
        drivers: Drivers to offer beside the installed ones, by kind; these come first.
    """

    def __init__(self, drivers: dict[str, type[Driver]] | None = None) -> None:
        self._drivers = dict(drivers or {})
        self._points: dict[str, EntryPoint] | None = None

    def kinds(self) -> list[str]:
        """List the names of all kinds, without importing any of them."""
        return sorted({*self._drivers, *self._entry_points()})

    def driver(self, kind: str) -> type[Driver]:
        """Import and return the driver of a kind.

        Raises:
            ConfigError: There is no such kind.
            DriverNotInstalledError: Something that the kind imports is not installed.
        """
        if kind not in self._drivers:
            self._drivers[kind] = self._load(kind)
        return self._drivers[kind]

    def _load(self, kind: str) -> type[Driver]:
        point = self._entry_points().get(kind)
        if point is None:
            raise ConfigError(
                f"there is no kind of target named {kind!r}", hint=nearest(kind, self.kinds())
            )
        try:
            driver: type[Driver] = point.load()
        except ImportError as exc:
            package = point.dist.name if point.dist else GROUP
            raise DriverNotInstalledError(
                f"the kind {kind!r} needs {exc.name or exc}, which is not installed here",
                kind=kind,
                hint=f"pip install '{package}[{kind}]'",
            ) from exc
        return driver

    def _entry_points(self) -> dict[str, EntryPoint]:
        if self._points is None:
            self._points = {point.name: point for point in entry_points(group=GROUP)}
        return self._points
