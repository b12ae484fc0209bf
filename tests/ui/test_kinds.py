"""The forms of the kinds that are engines, and what is seen of a real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import nbformat
import pytest
from clusters.slurm import Slurm
from compute_server import Served, serve, until
from playwright.sync_api import Locator, Page, expect


@pytest.fixture(scope="module")
def slurm(
    engine: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Slurm]:
    engine("slurm")
    with Slurm(tmp_path_factory.mktemp("slurm")) as running:
        yield running


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, slurm: Slurm) -> Iterator[Served]:
    """Run a JupyterLab on the login node of a Slurm."""
    folder = tmp_path_factory.mktemp("kinds")
    with serve(folder / "jupyter", folder / "compute", app="lab", **slurm.env) as found:
        yield found


@pytest.fixture(autouse=True)
def without_jobs(slurm: Slurm) -> Iterator[None]:
    slurm.cancel_all()
    yield
    slurm.cancel_all()


def open_form(page: Page, kind: str) -> Locator:
    page.get_by_role("button", name="Attach a compute target", exact=True).click()
    page.get_by_role("radio", name=kind).check()
    return page.locator(".jp-compute-AttachForm")


def unfold(form: Locator, group: str) -> Locator:
    found = form.get_by_role("group", name=group, exact=True)
    found.locator("summary").click()
    return found


def test_a_cluster_under_slurm_is_attached_from_its_form(
    open_lab: Callable[..., Page], served: Served, assert_accessible: Callable[[str], None]
) -> None:
    page = open_lab()
    form = open_form(page, "A cluster under Slurm")
    # What few people need is folded away, and is told by its names.
    sbatch = form.get_by_label("Options of sbatch")
    expect(sbatch).to_be_hidden()
    expect(form.get_by_role("group", name="Jobs", exact=True)).to_contain_text("Constraint")
    unfold(form, "Jobs")
    expect(sbatch).to_be_visible()
    warned = form.get_by_label("Warned before the end, in seconds")
    expect(form).to_contain_text("Default: 60.")
    warned.fill("70000")
    form.get_by_role("group", name="Jobs", exact=True).locator("summary").click()
    expect(warned).to_be_hidden()

    form.get_by_label("Name").fill("lab")
    form.get_by_role("button", name="Attach", exact=True).click()
    expect(warned).to_be_focused()
    expect(form).to_contain_text("It is at most 65535.")
    assert_accessible(".jp-compute-AttachForm")
    warned.fill("")
    partition = form.get_by_label("Partition")
    partition.fill("two words")
    form.get_by_role("button", name="Attach", exact=True).click()
    expect(partition).to_have_attribute("aria-invalid", "true")
    expect(form).to_contain_text("is one word: 'two words'")

    partition.fill("nowhere")
    form.get_by_role("button", name="Test connection").click()
    found = form.get_by_role("region", name="Test of the connection")
    expect(found.get_by_role("status")).to_contain_text("nothing can run there yet")
    expect(found).to_contain_text("nowhere")
    assert_accessible(".jp-compute-AttachForm")
    partition.fill("debug")
    form.get_by_role("button", name="Test connection").click()
    expect(found.get_by_role("status")).to_contain_text("It works")
    form.get_by_role("button", name="Attach", exact=True).click()

    shown = page.locator(".jp-compute-TargetPage")
    expect(shown).to_contain_text("slurm+local")
    expect(shown).to_contain_text("partition debug")
    expect(shown).to_contain_text("2 nodes with 8 cpus")
    assert_accessible(".jp-compute-TargetPage")
    assert served.get("/targets/lab")["options"] == {"partition": "debug"}


def test_a_run_says_what_it_waits_for_and_then_its_log(
    open_lab: Callable[..., Page],
    open_run: Callable[[str], Locator],
    served: Served,
    folder: str,
    slurm: Slurm,
) -> None:
    served.post("/targets", {"name": "lab", "kind": "slurm", "options": {}}, 201)
    blocker = slurm.run(
        "sbatch", "--parsable", "--nodes=2", "--exclusive", "--output=/dev/null", "--wrap=sleep 600"
    ).strip()
    until(lambda: [job for job in slurm.jobs() if job.state == "RUNNING"])
    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("import os; print('here', os.uname().nodename)")],
        metadata={"kernelspec": kernel},
    )
    nbformat.write(notebook, served.root / folder / "job.ipynb")
    page = open_lab(f"{folder}/job.ipynb")
    page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
    # A key would be lost while JupyterLab starts and takes the focus.
    page.locator('.jp-Cell [data-command="compute:submit-cell"]').click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("of at most").wait_for()
    dialog.get_by_label("Target").select_option("lab")
    dialog.get_by_role("button", name="Submit", exact=True).click()
    dialog.wait_for(state="detached")
    run_id = str(until(lambda: served.get("/runs", limit=1)["runs"])[0]["id"])
    shown = open_run(run_id)
    expect(shown).to_contain_text("PENDING: Resources (what it asks for is not free)")
    expect(page.get_by_role("listbox", name="Runs")).to_contain_text("queued")
    slurm.run("scancel", blocker)
    expect(shown.locator(".cm-content")).to_contain_text("here n1")
    expect(shown).to_contain_text("completed")


def test_a_cluster_of_ray_is_asked_for_by_its_address(
    open_lab: Callable[..., Page], assert_accessible: Callable[[str], None]
) -> None:
    page = open_lab()
    form = open_form(page, "A Ray cluster")
    form.get_by_label("Name").fill("rays")
    form.get_by_label("Address").fill("ray://head:10001")
    test = form.get_by_role("button", name="Test connection")
    runs = unfold(form, "Runs")
    runs.get_by_label("Resources of a run").fill("TPU")
    test.click()
    expect(form).to_contain_text("It takes NAME=value on each line, not “TPU”.")
    runs.get_by_label("Resources of a run").fill("TPU=4")
    test.click()
    expect(form).to_contain_text("give the address of the dashboard")
    assert_accessible(".jp-compute-AttachForm")
    form.get_by_label("Address").fill("http://127.0.0.1:9")
    test.click()
    found = form.get_by_role("region", name="Test of the connection")
    expect(found.get_by_role("status")).to_contain_text("It cannot be reached.")
    expect(found).to_contain_text("nothing listens")
    assert_accessible(".jp-compute-AttachForm")


def test_where_there_is_no_spark_the_form_says_so(
    open_lab: Callable[..., Page], assert_accessible: Callable[[str], None]
) -> None:
    page = open_lab()
    form = open_form(page, "Spark")
    form.get_by_role("textbox", name="Name required").fill("sparks")
    test = form.get_by_role("button", name="Test connection")
    where = unfold(form, "Over there").get_by_label("Folder of Spark")
    where.fill("/no/such/spark")
    test.click()
    found = form.get_by_role("region", name="Test of the connection")
    expect(found.get_by_role("status")).to_contain_text("nothing can run there yet")
    expect(found).to_contain_text("there is no spark-submit in /no/such/spark")
    expect(found).to_contain_text("name Spark's folder there")
    assert_accessible(".jp-compute-AttachForm")
