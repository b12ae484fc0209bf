"""What an agent finds on its machine."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from jupyter_compute.runner import gpus, login, processes
from jupyter_compute.runner.finders import Finder, find_all
from jupyter_compute.runner.volume import mount_of, volume


def test_what_hangs_is_given_up_and_holds_nothing_else_up(tmp_path: Path) -> None:
    note = tmp_path / "pid"

    def hang() -> str:
        note.write_text(str(os.getpid()))
        time.sleep(600)
        return "never"

    def fail() -> str:
        raise OSError("no")

    found, missed = find_all(
        {
            "hanging": Finder(hang, 1.0),
            "failing": Finder(fail, 60.0),
            "long": Finder(lambda: "x" * 300_000, 60.0),
            "null": Finder(lambda: None, 60.0),
        }
    )
    assert found == {"long": "x" * 300_000, "null": None}
    assert sorted(missed) == ["failing", "hanging"]
    process = processes.find(int(note.read_text()))
    assert process is None or process.is_zombie or not _is_running(process)


def _is_running(process: processes.Process) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and processes.is_running(process.pid, process.start):
        time.sleep(0.005)
    return processes.is_running(process.pid, process.start)


def test_an_answer_without_end_is_given_up() -> None:
    found, missed = find_all({"endless": Finder(lambda: "x" * 5_000_000, 60.0)})
    assert (found, missed) == ({}, ["endless"])


MOUNTS = """\
/dev/a / ext4 rw,relatime 0 0
host:/x /home/a\\040b nfs4 rw,vers=4.2 0 0
t /home/a\\040b/t tmpfs rw,noexec 0 0
me@there:/ /mnt fuse.sshfs rw 0 0
o /var/lib fuse.fuse-overlayfs rw 0 0
//there/share /share cifs rw 0 0
/dev/b /share ext4 rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind", "is_network", "is_noexec"),
    [
        ("/usr", "ext4", False, False),
        ("/home/a b/runs", "nfs4", True, False),
        ("/home/a bc", "ext4", False, False),
        ("/home/a b/t/x", "tmpfs", False, True),
        ("/mnt/x", "fuse.sshfs", True, False),
        ("/var/lib/x", "fuse.fuse-overlayfs", False, False),
        ("/share/x", "ext4", False, False),
    ],
)
def test_the_file_system_of_a_folder_is_told(
    tmp_path: Path, path: str, kind: str, is_network: bool, is_noexec: bool
) -> None:
    table = tmp_path / "mounts"
    table.write_text(MOUNTS)
    mount = mount_of(path, str(table))
    assert (mount.type, mount.is_network) == (kind, is_network)
    assert ("noexec" in mount.options) is is_noexec


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    assert volume(str(tmp_path))["trouble"] == ""
    assert list(tmp_path.iterdir()) == []
    found = volume("/proc/self")
    assert found["trouble"] and found["type"] == "proc"


@pytest.mark.parametrize(
    ("user", "settings", "answer", "kills"),
    [
        ("ann", [], "", False),
        ("ann", ["[Login]\nKillUserProcesses=yes\n"], "", True),
        ("ann", ["[Login]\n# KillUserProcesses=yes\n"], "", False),
        ("ann", ["KillUserProcesses=yes", "KillUserProcesses = no"], "", False),
        ("root", ["KillUserProcesses=yes"], "", False),
        ("root", ["KillUserProcesses=yes\nKillExcludeUsers="], "", True),
        ("ann", ["KillUserProcesses=yes\nKillExcludeUsers=root ann"], "", False),
        ("ann", ["KillUserProcesses=yes\nKillOnlyUsers=bob"], "", False),
        ("ann", [], "b true\n", True),
        ("ann", ["KillUserProcesses=yes"], "b false\n", False),
    ],
)
def test_whether_logind_ends_processes_follows_its_settings_and_its_word(
    user: str, settings: list[str], answer: str, kills: bool
) -> None:
    assert login.kills(user, settings, answer) is kills


def test_what_nobody_logged_in_for_took_no_login() -> None:
    assert login.took_s() is None


def smi(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> dict[str, Any]:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return gpus.gpus()


def test_gpus_are_told_with_their_memory_driver_and_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "0, NVIDIA A100, 81920 MiB, 1200 MiB, 35 %, 550.54.15"
    assert smi(tmp_path, monkeypatch, f"echo '{line}'; echo 'no GPU at all'") == {
        "found": [
            {
                "index": "0",
                "name": "NVIDIA A100",
                "memory": "81920 MiB",
                "used": "1200 MiB",
                "busy": "35 %",
                "driver": "550.54.15",
            }
        ],
        "trouble": "",
    }


def test_a_driver_that_fails_is_told_and_no_gpu_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "NVIDIA-SMI has failed because it could not communicate with the driver."
    found = smi(tmp_path, monkeypatch, f"echo '{words}' >&2; exit 9")
    assert found == {"found": [], "trouble": words}
    found = smi(tmp_path, monkeypatch, "echo 'No devices were found'; exit 6")
    assert found == {"found": [], "trouble": ""}
