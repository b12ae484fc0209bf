"""A folder at one moment: walked, stored as blobs, compared, explained and put back."""

from .snapshotter import Snapshotter

__all__ = ["Snapshotter"]
