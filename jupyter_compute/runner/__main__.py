"""``python -I -S runner.pyz``: the agent on standard input and output."""

from __future__ import annotations

from .agent import Agent

if __name__ == "__main__":
    Agent().run()
