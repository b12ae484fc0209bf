"""The pictures of the documentation, taken from the real thing: ``make screenshots``."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest
from compute_server import Served, serve
from machines import Machine, User
from playwright.sync_api import Page, expect

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
PICTURES = DOCS / "pictures"

SLOW_MS = 90_000

TRAINING = """%%submit --name train --target local
import math, time
from jupyter_compute_run import log, progress

for epoch in range(60):
    log("loss", 2.3 * math.exp(-epoch / 14) + 0.08 * math.sin(epoch), step=epoch)
    log("accuracy", 1 - 0.9 * math.exp(-epoch / 11), step=epoch)
    progress((epoch + 1) / 60, f"epoch {epoch + 1} of 60")
    print(f"\\x1b[32mepoch {epoch + 1:2}\\x1b[0m", flush=True)
    time.sleep(0.2)
"""

CELL = """from jupyter_compute_run import log
for step in range(1, 6):
    log("loss", 1 / step, step=step)
    print("step", step)
"""

BROKEN = """measurements = {"loss": 0.2}
print("comparing with the last run")
print(measurements["accuracy"])
"""

SLOW = """import math, time
from jupyter_compute_run import log, progress

for epoch in range(1, 401):
    log("loss", 2.3 * math.exp(-epoch / 90), step=epoch)
    progress(epoch / 400, f"epoch {epoch} of 400")
    print(f"\\x1b[32mepoch {epoch:3}\\x1b[0m  loss {2.3 * math.exp(-epoch / 90):.4f}", flush=True)
    time.sleep(0.25)
