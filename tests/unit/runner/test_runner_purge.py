"""What is ours goes from a target, and nothing else."""

from __future__ import annotations

from pathlib import Path

from jupyter_compute.runner import garbage, library


def test_what_is_not_ours_stays_and_what_is_gone_is_no_error(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "environments" / "abc" / "bin").mkdir(parents=True)
    (root / "images").mkdir()
    (root / "place").write_text("mark")
    (root / "mine.txt").write_text("not yours")
    library.install(str(root))
    assert garbage.purge(str(root)) == {"is_empty": False}
    assert [path.name for path in root.iterdir()] == ["mine.txt"]
    (root / "mine.txt").unlink()
    for _ in range(2):
        assert garbage.purge(str(root)) == {"is_empty": True}
        assert not root.exists()
