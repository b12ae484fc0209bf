"""What OpenSSH says when it does not get through, and what that means."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ..errors import AuthenticationError, DriverError, TargetUnreachableError
from ._bootstrap import NoAgent
from ._ssh_config import Destination, Resolved


class _Meaning(NamedTuple):
    pattern: re.Pattern[str]
    error: type[DriverError]
    message: str
    hint: str


def _means(pattern: str, error: type[DriverError], message: str, hint: str) -> _Meaning:
    return _Meaning(re.compile(pattern, re.I | re.M), error, message, hint)


_MEANINGS = (
    _means(
        r"REMOTE HOST IDENTIFICATION HAS CHANGED",
        AuthenticationError,
        "the host key of {hostname} has changed: another machine may stand in its place{offending}",
        "if its administrator confirms the new key, remove the old one by "
        "ssh-keygen -R {known_as} and check the target again",
    ),
    _means(
        r"Host key verification failed|No \S+ host key is known for",
        AuthenticationError,
        "the host key of {hostname} was not accepted",
        "check the target again and compare the fingerprint with that of its administrator",
    ),
    _means(
        r"Permissions \d+ for '(?P<it>[^']*)' are too open",
        AuthenticationError,
        "ssh does not use a private key that others can read: {it}",
        "chmod 600 on it, and check the target again",
    ),
    _means(
        r'Load key "(?P<it>[^"]*)": incorrect passphrase',
        AuthenticationError,
        "the passphrase does not open the key {it}",
        "check the target again, or load the key into ssh-agent",
    ),
    _means(
        r'Load key "(?P<it>[^"]*)": (invalid format|error in libcrypto)',
        AuthenticationError,
        "{it} is no private key that ssh can read",
        "name the private key, not the public one",
    ),
    _means(
        r"Too many authentication failures",
        AuthenticationError,
        "{hostname} ended the login: too many keys were tried",
        "name the right one with the option key_file",
    ),
    _means(
        r"Permission denied \((?P<it>[^)]*)\)|Permission denied, please try again"
        r"|Permission denied|no mutual signature",
        AuthenticationError,
        "{hostname} did not let {user} in{with_what}{takes}",
        "see whether the user is right, and whether the machine knows this key or password",
    ),
    _means(
        r"Could not resolve hostname (?P<it>\S+): .*|Name or service not known",
        TargetUnreachableError,
        "there is no machine of the name {it} to be found",
        "look at its spelling and at the network or VPN",
    ),
    _means(
        r"Connection refused",
        TargetUnreachableError,
        "nothing listens on port {port} of {hostname}: the connection was refused",
        "see whether sshd runs there and the port is right",
    ),
    _means(
        r"timed out|timeout",
        TargetUnreachableError,
        "{hostname} does not answer on port {port}: the connection timed out",
        "see whether it is switched on, and whether a firewall or VPN lies between",
    ),
    _means(
        r"No route to host|Network is unreachable|Network is down|Host is down",
        TargetUnreachableError,
        "there is no way to {hostname}: {line}",
        "look at the network or VPN",
    ),
    _means(
        r"kex_exchange_identification|banner exchange|ssh_exchange_identification",
        TargetUnreachableError,
        "{hostname} broke off the connection before the login: {line}",
        "it may be busy with other logins (MaxStartups), or refuse this address",
    ),
    _means(
        r"no matching (?P<it>[\w ]+) found|Unable to negotiate",
        DriverError,
        "{hostname} and this machine's OpenSSH have no method in common: {line}",
        "allow the one it offers for this host in ~/.ssh/config",
    ),
    _means(
        r"Bad (configuration option|owner or permissions)|Unsupported option",
        DriverError,
        "ssh does not take its configuration: {line}",
        "mend the named line or file",
    ),
    _means(
        r"channel \d+: open failed|Session open refused|administratively prohibited",
        TargetUnreachableError,
        "{hostname} opens no further session: {line}",
        "it allows few at once (MaxSessions)",
    ),
    _means(
        r"not available|nologin|account (is|has)\b.*(expired|locked|disabled)",
        AuthenticationError,
        "{user} may not run anything on {hostname}: {line}",
        "ask its administrator, or name another user",
    ),
)

_NO_AGENT: dict[str, tuple[str, str]] = {
    "no-python": (
        "there is no Python on {hostname}{searched}",
        "install Python 3.8 or newer there, or name the interpreter with the option python; "
        "{container}",
    ),
    "no-engine": (
        "there is neither docker nor podman on {hostname} for the image {image}",
        "leave the option container out, or have one of them installed",
    ),
    "no-container": (
        "no container of the image {image} comes up on {hostname}: {line}",
        "name an image that is there or can be pulled, and that has Python 3.8 or newer",
    ),
    "no-root": (
        "the folder {root} on {hostname} cannot be made: {line}",
        "name another one with the option root",
    ),
    "no-room": (
        "the agent cannot be written to {root} on {hostname}: {line}",
        "free some space there, or name another folder with the option root",
    ),
}


class Attempt(NamedTuple):
    """One try to get there.

    Attributes:
        destination: Where to.
        resolved: The same as OpenSSH has it.
        methods: What was answered in it: ``password``, ``passphrase``, ``code``.
        said: Everything that ``ssh`` and the login wrote to standard error.
        printed: The last line that came over the pipe.
        exit_code: Of ``ssh``.
    """

    destination: Destination
    resolved: Resolved
    methods: frozenset[str]
    said: str
    printed: str
    exit_code: int | None


def explain(attempt: Attempt) -> DriverError:
    """Say why there is no connection."""
    for meaning in _MEANINGS:
        found = meaning.pattern.search(attempt.said)
        if found is None and attempt.exit_code != 255:
            found = meaning.pattern.search(attempt.printed)
        if found is not None:
            say = _sayer(attempt, found)
            return meaning.error(say(meaning.message), hint=say(meaning.hint))
    words = "; ".join(word for word in (_last(attempt.said), attempt.printed) if word)
    words = words or "the connection was closed"
    if attempt.exit_code in (None, 255) or attempt.exit_code < 0:
        return TargetUnreachableError(
            f"no answer from {attempt.resolved.place}: {words}",
            hint="see whether ssh to it works in a terminal",
        )
    return DriverError(
        f"the login to {attempt.resolved.place} works, and its shell does not start the agent: "
        f"{words} (exit code {attempt.exit_code})",
        hint="see what ssh to it prints, with the command 'exec /bin/sh -c true'",
    )


def explain_no_agent(
    why: NoAgent, attempt: Attempt, root: str, python: str, image: str
) -> DriverError:
    """Say why the login works and no agent comes up."""
    unknown = ("the agent does not start on {hostname}: {line}", "check the target")
    message, hint = _NO_AGENT.get(why.code, unknown)
    way = f"{why.engine} is there" if why.engine else "where docker or podman is there"
    values = {
        "hostname": attempt.resolved.hostname,
        "root": root,
        "image": image,
        "container": f"{way}, an image such as python:3.12-slim, named with the option container, "
        "does as well",
        "line": _complaint(attempt.said) or "no reason was given",
        "searched": f": no {python}" if python else " that could be found",
    }
    return DriverError(message.format(**values), hint=hint.format(**values))


def _sayer(attempt: Attempt, found: re.Match[str]) -> Callable[[str], str]:
    groups = found.groupdict()
    it = groups.get("it") or attempt.destination.key_file or attempt.resolved.hostname
    offending = re.search(r"Offending .*? in (\S+:\d+)", attempt.said)
    values = {
        "hostname": attempt.resolved.hostname,
        "port": attempt.resolved.port,
        "user": attempt.resolved.user,
        "known_as": _known_as(attempt.resolved),
        "it": it,
        "line": _line_of(found),
        "offending": f" (known from {offending[1]})" if offending else "",
        "with_what": _with_what(attempt),
        "takes": f"; it takes {groups['it']}" if groups.get("it") else "",
    }
    return lambda text: text.format(**values)


def _known_as(resolved: Resolved) -> str:
    alias = resolved.settings.get("hostkeyalias", "")
    if alias and alias != "none":
        return alias
    plain = resolved.port == "22"
    return resolved.hostname if plain else f"'[{resolved.hostname}]:{resolved.port}'"


def _with_what(attempt: Attempt) -> str:
    if "code" in attempt.methods:
        return (
            " with this password and code" if "password" in attempt.methods else " with this code"
        )
    if "password" in attempt.methods:
        return " with this password"
    if attempt.destination.key_file:
        return f" with the key {attempt.destination.key_file}"
    return " with the keys that ssh has here"


def _line_of(found: re.Match[str]) -> str:
    text = found.string
    start = text.rfind("\n", 0, found.start()) + 1
    end = text.find("\n", found.end())
    return text[start : end if end >= 0 else len(text)].strip().strip("\r")


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _complaint(text: str) -> str:
    """Return the line of a program there that says what went wrong, without its names."""
    lines = [line.strip() for line in text.splitlines() if "rror" in line] or [_last(text)]
    return lines[0].removeprefix("docker: ").removeprefix("Error: ")
