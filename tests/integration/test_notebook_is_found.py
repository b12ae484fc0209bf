"""A real Jupyter server tells a real kernel where its notebook is."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from jupyter_client import BlockingKernelClient
from jupyter_server_process import JupyterServer, start
from kernels import PATIENCE_S, Kernel, until_heard

ASK = """
from jupyter_compute.notebook import find_whereabouts
where = find_whereabouts(get_ipython())
print(where.folder, where.notebook, where.cell_id, sep="|")
"""
NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    running = start(tmp_path_factory.mktemp("server"), app="server")
    yield running
    running.stop()


def ask(server: JupyterServer, verb: str, path: str, body: Any = None) -> Any:
    url = urlsplit(server.url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=PATIENCE_S)
    headers = {"Authorization": f"token {server.token}", "Content-Type": "application/json"}
    connection.request(verb, f"{url.path}{path}", json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status < 300, text
    connection.close()
    return json.loads(text) if text else None


def test_a_renamed_notebook_is_found_by_its_kernel(server: JupyterServer) -> None:
    folder = server.root / "deep er"
    folder.mkdir()
    (folder / "then.ipynb").write_text(json.dumps(NOTEBOOK))
    asked = {"path": "deep er/then.ipynb", "name": "then.ipynb", "type": "notebook"}
    session = ask(server, "POST", "api/sessions", {**asked, "kernel": {"name": "python3"}})
    file = server.root.parent / "runtime" / f"kernel-{session['kernel']['id']}.json"
    client = BlockingKernelClient(connection_file=str(file))
    client.load_connection_file()
    client.start_channels()
    try:
        until_heard(client)
        kernel = Kernel(None, client)  # type: ignore[arg-type]
        assert kernel.run(ASK).text == f"{folder}|then.ipynb|cell-1\n"
        (folder / "then.ipynb").rename(folder / "now.ipynb")
        ask(server, "PATCH", f"api/sessions/{session['id']}", {"path": "deep er/now.ipynb"})
        kernel.run("import os; os.chdir('/')")
        assert kernel.run(ASK).text == f"{folder}|now.ipynb|cell-1\n"
    finally:
        client.stop_channels()
        ask(server, "DELETE", f"api/sessions/{session['id']}")
