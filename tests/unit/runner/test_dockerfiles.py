"""The words by which each engine is asked to build an image."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_compute.runner.asking import Program
from jupyter_compute.runner.dockerfiles import _builder
from jupyter_compute.runner.remedies import with_remedy


def engine(folder: Path, name: str, *, has_buildx: bool = False) -> Program:
    path = folder / name
    path.write_text(f'#!/bin/sh\n[ "$1" = buildx ] && exit {int(not has_buildx)}\n')
    path.chmod(0o755)
    return Program(name, str(path), "1")


def test_docker_builds_by_buildx_where_it_has_it(tmp_path: Path) -> None:
    env = {"https_proxy": "http://me:hush@proxy:1"}
    plain = _builder(engine(tmp_path, "docker"), "missing", env)
    assert plain[1:] == ["build", "--force-rm", "--build-arg", "https_proxy"]
    docker = engine(tmp_path, "docker", has_buildx=True)
    words = ["buildx", "build", "--load", "--progress", "plain"]
    assert _builder(docker, "missing", {})[1:] == words
    assert _builder(docker, "missing", {"DOCKER_BUILDKIT": "0"})[1:] == ["build", "--force-rm"]
    assert _builder(docker, "always", {})[1:] == [*words, "--pull"]


def test_podman_is_told_when_to_pull(tmp_path: Path) -> None:
    podman = engine(tmp_path, "podman")
    for pull in ("missing", "always", "never"):
        assert _builder(podman, pull, {})[1:] == ["build", f"--pull={pull}"]


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("manifest for x:9 not found: manifest unknown", "are the name and tag right?"),
        ("pull access denied for x, repository does not exist", "log in to its registry"),
        ('could not select device driver "" with capabilities: [[gpu]]', "Container Toolkit"),
        ("dial tcp 10.0.0.1:443: i/o timeout", "the registry is not reached from there"),
        ("toomanyrequests: You have reached your pull rate limit", "a mirror of it"),
        ("write /var/lib/x: no space left on device", "docker system prune"),
    ],
)
def test_what_to_do_about_an_engines_words_is_said(said: str, remedy: str) -> None:
    assert with_remedy(said).startswith(said + "; ") and remedy in with_remedy(said)
    assert with_remedy("no such word") == "no such word"
    assert "hush" not in with_remedy(f"https://me:hush@there: {said}")
    assert len(with_remedy(said * 20)) < 400
