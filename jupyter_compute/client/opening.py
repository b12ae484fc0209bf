"""What all calls of the client stand on: the workspace, opened piece by piece when needed."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from ..blobs import Blobs
from ..controller import process
from ..errors import ComputeError, NotFoundError
from ..model import Run
from ..registry import Registry
from ..store import Store
from ..workspace import Workspace

if TYPE_CHECKING:
    from ..config import Settings, Targets
    from ..snapshot import Snapshotter

Meanwhile = Callable[[], object]
"""Is called again and again while something is waited for; may block."""

STARTING_S = 60.0
"""How long a controller may take to come up before a waiting front end gives up."""

_Self = TypeVar("_Self", bound="Opened")


class Pace:
    """Pauses between looks at something that is about to change: short ones first.

    Args:
        shortest_s: The first pause.
        longest_s: What the pauses grow to.
    """

    def __init__(self, shortest_s: float = 0.002, longest_s: float = 0.015) -> None:
        self._shortest_s = shortest_s
        self._longest_s = longest_s
        self._next_s = shortest_s

    def reset(self) -> None:
        """Begin with short pauses again, because something has just changed."""
        self._next_s = self._shortest_s

    def pause(self, at_most_s: float = float("inf")) -> None:
        """Sleep for the next pause, or for ``at_most_s`` if that is less."""
        time.sleep(max(0.0, min(self._next_s, at_most_s)))
        self._next_s = min(self._next_s * 1.3, self._longest_s)


class Opened:
    """A workspace whose parts are opened on first use. See :class:`~.calls.Client`."""

    def __init__(
        self,
        workspace: Workspace | str | os.PathLike[str] | None = None,
        registry: Registry | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        if workspace is None:
            workspace = Workspace.default()
        elif not isinstance(workspace, Workspace):
            workspace = Workspace(root=Path(workspace).absolute())
        self.registry = registry if registry is not None else Registry()
        self.environ: Mapping[str, str] = os.environ if environ is None else environ
        self._place = workspace
        self._snapshotters: dict[tuple[float, bool], Snapshotter] = {}
        self._kept_alive = 0.0
        self._unheard_since: float | None = None

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace; its folder is there."""
        self._place.make()
        return self._place

    @cached_property
    def store(self) -> Store:
        """The store of the workspace."""
        return Store.open(self.workspace.database)

    @cached_property
    def blobs(self) -> Blobs:
        """The blobs of the workspace."""
        return Blobs(self.workspace.blobs)

    @cached_property
    def attached(self) -> Targets:
        """The targets that are attached, as the file of targets has them."""
        from ..config import Targets  # noqa: PLC0415 - slow, and most commands do without

        return Targets(self.workspace, self.registry)

    def settings(self) -> Settings:
        """Read the settings of the workspace."""
        return self.attached.settings()

    def snapshotter(self, *, follow_links: bool | None = None) -> Snapshotter:
        """Return what takes snapshots; it remembers what it has seen of a folder."""
        from ..snapshot import Snapshotter  # noqa: PLC0415 - slow, and most commands do without

        settings = self.settings()
        follows = settings.follow_links if follow_links is None else follow_links
        key = (settings.snapshot_limit_mb, follows)
        if key not in self._snapshotters:
            self._snapshotters[key] = Snapshotter(
                self.blobs,
                self.workspace.stat_cache,
                limit_mb=settings.snapshot_limit_mb,
                follow_links=follows,
            )
        return self._snapshotters[key]

    def close(self) -> None:
        """Let go of the store. The client opens it again when it is used again."""
        store = self.__dict__.pop("store", None)
        if store is not None:
            store.close()

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _wake(self) -> None:
        """Tell the controller that there is something to do, and start one if there is none."""
        process.ensure(self.workspace)

    def keep_controller(self, run: Run | None = None) -> None:
        """See once a second, while something is waited for, that a controller is there.

        Args:
            run: The run that is waited for, if it is one.

        Raises:
            ComputeError: None has come up for a long time, so that waiting is in vain.
            NotFoundError: The run's target is detached, so that nobody follows it.
        """
        now = time.monotonic()
        if now - self._kept_alive < 1.0:
            return
        self._kept_alive = now
        if run is not None and run.is_detached and not self.attached.has(run.target):
            raise NotFoundError(
                f"{run.id} is {run.state.value} as far as is known: {run.target} is detached",
                hint=f"attach {run.target} again to see how it ended",
            )
        if process.facts(self.workspace) is not None:
            self._unheard_since = None
            return
        process.ensure(self.workspace)
        self._unheard_since = now if self._unheard_since is None else self._unheard_since
        if now - self._unheard_since > STARTING_S:
            self._unheard_since = None
            raise ComputeError(
                "the controller does not start" + self._last_words(),
                hint="jupyter compute doctor says what is wrong",
            )

    def _last_words(self) -> str:
        lines: list[str] = []
        with contextlib.suppress(OSError):
            text = self.workspace.controller_log.read_text("utf-8", "replace")
            lines = text[-4000:].strip().splitlines()
        return f": {lines[-1].strip()}" if lines else ""
