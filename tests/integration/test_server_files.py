"""Files that runs left or work on, over HTTP."""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from compute_server import Served

LEAVES = r"""
import json, os
from pathlib import Path
out = Path("outputs")
(out / "deep").mkdir()
(out / "ten.txt").write_text("0123456789")
(out / "deep" / "table.csv").write_text("a,b\n1,\"x,y\"\n2,z\n")
(out / "ü 1.bin").write_bytes(b"\x00\x01\x02")
(out / "book.ipynb").write_text(json.dumps({"cells": [], "nbformat": 4, "metadata": {}}))
(out / "page.html").write_text("<script>alert(1)</script>")
(out / "empty").write_bytes(b"")
(out / "long.txt").write_text("é" * 300_000)
"""


@pytest.fixture(scope="module")
def run_id(served: Served) -> Iterator[str]:
    source = served.root / "leaves"
    (source / "pack").mkdir(parents=True)
    (source / "pack" / "data.json").write_text('{"a": 1}')
    (source / "link").symlink_to("pack/data.json")
    found = served.script("leaves.py", LEAVES)
    run = served.ended(found)
    assert run["state"] == "completed", served.http.get(f"/runs/{found}/log").text
    yield found


def test_the_files_of_a_run_are_listed_with_their_sizes(served: Served, run_id: str) -> None:
    listed = served.get(f"/runs/{run_id}/outputs")["outputs"]
    sizes = {one["path"]: one["size"] for one in listed}
    assert sizes["outputs/ten.txt"] == 10 and sizes["outputs/ü 1.bin"] == 3
    assert all(one["is_here"] for one in listed)


@pytest.mark.parametrize(
    ("asked", "status", "data", "told"),
    [
        ("", 200, b"0123456789", None),
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-30", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=4-2", 200, b"0123456789", None),
        ("bytes=0-1,4-5", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
        ("bytes=10-", 416, None, None),
        ("bytes=-0", 416, None, None),
    ],
)
def test_a_file_is_sent_whole_or_in_part(
    served: Served, run_id: str, asked: str, status: int, data: bytes | None, told: str | None
) -> None:
    headers = {"Range": asked} if asked else {}
    for path in ("ten.txt", "outputs/ten.txt"):
        answer = served.http.get(
            f"/runs/{run_id}/outputs/file", params={"path": path}, headers=headers
        )
        assert answer.status_code == status
        assert answer.headers.get("Content-Range") == told
        if data is not None:
            assert answer.content == data
            assert answer.headers["Accept-Ranges"] == "bytes"
            assert answer.headers["Content-Type"] == "text/plain"


