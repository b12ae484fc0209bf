"""Why Spark failed, from what it wrote, in one line, with what can be done about it."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Tuple

_THROWN = re.compile(r'^(?:Exception in thread "[^"]*" )?(?P<said>[\w.$]+(?:Exception|Error)\b.*)')
_LOGGED = re.compile(r"^[\d/-]+ [\d:.,]+ (?:ERROR|FATAL) (?P<said>\S+: .+)")
_OWN = re.compile(
    r"(?:Error: (?!Could not create the Java|A fatal exception))?"
    r"(?P<said>(?<=Error: ).+|Invalid (?:initial|maximum) heap size.*|Unrecognized VM option.*)"
)
_COMPLAINT = re.compile(r"JAVA_HOME is|.*: (?:java|exec): .*not ")
_PY4J = "py4j.protocol.Py4JJavaError: "
_CAUSE = "Caused by: "
_TRACEBACK = "Traceback (most recent call last):"
_LONGEST = 600

_HINTS = (
    (r"Master must either be|Could not parse Master URL", "look at the target's option master"),
    (
        r"All masters are unresponsive|Failed to connect to master|Invalid master URL",
        "is the master of the cluster up, and its address right in the option master?",
    ),
    (
        r"Cannot run program \"[^\"]*python|PYTHON_VERSION_MISMATCH|different version .* driver",
        "name an interpreter that every worker has, of the same version as the run's, with the "
        "target's option executor_python",
    ),
    (
        r"HADOOP_CONF_DIR or YARN_CONF_DIR must be set",
        "say where YARN's settings are: the option env with HADOOP_CONF_DIR=/etc/hadoop/conf",
    ),
    (
        r"unresolved dependency|UNRESOLVED DEPENDENCIES|not found in any repository",
        "look at the options packages and repositories",
    ),
    (
        r"ClassNotFoundException|NoClassDefFoundError|Failed to find the data source",
        "is its jar among the options jars or packages, and made for this version of Spark?",
    ),
    (
        r"did not initialize spark context|exitCode: 13",
        "a program in the cluster must make a session: SparkSession.builder.getOrCreate()",
    ),
    (
        r"above the max threshold|Required (?:executor|AM) memory|exceeds maximum",
        "ask for less with executor_memory, executor_cores or --memory",
    ),
    (
        r"OutOfMemoryError|System memory \d+ must be at least|Executor memory \d+ must be at least",
        "give more with driver_memory or executor_memory, or ask for it with --memory",
    ),
    (r"unknown queue|queue .* (?:is STOPPED|does not exist)", "look at the option queue"),
    (
        r"UnsupportedClassVersionError|JAVA_HOME is not set|java: (?:command )?not found",
        "install the Java that this version of Spark needs, or name it with JAVA_HOME in the "
        "option env",
    ),
    (
        r"heap size|Size must be specified as bytes|byte string|spark\.\S+ (?:must|should)",
        "look at the option conf and at the options for cores and memory",
    ),
    (r"Unrecognized option|Error: Unknown", "look at the option submit_args"),
)


def of_spark(text: str) -> str:
    """Find the line of Spark's own log that says what went wrong; empty if none does."""
    lines = text.splitlines()
    own = [match["said"] for match in map(_OWN.match, lines) if match]
    if own:
        return _shorten(own[0])
    thrown = [n for n, line in enumerate(lines) if _is_thrown(line)]
    if thrown:
        return _with_cause(lines, thrown[-1])
    logged = [match["said"] for match in map(_LOGGED.match, lines) if match]
    if logged:
        return _shorten(logged[-1])
    complaints = [
        line for line in lines if re.match(r"JAVA_HOME is|.*: (?:java|exec): .*not ", line)
    ]
    return _shorten(complaints[-1]) if complaints else ""


def of_program(text: str) -> Tuple[str, str]:
    """Find the Java exception that a Python program ended with, as name and words.

    Both are empty if it ended otherwise, as by an exception of Python's own.
    """
    lines = text.splitlines()
    places = [n for n, line in enumerate(lines) if line.startswith(_PY4J)]
    if not places or places[-1] + 1 >= len(lines):
        return "", ""
    said = lines[places[-1] + 1]
    if not said.startswith(": ") or any(_TRACEBACK in line for line in lines[places[-1] :]):
        return "", ""
    name, _, words = _with_cause(lines, places[-1] + 1)[2:].partition(": ")
    return name.rpartition(".")[2], words


def hint_of(words: str) -> str:
    """Return what can be done about it; empty if nothing is known."""
    for pattern, hint in _HINTS:
        if re.search(pattern, words):
            return hint
    return ""


def _is_thrown(line: str) -> bool:
    return bool(_THROWN.match(line)) and not line.startswith(_CAUSE)


def _with_cause(lines: List[str], place: int) -> str:
    match = _THROWN.match(lines[place])
    said = match["said"] if match else lines[place]
    causes = []
    for line in lines[place + 1 :]:
        if line.startswith(_CAUSE):
            causes.append(line[len(_CAUSE) :])
        elif line and not line[0].isspace():
            break
    if causes and causes[-1] not in said:
        said = "{} (caused by {})".format(said[: _LONGEST // 2], causes[-1])
    return _shorten(said)


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
