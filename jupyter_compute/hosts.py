"""How a kind works on a machine, this one or one behind SSH: for kinds of third parties, too."""

from __future__ import annotations

from .drivers._host import Host, LocalHost
from .drivers._host_driver import HostDriver
from .drivers._queue_driver import KEEPER, QueueDriver, Submission
from .drivers._reaching import Reaching, make_host
from .drivers._statuses import Executed

__all__ = [
    "KEEPER",
    "Executed",
    "Host",
    "HostDriver",
    "LocalHost",
    "QueueDriver",
    "Reaching",
    "Submission",
    "make_host",
]
