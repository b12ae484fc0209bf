"""Bytes on this machine, named by their sha256.

Small ones are appended to pack files, because creating a file costs many times an append; large
ones stand alone. What is read is verified, so a crash or a bad disk can lose a blob but never
hands out wrong bytes under a right name.
"""

from .collection import Blobs
from .writer import Writer

__all__ = ["Blobs", "Writer"]
