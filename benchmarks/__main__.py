"""``python -m benchmarks [NAME …] [--peers PYTHON]``: one JSON line a figure."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from pathlib import Path

import benchmarks


def main() -> None:
    names = sorted(
        module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name[0] != "_"
    )
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure, and print one JSON line a figure."
    )
    told = f"which of: {', '.join(names)}; all if none is given"
    parser.add_argument("names", nargs="*", choices=[*names, []], metavar="NAME", help=told)
    parser.add_argument("--peers", default=sys.executable, help="an interpreter that has the peers")
    options = parser.parse_args()
    for name in options.names or names:
        module = importlib.import_module(f"benchmarks.{name}")
        for row in module.rows(peers=Path(options.peers)):
            print(json.dumps({"benchmark": name, **row}), flush=True)


if __name__ == "__main__":
    main()
