"""From a login shell to an agent: find Python there, bring the agent if it is not there, start it.

The command is the same for every machine and holds nothing of the user's: what differs follows on
standard input, one value a line, which the shell reads byte by byte. It is one line between single
quotes without a quote, a backslash before one or a ``!``, so that sh, bash, zsh, fish, csh and
tcsh all hand it to ``/bin/sh`` as it stands.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from ..runner.protocol import MARKER
from ._agent import Pipe, Reader

_SAYS = b"\0jupyter-compute-bootstrap "
_COMMON = b"\0jupyter-compute-"
_LONGEST_LINE = 65536
_NOISE = 65536
_READ = 65536
_PIECE = 32768

_PLACES = (
    "python3 /usr/bin/python3 /usr/local/bin/python3 ~/miniconda3/bin/python3"
    " ~/miniforge3/bin/python3 ~/anaconda3/bin/python3 ~/mambaforge/bin/python3"
    " /opt/conda/bin/python3 ~/.pyenv/shims/python3 ~/.local/bin/python3"
    " ~/.local/share/uv/python/*/bin/python3"
)

_SCRIPT = (
    # What is wanted, and how to say what is missing.
    "IFS= read -r root; IFS= read -r name; IFS= read -r size; IFS= read -r wanted; "
    "IFS= read -r image; IFS= read -r engines; "
    'while IFS= read -r word && [ -n "$word" ]; do set -- "$@" "$word"; done; '
    'say() { printf "\\000jupyter-compute-bootstrap %s\\n" "$*"; }; '
    'home() { case $1 in "~") at=$HOME;; "~/"*) at=$HOME/${1#??};; *) at=$1;; esac; }; '
    'home "$root"; root=$at; '
    # An interpreter, or an engine for the image that has one.
    'there() { command -v "$1" >/dev/null 2>&1; }; '
    'search() { for one in "$@"; do home "$one"; if there "$at"; then python=$at; return; fi; '
    "done; }; "
    "engine=; for one in $engines; do "
    'if [ -z "$engine" ] && there $one; then engine=$one; fi; done; python=; '
    'if [ -n "$image" ]; then if [ -z "$engine" ]; then say no-engine; exit 1; fi; '
    'elif [ -n "$wanted" ]; then search "$wanted"; '
    f"else search {_PLACES}; fi; "
    'if [ -z "$image$python" ]; then say no-python $engine; exit 1; fi; '
    # The archive, unless it is there in its full length.
    "mask=$(umask); umask 077; "
    'if mkdir -p "$root/agent"; then :; else say no-root; exit 1; fi; '
    "file=$root/agent/$name; have=0; "
    'if [ -f "$file" ]; then have=$(wc -c < "$file"); fi; '
    'if [ "$have" -ne "$size" ]; then '
    'say needs-agent; head -c "$size" > "$file.$$"; have=$(wc -c < "$file.$$"); '
    'if [ "$have" -eq "$size" ] && mv -f "$file.$$" "$file"; '
    'then find "$root/agent" -name "runner-*" -mtime +60 -exec rm -f {} +; '
    'else rm -f "$file.$$"; say no-room; exit 1; fi; fi; umask "$mask"; '
    'if [ -n "$python" ]; then exec "$python" -I -S "$file"; fi; '
    # Keepers outlive the agent there, too: the container stays when the agent goes.
    'box=jupyter-compute-$(printf "%s\\n" "$(id -u)" "$root" "$image" "$@" | cksum | tr " " "-"); '
    '[ -n "$wanted" ] || wanted=python3; '
    'if [ "$($engine inspect -f "{{.State.Running}}" $box 2>/dev/null)" = true ]; then :; else '
    "$engine rm -f $box >/dev/null 2>&1; gpus=; "
    "case $engine:$(id -u) in podman:0) as=;; podman:*) as=--userns=keep-id;; "
    '*) as="--user $(id -u):$(id -g)"; if there nvidia-smi; then gpus="--gpus all"; fi;; esac; '
    '$engine run -d --network host $as $gpus -e HOME="$root" -v "$root:$root" "$@" '
    '--name $box --entrypoint "$wanted" "$image" -I -S "$file" stay >/dev/null </dev/null '
    "|| { say no-container; exit 1; }; fi; "
    'exec $engine exec -i $box "$wanted" -I -S "$file"'
)

COMMAND = f"exec /bin/sh -c '{_SCRIPT}'"
"""What is given to the login shell."""


class NoAgent(Exception):
    """The login works, and no agent comes up.

    Args:
        code: ``no-python``, ``no-root``, ``no-room``, ``no-engine`` or ``no-container``.
        engine: The container engine that is there, where there is no Python.
    """

    def __init__(self, code: str, engine: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.engine = engine


class PipeEnded(Exception):
    """The pipe ended before an agent or a word of the command came."""


class Container(NamedTuple):
    """Where the agent runs on a machine that has no Python itself.

    Attributes:
        image: The image that has the interpreter; empty for the machine itself.
        engine: ``docker`` or ``podman``; empty for whichever is there.
        arguments: Further words for the engine when the container is made.
    """

    image: str = ""
    engine: str = ""
    arguments: tuple[str, ...] = ()


class Wanted(NamedTuple):
    """What is to be started.

    Attributes:
        root: The folder there; ``~`` is the home.
        python: The interpreter by path or name; empty to look for one.
        container: Where it runs, if not on the machine itself.
        name: The archive's file name.
        archive: Its bytes.
    """

    root: str
    python: str
    container: Container
    name: str
    archive: bytes


class _Again:
    """Gives bytes that were read already once more, then those of the reader behind."""

    def __init__(self, first: bytes, rest: Reader) -> None:
        self._first = first
        self._rest = rest

    async def read(self, n: int = -1) -> bytes:
        data, self._first = self._first, b""
        return data or await self._rest.read(n)


async def bring(pipe: Pipe, wanted: Wanted) -> Reader:
    """See an agent started at the other end of a pipe on which :data:`COMMAND` is run.

    Args:
        pipe: Open; nothing has been read or written.
        wanted: What is to be started.

    Returns:
        What is to be read instead of the pipe's reader: the greeting comes first, with the login
        noise before it.

    Raises:
        NoAgent: The command says why there is none.
        PipeEnded: The pipe has ended.
        OSError: It broke.
    """
    image, engine, arguments = wanted.container
    lines = [wanted.root, wanted.name, str(len(wanted.archive)), wanted.python]
    lines += [image, engine or "docker podman", *filter(None, arguments), ""]
    pipe.writer.write("".join(f"{line}\n" for line in lines).encode())
    buffer = bytearray()
    while True:
        while (word := _take_word(buffer)) is not None:
            if word != "needs-agent":
                raise NoAgent(*word.split(" ", 1))
            await _send(pipe, wanted.archive)
        if buffer.find(MARKER) >= 0:
            return _Again(bytes(buffer), pipe.reader)
        data = await pipe.reader.read(_READ)
        if not data:
            raise PipeEnded(_last_line(buffer))
        buffer += data
        _forget(buffer)


def _take_word(buffer: bytearray) -> str | None:
    """Take a line of the command out of the buffer; ``None`` if there is no whole one."""
    start = buffer.find(_SAYS)
    end = buffer.find(b"\n", start) if start >= 0 else -1
    if end < 0:
        return None
    word = bytes(buffer[start + len(_SAYS) : end]).decode(errors="replace").strip()
    del buffer[start : end + 1]
    return word


def _forget(buffer: bytearray) -> None:
    """Drop what a login prints without end; a marker may have begun at the end of it."""
    if len(buffer) <= _NOISE + _LONGEST_LINE:
        return
    start = buffer.find(_COMMON)
    if start < 0:
        del buffer[:-_NOISE]
    elif len(buffer) - start > _LONGEST_LINE:
        raise PipeEnded("a line without end came instead of an agent")


async def _send(pipe: Pipe, data: bytes) -> None:
    for start in range(0, len(data), _PIECE):
        pipe.writer.write(data[start : start + _PIECE])
        await pipe.writer.drain()
        await asyncio.sleep(0)


def _last_line(noise: bytes | bytearray) -> str:
    lines = bytes(noise).decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else ""
