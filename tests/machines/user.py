"""Who may log in to a machine, and what they are asked."""

from __future__ import annotations

import ctypes
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class User:
    """A user of a machine.

    Args:
        home: ``/home/NAME`` when not given.
        login: What a login takes, in this order: ``key``, ``password``, ``code``.
        passphrase: Of the user's key.
        files: What lies in the home, such as ``.bashrc``.
    """

    name: str = "ada"
    home: str = ""
    shell: str = "/bin/bash"
    login: tuple[str, ...] = ("key",)
    password: str = "correct horse"
    passphrase: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        if self.home:
            return self.home
        return "/root" if self.name == "root" else f"/home/{self.name}"

    @property
    def group(self) -> str:
        """The group that tells sshd and PAM what to ask this user."""
        return "asked-" + "-".join(self.login)


def methods(login: tuple[str, ...]) -> str:
    """Say in sshd's words what a login takes."""
    if login == ("key",):
        return "publickey"
    if login == ("password",):
        return "password keyboard-interactive"
    asked = "keyboard-interactive"
    return f"publickey,{asked}" if "key" in login else asked


def crypted(password: str) -> str:
    """Make what /etc/shadow keeps of a password."""
    crypt = ctypes.CDLL("libcrypt.so.1").crypt
    crypt.restype = ctypes.c_char_p
    made: bytes = crypt(password.encode(), f"$6${secrets.token_hex(8)}$".encode())
    return made.decode()


def one_time_code(key: bytes, count: int) -> str:
    """Compute the code that an authenticator shows (RFC 4226)."""
    digest = hmac.digest(key, count.to_bytes(8, "big"), hashlib.sha1)
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
