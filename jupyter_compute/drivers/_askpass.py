"""What OpenSSH asks, and who answers.

``ssh`` runs a small program for each question. The program hands it over a socket in a folder that
only the user can enter to the process that holds the driver, and prints the answer. So no answer
is ever an argument, an environment variable or a file.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from msgspec import Struct

Ask = Callable[["Asked"], Awaitable["str | None"]]

_LARGEST = 1 << 16
_PROGRAM = """\
import json, os, socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect(os.environ["JUPYTER_COMPUTE_ASKPASS"])
asked = {"text": sys.argv[1] if sys.argv[1:] else "", "hint": os.environ.get("SSH_ASKPASS_PROMPT")}
line.sendall(json.dumps(asked).encode() + b"\\n")
answer = json.loads(line.makefile("rb").readline() or b"null")
if answer is None:
    sys.exit(1)
sys.stdout.buffer.write(answer.encode("utf-8", "surrogateescape") + b"\\n")
"""
_CODE = re.compile(
    r"one[- ]time|\botp\b|\bcode\b|token|verif|factor|passcode|\bpin\b|yubikey|duo|challenge", re.I
)
_NEW = re.compile(r"\b(new|retype|current|old)\b.*passw", re.I)
_PASSWORD = re.compile(r"passw(or)?d[^\n]*:\s*$", re.I)
_OWN = re.compile(r"^\S+'s password:$")
"""OpenSSH's own words; what stands in ``keyboard-interactive`` is the server's."""
_PASSPHRASE = re.compile(r"passphrase for .+:$", re.I)
_LOGIN = re.compile(r"^\((?P<login>[^()]+)\)\s")


class Asked(Struct, frozen=True, kw_only=True):
    """One question of OpenSSH, understood.

    Attributes:
        kind: What it wants.
        text: Its words.
    """

    kind: str
    text: str

    @property
    def is_lasting(self) -> bool:
        """Whether the same answer holds the next time."""
        return self.kind in ("password", "passphrase")

    @property
    def name(self) -> str:
        """Name what is asked for, for a list of kept answers: ``me@gpu1's password``."""
        return " ".join(self.text.split()).rstrip(": ")


def understand(text: str, hint: str | None = None) -> Asked:
    """Tell what a question of OpenSSH wants.

    Args:
        text: Its words, as in OpenSSH 8.4 to 10.
        hint: ``SSH_ASKPASS_PROMPT``: ``none`` when nothing is to be typed.

    Returns:
        Of the kind ``host-key``, ``password``, ``passphrase``, ``touch``, ``confirm``, or
        ``code`` for everything else that is typed and good for once.
    """
    words = text.strip()
    if hint == "none":
        return Asked(kind="touch", text=words)
    if "(yes/no" in words or words.startswith("Please type 'yes'"):
        return Asked(kind="host-key", text=words)
    if hint == "confirm":
        return Asked(kind="confirm", text=words)
    if _OWN.match(words):
        return Asked(kind="password", text=words)
    if _PASSPHRASE.search(words) and not _LOGIN.match(words):
        return Asked(kind="passphrase", text=words)
    # The server's words end there; before them stands the login, whose name says nothing.
    rest = _LOGIN.sub("", words)
    if _PASSWORD.search(rest) and not _CODE.search(rest) and not _NEW.search(rest):
        return Asked(kind="password", text=words)
    return Asked(kind="code", text=words)


class AskPass:
    """Listens for the questions of one ``ssh`` process and those that it starts.

    Args:
        folder: A folder of this driver's own on this machine.
        ask: Answers; ``None`` declines. Cancelled when the process no longer waits.
    """

    def __init__(self, folder: Path, ask: Ask) -> None:
        self._folder = folder
        self._ask = ask
        self._sockets: Path | None = None
        self._server: asyncio.AbstractServer | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def is_asking(self) -> bool:
        """Whether a question is open."""
        return bool(self._open)

    async def open(self) -> dict[str, str]:
        """Listen, and return the variables that make an ``ssh`` process ask here.

        Raises:
            OSError: There is no room for the program or the socket.
        """
        program = await asyncio.to_thread(_place, self._folder)
        # A socket's path holds about 100 bytes, and a workspace may lie deep.
        self._sockets = Path(tempfile.mkdtemp(prefix="jc-ask-"))
        path = str(self._sockets / "s")
        self._server = await asyncio.start_unix_server(self._meet, path, limit=_LARGEST)
        return {
            "SSH_ASKPASS": str(program),
            "SSH_ASKPASS_REQUIRE": "force",
            # Before 8.4 only a display makes OpenSSH ask by a program.
            "DISPLAY": os.environ.get("DISPLAY") or ":",
            "JUPYTER_COMPUTE_ASKPASS": path,
        }

    async def close(self) -> None:
        """Stop listening, and take open questions back. Repeatable."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        folder, self._sockets = self._sockets, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = json.loads(await reader.readline())
            question = understand(str(asked["text"]), asked.get("hint"))
            answer = await self._answer(question, reader)
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        except (OSError, ValueError, KeyError, TypeError):
            pass  # a process that asks nothing that can be understood gets no answer
        finally:
            writer.close()

    async def _answer(self, question: Asked, reader: asyncio.StreamReader) -> str | None:
        asking = asyncio.ensure_future(self._ask(question))
        # It says nothing more, so that anything to read is its end.
        gone = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({asking, gone}, return_when=asyncio.FIRST_COMPLETED)
            return asking.result() if asking.done() else None
        finally:
            for task in (asking, gone):
                task.cancel()
            await asyncio.gather(asking, gone, return_exceptions=True)


def _place(folder: Path) -> Path:
    """Put the program that ``ssh`` runs into a folder; repeatable."""
    path = folder / "askpass"
    words = (sys.executable, "-I", "-S", "-c", _PROGRAM)
    text = f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n'
    with contextlib.suppress(OSError):
        if path.read_text() == text:
            return path
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(f".{os.getpid()}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o700)
    with open(handle, "w") as file:
        file.write(text)
    part.replace(path)
    return path
