"""What front ends call. Everything is synchronous and nothing touches the network."""

from __future__ import annotations

from .calls import Client
from .doctoring import Finding
from .opening import Pace
from .prompts import Asks, Attendant, told
from .submitting import Asked

__all__ = ["Asked", "Asks", "Attendant", "Client", "Finding", "Pace", "told"]
