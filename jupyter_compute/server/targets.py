"""Kinds of target, and targets."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..client import Client
from . import views
from .answers import Kind, Kinds, Looked, Status, Targets, TargetState, Version
from .asks import AttachBody, CheckQuery, DetachQuery, LookBody, UpdateBody, VersionQuery
from .handler import Handler, speaks
from .masking import refuse_masks, unmasked


class VersionHandler(Handler):
    """``/version``."""

    @web.authenticated
    @authorized
    @speaks(Version, query=VersionQuery)
    async def get(self, asked: VersionQuery) -> Version:
        """Say which version answers, and what to do when the front end is another."""
        return await self.call(views.version, asked.front_end)


class StatusHandler(Handler):
    """``/status``."""

    @web.authenticated
    @authorized
    @speaks(Status)
    async def get(self) -> Status:
        """Count the runs by state."""
        return await self.call(views.status)


class KindsHandler(Handler):
    """``/kinds``."""

    @web.authenticated
    @authorized
    @speaks(Kinds)
    async def get(self) -> Kinds:
        """List the kinds of target, each with the JSON Schema of its options."""
        return Kinds(kinds=await self.call_slow(views.kinds))


class KindHandler(Handler):
    """``/kinds/{kind}``."""

    @web.authenticated
    @authorized
    @speaks(Kind, 501)
    async def get(self, kind: str) -> Kind:
        """Describe a kind."""
        return await self.call_slow(views.kind, kind)


class LookHandler(Handler):
    """``/kinds/{kind}/check``."""

    @web.authenticated
    @authorized
    @speaks(Looked, 409, 501, query=CheckQuery, body=LookBody)
    async def post(self, kind: str, query: CheckQuery, asked: LookBody) -> Looked:
        """Look at a place before it is attached; what is wrong there is part of the answer."""
        return await self.call_waiting(views.look, kind, asked, query.wait_s, self.is_wanted)


class TargetsHandler(Handler):
    """``/targets``."""

    @web.authenticated
    @authorized
    @speaks(Targets)
    async def get(self) -> Targets:
        """List the targets, ``local`` first."""
        return Targets(targets=await self.call(views.targets))

    @web.authenticated
    @authorized
    @speaks(TargetState, 409, 501, body=AttachBody, status=201)
    async def post(self, asked: AttachBody) -> TargetState:
        """Attach a target. Nothing is sent to it."""
        refuse_masks(asked.options)
        await self.call(Client.attach, asked.name, asked.kind, asked.options, replace=asked.replace)
        return await self.call(views.target, asked.name)


class TargetHandler(Handler):
    """``/targets/{name}``."""

    @web.authenticated
    @authorized
    @speaks(TargetState)
    async def get(self, name: str) -> TargetState:
        """Describe a target: its options, and what the last check found."""
        return await self.call(views.target, name)

    @web.authenticated
    @authorized
    @speaks(TargetState, 409, 501, body=UpdateBody)
    async def patch(self, name: str, asked: UpdateBody) -> TargetState:
        """Change options of a target."""
        await self.call(Client.update, name, unmasked(asked.options))
        return await self.call(views.target, name)

    @web.authenticated
    @authorized
    @speaks(None, 409, 502, 504, query=DetachQuery, status=204)
    async def delete(self, name: str, asked: DetachQuery) -> None:
        """Detach a target. Runs that are not over go on there, unless they shall be ended."""
        if not (asked.cancel or asked.purge):
            await self.call(Client.detach, name)
            return
        await self.call_waiting(
            Client.detach,
            name,
            cancel=asked.cancel,
            purge=asked.purge,
            wait_s=asked.wait_s,
            is_wanted=self.is_wanted,
        )


class CheckHandler(Handler):
    """``/targets/{name}/check``."""

    @web.authenticated
    @authorized
    @speaks(TargetState, 409, 502, 504, query=CheckQuery)
    async def post(self, name: str, asked: CheckQuery) -> TargetState:
        """Look at a target now; what is wrong there is part of the answer."""
        return await self.call_waiting(views.check, name, asked.wait_s, self.is_wanted)


class ManageHandler(Handler):
    """``/targets/{name}/{action}``."""

    @web.authenticated
    @authorized
    @speaks(TargetState, 409, status=202)
    async def post(self, name: str, action: str) -> TargetState:
        """Have the compute behind a target created, started, stopped or removed by its kind."""
        await self.call(Client.manage, name, action)
        return await self.call(views.target, name)
