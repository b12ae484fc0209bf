"""What a check of a target behind Livy finds."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from ..errors import AuthenticationError, ComputeError, TargetUnreachableError
from ..model import Problem, TargetInfo
from ._livy_client import LivyClient
from ._livy_staging import Staging
from ._spark_options import SparkOptions


async def check(
    client: LivyClient, staging: Callable[[], Staging], options: SparkOptions, resource_id: str
) -> TargetInfo:
    """Ask the server what it is, and try the folder.

    Args:
        client: The server.
        staging: Makes what reaches the folder.
        options: Of the target.
        resource_id: What the target really is.

    Raises:
        TargetUnreachableError: There is no answer.
        AuthenticationError: We are not let in.
    """
    facts: dict[str, str] = {}
    problems: list[Problem] = []
    try:
        facts["sessions"] = str(await client.count_sessions())
        version = await client.version()
        facts["livy"] = version or "older than 0.4"
        facts["batches"] = str(await client.count_batches())
    except ComputeError as exc:
        problems.append(_problem(exc))
    if not problems:
        try:
            place = staging()
            await _try(place)
            facts["staging"] = place.there
        except ComputeError as exc:
            problems.append(_problem(exc))
    problems += _warnings(options)
    problems.sort(key=lambda problem: not problem.fatal)
    host = urlsplit(options.livy).hostname or ""
    return TargetInfo(
        resource_id=resource_id,
        place=resource_id,
        host=host,
        facts=facts,
        problems=tuple(problems),
    )


async def _try(place: Staging) -> None:
    """Write, read and remove a file."""
    name = f"check-{secrets.token_hex(8)}"
    await place.put(name, b"hello")
    try:
        if await place.get(name) != b"hello":
            raise ComputeError(
                "a file in the staging folder is not read as it was written",
                hint="is it one folder for all who see it?",
            )
    finally:
        await place.remove(name)


def _problem(exc: ComputeError) -> Problem:
    if isinstance(exc, (AuthenticationError, TargetUnreachableError)):
        raise exc
    return Problem(message=exc.message, remedy=exc.hint, fatal=True)


def _warnings(options: SparkOptions) -> Iterator[Problem]:
    if options.submit_args:
        yield Problem(
            message=f"Livy takes no words for spark-submit: {' '.join(options.submit_args)}",
            remedy="say the same with the option conf",
            fatal=True,
        )
    if options.master:
        yield Problem(
            message=f"the option master={options.master} counts for nothing here: Livy has its own",
            remedy="leave it out",
        )
    if options.livy.startswith("http://") and (options.livy_user or options.livy_token):
        yield Problem(
            message="the password or token crosses the network in the clear",
            remedy="use https:// where the server has it",
        )
