"""What the libraries for training on many processes want to find in their environment."""

from __future__ import annotations

import json
import os
from typing import NamedTuple


class Member(NamedTuple):
    """One process among those of a run.

    Attributes:
        rank: Its place among all, from 0.
        size: How many there are.
        local_rank: Its place among those of its node.
        local_count: How many are on its node.
        node: The place of its node among the nodes.
    """

    rank: int
    size: int
    local_rank: int
    local_count: int
    node: int = 0


def torch(member: Member, address: str, port: str) -> dict[str, str]:
    """Return what ``torch.distributed`` reads with ``init_method="env://"``."""
    return {
        "RANK": str(member.rank),
        "LOCAL_RANK": str(member.local_rank),
        "WORLD_SIZE": str(member.size),
        "LOCAL_WORLD_SIZE": str(member.local_count),
        "NODE_RANK": str(member.node),
        "MASTER_ADDR": address,
        "MASTER_PORT": port,
    }


def tensorflow(member: Member, workers: list[str]) -> dict[str, str]:
    """Return what ``tf.distribute.MultiWorkerMirroredStrategy`` reads.

    Args:
        member: Which process.
        workers: ``host:port`` of each, by rank.
    """
    config = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": member.rank}}
    return {"TF_CONFIG": json.dumps(config)}


def mpi() -> dict[str, str]:
    """Return what Open MPI needs to hear; others do not listen.

    As many processes as were asked for are started however few the cores are, and by root too
    where that is who asked.
    """
    env = {
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    }
    if os.geteuid() == 0:
        env.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    return env
