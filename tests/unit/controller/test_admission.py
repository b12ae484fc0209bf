"""Who may start: in order, within what there is, no GPU twice."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_compute.controller.admission import (
    Capacity,
    Demand,
    Holding,
    Refuse,
    Start,
    Wait,
    admit,
    capacity_of,
    demand_of,
)
from jupyter_compute.model import Resources, TargetInfo

demands = st.builds(
    Demand,
    cpus=st.sampled_from([0.0, 0.5, 1.0, 2.0, 9.0]),
    gpus=st.integers(0, 3),
    memory_gb=st.sampled_from([0.0, 1.0, 8.0]),
)
capacities = st.builds(
    Capacity,
    slots=st.none() | st.integers(1, 5),
    cpus=st.none() | st.sampled_from([1.0, 4.0]),
    gpus=st.integers(0, 3),
    memory_gb=st.none() | st.just(8.0),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(demands, max_size=12), capacities)
def test_what_is_admitted_fits_and_stays_in_order(waiting, capacity):
    held = []
    left = list(waiting)
    for _ in range(len(waiting) + 1):
        verdicts = admit(left, held, capacity)
        assert len(verdicts) == len(left)
        held += [
            Holding(demand=demand, gpu_ids=verdict.gpu_ids)
            for demand, verdict in zip(left, verdicts, strict=True)
            if isinstance(verdict, Start)
        ]
        kinds = [type(verdict) for verdict in verdicts if not isinstance(verdict, Refuse)]
        assert kinds == sorted(kinds, key=[Start, Wait].index)
        fits(held, capacity)
        left = [
            demand
            for demand, verdict in zip(left, verdicts, strict=True)
            if isinstance(verdict, Wait)
        ]
        if left:
            assert held, "somebody waits though nobody holds anything"
            held.pop(0)
    assert not left


def fits(held, capacity):
    if capacity.slots is None:
        return
    assert len(held) <= capacity.slots
    given = [gpu for item in held for gpu in item.gpu_ids]
    assert len(given) == len(set(given)) == sum(item.demand.gpus for item in held)
    assert len(given) <= capacity.gpus
    if capacity.cpus is not None:
        assert sum(item.demand.cpus for item in held) <= capacity.cpus
    if capacity.memory_gb is not None:
        assert sum(item.demand.memory_gb for item in held) <= capacity.memory_gb


def test_an_engine_that_admits_by_itself_gets_everything():
    info = TargetInfo(resource_id="x", cpus=1, slots=None)
    verdicts = admit([Demand(cpus=100, gpus=8)] * 3, [], capacity_of(info))
    assert verdicts == [Start()] * 3


def test_the_users_number_of_slots_counts_before_the_targets():
    info = TargetInfo(resource_id="x", cpus=2, slots=4)
    assert capacity_of(info, 1).slots == 1
    assert capacity_of(info).slots == 4


def test_what_is_not_known_of_a_target_is_not_counted():
    capacity = capacity_of(TargetInfo(resource_id="x", slots=2))
    assert isinstance(admit([Demand(cpus=100, memory_gb=100)], [], capacity)[0], Start)


def test_a_run_takes_what_all_its_processes_take():
    resources = Resources(nodes=2, processes_per_node=3, cpus=2, gpus=1, memory_gb=4)
    assert demand_of(resources) == Demand(cpus=12, gpus=2, memory_gb=8, nodes=2)


def test_one_machine_is_never_taken_for_several():
    demand = demand_of(Resources(nodes=3))
    (refused,) = admit([demand], [], Capacity(slots=4))
    assert isinstance(refused, Refuse)
    assert refused.message == "it needs 3 machines, the target is one"
    assert admit([demand], [], Capacity()) == [Start()]


def test_each_lack_is_said_in_its_own_words():
    capacity = Capacity(slots=3, cpus=4.0, gpus=2, memory_gb=16.0)
    held = [Holding(demand=Demand(cpus=3, gpus=1, memory_gb=10), gpu_ids=("0",))]
    waits = [
        admit([demand], held, capacity)[0].reason
        for demand in (Demand(cpus=2), Demand(gpus=2), Demand(memory_gb=8))
    ]
    assert waits == [
        "waiting for 2 cpus: 1 of 4 free",
        "waiting for 2 GPUs: 1 of 2 free",
        "waiting for 8 GB of memory: 6.0 of 16.0 GB free",
    ]
    full = admit([Demand(), Demand()], held * 3, capacity)
    assert full == [Wait(reason="waiting for a slot: 3 of 3 in use")] * 2
    small = admit([Demand(cpus=2), Demand()], held, capacity)
    assert small[1] == Wait(reason="waiting for the runs before it")
