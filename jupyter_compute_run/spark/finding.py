"""Where Spark is on a machine, and what its cluster says of itself.

Runs by itself as well, from standard input, as a look at a machine: then its last line of output
is JSON.
"""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from importlib.util import find_spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, NamedTuple, Optional, Tuple

    class _Spark(NamedTuple):
        home: str
        submit: str


_PLACES = ("/usr/hdp/current/spark*-client", "/opt/spark", "/usr/lib/spark", "/usr/local/spark")
_HADOOP_CONF = "/etc/hadoop/conf"
_CORE = re.compile(r"spark-core_(?P<scala>[\d.]+)-(?P<version>\d[^/]*)\.jar$")
_WAIT_S = 5.0
_COMMAND_S = 60.0


def find_spark(wanted: str = "") -> Tuple[str, str]:
    """Find Spark's home and its ``spark-submit``; each is empty if there is none.

    Args:
        wanted: The home that must be it, if it is not to be looked for.
    """
    if wanted:
        home = os.path.expanduser(wanted)
        return (home, _submit_of(home)) if _submit_of(home) else ("", "")
    for home in _homes():
        if _submit_of(home):
            return home, _submit_of(home)
    # A script of a distribution that knows the rest itself.
    return "", shutil.which("spark-submit") or ""


def _homes() -> List[str]:
    found = [os.environ.get("SPARK_HOME", "")]
    on_path = shutil.which("spark-submit")
    if on_path:
        home = os.path.dirname(os.path.dirname(os.path.realpath(on_path)))
        found += [home] if os.path.isdir(home + "/jars") else []
    for place in _PLACES:
        found += sorted(glob.glob(place), reverse=True)
    try:
        spec = find_spec("pyspark")
    except (ImportError, ValueError):
        spec = None
    found += list(spec.submodule_search_locations or ()) if spec is not None else []
    return [home for home in found if home]


def _submit_of(home: str) -> str:
    path = os.path.join(home, "bin", "spark-submit")
    return path if os.access(path, os.X_OK) else ""


def version_of(home: str) -> str:
    """Return the version of a Spark by the names of its files; empty if they do not tell."""
    for path in glob.glob(os.path.join(home, "jars", "spark-core_*.jar")):
        match = _CORE.search(path)
        if match:
            return match["version"]
    return ""


def prepare(env: Dict[str, str], home: str) -> None:
    """Put into an environment what Spark would find there after a login."""
    if home:
        env["SPARK_HOME"] = home
    if not env.get("HADOOP_CONF_DIR") and os.path.isdir(_HADOOP_CONF):
        env["HADOOP_CONF_DIR"] = _HADOOP_CONF


def find_java() -> str:
    """Return the path of the Java that Spark would take; empty if there is none."""
    home = os.environ.get("JAVA_HOME", "")
    own = os.path.join(home, "bin", "java")
    return own if home and os.access(own, os.X_OK) else shutil.which("java") or ""


def masters_of(master: str) -> List[Tuple[str, int]]:
    """Return hosts and ports of a standalone cluster's masters; none for any other master."""
    if not master.startswith("spark://"):
        return []
    found = []
    for place in master[len("spark://") :].split(","):
        host, _, port = place.rpartition(":")
        if host and port.isdigit():
            found.append((host.strip("[]"), int(port)))
    return found


def look_at_master(master: str, web: str = "") -> Dict[str, Any]:
    """Ask a standalone cluster's master how it is; ``error`` says why there is no answer.

    Args:
        master: As ``spark://host:port``.
        web: The master's web page; by default port 8080 of each master.
    """
    places = masters_of(master)
    errors = []
    reached = False
    for host, port in places:
        try:
            socket.create_connection((host, port), _WAIT_S).close()
            reached = True
        except OSError as error:
            errors.append("{}:{}: {}".format(host, port, error.strerror or error))
    if not reached:
        return {"error": "; ".join(errors) or master + " names no master"}
    pages = [web] if web else ["http://{}:8080".format(host) for host, _ in places]
    for page in pages:
        found = fetch(page.rstrip("/") + "/json/")
        if isinstance(found, dict) and found.get("status") == "ALIVE":
            return {"web": page, **_summary(found)}
    return {}


def _summary(found: Dict[str, Any]) -> Dict[str, Any]:
    workers = [one for one in found.get("workers") or () if one.get("state") == "ALIVE"]
    return {
        "workers": len(workers),
        "cores": sum(int(one.get("cores") or 0) for one in workers),
        "cores_used": sum(int(one.get("coresused") or 0) for one in workers),
        "memory_mb": sum(int(one.get("memory") or 0) for one in workers),
        "largest_cores": max([int(one.get("cores") or 0) for one in workers] or [0]),
        "largest_memory_mb": max([int(one.get("memory") or 0) for one in workers] or [0]),
        "applications": len(found.get("activeapps") or ()),
    }


def fetch(url: str, wait_s: float = _WAIT_S) -> Any:
    """Read JSON from a web page of the cluster, past any proxy; ``None`` without an answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=wait_s) as answer:
            return json.loads(answer.read().decode("utf-8", "replace"))
    except (OSError, ValueError):
        return None


def look_at_yarn() -> Dict[str, Any]:
    """Ask YARN for its nodes; ``error`` says why there is no answer."""
    yarn = shutil.which("yarn")
    if not yarn:
        return {"error": "", "yarn": ""}
    code, said = _ask([yarn, "node", "-list"])
    nodes = re.search(r"Total Nodes:\s*(\d+)", said)
    if code or nodes is None:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        return {"yarn": yarn, "error": (lines or ["exit code {}".format(code)])[-1][:300]}
    return {"yarn": yarn, "workers": int(nodes[1])}


def _ask(argv: List[str]) -> Tuple[int, str]:
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_COMMAND_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 1, "{} gave no answer within {:g} s".format(argv[0], _COMMAND_S)
    except OSError as error:
        return 1, "{}: {}".format(argv[0], error.strerror)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def look(master: str, home: str = "", web: str = "") -> Dict[str, Any]:
    """Find out everything that a check shows."""
    found: Dict[str, Any] = {}
    found["home"], found["submit"] = find_spark(home)
    found["version"] = version_of(found["home"])
    found["java"] = find_java()
    if found["java"]:
        code, said = _ask([found["java"], "-version"])
        match = re.search(r'version "([^"]+)"', said)
        found["java_version"] = match[1] if match else ""
        found["java_error"] = said.strip()[:300] if code else ""
    prepare(os.environ, found["home"])  # type: ignore[arg-type]
    found["hadoop_conf"] = os.environ.get("HADOOP_CONF_DIR") or os.environ.get("YARN_CONF_DIR", "")
    if masters_of(master):
        found["cluster"] = look_at_master(master, web)
    elif master == "yarn":
        found["cluster"] = look_at_yarn()
    return found


def main(argv: Optional[List[str]] = None) -> None:
    """Look, and print what was found as the last line."""
    words = sys.argv[1:] if argv is None else argv
    print("\n" + json.dumps(look(*words)))


if __name__ == "__main__":
    main()