"""

FORMS = {
    "ray": {"Name required": "rays", "Address required": "http://head:8265"},
    "slurm": {"Name required": "lab", "Host": "login1", "Partition": "gpu"},
    "spark": {"Name required": "sparks", "Host": "edge", "Master": "yarn"},
}

# A reader's machine has other folders than the one that takes the pictures.
SAY_OTHERWISE = """
paths => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const [path, word] of Object.entries(paths)) {
      if (node.data.includes(path)) {
        node.data = node.data.replaceAll(path, word);
      }
    }
  }
  for (const input of document.querySelectorAll("input[type=text]")) {
    for (const [path, word] of Object.entries(paths)) {
      input.value = input.value.replaceAll(path, word);
    }
  }
}
"""


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def served(theme: str, tmp_path: Path) -> Iterator[Served]:
    """Run a JupyterLab of a theme on a copy of the examples."""
    home = tmp_path / "jupyter"
    settings = home / "settings/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    name = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}[theme]
    (settings / "themes.jupyterlab-settings").write_text(f'{{"theme": "{name}"}}')
    shutil.copytree(REPOSITORY / "examples", home / "root" / "digits")
    with serve(home, tmp_path / "compute", "--LabApp.expose_app_in_browser=True", app="lab") as it:
        yield it


@pytest.fixture
def page(page: Page) -> Page:
    page.set_viewport_size({"width": 1280, "height": 800})
    return page


@pytest.fixture
def picture(page: Page, served: Served, theme: str) -> Callable[..., None]:
    """Take a picture; what this machine calls things may be said otherwise."""
    paths = {
        sys.prefix: "/home/me/.venv",
        str(served.workspace): "/home/me/.local/share/jupyter/compute",
        str(served.root): "/home/me",
    }

    def take(name: str, others: Mapping[str, str] | None = None) -> None:
        PICTURES.mkdir(exist_ok=True)
        page.wait_for_timeout(1200)  # for what fades in
        page.evaluate(SAY_OTHERWISE, {**(others or {}), **paths})
        page.screenshot(path=PICTURES / f"{name}-{theme}.png")

    return take


@pytest.fixture
def machine(engine: Callable[[str], str], tmp_path: Path) -> Iterator[Machine]:
    """Switch on a machine that nobody has been at yet."""
    engine("netns")
    engine("sshd")
    with Machine(tmp_path / "gpu1", "gpu1", (User("me", login=("password",)),)) as found:
        found.known_hosts.write_text("")
        yield found


def command(page: Page, called: str, **args: Any) -> None:
    page.evaluate("([name, args]) => void jupyterapp.commands.execute(name, args)", [called, args])


def train(served: Served, name: str, *args: str, **asked: Any) -> str:
    body = {
        "command": {"type": "script", "path": "train.py", "args": list(args)},
        "source": "digits",
        "name": name,
        "experiment": "digits",
        **asked,
    }
    return str(served.post("/runs", body, 201)["id"])


def submit(served: Served, name: str, code: str) -> str:
    (served.root / "digits" / name).write_text(code)
    command = {"type": "script", "path": name}
    asked = {"command": command, "source": "digits", "experiment": "digits"}
    return str(served.post("/runs", asked, 201)["id"])


def write_notebook(served: Served) -> None:
    parameters = nbformat.v4.new_code_cell("samples = 400", metadata={"tags": ["parameters"]})
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# How well are digits told apart?"),
            parameters,
            nbformat.v4.new_code_cell(CELL),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, served.root / "digits" / "work.ipynb")


@pytest.mark.long
@pytest.mark.timeout(600)
def test_take_the_pictures_of_the_pages(
    served: Served, page: Page, picture: Callable[..., None]
) -> None:
    """Every page with real runs on it."""
    write_notebook(served)
    first = train(served, "first", "--learning-rate", "0.01", tags={"model": "small"})
    second = train(served, "second", "--learning-rate", "0.1", "--hidden", "64")
    broken = submit(served, "compare.py", BROKEN)
    for run_id in (first, second, broken):
        served.ended(run_id)
    live = submit(served, "long_training.py", SLOW)
    page.goto(f"{served.base}lab?reset&token={served.token}")
    page.locator("#jp-main-dock-panel").wait_for()
    page.get_by_role("tab", name="Compute", exact=True).click()
    command(page, "application:close-all")
    command(page, "compute:open-run", id=live, tab="log")
    expect(page.get_by_text("epoch 20")).to_be_visible()
    picture("log")
    for tab in ("metrics", "results", "outputs", "snapshot", "details"):
        command(page, "compute:open-run", id=second, tab=tab)
        picture(tab)
    command(page, "compute:open-run", id=broken, tab="log")
    picture("failure")
    command(page, "compute:compare-runs", ids=[first, second])
    picture("compare")
    command(page, "compute:open-target", name="local")
    picture("target")
    command(page, "application:close-all")
    command(page, "docmanager:open", path="digits/work.ipynb")
    expect(page.get_by_text("| Idle")).to_be_visible()
    page.get_by_text("for step in range").click()
    command(page, "compute:submit-cell", immediately=True)
    footer = page.locator(".jp-Notebook").get_by_text("completed")
    expect(footer.first).to_be_visible()
    picture("cell")
    command(page, "compute:submit-notebook")
    expect(page.get_by_role("dialog")).to_be_visible()
    picture("submit")


@pytest.mark.long
def test_take_the_pictures_of_a_machine_behind_ssh(
    served: Served, page: Page, machine: Machine, picture: Callable[..., None]
) -> None:
    """The form that attaches it, and what it asks."""
    page.goto(f"{served.base}lab?reset&token={served.token}")
    page.locator("#jp-main-dock-panel").wait_for()
    page.get_by_role("tab", name="Compute", exact=True).click()
    command(page, "application:close-all")
    command(page, "compute:attach", kind="ssh")
    form = page.locator(".jp-compute-AttachForm")
    form.get_by_label("Name").fill("gpu-box")
    form.get_by_label("Host").fill("gpu1")
    picture("ssh")
    form.get_by_text("Login", exact=True).click()
    config = form.get_by_role("textbox", name="Configuration of SSH")
    config.fill(str(machine.ssh_config))
    form.get_by_role("button", name="Test connection").click()
    expect(page.get_by_role("dialog")).to_contain_text("SHA256")
    form.get_by_role("heading").scroll_into_view_if_needed()
    picture("ssh-prompt", {machine.address: "10.0.0.7"})


@pytest.mark.long
@pytest.mark.parametrize(("kind", "given"), FORMS.items(), ids=FORMS)
def test_take_the_pictures_of_a_form(
    served: Served, page: Page, kind: str, given: dict[str, str], picture: Callable[..., None]
) -> None:
    """The form that attaches a cluster, with what few people need folded away."""
    page.set_viewport_size({"width": 960, "height": 1000})
    page.goto(f"{served.base}lab?reset&token={served.token}")
    page.locator("#jp-main-dock-panel").wait_for()
    command(page, "application:close-all")
    command(page, "compute:attach", kind=kind)
    form = page.locator(".jp-compute-AttachForm")
    for label, text in given.items():
        form.get_by_role("textbox", name=label, exact=True).fill(text)
    form.get_by_role("heading").click()
    page.get_by_role("tab", name="File Browser").click()
    picture(f"{kind}-form")


@pytest.mark.long
def test_take_the_picture_of_the_live_view(
    open_notebook: Callable[..., Page], run_all: Callable[[], None]
) -> None:
    page = open_notebook("%load_ext jupyter_compute", TRAINING)
    run_all()
    output = page.locator(".jp-Cell").nth(1).locator(".jp-OutputArea")
    expect(output).to_contain_text("epoch 40", timeout=90_000)
    page.locator(".jp-Cell").nth(1).screenshot(path=DOCS / "live-view.png")
