"""What tests use in conda's place: the solver and installer of pixi with micromamba's words.

No program of the conda family itself can be installed where tests run. This one understands
``--version`` and ``create --prefix FOLDER --file environment.yml``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import rattler
import yaml


async def create(prefix: Path, wanted: dict[str, Any]) -> None:
    channels = [rattler.Channel(address) for address in wanted["channels"]]
    records = await rattler.solve(channels, wanted["dependencies"])
    await rattler.install(records, prefix, show_progress=False)


def main() -> None:
    if sys.argv[1:] == ["--version"]:
        print("2.0.0")
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["create"])
    parser.add_argument("--prefix", type=Path, required=True)
    parser.add_argument("--file", type=Path, required=True)
    args = parser.parse_args()
    wanted = yaml.safe_load(args.file.read_text())
    try:
        asyncio.run(create(args.prefix, wanted))
    except Exception as error:
        sys.exit(f"error    {error}")
    state = {"env_vars": wanted.get("variables", {})}
    (args.prefix / "conda-meta/state").write_text(json.dumps(state))
    # Its threads do not bear that the interpreter is taken down under them.
    os._exit(0)


if __name__ == "__main__":
    main()
