"""A controller may be killed at any step; the next one goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("controller_crash.py")


@pytest.mark.timeout(600)
def test_a_controller_killed_before_or_after_any_step_loses_and_doubles_nothing():
    done = subprocess.run(
        [sys.executable, str(PROGRAM)], capture_output=True, text=True, timeout=580
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    wrong = {row["point"]: row["wrong"] for row in rows if row["wrong"]}
    assert not wrong, done.stderr[-4000:]
    missed = [row["point"] for row in rows if not row["killed"]]
    assert len(missed) < len(rows) / 2, missed
