"""Which waiting runs may start, in order, and what the others wait for: a pure function."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ..model import Resources, TargetInfo
from .progress import count


class Demand(Struct, frozen=True, kw_only=True):
    """What a run takes of its target while it runs."""

    cpus: float = 0.0
    gpus: int = 0
    memory_gb: float = 0.0
    nodes: int = 1


class Capacity(Struct, frozen=True, kw_only=True):
    """What a target has; ``None`` means that it is not counted here.

    Attributes:
        slots: How many runs at once; ``None`` leaves admission to the engine altogether.
    """

    slots: int | None = None
    cpus: float | None = None
    gpus: int | None = None
    memory_gb: float | None = None


class Holding(Struct, frozen=True, kw_only=True):
    """What a run that was admitted holds."""

    demand: Demand
    gpu_ids: tuple[str, ...] = ()


class Start(Struct, frozen=True, kw_only=True):
    """The run may start, with these GPUs."""

    gpu_ids: tuple[str, ...] = ()


class Wait(Struct, frozen=True, kw_only=True):
    """The run waits; the reason is for the user."""

    reason: str


class Refuse(Struct, frozen=True, kw_only=True):
    """The run can never start there."""

    message: str
    hint: str = "ask for less, or submit to another target"


Verdict = Start | Wait | Refuse


def demand_of(resources: Resources) -> Demand:
    """Return what a run takes; what it did not declare counts as nothing."""
    processes = resources.nodes * resources.processes_per_node
    return Demand(
        cpus=(resources.cpus or 0.0) * processes,
        gpus=resources.gpus * resources.nodes,
        memory_gb=(resources.memory_gb or 0.0) * resources.nodes,
        nodes=resources.nodes,
    )


def capacity_of(info: TargetInfo, slots: int | None = None) -> Capacity:
    """Return what a target has, with the user's own number of slots before the target's."""
    if info.slots is None:
        return Capacity()
    return Capacity(
        slots=slots or info.slots,
        cpus=info.cpus or None,
        gpus=len(info.gpus),
        memory_gb=info.memory_gb or None,
    )


def admit(waiting: Sequence[Demand], held: Sequence[Holding], capacity: Capacity) -> list[Verdict]:
    """Decide about all waiting runs, in their order; none overtakes another.

    Strict order is what keeps a large run from waiting forever behind small ones.
    """
    verdicts: list[Verdict] = []
    taken = list(held)
    is_blocked = False
    for demand in waiting:
        verdict = _decide(demand, taken, capacity)
        if isinstance(verdict, Start):
            if is_blocked:
                verdict = Wait(reason="waiting for the runs before it")
            else:
                taken.append(Holding(demand=demand, gpu_ids=verdict.gpu_ids))
        elif isinstance(verdict, Wait):
            is_blocked = True
        verdicts.append(verdict)
    return verdicts


def _decide(demand: Demand, held: Sequence[Holding], capacity: Capacity) -> Verdict:
    if capacity.slots is None:
        return Start()
    return (
        _refuse(demand, capacity)
        or _wait(demand, held, capacity)
        or Start(gpu_ids=_free_gpus(held, capacity)[: demand.gpus])
    )


def _refuse(demand: Demand, capacity: Capacity) -> Refuse | None:
    if demand.nodes > 1:
        # What has slots is one machine; what is more leaves admission to its engine.
        return Refuse(message=f"it needs {demand.nodes} machines, the target is one")
    if capacity.gpus is not None and demand.gpus > capacity.gpus:
        there = count(capacity.gpus, "GPU") if capacity.gpus else "none"
        return Refuse(message=f"it needs {count(demand.gpus, 'GPU')}, the target has {there}")
    if capacity.cpus is not None and demand.cpus > capacity.cpus:
        return Refuse(
            message=f"it needs {count(demand.cpus, 'cpu')}, the target has {capacity.cpus:g}"
        )
    if capacity.memory_gb is not None and demand.memory_gb > capacity.memory_gb:
        return Refuse(
            message=f"it needs {demand.memory_gb:g} GB of memory, "
            f"the target has {capacity.memory_gb:.1f} GB"
        )
    return None


def _wait(demand: Demand, held: Sequence[Holding], capacity: Capacity) -> Wait | None:
    slots = capacity.slots or 0
    if len(held) >= slots:
        return Wait(reason=f"waiting for a slot: {len(held)} of {slots} in use")
    free = _free_gpus(held, capacity)
    if demand.gpus > len(free):
        return Wait(
            reason=f"waiting for {count(demand.gpus, 'GPU')}: {len(free)} of {capacity.gpus} free"
        )
    if capacity.cpus is not None and demand.cpus:
        left = capacity.cpus - sum(item.demand.cpus for item in held)
        if demand.cpus > left + 1e-9:
            return Wait(
                reason=f"waiting for {count(demand.cpus, 'cpu')}: "
                f"{max(left, 0):g} of {capacity.cpus:g} free"
            )
    if capacity.memory_gb is not None and demand.memory_gb:
        left = capacity.memory_gb - sum(item.demand.memory_gb for item in held)
        if demand.memory_gb > left + 1e-9:
            return Wait(
                reason=f"waiting for {demand.memory_gb:g} GB of memory: "
                f"{max(left, 0):.1f} of {capacity.memory_gb:.1f} GB free"
            )
    return None


def _free_gpus(held: Sequence[Holding], capacity: Capacity) -> tuple[str, ...]:
    taken = {gpu for item in held for gpu in item.gpu_ids}
    every = (str(number) for number in range(capacity.gpus or 0))
    return tuple(gpu for gpu in every if gpu not in taken)
