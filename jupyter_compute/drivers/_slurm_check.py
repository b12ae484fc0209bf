"""What a cluster under Slurm has, and whether its nodes see what the login node sees."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct, structs

from ..model import Problem, TargetInfo
from ._slurm_commands import command
from ._slurm_states import hint_for, plain, why_waiting
from ._statuses import Executed

_ASK_S, _PROBE_S = 60.0, 20.0
_MARK = "@@@"
_GPU = r"gpu(?::([A-Za-z][^:,()]*))?:(\d+)"
_MOST_GPUS = 512
_QUESTIONS = {
    "version": "sinfo --version",
    "partitions": "sinfo --noheader --format='%P|%a|%l|%L|%D|%c|%m|%G|%F'",
    "settings": "scontrol show config",
    "limits": "sacctmgr -n -P show assoc where user=$(id -un) format=account,partition,qos,"
    "maxsubmit,maxjobs",
    "accounting": "sacct -X --noheader --parsable2 --format=JobID --starttime=now",
}

Execute = Callable[..., Awaitable[Executed]]


class Partition(Struct, frozen=True, kw_only=True):
    """A partition as ``sinfo`` lists it; one with several sorts of nodes has several."""

    name: str
    is_default: bool
    is_up: bool
    limit: str
    nodes: str
    cpus: str
    memory_mb: str
    gpus: str

    def is_meant(self, wanted: str) -> bool:
        """Tell whether runs go there, if this partition, or none, is asked for."""
        return self.name in wanted.split(",") if wanted else self.is_default


async def look(
    execute: Execute, options: Any, info: TargetInfo, root: str, *, is_probing: bool
) -> TargetInfo:
    """Add what Slurm says to what its login node has.

    Args:
        execute: Runs a command on the login node.
        options: The target's.
        info: What the login node has.
        root: The folder there.
        is_probing: Whether a tiny job shall prove that nodes see the folder.
    """
    said = await _ask(execute, options.slurm_bin)
    code, out = said.get("version", ("", ""))
    if code != "0":
        words = plain(out) or "it gave no answer"
        problem = Problem(
            message=f"there is no Slurm on {info.host or 'this machine'}: {words}",
            remedy="name a login node with --host, or where its programs are with --slurm-bin",
            fatal=True,
        )
        return structs.replace(info, slots=None, problems=(problem, *info.problems))
    partitions = list(_partitions(said))
    facts = {"Slurm": out.split()[-1], **dict(_facts(said, partitions))}
    problems = [*_problems(said, partitions, options)]
    if is_probing and not any(problem.fatal for problem in problems):
        proof, trouble = await _probe(execute, options, root)
        facts["shared folder"] = proof
        problems += trouble
    problems += [one for one in info.problems if not _is_of_login(one)]
    problems.sort(key=lambda problem: not problem.fatal)
    # The cluster first: what its login node is like matters less.
    facts = {**facts, **info.facts}
    info = structs.replace(info, slots=None, facts=facts, problems=tuple(problems))
    return _sized(info, [one for one in partitions if one.is_meant(options.partition)])


def _sized(info: TargetInfo, partitions: list[Partition]) -> TargetInfo:
    """Give a target the cores, memory and GPUs of its queue, rather than of its login node."""
    cpus, memory_mb, gpus = 0, 0, list[str]()
    for one in partitions:
        nodes = _number(one.nodes)
        cpus += nodes * _number(one.cpus)
        memory_mb += nodes * _number(one.memory_mb)
        found = re.findall(_GPU, one.gpus)
        gpus += [name or "GPU" for name, count in found for _ in range(nodes * int(count))]
    memory_gb = round(memory_mb / 1000, 1)
    return structs.replace(info, cpus=cpus, memory_gb=memory_gb, gpus=tuple(gpus[:_MOST_GPUS]))


def _number(text: str) -> int:
    """Read a count of sinfo, which may end in a sign, such as ``96+`` for different nodes."""
    return int(re.sub(r"[^0-9].*", "", text) or 0)


async def _ask(execute: Execute, place: str) -> dict[str, tuple[str, str]]:
    """Ask all questions in one go; returns exit code and words of each."""
    script = "".join(
        f"printf '%s %s\\n' '{_MARK}' {name}; timeout 15 sh -c \"{words}\" 2>&1; "
        f"printf '\\n%s= %s\\n' '{_MARK}' $?; "
        for name, words in ((name, words.replace("$", "\\$")) for name, words in _QUESTIONS.items())
    )
    done = await execute(command(["/bin/sh", "-c", script], place), timeout_s=_ASK_S)
    text = done.stdout.decode(errors="replace")
    found = re.findall(rf"^{_MARK} (\w+)\n(.*?)\n{_MARK}= (\d+)$", text, re.MULTILINE | re.DOTALL)
    return {name: (code, words.strip()) for name, words, code in found}


def _partitions(said: Mapping[str, tuple[str, str]]) -> Iterator[Partition]:
    for line in said.get("partitions", ("", ""))[1].splitlines():
        parts = line.split("|")
        if len(parts) == 9:
            name, state, limit, _, nodes, cpus, memory, gpus, _ = parts
            yield Partition(
                name=name.rstrip("*"),
                is_default=name.endswith("*"),
                is_up=state == "up",
                limit=limit,
                nodes=nodes,
                cpus=cpus,
                memory_mb=memory,
                gpus=gpus,
            )


def _facts(
    said: Mapping[str, tuple[str, str]], partitions: list[Partition]
) -> Iterator[tuple[str, str]]:
    for one in partitions[:20]:
        gpus = ", ".join(_gpus(one.gpus))
        memory = f"{_number(one.memory_mb) / 1000:.0f} GB"
        each = f"{one.cpus} cpus, {memory}" + (f", {gpus}" if gpus else "")
        words = f"{one.nodes} nodes with {each} each"
        words += f", up to {one.limit}" if one.limit != "infinite" else ""
        words += ", the default" if one.is_default else ""
        yield f"partition {one.name}", words + ("" if one.is_up else ", down")
    code, limits = said.get("limits", ("", ""))
    rows = [line.split("|") for line in limits.splitlines() if line.count("|") == 4]
    if code == "0" and rows:
        accounts = dict.fromkeys(row[0] for row in rows)
        yield "accounts", ", ".join(accounts)
        qos = dict.fromkeys(name for row in rows for name in row[2].split(",") if name)
        if qos:
            yield "QOS", ", ".join(qos)
        most = [row[3] for row in rows if row[3]]
        if most:
            yield "jobs in the queue", f"at most {min(most, key=int)}"
    is_kept = said.get("accounting", ("", ""))[0] == "0"
    yield "accounting", "yes" if is_kept else "no: how old jobs ended is not known to Slurm"


def _problems(
    said: Mapping[str, tuple[str, str]], partitions: list[Partition], options: Any
) -> Iterator[Problem]:
    code, words = said.get("partitions", ("1", ""))
    if code != "0":
        yield Problem(
            message=f"Slurm's controller gives no answer: {plain(words)}",
            remedy="runs wait until it does",
        )
        return
    names = dict.fromkeys(one.name for one in partitions)
    if options.partition:
        asked = options.partition.split(",")
        for name in (name for name in asked if name not in names):
            yield Problem(
                message=f"there is no partition {name!r}",
                remedy=f"its partitions are {', '.join(names)}",
                fatal=True,
            )
    elif not any(one.is_default for one in partitions):
        yield Problem(
            message="the cluster has no default partition",
            remedy=f"name one with --partition: {', '.join(names)}",
            fatal=True,
        )
    down = [one.name for one in partitions if not one.is_up and one.name == options.partition]
    if down:
        yield Problem(message=f"the partition {down[0]} is down", remedy="runs wait until it is up")


async def _probe(execute: Execute, options: Any, root: str) -> tuple[str, list[Problem]]:
    """Let a tiny job look for the folder; returns what was found, and what is wrong."""
    name = f"probe-{uuid.uuid4().hex[:12]}"
    words = ["sbatch", "--parsable", "--job-name=jc-probe", "--output=/dev/null", "--time=1"]
    for option in ("partition", "account", "qos", "constraint", "reservation"):
        if getattr(options, option):
            words.append(f"--{option}={getattr(options, option)}")
    done = await execute(
        command(
            ["/bin/sh", "-c", _PROBE, "probe", root, name, str(_PROBE_S), *words], options.slurm_bin
        ),
        timeout_s=_ASK_S + _PROBE_S,
    )
    said = done.stdout.decode(errors="replace").strip()
    if done.exit_code == 0 and said.startswith("seen "):
        return f"seen by the login node and by {said[5:]}", []
    if done.exit_code == 3:
        state, _, reason = said.partition("|")
        words_ = why_waiting(state or "PENDING", reason, "")
        return f"not proved yet, a job that looks waits: {words_}", []
    if done.exit_code == 4:
        problem = Problem(
            message=f"a node does not see {root}: {said}",
            remedy="name a folder on a file system that the login node and all nodes share: --root",
            fatal=True,
        )
        return "no", [problem]
    told = plain(done.stderr.decode(errors="replace")) or "no answer"
    return "not proved", [
        Problem(message=f"Slurm refused a job: {told}", remedy=hint_for(told), fatal=True)
    ]


# Its exit code says what was found; the job writes one line into the folder, if it sees it.
_PROBE = r"""
root=$1 name=$2 patience=$3; shift 3
mkdir -p "$root/probes" && : > "$root/probes/$name" || exit 5
id=$(printf '#!/bin/sh\nif [ -e "%s" ]; then uname -n > "%s.seen"; fi\n' \
  "$root/probes/$name" "$root/probes/$name" | "$@") || { rm -f "$root/probes/$name"; exit 5; }
id=${id%%;*}; waited=0; state=PENDING
while [ "$waited" -lt "${patience%.*}" ]; do
  for tick in 1 2 3 4 5; do
    if [ -s "$root/probes/$name.seen" ]; then
      echo "seen $(cat "$root/probes/$name.seen")"; rm -f "$root/probes/$name"*; exit 0
    fi
    sleep 0.2
  done
  waited=$((waited + 1))
  state=$(squeue --noheader --states=all --jobs="$id,$id" --format='%T|%r' 2>/dev/null | tail -n 1)
  case $state in COMPLETED*|FAILED*) [ "$waited" -gt 4 ] && break;; esac
done
scancel "$id" 2>/dev/null; rm -f "$root/probes/$name"*
case $state in COMPLETED*|FAILED*) echo "its job $id is over"; exit 4;; esac
echo "$state"; exit 3
"""


def _gpus(gres: str) -> list[str]:
    """Name the GPUs of a node, such as ``2 × a100``."""
    found = re.findall(_GPU, gres)
    return [f"{count} × {name or 'gpu'}" for name, count in found]


def _is_of_login(problem: Problem) -> bool:
    """Tell whether a problem is one of the login node alone, where no run runs."""
    return "log out" in problem.message or "logout" in problem.message
