"""The server extension."""

from __future__ import annotations

from typing import Any

from jupyter_server.extension.application import ExtensionApp

from .routes import routes


class ComputeApp(ExtensionApp):
    """Offers compute targets and runs to the browser."""

    name = "jupyter_compute"
    app_name = "Compute"
    description = "Compute targets and runs."
    extension_url = "/compute"
    load_other_extensions = True

    def initialize_handlers(self) -> None:
        """Add the routes under the server's base URL."""
        handlers: list[tuple[str, Any]] = routes()
        self.handlers.extend(handlers)
