"""The GPUs that NVIDIA's driver sees."""

from __future__ import annotations

import subprocess
from typing import Any

_FIELDS = "index,name,memory.total,memory.used,utilization.gpu,driver_version"
_NAMES = ("index", "name", "memory", "used", "busy", "driver")


def gpus() -> dict[str, Any]:
    """List the GPUs; ``trouble`` says why nothing is known of those that there may be."""
    command = ["nvidia-smi", f"--query-gpu={_FIELDS}", "--format=csv,noheader"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError:
        return {"found": [], "trouble": ""}
    lines = done.stdout.decode(errors="replace").splitlines()
    if done.returncode != 0:
        # It is on machines of which only some have a GPU, too.
        words = next((line.strip() for line in lines if line.strip()), "")
        return {"found": [], "trouble": "" if "No devices were found" in words else words}
    rows = [[field.strip() for field in line.split(",")] for line in lines]
    return {
        "found": [
            {name: row[place] for place, name in enumerate(_NAMES)}
            for row in rows
            if len(row) == len(_NAMES)
        ],
        "trouble": "",
    }
