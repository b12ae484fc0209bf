"""Runs behind Livy tell by way of HDFS where no folder is shared, and what is theirs is private."""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clusters.hdfs import Hdfs, hdfs
from clusters.livy import LivyServer

from jupyter_compute.driver import DriverContext
from jupyter_compute.drivers._livy_driver import LivyDriver
from jupyter_compute.drivers.spark import SparkOptions
from jupyter_compute.errors import AuthenticationError, TargetUnreachableError
from jupyter_compute.model import Job, JobStatus, RunState, Secret
from jupyter_compute.testing import MemoryBlobs, leave, make_job, rest, say, write

PATIENCE_S = 150.0


@pytest.fixture(scope="module")
def folder(
    engine: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hdfs]:
    engine("hdfs")
    with hdfs(tmp_path_factory.mktemp("hdfs")) as running:
        yield running


def driver(path: Path, livy: LivyServer, **options: Any) -> LivyDriver:
    context = DriverContext(target="lv", folder=str(path), default_python=sys.executable)
    given = {"livy": livy.url, "conf": {"spark.ui.enabled": "false"}, **options}
    return LivyDriver(context, SparkOptions(**given))


async def over(driver: LivyDriver, job: Job) -> JobStatus:
    known: dict[str, JobStatus] = {}
    while job.run_id not in known or not known[job.run_id].state.is_final:
        known = await driver.poll([job], known, 5)
    return known[job.run_id]


async def text(driver: LivyDriver, job: Job, name: str, wanted: str = "") -> str:
    data = b""
    while (piece := await driver.read(job, name, len(data), 1)) or wanted not in data.decode():
        data += piece
    return data.decode()


def test_a_run_comes_back_by_hdfs(livy: LivyServer, folder: Hdfs, tmp_path: Path) -> None:
    where = "/user/ann/jc"
    options = {
        "staging": folder.web + where,
        "staging_there": folder.url + where,
    }
    blobs = MemoryBlobs()
    lines = "".join(f"line {number}\n" for number in range(3000))

    async def act() -> None:
        lv = driver(tmp_path, livy, **options)
        try:
            assert (await lv.check()).is_usable
            steps = (say(lines), write("outputs/a b.txt", "left"), leave(3))
            ends = make_job(blobs, *steps, secret_env={"KEY": Secret("op3n")})
            stays = make_job(blobs, say("working\n"), rest(600))
            for job in (ends, stays):
                await lv.upload(job.digests, blobs)
                await lv.launch(job)
            status = await over(lv, ends)
            assert (status.state, status.exit_code) == (RunState.FAILED, 3)
            assert await text(lv, ends, "log") == lines
            assert await text(lv, ends, "outputs/a b.txt") == "left"
            assert "pad" not in _listed(folder, f"{where}/runs/{ends.run_id}-1")
            assert set(_listed(folder, f"{where}/runs/{ends.run_id}-1").values()) == {"600"}
            await text(lv, stays, "log", "working\n")
            await lv.cancel(stays)
            assert (await over(lv, stays)).state is RunState.CANCELED
            await lv.purge()
            assert await lv.list_jobs() == []
        finally:
            await lv.close()

    asyncio.run(asyncio.wait_for(act(), PATIENCE_S))


def test_a_folder_that_cannot_be_written_is_a_problem(
    livy: LivyServer, folder: Hdfs, tmp_path: Path
) -> None:
    async def act() -> None:
        eve = driver(tmp_path, livy, staging=folder.web.replace("root", "eve") + "/user/ann/jc")
        away = driver(tmp_path, livy, staging="webhdfs://127.0.0.1:9/jc")
        other = driver(tmp_path, livy, staging=livy.url.replace("http", "webhdfs") + "/jc")
        with pytest.raises(AuthenticationError, match="Permission denied") as caught:
            await eve.check()
        assert "eve" in caught.value.hint
        with pytest.raises(TargetUnreachableError):
            await away.check()
        info = await other.check()
        assert not info.is_usable and "WebHDFS" in info.problems[0].remedy
        for lv in (eve, away, other):
            await lv.close()

    asyncio.run(asyncio.wait_for(act(), PATIENCE_S))


def _listed(folder: Hdfs, path: str) -> dict[str, str]:
    """The names in a folder and their permissions, by HDFS itself."""
    base = folder.web.replace("webhdfs://root@", "http://")
    where = f"{base}/webhdfs/v1{path}?op=LISTSTATUS&user.name=root"
    with urllib.request.urlopen(where) as answer:
        rows = json.load(answer)["FileStatuses"]["FileStatus"]
    return {row["pathSuffix"]: row["permission"] for row in rows}
