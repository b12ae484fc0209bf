"""How requests to Livy are signed: from a reference, from memory, or by asking."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Mapping

from ..driver import DriverContext
from ..errors import AuthenticationError
from ..model import Question
from ._spark_options import SparkOptions

_REFERENCE = re.compile(r"(env|file|keyring):.+")


class Login:
    """Signs requests. A password that was typed stays in memory only.

    Args:
        context: Who asks, and who looks secrets up.
        options: Whom to sign in as, and where the secret is kept.
    """

    def __init__(self, context: DriverContext, options: SparkOptions) -> None:
        self._context = context
        self._options = options
        self._typed = ""
        self._was_refused = False
        self._is_declined = False
        self._asking = asyncio.Lock()

    def ask_again(self) -> None:
        """Somebody is there who may answer: a question that was declined may be put again."""
        self._is_declined = False

    async def headers(self) -> Mapping[str, str]:
        """Return what a request carries.

        Raises:
            AuthenticationError: There is no password, and nobody gave one.
            ConfigError: There is nothing behind a reference.
        """
        headers = {
            name: await self._revealed(value) for name, value in self._options.livy_headers.items()
        }
        if self._options.livy_token:
            headers["Authorization"] = "Bearer " + await self._reveal(self._options.livy_token)
        elif self._options.livy_user:
            pair = f"{self._options.livy_user}:{await self._password()}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return headers

    async def refused(self, headers: Mapping[str, str]) -> bool:
        """The server did not accept a request; returns whether it is worth another try."""
        if self._options.livy_password or self._options.livy_token or not self._options.livy_user:
            return False
        async with self._asking:
            sent = headers.get("Authorization", "")
            pair = f"{self._options.livy_user}:{self._typed}"
            if self._typed and sent == "Basic " + base64.b64encode(pair.encode()).decode():
                self._typed, self._was_refused = "", True
        return not self._is_declined

    def accepted(self) -> None:
        """The server accepted a request."""
        self._was_refused = False

    async def _password(self) -> str:
        if self._options.livy_password:
            return await self._reveal(self._options.livy_password)
        async with self._asking:
            if not self._typed:
                self._typed = await self._ask()
            return self._typed

    async def _ask(self) -> str:
        who = f"{self._options.livy_user} at {self._options.livy}"
        answer = None
        if not self._is_declined:
            question = Question(
                type="secret",
                message=f"Password for {who}",
                keep_as=f"{self._options.livy}: {self._options.livy_user} password",
                again=self._was_refused,
            )
            answer = await self._context.ask(question)
        if answer is None:
            self._is_declined = True
            raise AuthenticationError(
                f"there is no password for {who}",
                hint="check the target and answer then, or say with its option livy_password "
                "where the password is kept",
                target=self._context.target,
                kind="spark",
            )
        return answer

    async def _revealed(self, value: str) -> str:
        return await self._reveal(value) if _REFERENCE.fullmatch(value) else value

    async def _reveal(self, reference: str) -> str:
        return await self._context.reveal(reference)
