"""An agent that kills itself at a chosen step of a chosen operation, and a driver that meets it.

Run as a program it is the agent: the archive, the operation and the number of the step follow.
"""

from __future__ import annotations

import os
import sys

_STEPS = ("open", "write", "pwrite", "rename", "link", "unlink", "mkdir", "fork", "ftruncate")


def main(archive: str, operation: str, last: int) -> None:
    sys.path.insert(0, archive)
    from runner import operations  # noqa: PLC0415
    from runner.agent import Agent  # noqa: PLC0415

    agent_pid, count, begun = os.getpid(), 0, False
    begin = operations.Operations.begin

    def begin_and_count(self, head):  # type: ignore[no-untyped-def]
        nonlocal begun
        begun = begun or head.get("op") == operation
        step()
        return begin(self, head)

    def step() -> None:
        nonlocal count
        if begun and os.getpid() == agent_pid:
            count += 1
            if count >= last:
                os.kill(agent_pid, 9)

    def stepping(function):  # type: ignore[no-untyped-def]
        def call(*args, **kwargs):  # type: ignore[no-untyped-def]
            result = function(*args, **kwargs)
            step()
            return result

        return call

    operations.Operations.begin = begin_and_count
    for name in _STEPS:
        setattr(os, name, stepping(getattr(os, name)))
    Agent().run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
