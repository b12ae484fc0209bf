"""What can be said about a cluster of Ray."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_REFERENCE = re.compile(r"(env|file|keyring):.+")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SECRET_HEADERS = ("authorization", "cookie", "proxy-authorization", "x-api-key", "x-ray-token")
_PORTS_OF_OTHERS = {6379: "the port of Ray's own processes", 10001: "the port of ray:// clients"}


def _in(group: str, title: str | None = None, **schema: str) -> Meta:
    return Meta(title=title, extra_json_schema={"group": group, **schema})


class RayOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a cluster of Ray is reached, and what its runs get.

    Attributes:
        address: Where the dashboard of its head answers, such as ``http://head:8265``.
        token: Where the token is kept that it wants: ``env:NAME``, ``file:PATH`` or
            ``keyring:SERVICE/USER``; never the token itself.
        headers: Headers of every request, as a proxy may want them; a value may be such a
            reference, and one that is secret must be.
        verify: Whether its certificate is checked.
        ca_file: The certificates of those who may vouch for it, where they are not the system's.
        cpus: Cores that a run reserves which does not say how many; 0 reserves nothing and
            runs on the head.
        resources: More that every run reserves, by the cluster's own names, such as
            ``TPU=4``.
        slots: How many runs at once; by default as many as the cluster has room for.
        python: The interpreter that runs use by default, on every node; by default Ray's own.
        root: The folder on its nodes for our files; by default beside Ray's sessions. One that
            all nodes share lets a run that is started again find its checkpoint on any of them.
        env: Environment variables of every run and its environment, such as proxies.
        package_tool: What Ray installs packages with; by default uv where Ray knows it.
        upload_limit_mb: How much a run may need that is not there yet: Ray's head holds it in
            memory.
        outputs_limit_mb: How much a run's outputs may have together to be brought back.
        channel: What a run is heard of through: files that the dashboard shows, or the log of
            its job; by default files where the dashboard shows any.
    """

    address: str
    token: Annotated[str, _in("Login", "Where the token is kept")] = ""
    headers: Annotated[dict[str, str], _in("Login", "Headers")] = {}
    verify: Annotated[bool, _in("Login", "Check the certificate")] = True
    ca_file: Annotated[str, _in("Login", "Certificates that vouch for it", format="path")] = ""
    cpus: Annotated[float, Meta(ge=0), _in("Runs", "Cores of a run")] = 1.0
    resources: Annotated[dict[str, float], _in("Runs", "Resources of a run")] = {}
    slots: Annotated[Annotated[int, Meta(ge=1)] | None, _in("Runs", "Runs at once")] = None
    python: Annotated[str, _in("Over there", "Python")] = ""
    root: Annotated[str, _in("Over there", "Folder")] = ""
    env: Annotated[dict[str, str], _in("Over there", "Environment variables")] = {}
    package_tool: Annotated[Literal["", "pip", "uv"], _in("Over there", "Packages by")] = ""
    upload_limit_mb: Annotated[float, Meta(gt=0), _in("Over there", "Uploads, in MB")] = 500.0
    outputs_limit_mb: Annotated[float, Meta(gt=0), _in("Over there", "Outputs, in MB")] = 500.0
    channel: Annotated[Literal["", "files", "log"], _in("Over there", "Channel")] = ""

    def __post_init__(self) -> None:
        for field in ("address", "token", "ca_file", "python", "root"):
            value = getattr(self, field)
            if _CONTROL.search(value):
                raise ValueError(f"the option {field!r} is one line without control characters")
        self._check_address()
        if self.token and not _REFERENCE.fullmatch(self.token):
            # It may be the token itself, so it must not be shown.
            raise ValueError(
                "the option 'token' says where the token is kept: env:NAME, file:PATH or "
                "keyring:SERVICE/USER"
            )
        for name, value in self.headers.items():
            if not _HEADER.fullmatch(name) or _CONTROL.search(value):
                raise ValueError(f"{name!r} is no header")
            if name.lower() in _SECRET_HEADERS and not _REFERENCE.fullmatch(value):
                raise ValueError(
                    f"the header {name!r} is a secret: say where it is kept, by env:NAME, "
                    "file:PATH or keyring:SERVICE/USER"
                )
        wrong = [name for name, count in self.resources.items() if not name or not count > 0]
        if wrong:
            raise ValueError(f"the resource {wrong[0]!r} needs a number above 0")

    def _check_address(self) -> None:
        address = self.address
        if address.startswith("ray://"):
            raise ValueError(
                f"{address!r} is for ray.init(); give the address of the dashboard, such as "
                "http://head:8265"
            )
        try:
            parts = urlsplit(self.url)
            is_fine = parts.scheme in ("http", "https") and bool(parts.hostname)
            port = parts.port
        except ValueError:
            is_fine, port = False, None
        if not is_fine or " " in address or parts.query or parts.fragment:
            raise ValueError(f"{address!r} is no address of a dashboard such as http://head:8265")
        if parts.username or parts.password:
            raise ValueError("the address holds a user or a password: use the option 'headers'")
        if port in _PORTS_OF_OTHERS:
            raise ValueError(
                f"{port} is {_PORTS_OF_OTHERS[port]}; the dashboard mostly has the port 8265"
            )

    @property
    def url(self) -> str:
        """The address with its scheme and without a slash at its end."""
        address = self.address if "://" in self.address else f"http://{self.address}"
        return address.rstrip("/")

    @property
    def resource_id(self) -> str:
        """The address in the one form by which it is known."""
        parts = urlsplit(self.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return f"ray+{parts.scheme}://{(parts.hostname or '').lower()}:{port}{parts.path}"

    def certificates(self) -> str:
        """Return the path of the file with certificates; empty without one."""
        return str(Path(self.ca_file).expanduser()) if self.ca_file else ""
