"""What every part of the controller works with."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..config import Settings
from ..driver import BlobSource
from ..model import Job, Run, Secret, Target
from ..registry import Registry
from ..workspace import Workspace
from .desk import Desk
from .handover import SecretBox
from .interruptions import Interruptions


class TargetSource(Protocol):
    """Where targets are looked up."""

    def has(self, name: str) -> bool:
        """Whether there is a target of this name, attached and sound or not."""
        ...

    def get(self, name: str) -> Target:
        """Return the target of a name, or raise ``NotFoundError``."""
        ...


@dataclass(kw_only=True)
class Context:
    """Everything that the controller uses, so that a test can pass other things.

    Attributes:
        make_job: Makes the job of a run from its snapshot; may block.
        resolve: Returns the value behind a reference to a secret; may block.
        hold_s: How long a poll is held at most.
        turn_s: Seconds between looks at the store when nobody rings.
        requeues: How often a lost run is started again.
        patience_s: How long a launch waits for the values of its ``env:`` secrets.
        retry_s: The first pause after a silent target, a full disk or a bug.
        interruptions: Tells whether this machine has slept or changed its network.
        interruptions_s: Seconds between looks at that.
    """

    workspace: Workspace
    desk: Desk
    registry: Registry
    targets: TargetSource
    blobs: BlobSource
    make_job: Callable[[Run, Mapping[str, Secret]], Job]
    resolve: Callable[[str], Secret]
    settings: Settings = field(default_factory=Settings)
    box: SecretBox = field(default_factory=SecretBox)
    clock: Callable[[], float] = time.time
    hold_s: float = 30.0
    turn_s: float = 2.0
    requeues: int = 3
    patience_s: float = 15.0
    retry_s: float = 0.5
    interruptions: Interruptions = field(default_factory=Interruptions)
    interruptions_s: float = 1.0
