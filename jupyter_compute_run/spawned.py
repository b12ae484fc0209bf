"""The main module of a worker that starts afresh (``spawn``, ``forkserver``): a cell's definitions.

A script would be run again as a whole by each worker, unless it is guarded. Cells are not guarded,
so a worker gets what the cell imports and defines, and those variables that its functions use.
"""

from __future__ import annotations

import ast
import os
from importlib import import_module
from typing import Any, Dict, List, Set

from jupyter_compute_run import execution
from jupyter_compute_run.inputs import Inputs

_DEFINITIONS = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
)
_ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
_ACTIONS = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom)


def define(namespace: Dict[str, Any], files: str) -> None:
    """Define in a namespace what the cell in a folder defines. What fails is left out."""
    inputs = Inputs(files)
    code, path = inputs.code, inputs.path
    namespace["__file__"] = path
    if not execution.is_plain(code):
        code = _without_magics(code)
    try:
        statements = ast.parse(code, path).body
    except SyntaxError:
        return
    kept = choose(statements)
    needed = set().union(*(_loads(statement) for statement in kept)) if kept else set()
    inputs.load(namespace, needed)
    for statement in kept:
        step = compile(ast.Module([statement], []), path, "exec", dont_inherit=True)
        try:
            exec(step, namespace)
        except Exception:
            # Whoever uses what is missing says so, in the user's own code.
            continue


def choose(statements: List[ast.stmt]) -> List[ast.stmt]:
    """Choose definitions, constants, and what gives values to the names that functions use."""
    kept = {number for number, found in enumerate(statements) if _is_harmless(found)}
    while True:
        needed: Set[str] = set()
        for number in kept:
            needed |= _loads(statements[number])
        more = {
            number
            for number, found in enumerate(statements)
            if number not in kept and isinstance(found, _ASSIGNMENTS) and _stores(found) & needed
        }
        if not more:
            return [statements[number] for number in sorted(kept)]
        kept |= more


def _is_harmless(statement: ast.stmt) -> bool:
    if isinstance(statement, _DEFINITIONS):
        return True
    if isinstance(statement, (ast.If, ast.Try)):
        inner = [node for node in ast.walk(statement) if isinstance(node, ast.stmt)]
        return all(
            isinstance(node, (ast.If, ast.Try, ast.Pass)) or _is_harmless(node)
            for node in inner
            if node is not statement
        )
    actions = [node for node in ast.walk(statement) if isinstance(node, _ACTIONS)]
    return isinstance(statement, _ASSIGNMENTS) and not actions


def _loads(statement: ast.stmt) -> Set[str]:
    return {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def _stores(statement: ast.stmt) -> Set[str]:
    return {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _without_magics(code: str) -> str:
    try:
        transforms: Any = import_module("IPython.core.inputtransformer2")
    except ImportError:
        return ""
    return str(transforms.TransformerManager().transform_cell(code))


if __name__ == "__mp_main__":
    define(globals(), os.environ.get("JUPYTER_COMPUTE_FILES", ""))
