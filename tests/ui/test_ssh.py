"""A machine behind SSH in the sidebar: attached, asked, submitted to, cut off and back again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import nbformat
import pytest
from compute_server import Served, until
from machines import Machine, User
from playwright.sync_api import Locator, Page, expect

SECRET = "correct horse battery"

STEPS = """import os, time
step = 0
while not os.path.exists("/tmp/gate"):
    print("step", step, flush=True)
    step += 1
    time.sleep(0.1)
print("the gate is open")
"""


@pytest.fixture(scope="module")
def machine(
    engine: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """Switch on a machine that asks its first user for a password and a code."""
    engine("netns")
    engine("sshd")
    users = (User(login=("password", "code"), password=SECRET), User("grace"))
    with Machine(tmp_path_factory.mktemp("gpu1"), "gpu1", users) as found:
        soon = "Host *\n  ServerAliveInterval 1\n  ServerAliveCountMax 2\n  ConnectTimeout 2\n"
        found.ssh_config.write_text(found.ssh_config.read_text() + soon)
        yield found


@pytest.fixture
def detach(served: Served) -> Iterator[None]:
    yield
    assert served.http.delete("/targets/gpu-box").status_code in (204, 404)


def answer(dialog: Locator, words: str, secret: str) -> None:
    """Answer the question that has these words."""
    expect(dialog).to_contain_text(words)
    field = dialog.locator("input[type=password]")
    expect(field).to_be_focused()
    field.fill(secret)
    field.press("Enter")


@pytest.mark.usefixtures("detach")
def test_a_machine_is_attached_from_the_form_and_asks_in_dialogs(
    open_lab: Callable[..., Page],
    served: Served,
    machine: Machine,
    assert_accessible: Callable[[str], None],
) -> None:
    machine.known_hosts.write_text("")
    page = open_lab()
    page.get_by_role("button", name="Attach a compute target", exact=True).click()
    page.get_by_role("radio", name="A machine by SSH").check()
    form, dialog = page.locator(".jp-compute-AttachForm"), page.get_by_role("dialog")
    test = form.get_by_role("button", name="Test connection")
    test.click()
    expect(form.get_by_label("Host")).to_be_focused()
    expect(form).to_contain_text("This is required.")
    assert_accessible(".jp-compute-AttachForm")

    form.get_by_label("Name").fill("gpu-box")
    form.get_by_label("Host").fill("gpu1")
    form.get_by_text("Login", exact=True).click()
    config = form.get_by_role("textbox", name="Configuration of SSH")
    config.fill(str(machine.ssh_config))
    reference = form.get_by_label("Where the password is kept")
    reference.fill(SECRET)
    test.click()
    expect(form).to_contain_text("without it you are asked")
    expect(reference).to_have_attribute("aria-invalid", "true")
    reference.fill("")

    test.click()
    expect(dialog).to_contain_text("fingerprint is SHA256:")
    assert "\nThis key is not known by any other names.\n" in dialog.inner_text()
    assert_accessible(".jp-Dialog")
    # A stroke of Enter that was meant for something else trusts nobody.
    expect(dialog.get_by_role("button", name="No", exact=True)).to_be_focused()
    dialog.get_by_role("button", name="Yes", exact=True).click()
    expect(dialog).to_contain_text("Password")
    assert_accessible(".jp-Dialog")
    answer(dialog, "Password", SECRET)
    answer(dialog, "One-time password", machine.code())
    found = form.get_by_role("region", name="Test of the connection")
    expect(found.get_by_role("status")).to_contain_text("It works")
    expect(found).to_contain_text("gpu1")
    expect(found).to_contain_text("/home/ada/.jupyter_compute")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert_accessible(".jp-compute-AttachForm")

    # The target goes on with the connection that password and code have just opened.
    form.get_by_role("button", name="Attach", exact=True).click()
    expect(dialog).to_have_count(0)
    shown = page.locator(".jp-compute-TargetPage")
    expect(shown).to_contain_text(f"ssh://ada@{machine.address}:22")
    expect(shown).to_contain_text("0 of")
    assert_accessible(".jp-compute-TargetPage")
    options = served.get("/targets/gpu-box")["options"]
    assert options == {"host": "gpu1", "config_file": str(machine.ssh_config)}


@pytest.mark.usefixtures("detach")
def test_a_cell_runs_on_while_its_machine_is_cut_off_and_is_caught_up_with(
    open_lab: Callable[..., Page],
    open_run: Callable[[str], Locator],
    served: Served,
    folder: str,
    machine: Machine,
    assert_accessible: Callable[[str], None],
) -> None:
    machine.heal()
    machine.path("/tmp/gate").unlink(missing_ok=True)
    trusting = machine.folder / "trusting_config"
    new = "Host *\n  StrictHostKeyChecking accept-new\n"
    trusting.write_text(new + machine.ssh_config.read_text())
    options = {"host": machine.alias(machine.users[1]), "config_file": str(trusting)}
    served.post("/targets", {"name": "gpu-box", "kind": "ssh", "options": options}, 201)
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(STEPS)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, served.root / folder / "steps.ipynb")
    page = open_lab(f"{folder}/steps.ipynb")
    page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
    # A key would be lost while JupyterLab starts and takes the focus.
    page.locator('.jp-Cell [data-command="compute:submit-cell"]').click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("of at most").wait_for()
    dialog.get_by_label("Target").select_option("gpu-box")
    dialog.get_by_role("button", name="Submit", exact=True).click()
    footer = page.get_by_role("region", name="Run of this cell")
    expect(footer).to_contain_text("running")

    run_id = str(until(lambda: served.get("/runs", limit=1)["runs"])[0]["id"])
    shown = open_run(run_id)
    expect(shown.locator(".cm-content")).to_contain_text("step 3")
    machine.cut()
    expect(shown).to_contain_text("no answer since")
    expect(shown).to_contain_text("retrying")
    expect(shown).to_contain_text("The run may well go on.")
    assert_accessible(f"#compute-run-{run_id}")
    machine.path("/tmp/gate").touch()
    machine.heal()
    expect(shown).to_contain_text("completed")
    expect(shown.locator(".cm-content")).to_contain_text("the gate is open")
    lines = served.http.get(f"/runs/{run_id}/log").text.splitlines()
    assert lines == [*(f"step {n}" for n in range(len(lines) - 1)), "the gate is open"]
