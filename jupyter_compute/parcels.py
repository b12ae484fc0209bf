"""Runs for engines that take files and give no pipe: for kinds of third parties, too.

The near end packs what a job needs into parcels, and hears of the run through an ``Inbox``. At
the far end the engine runs ``runner.pyz solo ORDER PARCEL … --root FOLDER --segments FOLDER``:
an order is an unpacked parcel, those of blobs need not be unpacked.
"""

from __future__ import annotations

from .drivers._frames import Inbox, check_readable, pieces_of, words_of
from .drivers._parcel import (
    RUNNER,
    Order,
    Parcel,
    name_of,
    pack_blobs,
    pack_order,
    pack_runner,
    runner_name,
    split,
)
from .runner.sinks import parse_name
from .runner.solo import PAD

__all__ = [
    "PAD",
    "RUNNER",
    "Inbox",
    "Order",
    "Parcel",
    "check_readable",
    "name_of",
    "pack_blobs",
    "pack_order",
    "pack_runner",
    "parse_name",
    "pieces_of",
    "runner_name",
    "split",
    "words_of",
]
