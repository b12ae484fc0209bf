"""A run's folder as the runner lays it out, and a harness that is started in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from jupyter_compute.model import Event
from jupyter_compute_run import variables

_PACKAGE = Path(variables.__file__).parent.parent
_PATIENCE_S = 120


class Stage:
    """Lays out a run and plays it."""

    def __init__(self, root: Path, python: str = sys.executable) -> None:
        self.root = root
        self.python = python
        self.facts: dict = {}
        self.env: dict[str, str] = {}
        self.code: int | None = None
        self.log = ""
        for folder in ("files", "work/outputs", "results"):
            (root / folder).mkdir(parents=True)

    def send(self, name, value, **options):
        """Send a variable along, as ``--in`` does."""
        facts = variables.encode(name, value, self.root / "files", **options)
        facts["name"] = name
        self.facts.setdefault("inputs", []).append(facts)

    def start(self, *argv):
        """Start a program in the run."""
        base = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER_COMPUTE_")}
        base.pop("MPLBACKEND", None)
        # The package alone, as it stands in a target's lib folder.
        lib = self.root / "lib"
        if not lib.exists():
            shutil.copytree(_PACKAGE / "jupyter_compute_run", lib / "jupyter_compute_run")
        env = {
            **base,
            "PYTHONPATH": str(lib),
            "PYTHONUNBUFFERED": "1",
            "JUPYTER_COMPUTE_RUN_ID": "r123456789",
            "JUPYTER_COMPUTE_EVENTS": str(self.root / "events"),
            "JUPYTER_COMPUTE_RESULTS": str(self.root / "results"),
            "JUPYTER_COMPUTE_FILES": str(self.root / "files"),
            "JUPYTER_COMPUTE_OUTPUTS": str(self.root / "work" / "outputs"),
            **self.env,
        }
        if (self.root / "files" / "params.json").exists():
            env["JUPYTER_COMPUTE_PARAMS"] = str(self.root / "files" / "params.json")
        with open(self.root / "log", "wb") as log:
            return subprocess.Popen(
                [self.python, *argv],
                cwd=self.root / "work",
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def start_cell(self, code):
        """Start a cell in the harness."""
        (self.root / "files" / "cell.py").write_text(code)
        (self.root / "files" / "cell.json").write_text(json.dumps(self.facts))
        return self.start("-m", "jupyter_compute_run.cell")

    def params(self, **values):
        """Give the run its parameters."""
        (self.root / "files" / "params.json").write_text(json.dumps(values))

    def finish(self, process):
        """Wait for the end; keeps the exit code and the log."""
        self.code = process.wait(_PATIENCE_S)
        self.log = (self.root / "log").read_text("utf-8")
        return self

    def cell(self, code):
        """Run a cell in the harness."""
        return self.finish(self.start_cell(code))

    def notebook(self, path):
        """Execute a notebook in the harness."""
        return self.finish(self.start("-m", "jupyter_compute_run.notebook", path))

    def wait_for(self, text):
        """Wait until the log holds a text."""
        deadline = time.monotonic() + _PATIENCE_S
        while text not in (self.root / "log").read_text("utf-8"):
            assert time.monotonic() < deadline, (self.root / "log").read_text("utf-8")
            time.sleep(0.02)

    def events(self, kind=None):
        """Return what the run said."""
        path = self.root / "events"
        lines = path.read_bytes().splitlines() if path.exists() else []
        found = [msgspec.json.decode(line, type=Event) for line in lines]
        return [e for e in found if kind is None or type(e).__struct_config__.tag == kind]

    def displays(self):
        """Return the data of what the run displayed, also of what stands in files."""
        return [
            json.loads((self.root / event.path).read_text())["data"] if event.path else event.data
            for event in self.events("display")
        ]

    def variable(self, name, **options):
        """Return a variable that the run left, as ``--out`` does."""
        event = next(event for event in self.events("variable") if event.name == name)
        return variables.decode(self.root / event.path, event.codec, **options)
