"""Runs a cell's source as a notebook would: the last expression is shown, ``await`` works."""

from __future__ import annotations

import ast
from types import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List

_FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_COROUTINE = 0x80  # inspect.CO_COROUTINE, without importing inspect


def is_plain(code: str) -> bool:
    """Tell whether a cell is Python as it stands, without magics, ``!`` or ``?``."""
    try:
        compile(code, "<cell>", "exec", _FLAGS | ast.PyCF_ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def execute(
    code: str, file_name: str, namespace: Dict[str, Any], show: Callable[[Any], None]
) -> None:
    """Run a cell. Blocks until it ends; whatever it raises is raised.

    Args:
        code: Plain Python.
        file_name: The file that the code stands in, for tracebacks.
        namespace: The globals.
        show: Gets the value of the last line, if that is an expression without ``;`` after it.

    Raises:
        SyntaxError: The code is no Python.
    """
    steps = _compile(code, file_name)
    if any(step.co_flags & _COROUTINE for step in steps):
        import asyncio

        asyncio.run(_run_in_loop(steps, namespace, show))
        return
    for step in steps:
        value = eval(step, namespace)
        if value is not None:
            show(value)


async def _run_in_loop(
    steps: List[CodeType], namespace: Dict[str, Any], show: Callable[[Any], None]
) -> None:
    for step in steps:
        value = eval(step, namespace)
        if step.co_flags & _COROUTINE:
            value = await value
        if value is not None:
            show(value)


def _compile(code: str, file_name: str) -> List[CodeType]:
    flags = _FLAGS | ast.PyCF_ONLY_AST
    tree = compile(code, file_name, "exec", flags, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    last: List[ast.expr] = []
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not _is_silenced(code):
        final = tree.body.pop()
        assert isinstance(final, ast.Expr)
        last = [final.value]
    future = _future_flags(tree)
    steps = [compile(tree, file_name, "exec", _FLAGS | future, dont_inherit=True)]
    for value in last:
        expression = ast.Expression(value)
        steps.append(compile(expression, file_name, "eval", _FLAGS | future, dont_inherit=True))
    return steps


def _future_flags(tree: ast.Module) -> int:
    import __future__

    flags = 0
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                feature = getattr(__future__, alias.name, None)
                flags |= getattr(feature, "compiler_flag", 0)
    return flags


def _is_silenced(code: str) -> bool:
    """Tell whether the last line ends in ``;``, which hides its value."""
    if ";" not in code:
        return False
    import io
    import tokenize

    ignored = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER)
    try:
        tokens = [
            token
            for token in tokenize.generate_tokens(io.StringIO(code).readline)
            if token.type not in ignored and token.string.strip()
        ]
    except (tokenize.TokenError, SyntaxError):
        return False
    return bool(tokens) and tokens[-1].string == ";"
