"""What targets ask."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..client import Client
from .answers import Prompts
from .asks import AnswerBody
from .handler import Handler, speaks


class PromptsHandler(Handler):
    """``/prompts``."""

    @web.authenticated
    @authorized
    @speaks(Prompts)
    async def get(self) -> Prompts:
        """List the questions that targets have open, the oldest first."""
        return Prompts(prompts=await self.call(Client.prompts))


class PromptHandler(Handler):
    """``/prompts/{prompt_id}``."""

    @web.authenticated
    @authorized
    @speaks(None, body=AnswerBody, status=204)
    async def post(self, prompt_id: str, asked: AnswerBody) -> None:
        """Answer a question, or decline to; the answer is kept only if that is asked for."""
        await self.call(Client.answer, prompt_id, asked.answer, keep=asked.keep)
