from __future__ import annotations

import importlib.metadata
import os
import re
import sys
import sysconfig
from pathlib import Path

import pytest

from jupyter_compute.runner import interpreters
from jupyter_compute.runner.interpreters import Interpreter


def test_packages_are_those_that_importlib_finds(tmp_path: Path) -> None:
    folder = sysconfig.get_paths()["purelib"]
    expected = {
        re.sub(r"[-_.]+", "-", found.name).lower(): found.version
        for found in importlib.metadata.distributions(path=[folder])
    }
    facts = Interpreter(sys.executable).facts(str(tmp_path))
    assert facts["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {name: facts["packages"].get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("folder", "found"),
    [
        ("ruamel.yaml-0.18.5.dist-info", {"ruamel-yaml": "0.18.5"}),
        ("Foo_Bar-1.0.dist-info", {"foo-bar": "1.0"}),
        ("torch-2.1.0+cu118.dist-info", {"torch": "2.1.0+cu118"}),
        ("zope.event-5.0-py3.11.egg-info", {"zope-event": "5.0"}),
        ("~ip-23.2.1.dist-info", {}),
        ("numpy", {}),
    ],
)
def test_a_folder_names_a_package(tmp_path: Path, folder: str, found: dict[str, str]) -> None:
    (tmp_path / folder).mkdir()
    assert interpreters.distributions(os.listdir(tmp_path)) == found


def test_an_interpreter_is_asked_once_until_it_changes(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\necho x >> {asked}\nexec {sys.executable} "$@"\n')
    program.chmod(0o755)
    for _ in range(2):
        Interpreter(str(program)).facts(str(tmp_path))
    assert asked.read_text() == "x\n"
    os.utime(program, (1, 1))
    Interpreter(str(program)).facts(str(tmp_path))
    assert asked.read_text() == "x\nx\n"


def test_a_virtual_environment_is_known_by_its_own_path(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "pyvenv.cfg").touch()
    interpreter = Interpreter(str(tmp_path / "bin/python"))
    assert interpreter.home == str(tmp_path)
    assert interpreter.search_path("/usr/bin") == f"{tmp_path}/bin:/usr/bin"
