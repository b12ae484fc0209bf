"""What can be known to be wrong before Spark starts, which says so late or never."""

from __future__ import annotations

import os
import re

from . import finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, Optional, Tuple

_UNITS = {"": 1, "m": 1, "mb": 1, "g": 1024, "gb": 1024, "t": 1024 * 1024, "k": 1 / 1024}


def trouble(plan: Dict[str, Any], submit: str) -> Optional[Tuple[str, str]]:
    """Return what is wrong and what to do about it; ``None`` if nothing is known to be."""
    if not submit:
        home = plan.get("home")
        said = "there is no spark-submit in {}".format(home) if home else "there is no spark-submit"
        hint = "name Spark's folder there with the option spark_home, or have pyspark in the run's"
        return "{} on {}".format(said, os.uname().nodename), hint + " environment"
    if not finding.find_java():
        hint = "install one, or name it with JAVA_HOME in the option env"
        return "there is no Java on {}".format(os.uname().nodename), hint
    for option, path in _files(plan):
        if not os.path.exists(path):
            said = "there is no file {} on {}, which the option {} names".format(
                path, os.uname().nodename, option
            )
            return said, "a path is of the host, or relative to the folder that was submitted"
    return _too_large(plan)


def _files(plan: Dict[str, Any]) -> Iterator[Tuple[str, str]]:
    for option in ("jars", "py_files"):
        for place in plan.get(option) or ():
            scheme, found, rest = str(place).partition(":")
            path = rest if found and scheme == "file" else str(place)
            is_here = not found or scheme == "file"
            if is_here and not any(char in path for char in "*?[{"):
                yield option, "/" + path.lstrip("/") if found else path.partition("#")[0]


def _too_large(plan: Dict[str, Any]) -> Optional[Tuple[str, str]]:
    """Compare with the workers of a standalone cluster: Spark would wait for ever."""
    conf = plan.get("conf") or {}
    cores = str(conf.get("spark.executor.cores", ""))
    memory = megabytes(str(conf.get("spark.executor.memory", "")))
    if not finding.masters_of(str(plan.get("master"))) or not (cores or memory):
        return None
    found = finding.look_at_master(str(plan["master"]), str(plan.get("web") or ""))
    if not found.get("workers"):
        return None
    if cores.isdigit() and int(cores) > found["largest_cores"]:
        said = "an executor of {} cores is asked for, and the largest worker of {} has {}"
        said = said.format(cores, plan["master"], found["largest_cores"])
        return said, "ask for less with the option executor_cores"
    if memory and memory > found["largest_memory_mb"]:
        said = "an executor of {:.0f} MB is asked for, and the largest worker of {} has {} MB"
        said = said.format(memory, plan["master"], found["largest_memory_mb"])
        return said, "ask for less with the option executor_memory"
    return None


def megabytes(text: str) -> float:
    """Read an amount of memory as Spark writes it; 0 if it is none."""
    match = re.match(r"^(\d+)\s*([kmgt]?b?)$", text.strip().lower())
    return int(match[1]) * _UNITS.get(match[2], _UNITS.get(match[2][:1], 0)) if match else 0
