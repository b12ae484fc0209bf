"""What runs say about themselves."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..client import Client
from . import views
from .answers import Displays, Events, Images, Lists, Metrics, Said, Tables, Variables
from .asks import EventsQuery, MetricsQuery
from .handler import Handler, speaks


class MetricsHandler(Handler):
    """``/runs/{run_id}/metrics``."""

    @web.authenticated
    @authorized
    @speaks(Metrics, query=MetricsQuery)
    async def get(self, run_id: str, asked: MetricsQuery) -> Metrics:
        """Return the series that a run logged."""
        return Metrics(metrics=await self.call(views.metrics, run_id, asked.name))


class EventsHandler(Handler):
    """``/runs/{run_id}/events``."""

    @web.authenticated
    @authorized
    @speaks(Events, query=EventsQuery)
    async def get(self, run_id: str, asked: EventsQuery) -> Events:
        """List what a run has said after a certain event."""
        said = await self.call(Client.events, run_id, after=asked.after, types=asked.type)
        return Events(events=[Said(number=number, event=event) for number, event in said])


class DisplaysHandler(Handler):
    """``/runs/{run_id}/displays``."""

    @web.authenticated
    @authorized
    @speaks(Displays)
    async def get(self, run_id: str) -> Displays:
        """List a cell's rich outputs."""
        return Displays(displays=await self.call(Client.displays, run_id))


class TablesHandler(Handler):
    """``/runs/{run_id}/tables``."""

    @web.authenticated
    @authorized
    @speaks(Tables)
    async def get(self, run_id: str) -> Tables:
        """Return the tables that a run logged."""
        return Tables(tables=await self.call(Client.tables, run_id))


class ListsHandler(Handler):
    """``/runs/{run_id}/lists``."""

    @web.authenticated
    @authorized
    @speaks(Lists)
    async def get(self, run_id: str) -> Lists:
        """Return the lists that a run logged."""
        return Lists(lists=await self.call(Client.lists, run_id))


class ImagesHandler(Handler):
    """``/runs/{run_id}/images``."""

    @web.authenticated
    @authorized
    @speaks(Images)
    async def get(self, run_id: str) -> Images:
        """List the images that a run logged."""
        return Images(images=await self.call(Client.images, run_id))


class VariablesHandler(Handler):
    """``/runs/{run_id}/variables``."""

    @web.authenticated
    @authorized
    @speaks(Variables)
    async def get(self, run_id: str) -> Variables:
        """Return the variables that a cell was asked to bring back, without their values."""
        return Variables(variables=await self.call(Client.variables, run_id))
