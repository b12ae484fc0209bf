"""What the runner's archive does, by its first word."""

from __future__ import annotations

import sys
from typing import NoReturn

USAGE = """\
the runner does one of these:
  (nothing)          an agent on standard input and output
  stay               be the first process of a container
  keep ROOT FOLDER   keep the run whose attempt has this folder, in the foreground
  solo ORDER …       run the job of an order in the foreground, and tell of it through its log
  rank FOLDER -- …   be one process of that run among many
  staged PLACE NAME PARCELS…
                     run the job that waits in a folder which both sides see
"""


def main(words: list[str]) -> NoReturn:
    """Do it and exit; imports only what that needs."""
    sys.exit(_do(words))


def _do(words: list[str]) -> int:
    face, rest = (words[0], words[1:]) if words else ("agent", [])
    if face == "agent" and not rest:
        from .agent import Agent  # noqa: PLC0415 - an engine's job needs no agent

        Agent().run()
        return 0
    if face == "stay" and not rest:
        from .staying import stay  # noqa: PLC0415

        stay()
    if face == "keep" and len(rest) == 2:
        from .foreground import keep  # noqa: PLC0415 - an agent needs it only when it forks

        return keep(*rest)
    if face == "solo" and rest:
        from .solo import main as run_alone  # noqa: PLC0415 - only where there is no pipe

        return run_alone(rest)
    if face == "rank" and len(rest) > 2 and rest[1] == "--":
        from .rank import run  # noqa: PLC0415

        return run(rest[0], rest[2:])
    if face == "staged" and len(rest) >= 2:
        from .staged import main as run_staged  # noqa: PLC0415 - Livy alone needs it

        return run_staged(rest)
    sys.stderr.write(USAGE)
    return 2
