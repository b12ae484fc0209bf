r"""The one format in which a snapshot is written down.

JSON in ASCII with sorted keys and without spaces::

    {"files":[["path","digest",size,mode,null],…],"folders":["path",…]}

Both lists are ordered by path. A link has an empty digest, size 0 and its target in place of
``null``. Bytes of a name that are no UTF-8 stand as lone surrogates (``\udc80`` to ``\udcff``).
The sha256 of this text is the snapshot's id, and the text is a blob of that name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from json.encoder import encode_basestring_ascii as quote

from ..errors import SnapshotError
from ..model import SnapshotFile


def encode(files: Iterable[SnapshotFile], folders: Iterable[str]) -> bytes:
    """Write the canonical manifest.

    Args:
        files: Ordered by path.
        folders: Ordered.
    """
    lines = ",".join(
        [
            f'[{quote(file.path)},"{file.digest}",{file.size},{file.mode},'
            f"{'null' if file.link is None else quote(file.link)}]"
            for file in files
        ]
    )
    return f'{{"files":[{lines}],"folders":[{",".join(map(quote, folders))}]}}'.encode("ascii")


def decode(data: bytes) -> tuple[tuple[SnapshotFile, ...], tuple[str, ...]]:
    """Read a manifest.

    Raises:
        SnapshotError: It is none, or it names a place outside of its folder.
    """
    try:
        content = json.loads(data)
        files = tuple(SnapshotFile(*row) for row in content["files"])
        folders = tuple(content["folders"])
        is_sound = all(map(_is_inside, folders)) and all(_is_inside(file.path) for file in files)
    except (ValueError, TypeError, KeyError) as exc:
        raise SnapshotError("this is no manifest of a snapshot", hint="take it again") from exc
    if not is_sound:
        raise SnapshotError(
            "a manifest names a place outside of its folder", hint="do not trust where it is from"
        )
    return files, folders


def _is_inside(path: str) -> bool:
    return "\0" not in path and not any(part in ("", ".", "..") for part in path.split("/"))
