"""The Python API with everything behind it, and how light it is before that."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import jupyter_compute as jc
from jupyter_compute.client import Client
from jupyter_compute.handle import RunHandle, default_client

PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("shared") / "compute"
    yield folder
    with Client(folder) as client:
        assert client.stop_controller(PATIENCE_S)


@pytest.fixture
def source(
    home: Path, shared_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    monkeypatch.setenv("JUPYTER_COMPUTE_HOME", str(shared_home))
    (tmp_path / "source").mkdir()
    yield tmp_path / "source"
    default_client().close()


def script(source: Path, code: str) -> RunHandle:
    (source / "train.py").write_text(code)
    return jc.submit("train.py", source=source)


@pytest.mark.parametrize("module", ["click", "msgspec", "tomlkit", "asyncio", "IPython", "sqlite3"])
def test_importing_the_package_imports_nothing_heavy(module: str) -> None:
    code = f"import sys, jupyter_compute; sys.exit({module!r} in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_there_and_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "python.md").read_text("utf-8")
    for name in jc.__all__:
        assert getattr(jc, name) is not None
        assert name in page or name == "__version__", name
    for name in dir(RunHandle):
        if not name.startswith("_"):
            assert f"`{name}" in page or f".{name}" in page, name
    with pytest.raises(AttributeError):
        jc.nothing  # noqa: B018


def test_a_run_is_submitted_waited_for_and_read(source: Path) -> None:
    run = script(
        source,
        "import jupyter_compute_run as here\n"
        "for step in range(3): here.log('loss', 1 / (step + 1), step=step)\n"
        "here.progress(0.5, 'half')\n"
        "here.log_row('table', {'a': 1})\n"
        "here.log_list('list', [1, 2])\n"
        "here.tag('kind', 'short')\n"
        "open(here.outputs_dir() / 'model.txt', 'w').write('weights')\n"
        "print('words')\n",
    )
    assert run.wait(PATIENCE_S).state is jc.RunState.COMPLETED, run.logs()
    assert run.logs() == "words\n"
    assert "".join(run.logs(follow=True)) == "words\n"
    assert run.metrics == {"loss": [1.0, 0.5, 1 / 3]}
    assert [one.path for one in run.outputs] == ["outputs/model.txt"]
    (copy,) = run.download("model.txt", folder=source / "got")
    assert copy.read_text() == "weights"
    assert run.run.tags == {"kind": "short"}
    client = default_client()
    assert client.tables(run.id) == {"table": [{"a": 1}]}
    assert client.lists(run.id) == {"list": [1, 2]}
    progress = client.progress(run.id)
    assert progress is not None and progress.fraction in (0.5, 1.0)
    assert [one.id for one in jc.runs(limit=1)] == [run.id]
    assert jc.run(run.id) == run


def test_variables_travel_with_a_cell_and_come_back(source: Path) -> None:
    run = jc.submit(
        jc.CellCommand(code="y = [one * 2 for one in x]\nf'{y}'", outputs=("y",)),
        source=source,
        variables={"x": [1, 2.5]},
    )
    assert run.wait(PATIENCE_S).state is jc.RunState.COMPLETED, run.logs()
    assert run.variables == {"y": [2, 5.0]}
    (display,) = default_client().displays(run.id)
    assert display.data["text/plain"] == "'[2, 5.0]'"
    with pytest.raises(jc.NotFoundError, match="no variable 'z'"):
        run.values(["z"])


def test_what_cannot_travel_is_named_before_anything_is_sent(source: Path) -> None:
    before = len(jc.runs(limit=1000))
    with pytest.raises(jc.ConfigError) as caught:
        jc.submit(
            jc.CellCommand(code="1"),
            source=source,
            variables={"good": 1, "lock": asyncio.Lock(), "file": sys.stdin},
        )
    assert "lock" in caught.value.message and "file" in caught.value.message
    assert "Lock" in caught.value.message
    assert len(jc.runs(limit=1000)) == before


def test_a_failure_explains_itself(source: Path) -> None:
    run = script(source, "print('before')\nraise ValueError('too few rows')")
    with pytest.raises(jc.RunFailedError) as caught:
        run.wait(PATIENCE_S, check=True)
    assert "too few rows" in caught.value.message
    assert caught.value.exit_code == 1
    assert caught.value.log_tail.startswith("before")


def test_a_run_is_awaited_beside_other_work(source: Path) -> None:
    run = script(source, "import time; time.sleep(0.3)")

    async def both() -> tuple[RunHandle, int]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        done = await asyncio.wait_for(run._waited(), PATIENCE_S)
        ticking.cancel()
        return done, ticks

    async def plainly() -> RunHandle:
        return await run

    done, ticks = asyncio.run(both())
    assert done.state is jc.RunState.COMPLETED
    assert ticks > 1
    assert asyncio.run(plainly()) == run


def test_a_run_is_canceled_once(source: Path) -> None:
    run = script(source, "import time; time.sleep(600)")
    assert run.cancel().cancel().wait(PATIENCE_S).state is jc.RunState.CANCELED
    assert run.cancel().state is jc.RunState.CANCELED
    with pytest.raises(jc.RunFailedError, match="cancel"):
        run.check()


def test_later_edits_do_not_change_a_run(source: Path) -> None:
    (source / "data.txt").write_text("first")
    run = script(source, "import time; time.sleep(0.2); print(open('data.txt').read())")
    (source / "data.txt").write_text("second")
    assert run.wait(PATIENCE_S).logs() == "first\n"
    assert run.rerun().wait(PATIENCE_S).logs() == "first\n"


def test_a_wait_that_is_over_time_returns_the_run_as_it_is(source: Path) -> None:
    run = script(source, "import time; time.sleep(600)")
    began = time.monotonic()
    assert not run.wait(0.1).state.is_final
    assert time.monotonic() >= began + 0.1
    run.cancel().wait(PATIENCE_S)
    run.delete()
    with pytest.raises(jc.NotFoundError):
        jc.run(run.id)


def test_targets_are_listed_and_wrong_ones_refused(source: Path) -> None:
    assert [target.name for target in jc.targets()] == ["local"]
    with pytest.raises(jc.ConfigError, match="no kind"):
        jc.attach("gpu1", "nothing", host="gpu1")
    with pytest.raises(jc.NotFoundError):
        jc.detach("gpu1")
