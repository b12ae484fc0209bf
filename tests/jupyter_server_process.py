"""A real Jupyter server for tests, with folders of its own, on a free loopback port."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

START_S = 120

# The server ends when its tests do, however they end. And it does without a grammar that a
# validator of Jupyter's makes for itself, for formats that no schema here has: it is a third of
# what a server does before it answers.
_START = """
import ctypes, importlib, signal, sys

if sys.platform == "linux":
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
sys.modules["rfc3987_syntax"] = None
sys.exit(importlib.import_module(sys.argv.pop(1)).main())
"""
_APPS = {
    "server": "jupyter_server.serverapp",
    "lab": "jupyterlab.labapp",
    "notebook": "notebook.app",
}


@dataclass(frozen=True)
class JupyterServer:
    """A running server.

    Attributes:
        url: Where it listens, with its base URL, ending in a slash.
        token: What it asks for.
        root: The folder it shows.
        log: What it printed.
    """

    url: str
    token: str
    root: Path
    log: Path
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Ask it to end, and end it if it does not."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def environment(home: Path) -> dict[str, str]:
    """Make an environment in which Jupyter keeps all its files under ``home``."""
    folders = {
        "HOME": home,
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "IPYTHONDIR": home / "ipython",
    }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    bin_folder = str(Path(sys.executable).parent)
    return {
        **os.environ,
        **{name: str(folder) for name, folder in folders.items()},
        "PATH": bin_folder + os.pathsep + os.environ["PATH"],
        "JUPYTER_PLATFORM_DIRS": "0",
    }


def start(home: Path, *options: str, app: str = "lab") -> JupyterServer:
    """Start ``jupyter lab`` or ``jupyter notebook`` and wait until it answers.

    Its token is ``$JUPYTER_TOKEN``, as for one that comes back, or a new one.
    """
    env = environment(home)
    news = home / "settings" / "@jupyterlab" / "apputils-extension"
    news.mkdir(parents=True, exist_ok=True)
    (news / "notification.jupyterlab-settings").write_text(
        '{"fetchNews": "false", "checkForUpdates": false}'
    )
    root = home / "root"
    root.mkdir(exist_ok=True)
    token = os.environ.get("JUPYTER_TOKEN") or secrets.token_hex(16)
    log = home / "server.log"
    has_place = any(option.startswith(("--ServerApp.sock=", "--port=")) for option in options)
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", _START, _APPS[app], "--allow-root", "--no-browser"),
                *(() if has_place else ("--port=0",)),
                "--ip=127.0.0.1",
                f"--ServerApp.root_dir={root}",
                *options,
            ],
            cwd=root,
            env={**env, "JUPYTER_TOKEN": token},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    facts = _wait_for_facts(home / "runtime", process, log)
    return JupyterServer(url=facts["url"], token=token, root=root, log=log, process=process)


def _wait_for_facts(runtime: Path, process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"Jupyter ended with {process.returncode}:\n{log.read_text()}")
        for path in runtime.glob(f"jpserver-{process.pid}.json"):
            try:
                facts: dict[str, str] = json.loads(path.read_text())
            except ValueError:
                continue
            return facts
        time.sleep(0.05)
    process.kill()
    raise RuntimeError(f"Jupyter did not start within {START_S} s:\n{log.read_text()}")
