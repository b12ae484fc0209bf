"""Every address and who answers there; ``openapi.yaml`` is made from this table."""

from __future__ import annotations

import re
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from . import folders, logs, outputs, prompts, results, runs, sockets, targets
from .handler import Handler

PREFIX = "/compute"

PARTS = {
    "run_id": r"r[0-9a-z]{9}",
    "other": r"r[0-9a-z]{9}",
    "kind": r"[A-Za-z0-9_-]+",
    "name": r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}",
    "prompt_id": r"p[0-9a-f]{16}",
    "action": r"create|start|stop|remove",
}

ROUTES: list[tuple[str, type[Any]]] = [
    ("/version", targets.VersionHandler),
    ("/status", targets.StatusHandler),
    ("/kinds", targets.KindsHandler),
    ("/kinds/{kind}", targets.KindHandler),
    ("/kinds/{kind}/check", targets.LookHandler),
    ("/targets", targets.TargetsHandler),
    ("/targets/{name}", targets.TargetHandler),
    ("/targets/{name}/check", targets.CheckHandler),
    ("/targets/{name}/{action}", targets.ManageHandler),
    ("/prompts", prompts.PromptsHandler),
    ("/prompts/{prompt_id}", prompts.PromptHandler),
    ("/preview", folders.PreviewHandler),
    ("/preview/tree", folders.TreeHandler),
    ("/preview/explain", folders.ExplainHandler),
    ("/preview/ignore", folders.IgnoreHandler),
    ("/cells", runs.CellsHandler),
    ("/changes", runs.ChangesHandler),
    ("/runs", runs.RunsHandler),
    ("/runs/{run_id}", runs.RunHandler),
    ("/runs/{run_id}/cancel", runs.CancelHandler),
    ("/runs/{run_id}/rerun", runs.RerunHandler),
    ("/runs/{run_id}/diff/{other}", runs.DiffHandler),
    ("/runs/{run_id}/log", logs.LogHandler),
    ("/runs/{run_id}/log/follow", sockets.FollowHandler),
    ("/runs/{run_id}/logs", logs.LogsHandler),
    ("/runs/{run_id}/metrics", results.MetricsHandler),
    ("/runs/{run_id}/events", results.EventsHandler),
    ("/runs/{run_id}/displays", results.DisplaysHandler),
    ("/runs/{run_id}/tables", results.TablesHandler),
    ("/runs/{run_id}/lists", results.ListsHandler),
    ("/runs/{run_id}/images", results.ImagesHandler),
    ("/runs/{run_id}/variables", results.VariablesHandler),
    ("/runs/{run_id}/results/file", outputs.ResultHandler),
    ("/runs/{run_id}/outputs", outputs.OutputsHandler),
    ("/runs/{run_id}/outputs/file", outputs.OutputHandler),
    ("/runs/{run_id}/outputs/preview", outputs.OutputPeekHandler),
    ("/runs/{run_id}/outputs/zip", outputs.OutputsZipHandler),
    ("/runs/{run_id}/snapshot", outputs.CapturedHandler),
    ("/runs/{run_id}/snapshot/file", outputs.CapturedFileHandler),
    ("/runs/{run_id}/snapshot/preview", outputs.CapturedPeekHandler),
    ("/runs/{run_id}/snapshot/zip", outputs.CapturedZipHandler),
]


def _nothing() -> Any:
    # A function for each verb: what is authorized is remembered with the function.
    @web.authenticated
    @authorized
    async def answer(self: Handler) -> None:
        """Answer that there is nothing."""
        raise web.HTTPError(404, "there is nothing at this address")

    return answer


class NothingHandler(Handler):
    """Any other address below ours."""

    get = _nothing()
    post = _nothing()
    put = _nothing()
    patch = _nothing()
    delete = _nothing()


def pattern(template: str) -> str:
    """Turn an address with named parts into what Tornado matches."""
    return PREFIX + re.sub(r"\{(\w+)\}", lambda part: f"({PARTS[part[1]]})", template)


def routes() -> list[tuple[str, Any]]:
    """List every route and its handler."""
    known: list[tuple[str, Any]] = [(pattern(address), handler) for address, handler in ROUTES]
    return [*known, (rf"{PREFIX}(?:/.*)?", NothingHandler)]
