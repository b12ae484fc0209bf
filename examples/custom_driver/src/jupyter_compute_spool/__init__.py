"""A kind of target for jupyter_compute: a queue that is a folder."""

from .driver import SpoolDriver, SpoolOptions

__all__ = ["SpoolDriver", "SpoolOptions"]
