"""What can be wrong with an installation or a workspace, each with its remedy."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator

from msgspec import Struct

from .._version import __version__
from ..controller import process
from ..errors import ComputeError
from ..store.doctor import integrity
from .managing import ManageCalls
from .snapshots import SnapshotCalls

_LOW_BYTES = 1 << 30
_FULL_BYTES = 100 << 20
_CHECK_S = 60.0

_OPTIONAL = (
    ("nbclient", "notebooks cannot be run by this interpreter", "pip install nbclient ipykernel"),
    ("ipykernel", "notebooks cannot be run by this interpreter", "pip install ipykernel"),
    ("ipywidgets", "the live view has no buttons", "pip install ipywidgets"),
)


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that was looked at.

    Attributes:
        subject: What was looked at, such as ``store``.
        level: ``ok``, ``note`` (something optional is missing), ``warning`` or ``problem``.
        message: What was found.
        remedy: What to do about it.
    """

    subject: str
    level: str
    message: str
    remedy: str = ""


class DoctorCalls(SnapshotCalls, ManageCalls):
    """Look at everything that must work."""

    def findings(self) -> Iterator[Finding]:
        """Look at one thing after the other; waits up to a minute for the local target."""
        looks: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
            ("workspace", self._look_at_workspace),
            ("disk", self._look_at_disk),
            ("store", self._look_at_store),
            ("targets", self._look_at_targets),
            ("controller", self._look_at_controller),
            ("local", self._look_at_local),
            ("packages", _look_at_packages),
        )
        for subject, look in looks:
            if subject == "local" and process.facts(self.workspace) is None:
                continue  # Nobody would answer, and why has been said.
            try:
                yield from look()
            except ComputeError as exc:
                yield Finding(
                    subject=subject, level="problem", message=exc.message, remedy=exc.hint
                )
                if subject == "store":
                    # The controller would not start, and nothing would answer.
                    return
            except OSError as exc:
                yield Finding(subject=subject, level="problem", message=str(exc))

    def _look_at_workspace(self) -> Iterator[Finding]:
        root = self.workspace.root
        with tempfile.TemporaryFile(dir=root):
            pass
        mode = stat.S_IMODE(root.stat().st_mode)
        if mode & 0o077:
            yield Finding(
                subject="workspace",
                level="warning",
                message=f"others may look into {root} (mode {mode:o})",
                remedy=f"chmod 700 {root}",
            )
        else:
            yield Finding(subject="workspace", level="ok", message=str(root))
        try:
            self.kept_answers()
        except ComputeError as exc:
            yield Finding(
                subject="kept answers", level="warning", message=exc.message, remedy=exc.hint
            )

    def _look_at_disk(self) -> Iterator[Finding]:
        free = shutil.disk_usage(self.workspace.root).free
        level = "ok" if free > _LOW_BYTES else "warning" if free > _FULL_BYTES else "problem"
        yield Finding(
            subject="disk",
            level=level,
            message=f"{free / 1e9:.1f} GB free",
            remedy="" if level == "ok" else "jupyter compute gc, or delete old runs",
        )
        inodes = os.statvfs(self.workspace.root)
        if inodes.f_files and inodes.f_favail < 1000:
            yield Finding(
                subject="disk",
                level="warning",
                message=f"only {inodes.f_favail} more files can be made",
                remedy="delete files on this disk",
            )

    def _look_at_store(self) -> Iterator[Finding]:
        store = self.store
        problems = integrity(store.path)
        for problem in problems:
            yield Finding(
                subject="store",
                level="problem",
                message=str(problem),
                remedy="jupyter compute doctor --rebuild",
            )
        if not problems:
            count = sum(self.store.counts().values())
            yield Finding(subject="store", level="ok", message=f"whole, {count:,} runs")
        lost = [one for one in self.store.snapshot_ids() if one and not self.blobs.has(one)]
        if lost:
            yield Finding(
                subject="snapshots",
                level="warning",
                message=f"{len(lost)} of the kept runs' snapshots are not here",
                remedy="these runs cannot be run again or compared; their results are untouched",
            )

    def _look_at_targets(self) -> Iterator[Finding]:
        names = [target.name for target in self.targets()]
        self.settings()
        yield Finding(subject="targets", level="ok", message=", ".join(names))

    def _look_at_controller(self) -> Iterator[Finding]:
        process.ensure(self.workspace, wait=True)
        facts = process.facts(self.workspace)
        if facts is None:
            yield Finding(
                subject="controller",
                level="problem",
                message="it does not start" + self._last_words(),
                remedy=f"see {self.workspace.controller_log}",
            )
            return
        version = facts.version
        if version and version != __version__:
            yield Finding(
                subject="controller",
                level="warning",
                message=f"version {version} runs, this is {__version__}",
                remedy=_which_to_upgrade(version),
            )
            return
        yield Finding(
            subject="controller", level="ok", message=f"process {facts.pid}, {__version__}"
        )

    def _look_at_local(self) -> Iterator[Finding]:
        for problem in (info := self.check("local", _CHECK_S)).problems:
            yield Finding(
                subject="local",
                level="problem" if problem.fatal else "warning",
                message=problem.message,
                remedy=problem.remedy,
            )
        if info.is_usable:
            gpus = f", {len(info.gpus)} GPUs" if info.gpus else ""
            yield Finding(
                subject="local",
                level="ok",
                message=f"Python {info.python}, {info.cpus:g} cores{gpus}, "
                f"{info.memory_gb:.0f} GB, {info.slots} slots",
            )


def _which_to_upgrade(other: str) -> str:
    if _numbers(other) < _numbers(__version__):
        return "jupyter compute controller --stop; the next command starts this version"
    return f"pip install 'jupyter_compute>={other}' here"


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]


def _look_at_packages() -> Iterator[Finding]:
    for package, effect, remedy in _OPTIONAL:
        if importlib.util.find_spec(package) is None:
            message = f"{package} is not installed here: {effect}"
            yield Finding(subject="packages", level="note", message=message, remedy=remedy)
        else:
            yield Finding(subject="packages", level="ok", message=package)
    if shutil.which("uv") is None and importlib.util.find_spec("uv") is None:
        yield Finding(
            subject="packages",
            level="note",
            message="uv is not installed here: environments are built with pip, slowly",
            remedy="pip install uv",
        )
    else:
        yield Finding(subject="packages", level="ok", message="uv")
