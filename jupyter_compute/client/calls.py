"""The client: one class, its methods sorted by noun into the modules beside this one."""

from __future__ import annotations

from .attaching import AttachCalls
from .captured import CapturedCalls
from .caring import CareCalls
from .comparing import ComparingCalls
from .detaching import DetachCalls
from .files import FileCalls
from .inputs import InputCalls
from .logs import LogCalls
from .submitting import SubmitCalls


class Client(
    SubmitCalls,
    AttachCalls,
    DetachCalls,
    ComparingCalls,
    LogCalls,
    InputCalls,
    FileCalls,
    CapturedCalls,
    CareCalls,
):
    """What every front end calls: the notebook's commands, the shell's and the server's.

    Front ends only write wishes into the store and read facts from it; the controller acts on
    the wishes. So no method touches the network, and none blocks for longer than files on this
    machine do, except those that say that they wait. A client may be shared by threads.

    Args:
        workspace: The workspace or its folder; by default ``$JUPYTER_COMPUTE_HOME``, else
            ``compute`` in Jupyter's data folder. It is made on first use.
        registry: The kinds of target; by default those that are installed.
        environ: The environment variables to go by; by default the process's own.
    """
