"""What can happen to the database's file."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
from contextlib import closing
from pathlib import Path

import pytest

from jupyter_compute.errors import StoreError
from jupyter_compute.model import MetricEvent, RunFilter, RunState
from jupyter_compute.store import Store, codec, database, integrity, salvage, schema, set_aside

PATIENCE = 60.0


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def start(code: str, *args: object) -> subprocess.Popen[str]:
    """Run code in a process of its own that has the store and a maker of runs at hand."""
    before = """
    import os, sys
    from pathlib import Path
    from jupyter_compute.errors import *
    from jupyter_compute.model import *
    from jupyter_compute.store import Store

    def new_run(**fields):
        fields.setdefault("id", new_run_id())
        return Run(
            experiment="e", name="n", target="t", snapshot_id="s",
            command=ScriptCommand(path="p"), **fields
        )

    store = Store.open(Path(sys.argv[1]), busy_s=60)
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(before) + textwrap.dedent(code), *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    return out


# -- opening ---------------------------------------------------------------------------------


def test_a_new_file_is_for_the_user_alone_and_says_its_version(store, path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
        assert connection.execute("PRAGMA application_id").fetchone() == (schema.APPLICATION_ID,)
    assert integrity(path) == []


def test_what_was_written_is_there_when_opened_again(store, path, new_run):
    run = store.add(new_run())
    store.close()
    with Store.open(path) as again:
        assert again.get(run.id) == run


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_newer_database_is_refused_untouched(path, journal):
    Store.open(path).close()
    execute(path, f"PRAGMA user_version = {schema.VERSION + 1}", f"PRAGMA journal_mode = {journal}")
    before = path.read_bytes(), path.stat().st_mtime_ns, sorted(os.listdir(path.parent))
    with pytest.raises(StoreError, match=f"version {schema.VERSION + 1}") as caught:
        Store.open(path)
    assert "pip install -U" in caught.value.hint
    assert (path.read_bytes(), path.stat().st_mtime_ns, sorted(os.listdir(path.parent))) == before


def test_a_newer_database_is_refused_while_its_version_is_still_in_the_log(path):
    with Store.open(path), closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_autocheckpoint = 0")
        other.execute(f"PRAGMA user_version = {schema.VERSION + 7}")
        other.commit()
        with pytest.raises(StoreError, match=f"version {schema.VERSION + 7}"):
            Store.open(path)


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE theirs (x)"],
        ["CREATE TABLE theirs (x)", "PRAGMA application_id = 7"],
        ["CREATE TABLE runs (x)", "PRAGMA user_version = 1"],
    ],
)
def test_a_database_of_another_program_is_refused_untouched(path, statements):
    execute(path, *statements)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        Store.open(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (1,)
    assert path.read_bytes()[100:] == before[100:]


@pytest.mark.parametrize("content", [b"x", b"not a database, but long enough to be one" * 99])
def test_a_file_that_is_no_database_is_refused_untouched(path, content):
    path.write_bytes(content)
    with pytest.raises(StoreError, match="no SQLite database") as caught:
        Store.open(path)
    assert "doctor" in caught.value.hint
    assert path.read_bytes() == content


def test_an_empty_file_is_a_new_store(path, new_run):
    path.touch()
    with Store.open(path) as store:
        assert store.add(new_run()).revision == 1


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(StoreError, match="cannot be opened"):
        Store.open(tmp_path / "no" / "store.db")
    with pytest.raises(StoreError, match="cannot be read"):
        Store.open(tmp_path)


def test_a_path_with_odd_characters_is_a_path(tmp_path, new_run):
    folder = tmp_path / "a b?c#d%20\nü"
    folder.mkdir()
    with Store.open(folder / "store.db") as store:
        store.add(new_run())
        assert integrity(store.path) == []


def test_many_who_open_a_new_store_at_once_all_get_it(path):
    code = "store.add(new_run()); print(store.revision())"
    processes = [start(code, path) for _ in range(4)]
    for process in processes:
        finish(process)
    with Store.open(path) as store:
        assert sum(store.counts().values()) == 4


# -- versions --------------------------------------------------------------------------------


def test_a_database_of_version_1_is_read(path):
    dump = Path(__file__).parent / "version_1.sql"
    execute(path, "PRAGMA journal_mode = wal")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))
    with Store.open(path) as store:
        queued, done = sorted(store.list(RunFilter()).runs, key=lambda run: run.id)
        assert (queued.id, queued.state, queued.params) == (
            "r000000001", RunState.QUEUED, {"lr": 0.1},
        )  # fmt: skip
        assert (done.state, done.exit_code, done.tags) == (RunState.COMPLETED, 0, {"fold": "1"})
        assert done.facts.packages == {"numpy": "2.0"}
        assert [point.value for point in store.metrics(done.id)["loss"]] == [1.0, 0.5]
        assert store.last_metrics([done.id]) == {done.id: {"loss": 0.5}}
        assert store.offset(done.id, 1, "events") == 20
        assert store.snapshot(done.snapshot_id).files == 2
        assert store.counts() == {RunState.QUEUED: 1, RunState.COMPLETED: 1}
    assert integrity(path) == []


