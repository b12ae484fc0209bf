"""What a check says about what an agent found."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from jupyter_compute.drivers._findings import (
    Arrival,
    facts_of,
    problems_of,
    read_findings,
)

GOOD: dict[str, Any] = {
    "host": "gpu1",
    "python": "3.11.7",
    "executable": "/usr/bin/python3",
    "platform": "Linux",
    "user": "ann",
    "cpus": 8.0,
    "load": 0.25,
    "memory_bytes": 64_000_000_000,
    "has_venv": True,
    "has_proc": True,
    "volume": {
        "free_bytes": 100_000_000_000,
        "size_bytes": 500_000_000_000,
        "free_inodes": 12_345_678,
        "type": "ext4",
        "is_network": False,
        "is_noexec": False,
        "trouble": "",
    },
    "gpus": {"found": [], "trouble": ""},
    "containers": [],
    "conda": {"name": "", "path": "", "version": "", "trouble": "none", "remedy": "install"},
    "uv": "/usr/bin/uv",
    "killer": "",
    "missed": [],
}
HERE = Arrival(root="/home/ann/.jupyter_compute", root_choice="its option root")
A_GPU = {"index": "0", "name": "A100", "memory": "80 GiB", "busy": "0 %", "driver": "550.1"}


def facts(**changes: Any) -> dict[str, str]:
    return facts_of(read_findings({**GOOD, **changes}), HERE)


def said(arrival: Arrival = HERE, **changes: Any) -> list[str]:
    problems = list(problems_of(read_findings({**GOOD, **changes}), arrival))
    assert all(problem.remedy for problem in problems)
    return [problem.message for problem in problems]


def volume(**changes: Any) -> dict[str, Any]:
    return {**GOOD["volume"], **changes}


def test_a_good_machine_has_no_problem() -> None:
    assert said() == []


def test_an_answer_of_some_finders_is_enough() -> None:
    assert list(problems_of(read_findings({"host": "x"}), HERE)) == []
    shown = facts_of(read_findings({}), HERE)
    assert "uv" not in shown and "containers" not in shown and "conda" not in shown
    assert facts(uv="")["uv"] == facts()["conda"] == facts()["containers"] == "not found"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"volume": volume(free_bytes=5_000_000)}, "only 5 MB of disk"),
        ({"volume": volume(free_inodes=12)}, "only 12 more files"),
        ({"volume": volume(type="nfs4", is_network=True)}, "network file system (nfs4)"),
        ({"volume": volume(is_noexec=True)}, "noexec"),
        ({"volume": volume(trouble="Disk quota exceeded")}, "Disk quota exceeded"),
        ({"volume": None, "missed": ["volume"]}, "does not answer"),
        ({"missed": ["gpus"]}, "nvidia-smi does not answer"),
        ({"missed": ["containers"]}, "container engine does not answer"),
        ({"gpus": {"found": [], "trouble": "driver mismatch"}}, "driver mismatch"),
        ({"has_venv": False, "uv": ""}, "no venv"),
        ({"has_proc": False}, "/proc"),
        ({"killer": "logind"}, "at logout"),
        ({"killer": "slurm"}, "Slurm job"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any], words: str) -> None:
    (message,) = said(**changes)
    assert words in message


def test_all_problems_are_said_at_once_the_fatal_ones_first() -> None:
    messages = said(
        volume=volume(free_bytes=5, trouble="Read-only file system"), killer="logind", has_venv=True
    )
    assert len(messages) == 3 and "Read-only" in messages[0]


def test_an_engine_that_cannot_be_used_is_a_problem_unless_another_can() -> None:
    broken = {
        "name": "docker",
        "path": "/usr/bin/docker",
        "version": "",
        "trouble": "Docker is there, but this user may not use it",
        "remedy": "usermod",
    }
    works = {"name": "podman", "path": "/usr/bin/podman", "version": "4.3.1"}
    assert said(containers=[broken]) == [broken["trouble"]]
    assert said(containers=[broken, works]) == []
    shown = facts(containers=[broken, works])["containers"]
    assert shown == "docker (does not answer), podman 4.3.1"


@pytest.mark.parametrize(
    ("clock_s", "shown", "problems"),
    [
        (0.2, "right", 0),
        (-3.0, "3.0 s behind", 0),
        (5.0, "5.0 s ahead", 1),
        (-7200.0, "120 min behind", 1),
        (86400.0 * 30, "720 h ahead", 1),
    ],
)
def test_a_wrong_clock_is_told(clock_s: float, shown: str, problems: int) -> None:
    arrival = msgspec.structs.replace(HERE, clock_s=clock_s)
    assert facts_of(read_findings(GOOD), arrival)["clock"] == shown
    assert len(said(arrival)) == problems


def test_login_files_that_are_loud_or_slow_are_told() -> None:
    quiet = msgspec.structs.replace(HERE, noise=60, login_s=0.2)
    assert said(quiet) == []
    assert facts_of(read_findings(GOOD), quiet)["login"] == "200 ms, 60 bytes of output"
    loud, slow = said(msgspec.structs.replace(HERE, noise=5000, login_s=2.04))
    assert "prints 5000 bytes" in loud and "takes 2.0 s" in slow


def test_facts_are_in_words_and_units() -> None:
    shown = facts(
        gpus={"found": [A_GPU, {**A_GPU, "index": "1", "busy": "97 %", "used": "70 GiB"}]}
    )
    assert shown["disk free"] == "100.0 of 500 GB, room for 12.3 million files"
    assert shown["gpu memory"] == "2 × 80 GiB" and shown["gpu driver"] == "550.1"
    assert shown["gpus in use"] == "1: 97 %, 70 GiB"
    assert facts(volume=volume(type="nfs", is_network=True))["file system"] == "nfs, on the network"
    assert facts(volume=volume(free_inodes=None))["disk free"] == "100.0 of 500 GB"
    assert "venv" not in shown and facts(has_venv=False)["venv"] == "not installed"
