"""References to secrets: where a value is kept, never the value."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from .errors import ConfigError
from .model import Secret

_LARGEST = 1 << 20
_HINT = "env:NAME, file:PATH or keyring:SERVICE/USER"


def check(reference: str) -> None:
    """Refuse what is no reference. Touches nothing; the message never repeats it.

    Raises:
        ConfigError: It is not one of ``env:NAME``, ``file:PATH``, ``keyring:SERVICE/USER``.
    """
    _split(reference)


def resolve(reference: str, *, environ: Mapping[str, str]) -> Secret:
    """Fetch the value behind a reference. May block while a keyring asks its user.

    Args:
        reference: ``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/USER``.
        environ: Where ``env:`` looks.

    Raises:
        ConfigError: It is no reference, or there is nothing behind it. No message holds a value.
    """
    scheme, rest = _split(reference)
    if scheme == "env":
        return _from_environment(rest, environ)
    return _from_file(rest) if scheme == "file" else _from_keyring(rest)


def _split(reference: str) -> tuple[str, str]:
    scheme, colon, rest = reference.partition(":")
    if not colon or scheme not in ("env", "file", "keyring") or not rest.strip():
        # It may be the secret itself, so it must not be shown.
        raise ConfigError("that is no reference to a secret", hint=_HINT)
    if scheme == "keyring" and not all(rest.rpartition("/")[::2]):
        raise ConfigError("a keyring reference needs a service and a user", hint=_HINT)
    if "\0" in rest or "\n" in rest:
        raise ConfigError("a reference to a secret is one line", hint=_HINT)
    return scheme, rest


def _from_environment(name: str, environ: Mapping[str, str]) -> Secret:
    value = environ.get(name)
    if value is None:
        raise ConfigError(
            f"the secret env:{name} is not there: the variable is not set",
            hint=f"set {name} before the notebook server or the shell command starts",
        )
    return Secret(value)


def _from_file(path: str) -> Secret:
    where = Path(path).expanduser()
    hint = "look at the path and its permissions"
    try:
        if not where.is_file():
            why = "is no file" if where.exists() else "does not exist"
            raise ConfigError(f"the secret's file {str(where)!r} {why}", hint=hint)
        if where.stat().st_size > _LARGEST:
            raise ConfigError(f"the secret's file {str(where)!r} is larger than 1 MB", hint=hint)
        text = where.read_bytes().decode("utf-8")
    except OSError as exc:
        raise ConfigError(
            f"the secret's file {str(where)!r} cannot be read: {exc.strerror}", hint=hint
        ) from exc
    except UnicodeDecodeError:
        # The original names the bytes around the fault.
        raise ConfigError(
            f"the secret's file {str(where)!r} is not text", hint="UTF-8, one value"
        ) from None
    return Secret(text.removesuffix("\n").removesuffix("\r"))


def _from_keyring(name: str) -> Secret:
    service, _, user = name.rpartition("/")
    try:
        import keyring  # noqa: PLC0415 - optional, and slow to import
        import keyring.errors  # noqa: PLC0415
    except ImportError as exc:
        raise ConfigError(
            "keyring: needs the package keyring, which is not installed here",
            hint="pip install keyring",
        ) from exc
    try:
        value = keyring.get_password(service, user)
    except (keyring.errors.KeyringError, RuntimeError, OSError, subprocess.SubprocessError) as exc:
        raise ConfigError(
            f"the keyring did not give {service}/{user}: {type(exc).__name__}",
            hint="unlock it, or use env: or file:",
        ) from None
    if value is None:
        raise ConfigError(
            f"the keyring has nothing for {service}/{user}",
            hint=f"keyring set {service} {user}",
        )
    return Secret(str(value))
