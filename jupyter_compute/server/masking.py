"""Secrets among a target's options: written, never read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError

MASK = "••••••••"


def secret_names(schema: Mapping[str, Any]) -> set[str]:
    """Return the options that a schema says are secret: ``writeOnly``, or of format password."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    return {name for name, field in properties.items() if _is_secret(field)}


def masked(options: Mapping[str, Any], secret: set[str]) -> dict[str, Any]:
    """Return options to show: of a secret one only that it is set."""
    return {
        name: MASK if name.replace("-", "_") in secret and value not in (None, "") else value
        for name, value in options.items()
    }


def unmasked(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options to change: a mask that comes back leaves its secret as it is."""
    return {name: value for name, value in options.items() if value != MASK}


def filled(options: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with the secrets that are known in the place of their masks."""
    values = {name.replace("-", "_"): value for name, value in known.items()}
    return {
        name: values.get(name.replace("-", "_"), value) if value == MASK else value
        for name, value in options.items()
    }


def refuse_masks(options: Mapping[str, Any]) -> None:
    """See that a new target has real values.

    Raises:
        ConfigError: A mask is among them.
    """
    for name, value in options.items():
        if value == MASK:
            raise ConfigError(f"the option {name!r} is a mask", hint="give its value again")


def _is_secret(field: Mapping[str, Any]) -> bool:
    if field.get("writeOnly") or field.get("format") == "password":
        return True
    return any(_is_secret(one) for one in field.get("anyOf", ()))
