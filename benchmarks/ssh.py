"""Files to a machine behind ssh beside rsync, tar and scp, and the first contact with it."""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

from jupyter_compute.blobs import Blobs
from jupyter_compute.model import Job, Snapshot, new_run_id
from jupyter_compute.snapshot import Snapshotter

from ._far import Counted, Far, far, row, run_aside
from .snapshot import make_files

DISTANCES_MS = (0, 50)
FILES, MEAN_BYTES, CHANGED = 10_000, 20_000, 10
REPEATS = 5
LARGE_BYTES = 500_000_000


def rows(peers: Path) -> Iterator[dict[str, object]]:
    """Yield the figures; nothing of ``peers`` is needed."""
    del peers
    for distance in DISTANCES_MS:
        with tempfile.TemporaryDirectory(prefix="bench") as folder:
            with far(Path(folder, "far"), distance) as machine:
                for part in (_contact, _files, _large):
                    yield from asyncio.run(_listed(part(machine, Path(folder))))


async def _listed(rows: AsyncIterator[dict[str, object]]) -> list[dict[str, object]]:
    return [one async for one in rows]


def _at(machine: Far, what: str) -> str:
    return f"{what}, round trip {machine.round_trip_ms:g} ms"


async def _clock(act: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await act()
    return (time.perf_counter() - started) * 1e3


# -- contact -----------------------------------------------------------------------------------


async def _contact(machine: Far, _: Path) -> AsyncIterator[dict[str, object]]:
    firsts, laters, bares, checks, carried = [], [], [], [], 0
    for _ in range(REPEATS):
        machine.forget()
        driver = machine.driver()
        before = machine.bytes()
        firsts.append(await _clock(driver.list_jobs))
        carried = machine.bytes() - before
        checks.append(await _clock(driver.check))
        await driver.close()
        laters.append(await _clock(driver.list_jobs))
        await driver.close()
        bares.append(await _clock(lambda: run_aside(f"{machine.ssh} {machine.name} true")))
    bare = min(bares)
    yield row(_at(machine, "first contact, against a bare ssh"), min(firsts), bare)
    yield row("first contact, bytes on the wire", carried / 1e3, unit="KB")
    yield row(_at(machine, "later contact, against a bare ssh"), min(laters), bare)
    yield row(_at(machine, "check on an open pipe"), min(checks))


# -- many files --------------------------------------------------------------------------------


class _Sender:
    """Takes snapshots of a folder and has them launched."""

    def __init__(self, source: Path, folder: Path, driver: Counted) -> None:
        self.source = source
        self.driver = driver
        self.blobs = Blobs(folder / "blobs")
        self.snapshotter = Snapshotter(self.blobs, folder / "cache", limit_mb=1e6)

    async def upload(self) -> Snapshot:
        snapshot = self.snapshotter.take(self.source)
        await self.driver.upload(_digests(snapshot), self.blobs)
        return snapshot

    async def submit(self) -> Job:
        snapshot = await self.upload()
        job = Job(
            run_id=new_run_id(),
            argv=("true",),
            snapshot_id=snapshot.id,
            digests=_digests(snapshot),
        )
        await self.driver.launch(job)
        return job

    async def over(self, job: Job) -> None:
        status = (await self.driver.poll([job]))[job.run_id]
        while not status.state.is_final:
            status = (await self.driver.poll([job], {job.run_id: status}, 10))[job.run_id]
        await self.driver.delete(job)


def _digests(snapshot: Snapshot) -> tuple[str, ...]:
    return (snapshot.id, *dict.fromkeys(file.digest for file in snapshot.files))


async def _files(machine: Far, folder: Path) -> AsyncIterator[dict[str, object]]:
    source = folder / "source"
    make_files(source, FILES, per_folder=50, mean_bytes=MEAN_BYTES)
    rsync = f"rsync -a -e '{machine.through_master}' {source}/ {machine.name}:copy/"
    there = "'mkdir -p tar && tar -C tar -x'"
    tar = f"tar -C {source} -c . | {machine.through_master} {machine.name} {there}"
    driver = machine.driver()
    await driver.list_jobs()
    sender = _Sender(source, folder / "files", driver)
    driver.asked.clear()
    firsts = [await _clock(sender.upload)]
    rsyncs, tars = [await _clock(lambda: run_aside(rsync))], [await _clock(lambda: run_aside(tar))]
    what = _at(machine, "first upload of 10,000 files, 200 MB")
    yield row(f"{what}, against rsync over an open ControlMaster", firsts[0], rsyncs[0])
    yield row(f"{what}, against tar | ssh", firsts[0], tars[0])
    yield row(f"{what}: requests", len(driver.asked), unit="requests")
    await sender.over(await sender.submit())
    async for one in _again(machine, sender, rsync, tars[0]):
        yield one
    await driver.close()


async def _again(
    machine: Far, sender: _Sender, rsync: str, tar_ms: float
) -> AsyncIterator[dict[str, object]]:
    paths = sorted(sender.source.rglob("*.bin"))
    for name, count, bound in (("10 of 10,000 files changed", CHANGED, 0.5), ("unchanged", 0, 0.5)):
        ours, theirs, asked, carried = [], [], 0, 0
        for number in range(REPEATS):
            for path in paths[number * count : (number + 1) * count]:
                path.write_bytes(random.Random(time.time()).randbytes(MEAN_BYTES))
            sender.driver.asked.clear()
            before = machine.bytes()
            started = time.perf_counter()
            job = await sender.submit()
            ours.append((time.perf_counter() - started) * 1e3)
            asked, carried = len(sender.driver.asked), machine.bytes() - before
            await sender.over(job)
            theirs.append(await _clock(lambda: run_aside(rsync)))
        what = _at(machine, f"snapshot, upload and launch, {name}")
        mine = statistics.median(ours)
        yield row(f"{what}, against rsync", mine, statistics.median(theirs), bound)
        yield row(f"{what}, against tar | ssh of all", mine, tar_ms)
        yield row(f"{what}: requests", asked, unit="requests")
        yield row(f"{what}: bytes on the wire", carried / 1e3, unit="KB")


# -- a large one -------------------------------------------------------------------------------


async def _large(machine: Far, folder: Path) -> AsyncIterator[dict[str, object]]:
    path = folder / "large"
    path.mkdir()
    with open(path / "large.bin", "wb") as file:
        for number in range(LARGE_BYTES // 1_000_000):
            file.write(random.Random(number).randbytes(1_000_000))
    driver = machine.driver()
    await driver.list_jobs()
    sender = _Sender(path, folder / "larges", driver)
    sender.snapshotter.take(path)
    ours = await _clock(sender.upload)
    await driver.close()
    peers = {
        "scp": f"scp -F {machine.config} -o ControlPath={machine.folder / 'master'} "
        f"{path}/large.bin {machine.name}:scp",
        "cat | ssh": f"cat {path}/large.bin | {machine.through_master} {machine.name} 'cat > cat'",
    }
    what = _at(machine, "one file of 500 MB to the machine")
    for name, command in peers.items():
        taken = await _clock(lambda command=command: run_aside(command))
        mine, theirs = LARGE_BYTES / ours / 1e3, LARGE_BYTES / taken / 1e3
        yield row(f"{what}, against {name}", mine, theirs, unit="MB/s")
