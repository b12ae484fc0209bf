"""A login by plain ssh, with someone who answers what it asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_ASKPASS = """#!{python} -ISs
import json, os, sys
place = {place!r}
with open(os.path.join(place, "answers.json")) as file:
    answers = json.load(file)
with open(os.path.join(place, "asked"), "a") as file:
    file.write(sys.argv[1] + "\\n")
for part, answer in answers.items():
    if part in sys.argv[1]:
        print(answer)
        raise SystemExit(0)
raise SystemExit(1)
"""


@dataclass
class Login:
    """Runs commands by plain ssh.

    Args:
        folder: A folder of its own.
        config: The `ssh_config` that names the machine.
        answers: Part of a question to its answer.
    """

    folder: Path
    config: Path
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> list[str]:
        """What ssh has asked so far."""
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []

    def run(
        self, alias: str, command: str, *options: str, timeout_s: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a command there and wait for its end."""
        return subprocess.run(
            self._command(alias, command, options),
            env=self._environment(),
            text=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
        )

    def start(self, alias: str, command: str, *options: str) -> subprocess.Popen[bytes]:
        """Start a command there and talk to it."""
        return subprocess.Popen(
            self._command(alias, command, options),
            env=self._environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def _command(self, alias: str, command: str, options: tuple[str, ...]) -> list[str]:
        return ["ssh", "-F", str(self.config), *options, alias, command]

    def _environment(self) -> dict[str, str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "answers.json").write_text(json.dumps(dict(self.answers)))
        helper = self.folder / "askpass"
        helper.write_text(_ASKPASS.format(python=sys.executable, place=str(self.folder)))
        helper.chmod(0o700)
        asking = {"SSH_ASKPASS": str(helper), "SSH_ASKPASS_REQUIRE": "force"}
        return {**os.environ, **asking}
