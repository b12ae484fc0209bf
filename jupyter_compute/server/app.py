"""The server extension."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timezone
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool

from ..workspace import Workspace
from .events import SCHEMA
from .routes import routes
from .telling import Teller
from .workers import Workers


class ComputeApp(ExtensionApp):
    """Offers compute targets and runs to the browser."""

    name = "jupyter_compute"
    app_name = "Compute"
    description = "Compute targets and runs."
    extension_url = "/compute"
    load_other_extensions = True

    report_activity = Bool(
        True,
        config=True,
        help="Whether the server counts as active while runs are, so that a Hub does not stop it.",
    )

    workers: Workers
    _teller: Teller
    _task: asyncio.Task[None] | None = None

    @property
    def root_dir(self) -> str:
        """The folder that Jupyter shows."""
        return str(self.serverapp.root_dir)  # type: ignore[union-attr]

    def initialize_settings(self) -> None:
        """Prepare the client, and the event bus before anyone can listen to it."""
        self.workers = Workers(Workspace.default())
        assert self.serverapp is not None
        logger: Any = self.serverapp.event_logger
        logger.register_event_schema(SCHEMA)

    def initialize_handlers(self) -> None:
        """Add the routes under the server's base URL."""
        handlers: list[tuple[str, Any]] = routes()
        self.handlers.extend(handlers)

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        emit = serverapp.event_logger.emit
        self._teller = Teller(self.workers, emit, self._report, self.log)
        self._task = asyncio.create_task(self._teller.run())

    async def stop_extension(self) -> None:
        """Stop following; runs and their controller go on."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self.workers.close()

    def current_activity(self) -> list[str] | None:
        """Say whether runs are active, so that a server without kernels does not end."""
        if self.report_activity and self._task is not None and self._teller.is_live:
            return ["active runs"]
        return None

    def _report(self) -> None:
        if self.report_activity:
            times = self.serverapp.web_app.settings["last_activity_times"]  # type: ignore[union-attr]
            times[self.name] = datetime.now(timezone.utc)
