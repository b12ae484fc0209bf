"""Variables of the kernel that travel with a cell, and variables that come back."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from .client import Client
from .errors import ComputeError, ConfigError, NotFoundError
from .model import InputFile
from .options import nearest


def take(
    client: Client, variables: Mapping[str, Any], names: Sequence[str], *, allow_pickle: bool
) -> tuple[InputFile, ...]:
    """Pack the variables of these names, ready to be submitted with a cell.

    Raises:
        NotFoundError: There is no variable of that name.
        ConfigError: Some cannot travel; each is named with its type.
    """
    missing = [name for name in names if name not in variables]
    if missing:
        own = [name for name in variables if not name.startswith("_")]
        raise NotFoundError(
            f"--in: there is no variable {', '.join(missing)} in this notebook",
            hint=nearest(missing[0], own) if own else "define it in a cell first",
        )
    if not names:
        return ()
    return client.pack({name: variables[name] for name in names}, allow_pickle=allow_pickle)


def bring(
    client: Client,
    run_id: str,
    names: Sequence[str],
    variables: MutableMapping[str, Any],
    *,
    allow_pickle: bool,
) -> None:
    """Put what a run left under these names into the notebook's variables.

    All that can come back does, whatever happens to the others.

    Raises:
        ConfigError: Some did not come back; each is named with the reason.
    """
    problems: list[ComputeError] = []
    for name in names:
        try:
            values = client.values(run_id, [name], allow_pickle=allow_pickle)
        except ComputeError as error:
            problems.append(error)
        else:
            variables[name] = values[name]
    if problems:
        raise ConfigError(
            "--out: " + "; ".join(problem.message for problem in problems),
            hint=next((problem.hint for problem in problems if problem.hint), ""),
        )