def test_a_file_that_is_known_is_not_sent_again(served: Served, run_id: str) -> None:
    url, query = f"/runs/{run_id}/outputs/file", {"path": "ten.txt"}
    tag = served.http.get(url, params=query).headers["Etag"]
    same = served.http.get(url, params=query, headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    part = {"Range": "bytes=0-1", "If-Range": tag}
    assert served.http.get(url, params=query, headers=part).content == b"01"
    part["If-Range"] = '"another"'
    assert served.http.get(url, params=query, headers=part).content == b"0123456789"


def test_a_page_that_a_run_left_cannot_act_as_the_server(served: Served, run_id: str) -> None:
    answer = served.http.get(f"/runs/{run_id}/outputs/file", params={"path": "page.html"})
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    saved = served.http.get(
        f"/runs/{run_id}/outputs/file", params={"path": "ü 1.bin", "download": "true"}
    )
    assert saved.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%C3%BC%201.bin"
    assert saved.content == b"\x00\x01\x02"
    empty = served.http.get(f"/runs/{run_id}/outputs/file", params={"path": "empty"})
    assert (empty.status_code, empty.content) == (200, b"")


def test_a_preview_shows_what_kind_of_file_it_is(served: Served, run_id: str) -> None:
    def peek(path: str) -> dict[str, object]:
        found: dict[str, object] = served.get(f"/runs/{run_id}/outputs/preview", path=path)
        return found

    assert peek("ten.txt")["text"] == "0123456789"
    table = peek("deep/table.csv")
    assert table["kind"] == "table"
    assert table["rows"] == [["a", "b"], ["1", "x,y"], ["2", "z"]]
    assert peek("ü 1.bin")["kind"] == "binary"
    assert peek("book.ipynb")["notebook"] == {"cells": [], "nbformat": 4, "metadata": {}}
    assert peek("empty")["kind"] == "text"
    long = peek("long.txt")
    assert (long["kind"], long["is_whole"]) == ("text", False)
    assert str(long["text"]).strip("é") == ""


def test_everything_comes_as_one_archive(served: Served, run_id: str) -> None:
    answer = served.http.get(f"/runs/{run_id}/outputs/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.read("ten.txt") == b"0123456789"
        assert {"deep/table.csv", "ü 1.bin", "long.txt"} <= set(archive.namelist())
    answer = served.http.get(f"/runs/{run_id}/snapshot/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert json.loads(archive.read("pack/data.json")) == {"a": 1}
        link = archive.getinfo("link")
        assert stat.S_ISLNK(link.external_attr >> 16)
        assert archive.read(link) == b"pack/data.json"


def test_the_snapshot_is_listed_shown_and_sent(served: Served, run_id: str) -> None:
    captured = served.get(f"/runs/{run_id}/snapshot")
    assert [file["path"] for file in captured["files"]] == ["leaves.py", "link", "pack/data.json"]
    assert captured["tree"][0]["files"] == 3
    url = f"/runs/{run_id}/snapshot"
    answer = served.http.get(
        f"{url}/file", params={"path": "pack/data.json"}, headers={"Range": "bytes=1-3"}
    )
    assert (answer.status_code, answer.content) == (206, b'"a"')
    assert served.get(f"{url}/preview", path="leaves.py")["text"] == LEAVES
    assert served.get(f"{url}/file", 404, path="pack/date.json")["hint"]
    assert served.get(f"{url}/file", 404, path="link")["error"] == "NotFoundError"


@pytest.mark.parametrize(
    "path",
    ["../log", "outputs/../log", "/etc/passwd", "run.json", "", ".", "outputs", "..", "//", "out"],
)
def test_no_path_leaves_the_files_of_the_run(served: Served, run_id: str, path: str) -> None:
    for place in ("outputs/file", "outputs/preview", "snapshot/file", "results/file"):
        answer = served.http.get(f"/runs/{run_id}/{place}", params={"path": path})
        assert answer.status_code == 404, (place, path)
    assert served.http.get(f"/runs/{run_id}/outputs/file?path=a%00b").status_code == 400


def test_a_link_in_the_mirror_is_no_way_out(served: Served, run_id: str) -> None:
    folder = served.workspace / "runs" / run_id / "1" / "outputs"
    secret = served.workspace / "secret.txt"
    secret.write_text("secret")
    os.symlink(secret, folder / "innocent.txt")
    try:
        listed = served.get(f"/runs/{run_id}/outputs")["outputs"]
        assert "outputs/innocent.txt" not in [one["path"] for one in listed]
        assert served.get(f"/runs/{run_id}/outputs/file", 404, path="innocent.txt")["message"]
    finally:
        Path(folder / "innocent.txt").unlink()


def test_an_image_that_a_run_logged_is_sent(served: Served) -> None:
    code = (
        "import base64, jupyter_compute_run as run\n"
        "run.log_image('dot', base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ'\n"
        "'AAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='))\n"
    )
    found = served.script("dot.py", code)
    served.ended(found)
    (image,) = served.get(f"/runs/{found}/images")["images"]
    answer = served.http.get(f"/runs/{found}/results/file", params={"path": image["path"]})
    assert answer.content.startswith(b"\x89PNG")
    assert answer.headers["Content-Type"] == "image/png"


def test_a_folder_is_previewed_and_explained_before_anything_is_sent(served: Served) -> None:
    folder = served.root / "folder"
    folder.mkdir()
    (folder / ".amlignore").write_text("*.log\n")
    (folder / "big.log").write_text("x" * 1000)
    (folder / "main.py").write_text("print(1)\n")
    preview = served.get("/preview", source="folder")
    assert preview["source"] == str(folder)
    assert [one["path"] for one in preview["excluded"]] == ["big.log"]
    assert [one["path"] for one in preview["largest"]]
    tree = served.get("/preview/tree", source="folder")["tree"]
    assert "main.py" in [one["path"] for one in tree]
    why = served.get("/preview/explain", source="folder", path="big.log")
    assert (why["is_included"], why["rule"]["pattern"]) == (False, "*.log")
    assert served.get("/preview/explain", 400, source="folder", path="../x")["error"]
    assert served.get("/preview", 422, source="nowhere")["error"] == "SnapshotError"
    assert served.get("/preview", 422, source="folder/main.py")["error"] == "SnapshotError"
    assert served.get("/preview", 400)["error"] == "ConfigError"


def test_a_file_is_left_out_from_now_on(served: Served) -> None:
    folder = served.root / "leaves"
    (folder / "data").mkdir(parents=True)
    for name in ("keep.py", "x.log", "data/big file.bin"):
        (folder / name).write_text("x")
    (folder / ".gitignore").write_text("*.log\n")
    body = {"source": "leaves", "path": "data/big file.bin"}
    line = "/data/big file.bin"
    assert served.post("/preview/ignore", body) == {"line": line, "created": True}
    assert served.post("/preview/ignore", body) == {"line": line, "created": False}
    seen = served.get("/preview", source="leaves")
    assert {one["path"] for one in seen["excluded"]} == {"x.log", "data/big file.bin"}
    for path, status, said in (
        ("../told", 400, "not below"),
        ("nowhere", 422, "not there"),
        ("x.log", 422, "'*.log' (.amlignore"),
    ):
        answer = served.post("/preview/ignore", {"source": "leaves", "path": path}, status)
        assert said in answer["message"], answer
    served.post("/preview/ignore", {"source": "leaves"}, 400)