def test_a_migration_that_fails_leaves_the_database_as_it_was(path, new_run, monkeypatch):
    with Store.open(path) as store:
        run = store.add(new_run())
    wrong = ("ALTER TABLE runs ADD COLUMN extra", "CREATE TABLE runs (x)")
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, wrong))
        patch.setattr(schema, "VERSION", schema.VERSION + 1)
        with pytest.raises(StoreError):
            Store.open(path)
    with Store.open(path) as store:
        assert store.get(run.id) == run


def test_a_migration_is_done_once_by_those_who_race_for_it(path, new_run, monkeypatch):
    with Store.open(path) as store:
        run = store.add(new_run())
    more = ("ALTER TABLE runs ADD COLUMN extra",)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, more))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    failures: list[Exception] = []

    def migrate() -> None:
        try:
            with Store.open(path, busy_s=PATIENCE) as store:
                assert store.get(run.id) == run
        except Exception as exc:
            failures.append(exc)

    threads = [threading.Thread(target=migrate) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_what_a_newer_version_wrote_beside_is_kept(store, path, new_run):
    run = store.add(new_run())
    with store._database.write() as connection:
        (body,) = connection.execute("SELECT body FROM records").fetchone()
        raw = codec.decode(body)
        raw["from_the_future"] = 7
        connection.execute("UPDATE records SET body = ?", (codec.encode(raw),))
    store.advance(run.id, RunState.RUNNING, facts={"host": "h"})
    with store._database.read() as connection:
        (body,) = connection.execute("SELECT body FROM records").fetchone()
    assert codec.decode(body)["from_the_future"] == 7


def test_a_run_that_only_a_newer_version_understands_says_so(store, new_run):
    run = store.add(new_run())
    with store._database.write() as connection:
        raw = {"id": run.id, "command": {"type": "hologram"}}
        connection.execute("UPDATE records SET body = ?", (codec.encode(raw),))
    with pytest.raises(StoreError, match="cannot read") as caught:
        store.get(run.id)
    assert "pip install -U" in caught.value.hint


# -- journals --------------------------------------------------------------------------------


def test_a_local_disk_gets_a_write_ahead_log(store):
    assert store.journal == "wal"


@pytest.mark.parametrize("was", ["new", "wal"])
def test_a_network_file_system_gets_a_rollback_journal(path, new_run, monkeypatch, was):
    if was == "wal":
        Store.open(path).close()
    monkeypatch.setattr(database, "is_on_network", lambda _: True)
    with Store.open(path) as store, Store.open(path) as other:
        assert store.journal == other.journal == "delete"
        run = store.add(new_run())
        assert other.advance(run.id, RunState.RUNNING).revision == store.revision()
        assert not path.with_name("store.db-wal").exists()


def test_file_systems_are_told_apart_by_their_mounts(tmp_path, monkeypatch):
    assert not database.is_on_network(tmp_path / "store.db")
    device = os.stat(tmp_path).st_dev
    mounts = tmp_path / "mounts"
    real = open

    def fake(name: object, *args: object, **kwargs: object) -> object:
        return real(mounts if name == "/proc/self/mountinfo" else name, *args, **kwargs)

    monkeypatch.setattr(database, "open", fake, raising=False)
    for kind, is_network in (("nfs4", True), ("ext4", False), ("fuse.sshfs", True)):
        mounts.write_text(
            f"1 1 0:1 / / rw - ext4 a rw\n"
            f"2 1 {os.major(device)}:{os.minor(device)} / /home rw shared:1 - {kind} b rw\n"
        )
        assert database.is_on_network(tmp_path / "store.db") is is_network


# -- others ----------------------------------------------------------------------------------


@pytest.mark.parametrize("is_network", [False, True])
def test_a_lock_that_is_held_too_long_is_said_and_nothing_is_half_done(
    path, new_run, monkeypatch, is_network
):
    monkeypatch.setattr(database, "is_on_network", lambda _: is_network)
    with (
        Store.open(path, busy_s=0.05) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        run = store.add(new_run())
        other.execute("BEGIN IMMEDIATE")
        for write in (
            lambda: store.add(new_run()),
            lambda: store.advance(run.id, RunState.RUNNING),
            lambda: store.append_events(run.id, 1, [], start=0, end=1),
        ):
            with pytest.raises(StoreError, match="locked by another process") as caught:
                write()
            assert caught.value.hint
        assert store.get(run.id) == run
        other.execute("ROLLBACK")
        assert store.advance(run.id, RunState.RUNNING).state is RunState.RUNNING


def test_two_processes_that_write_at_once_lose_nothing(path):
    code = """
    run = store.add(new_run(id=sys.argv[2]))
    for number in range(60):
        store.append_events(
            run.id, 1, [MetricEvent(t=0, name="m", value=number)], start=number, end=number + 1
        )
        store.add(new_run())
        store.update("shared", tags={**store.get("shared").tags, sys.argv[2]: str(number)})
    """
    with Store.open(path, busy_s=PATIENCE) as store:
        finish(start("store.add(new_run(id='shared'))", path))
        for process in [start(code, path, name) for name in ("a", "b")]:
            finish(process)
        assert sum(store.counts().values()) == 2 * 61 + 1
        for name in ("a", "b"):
            values = [point.value for point in store.metrics(name)["m"]]
            assert values == list(range(60))
        revisions = [run.revision for run in store.changed(0)]
        assert len(set(revisions)) == len(revisions)
        # Every write took a revision of its own; none was given twice.
        assert store.revision() == 2 * (1 + 60 + 60 + 60) + 1
    assert integrity(path) == []


def test_threads_share_a_store(path, new_run):
    failures: list[BaseException] = []
    store = Store.open(path, busy_s=PATIENCE)

    def work() -> None:
        try:
            for _ in range(20):
                run = store.add(new_run())
                store.advance(run.id, RunState.COMPLETED)
                store.list(RunFilter())
        except BaseException as exc:
            failures.append(exc)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.counts() == {RunState.COMPLETED: 120}
    store.close()


def test_opening_a_store_once_more_takes_no_lock_from_who_has_it_open(store, path, new_run):
    """A process loses all its locks on a file when it closes any descriptor of it."""
    store.add(new_run())
    Store.open(path).close()
    finish(start("store.add(new_run()); store.close()", path))
    finish(start("store.add(new_run()); store.close()", path))
    assert store.counts() == {RunState.QUEUED: 3}


def test_a_forked_process_may_go_on_with_the_store(path):
    code = """
    import warnings
    warnings.simplefilter("ignore")
    store.add(new_run(id="before"))
    child = os.fork()
    store.add(new_run())
    if not child:
        store.advance("before", RunState.RUNNING)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    print(sum(store.counts().values()))
    """
    assert finish(start(code, path)).strip() == "3"
    assert integrity(path) == []


@pytest.mark.parametrize("is_network", [False, True])
def test_a_writer_that_is_killed_leaves_whole_writes_only(path, is_network, monkeypatch):
    monkeypatch.setattr(database, "is_on_network", lambda _: is_network)
    code = f"""
    from jupyter_compute.store import database
    store.close()
    database.is_on_network = lambda _: {is_network}
    store = Store.open(Path(sys.argv[1]), busy_s=60)
    while True:
        run = store.add(new_run(tags={{"a": "b"}}))
        store.append_events(
            run.id, 1, [MetricEvent(t=0, name="m", value=v) for v in range(20)], start=0, end=20
        )
        store.advance(run.id, RunState.COMPLETED, facts={{"packages": {{run.id: "1"}}}})
        print(run.id, flush=True)
    """
    said: list[str] = []
    for lines in (1, 3, 8):
        process = start(code, path)
        assert process.stdout is not None
        for _ in range(lines):
            said.append(process.stdout.readline().strip())
        process.send_signal(signal.SIGKILL)
        said += process.communicate(timeout=PATIENCE)[0].split()
    assert integrity(path) == []
    with Store.open(path) as store:
        assert store.journal == ("delete" if is_network else "wal")
        for run_id in said:
            assert store.get(run_id).state is RunState.COMPLETED
            assert store.get(run_id).facts.packages == {run_id: "1"}
        for run in store.list(RunFilter(limit=1000)).runs:
            points = store.metrics(run.id).get("m", [])
            assert len(points) in (0, 20)
            assert store.offset(run.id, 1, "events") == len(points)
            assert run.tags == {"a": "b"}


@pytest.mark.parametrize("is_network", [False, True])
def test_a_kill_before_any_statement_leaves_all_of_a_write_or_nothing(path, is_network):
    # A process for each statement of a run's life, killed right before it.
    code = f"""
    import signal, warnings
    from jupyter_compute.store import database, integrity

    store.close()
    database.is_on_network = lambda _: {is_network}
    connect = database.Database._connect
    EVENTS = [MetricEvent(t=0, name="m", value=float(v)) for v in range(3)]
    FACTS = {{"packages": {{"a": "1"}}, "host": "h"}}

    def live(store, run_id):
        yield lambda: store.add(new_run(id=run_id, tags={{"a": "b"}}))
        yield lambda: store.advance(run_id, RunState.RUNNING, job_id="7")
        yield lambda: store.append_events(run_id, 1, EVENTS, start=0, end=30)
        yield lambda: store.request_cancel(run_id, "me")
        yield lambda: store.advance(run_id, RunState.CANCELED, facts=FACTS)
        yield lambda: store.delete(run_id)

    def seen(store, run_id):
        try:
            run = store.get(run_id)
        except NotFoundError:
            return None
        said = store.metrics(run_id).get("m", []), store.offset(run_id, 1, "events")
        return run.state, run.job_id, run.canceled_by, run.facts, run.tags, said

    with Store.open(Path(sys.argv[1])) as store:
        moments = [None]
        for step in live(store, "whole"):
            step()
            moments.append(seen(store, "whole"))

    def die_before(number):
        run_id = f"r{{number}}"
        def traced(self):
            connection = connect(self)
            def count(_):
                nonlocal number
                number -= 1
                if number < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            connection.set_trace_callback(count)
            return connection
        database.Database._connect = traced
        with Store.open(Path(sys.argv[1])) as store:
            for step in live(store, run_id):
                step()
        os._exit(0)

    met = set()
    for number in range(1, 500):
        child = os.fork()
        if not child:
            die_before(number)
        is_through = os.waitpid(child, 0)[1] == 0
        with Store.open(Path(sys.argv[1])) as store:
            moment = seen(store, f"r{{number}}")
            assert moment in moments, (number, moment)
            met.add(moments.index(moment))
        if is_through:
            break
    assert integrity(Path(sys.argv[1])) == []
    assert is_through
    print(number, *sorted(met))
    """
    number, *met = map(int, finish(start(code, path)).split())
    assert number > 30
    assert met == list(range(6))


# -- room ------------------------------------------------------------------------------------


def test_a_full_database_is_said_and_nothing_is_half_done(store, new_run, monkeypatch):
    run = store.add(new_run())
    connect = store._database._connect

    def small() -> sqlite3.Connection:
        connection = connect()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    store._database.release()
    with monkeypatch.context() as patch:
        patch.setattr(store._database, "_connect", small)
        events = [MetricEvent(t=0, name=f"m{number}", value=1.0) for number in range(5000)]
        with pytest.raises(StoreError, match="is full") as caught:
            store.append_events(run.id, 1, events, start=0, end=10)
        assert "gc" in caught.value.hint
        assert (store.offset(run.id, 1, "events"), store.get(run.id)) == (0, run)
    store._database.release()
    assert store.append_events(run.id, 1, events, start=0, end=10)
    assert integrity(store.path) == []


def test_a_full_disk_is_said_and_writing_goes_on_when_there_is_room(path):
    # A limit on the size of files is what every user may set; the system then says "too large"
    # where a full disk says "no space", and SQLite makes the same of both.
    code = """
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    run = store.add(new_run())
    most = os.path.getsize(store.path) + 300_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    taken = 0
    try:
        while True:
            events = [RowEvent(t=0, name="r", row={"x": "y" * 1000}) for _ in range(20)]
            assert store.append_events(run.id, 1, events, start=taken, end=taken + 20)
            taken += 20
    except StoreError as exc:
        assert exc.hint
    assert store.offset(run.id, 1, "events") == len(store.events(run.id)) == taken
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert store.append_events(run.id, 1, events, start=taken, end=taken + 20)
    print(taken)
    """
    assert int(finish(start(code, path))) > 0
    assert integrity(path) == []


@pytest.fixture
def small_disk(tmp_path):
    """A disk of one megabyte, where the system lets us have one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.getuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this system does not let its user mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_disk_that_is_really_full_is_said_and_nothing_is_half_done(small_disk, new_run):
    with Store.open(small_disk / "store.db") as store:
        run = store.add(new_run())
        ballast = small_disk / "ballast"
        with open(ballast, "wb", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(bytes(4096))
        events = [MetricEvent(t=0, name=f"m{number}", value=1.0) for number in range(5000)]
        with pytest.raises(StoreError):
            store.append_events(run.id, 1, events, start=0, end=10)
        assert (store.get(run.id), store.offset(run.id, 1, "events")) == (run, 0)
        ballast.unlink()
        assert store.append_events(run.id, 1, events, start=0, end=10)
    assert integrity(small_disk / "store.db") == []


def test_a_new_store_on_a_full_disk_is_an_error_and_can_be_made_later(small_disk, new_run):
    ballast = small_disk / "ballast"
    with open(ballast, "wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(bytes(4096))
    with pytest.raises(StoreError) as caught:
        Store.open(small_disk / "store.db")
    assert caught.value.hint
    ballast.unlink()
    with Store.open(small_disk / "store.db") as store:
        store.add(new_run())


# -- damage ----------------------------------------------------------------------------------


@pytest.fixture
def damaged(path, new_run) -> list[str]:
    """A database of many runs with some pages in its middle overwritten."""
    ids = []
    with Store.open(path) as store:
        for number in range(300):
            run = store.add(new_run(params={"text": f"{number}" * 200}, created=1.0 + number))
            ids.append(run.id)
            store.append_events(
                run.id, 1, [MetricEvent(t=0, name="m", value=number)], start=0, end=10
            )
    assert integrity(path) == []
    execute(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    with open(path, "r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xde\xad" * 4096)
    return ids


def test_damage_is_found_and_what_can_be_read_is_saved(path, damaged):
    assert integrity(path) != []
    aside = set_aside(path)
    assert aside is not None and aside.exists() and not path.exists()
    with Store.open(path) as store:
        saved = salvage(aside, store)
        assert 0 < saved < len(damaged) + 1
        assert sum(store.counts().values()) == saved
        runs = store.active()
        assert [run.created for run in runs] == sorted(run.created for run in runs)
        for run in runs:
            # All that a run said, or none of it and the offset to read it from again.
            values = [point.value for point in store.metrics(run.id).get("m", [])]
            assert values in ([], [run.created - 1])
            assert store.offset(run.id, 1, "events") == 10 * len(values)
        assert any(store.metrics(run.id) for run in runs)
        assert salvage(aside, store) == 0
    assert integrity(path) == []


def test_reading_damage_is_a_store_error_and_no_wrong_answer(path, damaged):
    try:
        with Store.open(path) as store:
            for run_id in damaged:
                assert store.get(run_id).id == run_id
    except StoreError as exc:
        assert "doctor" in exc.hint


def test_a_file_that_is_not_there_is_sound_and_nothing_to_set_aside(path):
    assert integrity(path) == []
    assert set_aside(path) is None
    assert not path.exists()


def test_setting_aside_twice_keeps_both(path):
    names = set()
    for _ in range(3):
        Store.open(path).close()
        names.add(set_aside(path))
    assert len(names) == 3


def test_a_wrong_count_is_found_and_put_right(store, path, new_run):
    store.add(new_run())
    with store._database.write() as connection:
        connection.execute("UPDATE tallies SET runs = 5")
    assert integrity(path) == ["the runs are counted wrongly"]
    store.tidy()
    assert integrity(path) == []
    assert store.counts() == {RunState.QUEUED: 1}


def test_a_database_that_vanished_is_said(store, path, new_run):
    store.add(new_run())
    store._database.release()
    for name in os.listdir(path.parent):
        (path.parent / name).unlink()
    path.parent.rmdir()
    with pytest.raises(StoreError) as caught:
        store.add(new_run())
    assert caught.value.hint
