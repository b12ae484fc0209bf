"""What a run tells of itself by Spark's web page, read from a page that is made up."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from jupyter_compute_run import events
from jupyter_compute_run.spark import cluster, finding, preflight, watching

STAGE = {"stageId": 4, "name": "sum at /a/b/job.py:7", "numActiveTasks": 2, "numCompleteTasks": 3}
JOB = {
    "jobId": 1,
    "status": "RUNNING",
    "name": "sum at job.py:7",
    "numTasks": 12,
    "numSkippedTasks": 2,
    "numCompletedTasks": 5,
}
MASTER = {
    "status": "ALIVE",
    "workers": [
        {"state": "ALIVE", "cores": 4, "coresused": 1, "memory": 2048},
        {"state": "DEAD", "cores": 64, "coresused": 0, "memory": 1 << 20},
        {"state": "ALIVE", "cores": 8, "coresused": 8, "memory": 1024},
    ],
    "activeapps": [{"id": "app-1"}],
}


class Page:
    """A web page on a port of its own, whose answers a test sets."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = page.answers.get(self.path)
                self.send_response(200 if found is not None else 404)
                self.end_headers()
                self.wfile.write(json.dumps(found).encode())

            def log_message(self, *words: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def of_application(self, mark: str) -> None:
        about = "/api/v1/applications/app-1"
        settings = [[watching.MARK, mark], ["spark.driver.host", "head"]]
        self.answers = {
            "/api/v1/applications": [{"id": "app-1"}],
            f"{about}/environment": {"sparkProperties": settings},
            f"{about}/jobs?status=running": [JOB],
            f"{about}/stages?status=active": [STAGE],
            f"{about}/executors": [{"id": "driver", "totalCores": 0}],
        }


@pytest.fixture
def page() -> Iterator[Page]:
    page = Page()
    yield page
    page.server.shutdown()
    page.server.server_close()


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    path = tmp_path / "events"
    monkeypatch.setenv("JUPYTER_COMPUTE_EVENTS", str(path))

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in path.read_text().splitlines()]

    return read


def test_our_application_is_told_from_others_by_its_mark(page: Page, told: Any) -> None:
    page.of_application("another")
    watcher = watching.Watcher("127.0.0.1", page.port, "ours")
    assert not watcher.find() and not watcher.application
    page.of_application("ours")
    assert watcher.find() and watcher.application == "app-1"
    tags = {event["name"]: event["value"] for event in told()}
    assert tags == {"spark_application": "app-1", "spark_ui": f"http://head:{page.port}"}


def test_the_tasks_of_a_job_are_its_progress(page: Page, told: Any) -> None:
    page.of_application("ours")
    watcher = watching.Watcher("127.0.0.1", page.port, "ours")
    watcher.find()
    watcher.glance()
    watcher.glance()
    (event,) = (event for event in told() if event["type"] == "progress")
    assert event["fraction"] == 0.5
    assert event["label"] == "Spark job 1, stage 4: sum at job.py:7, 5 of 10 tasks"


def test_who_reports_progress_is_left_alone(page: Page, told: Any) -> None:
    page.of_application("ours")
    watcher = watching.Watcher("127.0.0.1", page.port, "ours")
    watcher.find()
    events.emit_progress(0.1, "my own")
    watcher.glance()
    assert [event["label"] for event in told() if event["type"] == "progress"] == ["my own"]


def test_work_that_nobody_does_is_told_when_it_lasts(page: Page, told: Any) -> None:
    page.of_application("ours")
    stages = "/api/v1/applications/app-1/stages?status=active"
    page.answers[stages] = [{**STAGE, "numActiveTasks": 0, "numCompleteTasks": 0}]
    watcher = watching.Watcher("127.0.0.1", page.port, "ours")
    watcher.find()
    for _ in range(6):
        watcher.glance()
    page.answers[stages] = [STAGE]
    watcher.glance()
    labels = [event["label"] for event in told() if event["type"] == "progress"]
    assert ["waits for executors" in label for label in labels] == [False, True, False]


def test_a_page_is_found_on_a_later_port_too(page: Page, told: Any) -> None:
    page.of_application("ours")
    watcher = watching.Watcher("127.0.0.1", page.port - 3, "ours")
    assert watcher.find()


def test_a_page_that_is_none_tells_nothing(page: Page, told: Any) -> None:
    page.answers = {"/api/v1/applications": [{"id": "app-1"}]}
    watcher = watching.Watcher("127.0.0.1", page.port, "ours")
    watcher.start()
    watcher.stop()
    watcher.join()
    assert not watcher.application


def test_a_master_tells_of_its_living_workers(page: Page) -> None:
    page.answers = {"/json/": MASTER}
    found = finding.look_at_master(f"spark://127.0.0.1:{page.port}", page.url)
    assert (found["workers"], found["cores"], found["cores_used"]) == (2, 12, 9)
    assert (found["largest_cores"], found["largest_memory_mb"]) == (8, 2048)


def test_of_several_masters_one_that_answers_is_enough(page: Page) -> None:
    page.answers = {"/json/": MASTER}
    found = finding.look_at_master(f"spark://127.0.0.1:1,127.0.0.1:{page.port}", page.url)
    assert found["workers"] == 2
    assert finding.masters_of("spark://a:1,[::1]:2") == [("a", 1), ("::1", 2)]
    assert "127.0.0.1:1" in finding.look_at_master("spark://127.0.0.1:1")["error"]


@pytest.mark.parametrize(
    ("text", "megabytes"),
    [("512m", 512), ("2g", 2048), ("1T", 1048576), ("2048kb", 2), ("7", 7), ("lots", 0), ("", 0)],
)
def test_amounts_of_memory_are_read_as_spark_reads_them(text: str, megabytes: float) -> None:
    assert preflight.megabytes(text) == megabytes


def test_a_file_of_the_cluster_is_not_looked_for_here(tmp_path: Path) -> None:
    plan = {
        "master": "local[1]",
        "jars": ["hdfs:///x.jar", "/a/*.jar"],
        "py_files": ["local:/y.py"],
    }
    assert preflight.trouble(plan, "spark-submit") is None
    said = preflight.trouble({**plan, "py_files": ["file:///no/y.py"]}, "spark-submit")
    assert said is not None and "/no/y.py" in said[0] and "py_files" in said[0]


def test_a_log_of_yarn_is_unwrapped() -> None:
    text = (
        "Container: container_1 on host_1\nLogAggregationType: AGGREGATED\n=====\n"
        "LogType:stdout\nLogLength:12\nLogContents:\none\ntwo\n\n\nEnd of LogType:stdout\n****\n"
    )
    assert cluster.contents(text) == "one\ntwo\n\n"
    assert cluster.contents("Can not find the logs\n") == ""
