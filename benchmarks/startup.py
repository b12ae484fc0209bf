"""What an import and ``%load_ext`` cost beyond what IPython has loaded, in CPU time."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

REPEATS = 9

PROBE = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
began = time.process_time()
{code}
print((time.process_time() - began) * 1e3)
"""


def rows(peers: Path) -> Iterator[dict[str, object]]:
    for what, code, bound in (
        ("import jupyter_compute", "import jupyter_compute", 60.0),
        ("%load_ext jupyter_compute", "shell.run_line_magic('load_ext', 'jupyter_compute')", 90.0),
        (
            "%load_ext and the first %compute",
            "shell.run_line_magic('load_ext', 'jupyter_compute')\n"
            "shell.run_line_magic('compute', 'kinds')",
            None,
        ),
    ):
        ours = statistics.median(_measure(code) for _ in range(REPEATS))
        yield {
            "what": f"{what}, CPU against its limit",
            "ours": round(ours, 2),
            "other": bound,
            "ratio": round(ours / bound, 3) if bound else None,
            "bound": 1 if bound else None,
            "unit": "ms",
        }


def _measure(code: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(code=code)], capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])
