"""Folders, before they are captured."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..client import Client
from ..model import Explanation, Ignored, Preview
from .answers import SizeTree
from .asks import ExplainQuery, IgnoreBody, SourceQuery
from .handler import Handler, speaks


class PreviewHandler(Handler):
    """``/preview``."""

    @web.authenticated
    @authorized
    @speaks(Preview, 422, query=SourceQuery)
    async def get(self, asked: SourceQuery) -> Preview:
        """Say what a snapshot of a folder would hold, and what is left out."""
        source = self.folder(asked.source)
        return await self.call_slow(Client.preview, source, follow_links=asked.follow_links)


class TreeHandler(Handler):
    """``/preview/tree``."""

    @web.authenticated
    @authorized
    @speaks(SizeTree, 422, query=SourceQuery)
    async def get(self, asked: SourceQuery) -> SizeTree:
        """Add up the sizes of what would be captured."""
        source = self.folder(asked.source)
        tree = await self.call_slow(Client.size_tree, source, follow_links=asked.follow_links)
        return SizeTree(tree=tree)


class ExplainHandler(Handler):
    """``/preview/explain``."""

    @web.authenticated
    @authorized
    @speaks(Explanation, 422, query=ExplainQuery)
    async def get(self, asked: ExplainQuery) -> Explanation:
        """Say whether a path would be captured, and which rule decided."""
        return await self.call_slow(Client.explain, self.folder(asked.source), asked.path)


class IgnoreHandler(Handler):
    """``/preview/ignore``."""

    @web.authenticated
    @authorized
    @speaks(Ignored, 422, body=IgnoreBody)
    async def post(self, asked: IgnoreBody) -> Ignored:
        """Leave a file or folder out from now on, by a line in the folder's ``.amlignore``."""
        return await self.call_slow(Client.ignore, self.folder(asked.source), asked.path)
