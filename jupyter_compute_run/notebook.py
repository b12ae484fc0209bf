"""Executes the notebook of a run: ``python -m jupyter_compute_run.notebook PATH``.

The executed notebook stands in ``outputs/`` after every cell, also when one fails. What the cells
print goes to the run's log as well.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from importlib.util import find_spec

from . import events, leaving, params, place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, NoReturn

_NEEDED = ("nbformat", "nbclient", "ipykernel")


class _UnreadableError(Exception):
    """The notebook cannot be executed as it is."""


def run(path: str) -> int:
    """Execute a notebook; returns its exit code. Blocks until it ends."""
    place.prepare_streams()
    try:
        notebook = _read(path)
        _check_kernel(notebook)
        _inject(notebook, params())
    except _UnreadableError as error:
        print(error, file=sys.stderr, flush=True)
        events.emit("error", ename="NotebookError", evalue=str(error), file=path)
        return 1
    from . import notebook_client

    target = os.environ.get("JUPYTER_COMPUTE_OUTPUTS") or os.path.abspath("outputs")
    os.makedirs(target, exist_ok=True)
    copy = notebook_client.Copy(notebook, os.path.join(target, os.path.basename(path)))
    if not place.is_backend_chosen():
        # The kernel then brings its own.
        os.environ.pop("MPLBACKEND", None)
    place.enter_folder_of(path)
    try:
        return notebook_client.execute(copy, os.path.basename(path))
    except leaving.Terminated:
        return -signal.SIGTERM
    except KeyboardInterrupt:
        return -signal.SIGINT


def _read(path: str) -> Any:
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise _UnreadableError(
            "a notebook needs {} in the run's environment, which has no {}".format(
                ", ".join(_NEEDED), " and no ".join(missing)
            )
        )
    nbformat: Any = import_module("nbformat")
    try:
        notebook = nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise _UnreadableError("there is no notebook {}".format(path)) from None
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        raise _UnreadableError("{} is no notebook: {}".format(path, said)) from None
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def _check_kernel(notebook: Any) -> None:
    language = _language(notebook)
    if language != "python":
        raise _UnreadableError(
            "the notebook is written in {}; only Python runs here".format(language)
        )


def _language(notebook: Any) -> str:
    metadata = notebook.metadata
    found = metadata.get("kernelspec", {}).get("language")
    found = found or metadata.get("language_info", {}).get("name") or "python"
    return str(found).lower()


def _inject(notebook: Any, values: Dict[str, Any]) -> None:
    """Put parameters after the cell tagged ``parameters``, else before all, as papermill does."""
    if not values:
        return
    tags = [cell.metadata.get("tags", ()) for cell in notebook.cells]
    defaults = next((n for n, found in enumerate(tags) if "parameters" in found), None)
    old = next((n for n, found in enumerate(tags) if "injected-parameters" in found), None)
    lines = ["# Parameters", *("{} = {}".format(name, _literal(values[name])) for name in values)]
    wrong = [name for name in values if not name.isidentifier()]
    if wrong:
        raise _UnreadableError("{!r} is no name of a variable".format(wrong[0]))
    if defaults is not None:
        _warn_of_unknown(list(values), notebook.cells[defaults].source)
    make = import_module("nbformat.v4").new_code_cell
    cell = make("\n".join(lines), metadata={"tags": ["injected-parameters"]})
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        cell.pop("id", None)
    if old is not None:
        notebook.cells[old] = cell
    else:
        notebook.cells.insert(0 if defaults is None else defaults + 1, cell)


def _literal(value: Any) -> str:
    if (isinstance(value, float) and value in (float("inf"), float("-inf"))) or value != value:
        return "float({!r})".format(str(value))
    return repr(value)


def _warn_of_unknown(names: List[str], source: str) -> None:
    import ast

    try:
        nodes = ast.walk(ast.parse(source))
    except SyntaxError:
        return
    known = [node.id for node in nodes if isinstance(node, ast.Name)]
    for name in names:
        if name not in known:
            message = "the notebook has no parameter {}, only {}"
            print(message.format(name, ", ".join(sorted(set(known)))), file=sys.stderr, flush=True)


def main() -> NoReturn:
    """Execute the notebook that the command line names and exit as it went."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m jupyter_compute_run.notebook PATH")
    leaving.end_on_sigterm()
    leaving.leave(run(sys.argv[1]))


if __name__ == "__main__":
    main()
