"""Images of any kind as the bytes of an image file."""

from __future__ import annotations

import io
import os
import struct
import zlib
from typing import Any, List, Tuple

from .formatting import is_figure, png_of

EXTENSIONS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/svg+xml": ".svg",
}
_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


def encode(name: str, image: Any) -> Tuple[bytes, str]:
    """Return the bytes of an image file and their MIME type.

    Raises:
        TypeError: It is no image; names it and says what is.
        OSError: The path cannot be read.
    """
    if isinstance(image, (str, os.PathLike)):
        with open(image, "rb") as file:
            image = file.read()
    if isinstance(image, (bytes, bytearray)):
        mime = _mime_of(bytes(image))
        if not mime:
            raise TypeError("{!r} holds no PNG, JPEG, GIF, WebP or SVG image".format(name))
        return bytes(image), mime
    if is_figure(image):
        return png_of(image), "image/png"
    if hasattr(image, "get_figure"):
        return png_of(image.get_figure()), "image/png"
    if hasattr(image, "save") and hasattr(image, "mode"):
        target = io.BytesIO()
        image.save(target, format="PNG")
        return target.getvalue(), "image/png"
    return _png(name, image), "image/png"


def _mime_of(data: bytes) -> str:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "image/svg+xml" if b"<svg" in data[:1000] else ""


def _png(name: str, image: Any) -> bytes:
    rows, width, channels = _rows(name, image)
    head = struct.pack(">IIBBBBB", width, len(rows), 8, _COLOR_TYPES[channels], 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows), 6)
    chunks = (_chunk(b"IHDR", head), _chunk(b"IDAT", body), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data) & 0xFFFFFFFF
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def _rows(name: str, image: Any) -> Tuple[List[bytes], int, int]:
    for step in ("detach", "cpu", "numpy"):
        # Tensors become arrays so.
        image = getattr(image, step)() if hasattr(image, step) else image
    values = image.tolist() if hasattr(image, "tolist") else image
    try:
        is_gray = not hasattr(values[0][0], "__len__")
        pixels = [[[cell] if is_gray else cell for cell in row] for row in values]
        width, channels = len(pixels[0]), len(pixels[0][0])
        flat = [[float(value) for pixel in row for value in pixel] for row in pixels]
    except (TypeError, ValueError, IndexError, KeyError, AttributeError):
        raise TypeError(
            "{!r} takes a figure, a path, the bytes of an image or an array of height x width "
            "(x 3 or 4), not {}".format(name, type(image).__name__)
        ) from None
    if channels not in _COLOR_TYPES or any(len(row) != width * channels for row in flat):
        raise TypeError("{!r} takes an array of height x width (x 1, 3 or 4)".format(name))
    scale = 255.0 if _is_float(image, pixels) else 1.0
    return [bytes(_byte(value * scale) for value in row) for row in flat], width, channels


def _is_float(image: Any, pixels: List[List[List[Any]]]) -> bool:
    kind = getattr(getattr(image, "dtype", None), "kind", "")
    if kind:
        return bool(kind in "fb")
    return any(isinstance(value, (float, bool)) for row in pixels for px in row for value in px)


def _byte(value: float) -> int:
    return 0 if value != value else min(max(int(value + 0.5), 0), 255)
