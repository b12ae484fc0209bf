"""The routes, without logic."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web

from .._version import __version__


class VersionHandler(ExtensionHandlerMixin, APIHandler):
    """Which version answers, so that the front end can tell that the two differ."""

    auth_resource = "compute"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the version."""
        self.finish({"version": __version__})


def routes() -> list[tuple[str, Any]]:
    """List every route and its handler."""
    return [(r"/compute/version", VersionHandler)]
