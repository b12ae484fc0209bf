"""What a look at a cluster of Ray finds: its size, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..model import Problem, TargetInfo
from ._ray_api import RefusedError
from ._ray_jobs import Needs, version_of
from ._ray_options import RayOptions
from ._ray_watch import Watcher

OLDEST = (2, 9)
_GIGABYTE = 10**9
_ADDRESS = re.compile(r"node[:_]")
# How nodes are called that nobody has asked an autoscaler for.
_BY_HAND = re.compile(r"node_?[0-9a-f]{40,}|local\.?cluster\.?node", re.IGNORECASE)


async def look(watcher: Watcher, options: RayOptions, *, is_whole: bool) -> TargetInfo:
    """Find out what is there.

    Raises:
        TargetUnreachableError: There is no answer.
        AuthenticationError: It does not let us in.
        DriverError: It is something else that answers.
    """
    session = await watcher.identify()
    problems: list[Problem] = []
    nodes: list[dict[str, Any]] = []
    try:
        nodes = [one for one in await watcher.nodes() if one.get("state") == "ALIVE"]
    except RefusedError as exc:
        problems.append(_no_state(exc))
    if is_whole and not problems:
        problems += await _problems(watcher, nodes)
    totals = [dict(one.get("resources_total") or {}) for one in nodes]
    cpus = sum(each.get("CPU", 0.0) for each in totals)
    if nodes and not cpus and options.cpus:
        problems.append(
            Problem(
                message="no node of the cluster has a core to give",
                remedy="set the option cpus to 0, or start nodes with --num-cpus",
            )
        )
    return TargetInfo(
        resource_id=options.resource_id,
        place=f"ray {session}",
        host=next((str(one.get("node_ip")) for one in nodes if one.get("is_head_node")), ""),
        cpus=cpus,
        gpus=tuple(_gpus(nodes)),
        memory_gb=round(sum(each.get("memory", 0.0) for each in totals) / _GIGABYTE, 1),
        slots=options.slots,
        facts=_facts(watcher.version, nodes, totals),
        problems=tuple(sorted(problems, key=lambda problem: not problem.fatal)),
    )


def largest_gap(needs: Needs, nodes: Sequence[Mapping[str, Any]]) -> str:
    """Say why no node can ever run what needs so much; empty if one can."""
    gaps = [needs.lacking(dict(one.get("resources_total") or {})) for one in nodes]
    return gaps[0] if gaps and all(gaps) else ""


async def grows(watcher: Watcher) -> bool:
    """Tell whether nodes may be added when a run needs them; if in doubt they may."""
    try:
        answer = await watcher.api.get("/api/cluster_status")
        report = answer["data"]["clusterStatus"]["autoscalerReport"]
        names = [*report["activeNodes"], *(report.get("idleNodes") or ())]
    except (RefusedError, LookupError, TypeError):
        return True
    return not all(_BY_HAND.fullmatch(str(name)) for name in names)


async def _problems(watcher: Watcher, nodes: list[dict[str, Any]]) -> list[Problem]:
    problems = []
    if version_of(watcher.version) < OLDEST:
        problems.append(
            Problem(
                message=f"Ray {watcher.version} is older than {OLDEST[0]}.{OLDEST[1]}",
                remedy="upgrade the cluster",
            )
        )
    try:
        await watcher.api.get("/api/jobs/")
    except RefusedError as exc:
        problems.append(
            Problem(
                message=f"the cluster takes no jobs by its dashboard: {exc.status} {exc.words}",
                remedy="install ray[default] on its head",
                fatal=True,
            )
        )
    if not nodes:
        problems.append(
            Problem(
                message="no node of the cluster is alive",
                remedy="wait for its head, or see what `ray status` says there",
            )
        )
    elif not await can_listen(watcher, nodes):
        problems.append(
            Problem(
                message="the dashboard does not show files of its nodes: runs are heard of "
                "through the logs of their jobs, which costs more the longer they are",
                remedy="let requests to /api/v0/logs through",
            )
        )
    if not watcher.api.options.verify:
        problems.append(
            Problem(
                message="the certificate of the dashboard is not checked",
                remedy="name those who vouch for it with ca_file, and set verify back",
            )
        )
    return problems


async def can_listen(watcher: Watcher, nodes: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether files of the nodes can be looked into."""
    node = str(nodes[0].get("node_id")) if nodes else ""
    try:
        answer = await watcher.api.get("/api/v0/logs", node_id=node, glob="none-*")
    except RefusedError:
        return False
    return isinstance(answer, dict) and "data" in answer


def _no_state(exc: RefusedError) -> Problem:
    return Problem(
        message=f"the dashboard does not say which nodes there are: {exc.status} {exc.words}",
        remedy="let requests to /api/v0 through",
    )


def _gpus(nodes: list[dict[str, Any]]) -> list[str]:
    names = []
    for one in nodes:
        totals = dict(one.get("resources_total") or {})
        kinds = [name[len("accelerator_type:") :] for name in totals if "accelerator_type:" in name]
        names += [kinds[0] if kinds else "GPU"] * int(totals.get("GPU", 0))
    return names


def _facts(
    version: str, nodes: list[dict[str, Any]], totals: list[dict[str, float]]
) -> dict[str, str]:
    custom: dict[str, float] = {}
    for each in totals:
        for name, count in each.items():
            known = name in ("CPU", "GPU", "memory", "object_store_memory")
            if not known and not _ADDRESS.match(name) and "accelerator_type:" not in name:
                custom[name] = custom.get(name, 0.0) + count
    facts = {"ray": version, "nodes": str(len(nodes))}
    words = ", ".join(f"{count:g} {name}" for name, count in sorted(custom.items()))
    return {**facts, "resources": words} if words else facts
