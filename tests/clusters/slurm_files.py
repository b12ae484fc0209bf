"""What the files of a Slurm say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

CPUS, MEMORY_MB, GPUS = 8, 8000, 2
CLUSTER = "village"

# Times are short where a test would wait for them. Those after which somebody is given up are
# not: on a busy machine everybody is slow.
_SETTINGS: dict[str, object] = {
    "ClusterName": CLUSTER,
    "SlurmUser": "root",
    "AuthType": "auth/munge",
    "CryptoType": "crypto/munge",
    "CommunicationParameters": "NoCtldInAddrAny,NoInAddrAny",
    "ProctrackType": "proctrack/linuxproc",
    "TaskPlugin": "task/none",
    "JobAcctGatherType": "jobacct_gather/linux",
    "JobAcctGatherFrequency": 5,
    "MpiDefault": "none",
    "SwitchType": "switch/none",
    "ReturnToService": 2,
    "SchedulerType": "sched/backfill",
    "SchedulerParameters": "batch_sched_delay=0,sched_interval=1,bf_interval=1",
    "SelectType": "select/cons_tres",
    "SelectTypeParameters": "CR_Core_Memory",
    "DefMemPerCPU": 100,
    "SlurmdParameters": "config_overrides",
    "KillWait": 2,
    "CompleteWait": 0,
    "OverTimeLimit": 0,
    "MinJobAge": 300,
    "MaxJobCount": 10000,
    "InactiveLimit": 0,
    "SlurmctldTimeout": 60,
    "SlurmdTimeout": 60,
    "JobRequeue": 1,
    "GresTypes": "gpu",
    "PreemptType": "preempt/partition_prio",
    "PreemptMode": "REQUEUE",
}

PARTITIONS: dict[str, str] = {
    "debug": "Default=YES MaxTime=60 DefaultTime=10 PriorityTier=5 PreemptMode=OFF",
    "gpu": "MaxTime=120 DefaultTime=10 PriorityTier=5 PreemptMode=OFF",
    "low": "MaxTime=UNLIMITED DefaultTime=10 PriorityTier=1 PreemptMode=REQUEUE",
    "spare": "MaxTime=UNLIMITED DefaultTime=10 PriorityTier=1 PreemptMode=CANCEL GraceTime=0",
    "high": "MaxTime=60 DefaultTime=10 PriorityTier=10 PreemptMode=OFF",
}
"""Who of ``low`` stands in the way of ``high`` starts again later, who of ``spare`` is canceled."""


def controller_files(
    folder: Path,
    host: str,
    ports: Sequence[int],
    nodes: Sequence[str],
    partitions: Mapping[str, str],
    settings: Mapping[str, object],
) -> dict[str, str]:
    """Say what slurm.conf and those beside it hold.

    Args:
        folder: Where everything lies.
        host: This machine's name.
        ports: The controller's, the accounting's, and one for each node.
        nodes: Their names.
        partitions: What is said of each.
        settings: More settings, which hold rather than ours.
    """
    own = {
        **_SETTINGS,
        "SlurmctldHost": f"{host}(127.0.0.1)",
        "SlurmctldPort": ports[0],
        "AuthInfo": f"socket={folder}/munge,cred_expire=5",
        "StateSaveLocation": folder / "state",
        "SlurmctldPidFile": folder / "slurmctld.pid",
        "SlurmctldLogFile": folder / "slurmctld.log",
        "SlurmdPidFile": folder / "slurmd.%n.pid",
        "SlurmdLogFile": folder / "slurmd.%n.log",
        "SlurmdSpoolDir": folder / "spool.%n",
        **settings,
    }
    lines = [f"{name}={value}" for name, value in own.items() if value is not None]
    for name, port in zip(nodes, ports[2:], strict=True):
        lines.append(
            f"NodeName={name} NodeHostname={name} NodeAddr=127.0.0.1 Port={port} CPUs={CPUS}"
            f" RealMemory={MEMORY_MB} Gres=gpu:fake:{GPUS} State=UNKNOWN"
        )
    for name, said in partitions.items():
        lines.append(f"PartitionName={name} Nodes={','.join(nodes)} State=UP {said}")
    return {
        "slurm.conf": "\n".join(lines) + "\n",
        "gres.conf": f"Name=gpu Type=fake File={folder}/gpu[0-{GPUS - 1}]\n",
        "cgroup.conf": "CgroupPlugin=autodetect\nCgroupAutomount=no\nConstrainCores=no\n",
        "hosts": f"127.0.0.1 localhost {host} {' '.join(nodes)}\n",
    }


def accounting_settings(folder: Path, port: int) -> dict[str, object]:
    return {
        "AccountingStorageType": "accounting_storage/slurmdbd",
        "AccountingStorageHost": "127.0.0.1",
        "AccountingStoragePort": port,
        "AccountingStoragePass": folder / "munge",
        "AccountingStorageTRES": "gres/gpu",
        "AccountingStorageEnforce": "associations,limits,qos",
    }


def accounting_file(folder: Path, port: int) -> str:
    settings = {
        "AuthType": "auth/munge",
        "AuthInfo": f"socket={folder}/munge",
        "DbdHost": "localhost",
        "DbdAddr": "127.0.0.1",
        "DbdPort": port,
        "SlurmUser": "root",
        "LogFile": folder / "slurmdbd.log",
        "PidFile": folder / "slurmdbd.pid",
        "StorageType": "accounting_storage/mysql",
        "StorageHost": "localhost",
        "StorageUser": "root",
        "StorageLoc": "slurm",
        "CommunicationParameters": "NoInAddrAny",
        "CommitDelay": 1,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())
