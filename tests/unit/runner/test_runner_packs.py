from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_compute.runner.packs import Packs


def raw(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def add(packs: Packs, *datas: bytes) -> None:
    packs.add([(raw(data), data) for data in datas])


def test_what_was_added_is_read_by_every_reader(tmp_path: Path) -> None:
    writer, reader = Packs(str(tmp_path)), Packs(str(tmp_path))
    assert reader.read(raw(b"one")) is None
    add(writer, b"one", b"", b"two")
    assert [reader.read(raw(data)) for data in (b"one", b"", b"two")] == [b"one", b"", b"two"]
    add(reader, b"three", b"one")
    assert writer.read(raw(b"three")) == b"three"
    assert len(writer.entries()) == 4


def test_an_incomplete_index_names_only_what_is_whole(tmp_path: Path) -> None:
    add(Packs(str(tmp_path)), b"one", b"two")
    index = tmp_path / "index"
    whole = index.read_bytes()
    for length in range(len(whole)):
        index.write_bytes(whole[:length])
        packs = Packs(str(tmp_path))
        found = {data for data in (b"one", b"two") if packs.read(raw(data)) == data}
        assert len(found) == length // (len(whole) // 2)
        add(packs, b"three")
        assert Packs(str(tmp_path)).read(raw(b"three")) == b"three"


@given(position=st.integers(0, 2000), value=st.integers(0, 255))
@settings(max_examples=100, deadline=None)
def test_no_damage_gives_wrong_bytes(
    tmp_path_factory: pytest.TempPathFactory, position: int, value: int
) -> None:
    folder = tmp_path_factory.mktemp("packs")
    datas = [b"%d" % number * 100 for number in range(8)]
    add(Packs(str(folder)), *datas)
    for path in (folder / "index", folder / "packs/1"):
        content = bytearray(path.read_bytes())
        content[position % len(content)] = value
        path.write_bytes(content)
    packs = Packs(str(folder))
    for data in datas:
        assert packs.read(raw(data)) in (data, None)
    lost = [data for data in datas if packs.read(raw(data)) is None]
    assert len(lost) <= 2
    add(packs, *lost)
    assert all(Packs(str(folder)).read(raw(data)) == data for data in datas)


def test_a_reader_survives_a_collection(tmp_path: Path) -> None:
    reader, other = Packs(str(tmp_path)), Packs(str(tmp_path))
    add(reader, b"one", b"two", b"three")
    assert reader.read(raw(b"two")) == b"two"
    other.rewrite([raw(b"two")])
    assert reader.read(raw(b"two")) == b"two"
    assert sorted(reader.entries()) == [raw(b"two")]
    assert reader.read(raw(b"one")) is None
    add(reader, b"one")
    assert other.read(raw(b"one")) == b"one"
    assert os.listdir(tmp_path / "packs") == ["2"]


def test_a_fork_that_closes_what_it_inherits_reads_on(tmp_path: Path) -> None:
    packs = Packs(str(tmp_path))
    add(packs, b"one")
    assert packs.read(raw(b"one")) == b"one"
    script = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from jupyter_compute.runner.packs import Packs
packs = Packs({str(tmp_path)!r})
digest = bytes.fromhex({raw(b"one").hex()!r})
assert packs.read(digest) == b"one"
if os.fork() == 0:
    os.closerange(3, 100)
    others = [os.open("/dev/null", os.O_RDONLY) for _ in range(5)]
    os._exit(0 if packs.read(digest) == b"one" else 1)
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=60)


def test_a_full_disk_leaves_all_as_it_was(tmp_path: Path) -> None:
    script = f"""
import resource, sys
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_runner_packs import Packs, add
packs = Packs({str(tmp_path)!r})
add(packs, b"one")
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
try:
    add(packs, b"2" * 4000, b"3" * 4000)
except OSError:
    add(packs, b"four")
    sys.exit(0)
sys.exit("nothing was raised")
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    packs = Packs(str(tmp_path))
    assert sorted(packs.entries()) == sorted([raw(b"one"), raw(b"four")])
    assert (tmp_path / "packs/1").read_bytes() == b"onefour"


def test_two_processes_add_at_once(tmp_path: Path) -> None:
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_runner_packs import Packs, add
packs = Packs({str(tmp_path)!r})
for number in range(100):
    add(packs, b"%s %d" % (sys.argv[1].encode(), number), b"both %d" % number)
"""
    started = [
        subprocess.Popen([sys.executable, "-c", script, name]) for name in ("first", "second")
    ]
    assert [process.wait(60) for process in started] == [0, 0]
    packs = Packs(str(tmp_path))
    for name in (b"first", b"second", b"both"):
        for number in range(100):
            data = b"%s %d" % (name, number)
            assert packs.read(raw(data)) == data
    assert len(packs.entries()) == 300


def test_a_collection_that_is_killed_at_any_step_loses_nothing(tmp_path: Path) -> None:
    script = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_runner_packs import Packs, add, raw

def die_at(last):
    count = 0
    def stepping(function):
        def call(*args, **kwargs):
            nonlocal count
            result = function(*args, **kwargs)
            count += 1
            if count == last:
                os.kill(os.getpid(), 9)
            return result
        return call
    for name in ("open", "write", "rename", "unlink", "fsync", "stat"):
        setattr(os, name, stepping(getattr(os, name)))

for last in range(1, 100):
    packs = Packs({str(tmp_path)!r})
    add(packs, b"one", b"two %d" % last, b"three")
    pid = os.fork()
    if pid == 0:
        die_at(last)
        packs.rewrite([raw(b"one"), raw(b"three")])
        os._exit(0)
    code = os.waitpid(pid, 0)[1]
    for again in (packs, Packs({str(tmp_path)!r})):
        assert again.read(raw(b"one")) == b"one", last
        assert again.read(raw(b"three")) == b"three", last
        assert again.read(raw(b"two %d" % last)) in (b"two %d" % last, None)
    if code == 0:
        sys.exit(0 if last > 5 else "it never died")
sys.exit("it always died")
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=90)
