"""Where everything lives: one folder with the store, the blobs and the runs' files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from .errors import ConfigError


class Workspace(Struct, frozen=True):
    """A folder that holds the store, the blobs and the runs' files. Knows names, opens nothing.

    Attributes:
        root: The folder; absolute when it comes from :meth:`default`.
    """

    root: Path

    @classmethod
    def default(cls, environ: Mapping[str, str] | None = None) -> Workspace:
        """Return ``$JUPYTER_COMPUTE_HOME``, else ``compute`` in Jupyter's data folder.

        Touches nothing. Jupyter's own rules for that folder are followed without importing it.
        """
        environ = os.environ if environ is None else environ
        stated = environ.get("JUPYTER_COMPUTE_HOME", "")
        root = Path(stated) if stated else _jupyter_data(environ) / "compute"
        return cls(root=Path(os.path.abspath(root.expanduser())))

    def make(self) -> Workspace:
        """Create the folder and those in it, for the user alone; may be called any time.

        Raises:
            ConfigError: Something that is no folder is in the way, or it may not be written.
        """
        try:
            is_ours = (
                not self.root.exists() or self.database.exists() or not any(self.root.iterdir())
            )
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            if is_ours and self.root.stat().st_mode & 0o077:
                self.root.chmod(0o700)
            for folder in (self.blobs, self.stat_cache, self.runs, self.targets):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as exc:
            raise ConfigError(
                f"the workspace {str(self.root)!r} cannot be used: {exc.strerror or exc}",
                hint="set JUPYTER_COMPUTE_HOME to a folder that you may write",
            ) from exc
        return self

    @property
    def database(self) -> Path:
        """The store's file."""
        return self.root / "store.db"

    @property
    def blobs(self) -> Path:
        """The folder of the bytes that snapshots are made of."""
        return self.root / "blobs"

    @property
    def stat_cache(self) -> Path:
        """The folder that remembers what was seen of source folders."""
        return self.root / "cache"

    @property
    def runs(self) -> Path:
        """The folder of the runs' files."""
        return self.root / "runs"

    @property
    def targets(self) -> Path:
        """The folder of the targets' own folders."""
        return self.root / "targets"

    @property
    def targets_file(self) -> Path:
        """The user's ``targets.toml``."""
        return self.root / "targets.toml"

    @property
    def kept_answers(self) -> Path:
        """The file of the answers that are kept, or of their names."""
        return self.root / "kept-answers.toml"

    @property
    def lock(self) -> Path:
        """The file that the controller holds a lock on for life."""
        return self.root / "controller.lock"

    @property
    def doorbell(self) -> Path:
        """The datagram socket that wakes the controller."""
        return self.root / "doorbell.sock"

    @property
    def controller_log(self) -> Path:
        """What the controller says."""
        return self.root / "controller.log"

    def run(self, run_id: str) -> Path:
        """Return the folder of a run's mirrored files."""
        return self.runs / run_id

    def target(self, name: str) -> Path:
        """Return the folder that is a target's own on this machine."""
        return self.targets / name


def _jupyter_data(environ: Mapping[str, str]) -> Path:
    if environ.get("JUPYTER_DATA_DIR"):
        return Path(environ["JUPYTER_DATA_DIR"])
    if environ.get("XDG_DATA_HOME"):
        return Path(environ["XDG_DATA_HOME"]) / "jupyter"
    return Path(environ.get("HOME") or "~") / ".local" / "share" / "jupyter"
