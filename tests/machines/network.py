"""The wires between this machine and another, with a router of its own in between."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import secrets
import subprocess
from collections.abc import Sequence

# It ends when whoever made it is gone, however they went: then its stdin is closed.
_ROUTER = "echo 1 > /proc/sys/net/ipv4/ip_forward; echo ready; exec cat > /dev/null"


class Link:
    """The way to a machine: a router that is there even while the machine is off.

    Nothing that is meant for the machine can leave by another way, therefore.

    Args:
        near: The first process of the machine at the near end; None is this machine.
    """

    def __init__(self, near: int | None = None) -> None:
        self.near = near
        self.device = f"jct{secrets.token_hex(5)}"
        network = _unused_network()
        self._near_side, self._far_side = network.subnets(new_prefix=30)
        self.near_address, self._gate = map(str, self._near_side.hosts())
        self._far_gate, self.address = map(str, self._far_side.hosts())
        self._router: subprocess.Popen[str] | None = None

    def lay(self, far: int) -> None:
        """Connect the machine whose first process is ``far``."""
        router = self._router_pid() if self._router else self._make_router()
        _ip(
            router,
            f"link add far type veth peer name eth0 netns {far}",
            f"addr add {self._far_gate}/30 dev far",
            "link set far up",
        )
        _ip(
            far,
            f"addr add {self.address}/30 dev eth0",
            "link set lo up",
            "link set eth0 up",
            f"route add default via {self._far_gate}",
        )

    def loosen(self) -> None:
        """Take the machine off, before it says good-bye to anyone."""
        with contextlib.suppress(subprocess.CalledProcessError):
            _ip(self._router_pid(), "link del far")

    def cut(self) -> None:
        """Lose all that is sent, in both directions, without a word to anyone."""
        self._forward(False)

    def heal(self) -> None:
        """Let what is sent arrive again."""
        self._forward(True)

    def unplug(self) -> None:
        """Pull the plug at the near end, which its kernel sees."""
        _ip(self._router_pid(), "link set near down")

    def plug(self) -> None:
        """Put the plug back in."""
        _ip(self._router_pid(), "link set near up")

    def remove(self) -> None:
        """Take everything away."""
        if self._router:
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip(self.near, f"link del {self.device}")
            self._router.communicate()
            self._router = None

    def _make_router(self) -> int:
        self._router = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", _ROUTER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._router.stdout
        assert self._router.stdout.readline() == "ready\n"
        router = self._router_pid()
        _ip(
            self.near,
            f"link add {self.device} type veth peer name near netns {router}",
            f"addr add {self.near_address}/30 dev {self.device}",
            f"link set {self.device} up",
            f"route add {self._far_side} via {self._gate} dev {self.device}",
        )
        _ip(
            router,
            f"addr add {self._gate}/30 dev near",
            "link set near up",
        )
        return router

    def _router_pid(self) -> int:
        assert self._router
        return self._router.pid

    def _forward(self, yes: bool) -> None:
        entering = ["nsenter", "--net", "--target", str(self._router_pid())]
        writing = f"echo {int(yes)} > /proc/sys/net/ipv4/ip_forward"
        subprocess.run([*entering, "sh", "-c", writing], check=True)


def _ip(inside: int | None, *lines: str) -> None:
    entering: Sequence[str] = ("nsenter", "--net", "--target", str(inside)) if inside else ()
    subprocess.run(
        [*entering, "ip", "-batch", "-"],
        input="\n".join(lines) + "\n",
        text=True,
        check=True,
        capture_output=True,
    )


def _unused_network() -> ipaddress.IPv4Network:
    """Choose eight private addresses that no route here leads to."""
    shown = subprocess.run(["ip", "-4", "route"], text=True, check=True, capture_output=True).stdout
    taken = [
        ipaddress.ip_network(word, strict=False)
        for word in re.findall(r"^(?:\w+ )?(\d+\.\d+\.\d+\.\d+(?:/\d+)?)", shown, re.MULTILINE)
    ]
    while True:
        start = (10 << 24) + (64 << 16) + 8 * secrets.randbelow(1 << 19)
        network = ipaddress.IPv4Network((start, 29))
        if not any(network.overlaps(other) for other in taken):
            return network
