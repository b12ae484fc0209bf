"""Answers to what targets ask that a person chose to keep, for the next time.

They stand in the system's keyring, or, where there is none, in ``kept-answers.toml`` in the
workspace, which is open to its owner alone. That file lists those in the keyring, too, without
their answers, since a keyring cannot be listed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import logging
import os
import queue
import secrets
import shlex
import stat
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from msgspec import Struct

from .errors import ConfigError
from .workspace import Workspace

log = logging.getLogger(__name__)

KEYRING = "keyring"
"""The place of an answer that the system's keyring has; any other place is a file's path."""

SERVICE = "jupyter-compute"
"""What the entries in the keyring are filed under."""

_PATIENCE_S = 10.0
_HEADER = """\
# Answers that you chose to keep for what targets ask. An "answer" below is PLAIN TEXT: whoever
# can read this file can use it, so it is yours alone (mode 0600). To remove one, or all:
#   jupyter compute answers --forget NAME
#   jupyter compute answers --forget-all
"""

T = TypeVar("T")


class KeptAnswer(Struct, frozen=True, kw_only=True):
    """That an answer is kept; never what it is.

    Attributes:
        name: What the target calls it.
        target: Who asked: a target's name, or the place that was looked at.
        place: ``keyring``, or the path of the file that it stands in.
    """

    name: str
    target: str
    place: str


class KeptAnswers:
    """The kept answers of a workspace. Every call reads afresh, and may block for a while.

    Args:
        workspace: Where they are listed.
        patience_s: How long a keyring may take; a locked one may wait for its user.
    """

    def __init__(self, workspace: Workspace, *, patience_s: float = _PATIENCE_S) -> None:
        self._path = workspace.kept_answers
        self._keyring = _Keyring(patience_s)

    def place(self) -> str:
        """Return where an answer would be kept now; empty if it could be kept nowhere."""
        if self._keyring.is_usable():
            return KEYRING
        try:
            self._read()
        except ConfigError as exc:
            log.warning("nothing can be kept: %s (%s)", exc.message, exc.hint)
            return ""
        return str(self._path)

    def entries(self) -> list[KeptAnswer]:
        """List what is kept, by name.

        Raises:
            ConfigError: The file cannot be read, or others can read it.
        """
        return [
            KeptAnswer(
                name=name,
                target=entry.get("target", ""),
                place=str(self._path) if "answer" in entry else KEYRING,
            )
            for name, entry in sorted(self._read().items())
        ]

    def find(self, name: str) -> str | None:
        """Return a kept answer; ``None`` if there is none, or it cannot be had just now."""
        try:
            entry = self._read().get(name)
        except ConfigError as exc:
            log.warning("no kept answer is used: %s (%s)", exc.message, exc.hint)
            return None
        if entry is None:
            return None
        return entry["answer"] if "answer" in entry else self._keyring.get(name)

    def keep(self, name: str, answer: str, *, target: str, place: str) -> None:
        """Keep an answer at the place that was shown to the person, and nowhere else.

        Raises:
            ConfigError: That did not work; nothing is kept.
        """
        with self._changing() as found:
            found[name] = {"target": target}
            if place == KEYRING:
                self._keyring.put(name, answer)
            else:
                found[name]["answer"] = answer

    def forget(self, wanted: Callable[[KeptAnswer], bool]) -> list[str]:
        """Forget the answers that are wanted no more, and return their names.

        Raises:
            ConfigError: The file cannot be written, or the keyring did not forget one.
        """
        gone = [one for one in self.entries() if wanted(one)]
        for one in gone:
            with self._changing() as found:
                if one.place == KEYRING:
                    self._keyring.remove(one.name)
                found.pop(one.name, None)
        return [one.name for one in gone]

    @contextlib.contextmanager
    def _changing(self) -> Iterator[dict[str, dict[str, str]]]:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            lock = os.open(self._path.with_suffix(".lock"), flags, 0o600)
        except OSError as exc:
            raise self._cannot("written", exc) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = self._read()
            yield found
            self._write(found)
        finally:
            os.close(lock)

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            # A pipe of that name must not hold us up.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(self._path, flags)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as exc:
            raise self._cannot("read", exc) from None
        try:
            self._refuse_odd_one(os.fstat(descriptor))
            with open(descriptor, "rb", closefd=False) as file:
                return self._parse(file.read())
        except OSError as exc:
            raise self._cannot("read", exc) from None
        finally:
            os.close(descriptor)

    def _refuse_odd_one(self, facts: os.stat_result) -> None:
        path = str(self._path)
        if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid():
            raise ConfigError(
                f"{path!r} is no file of yours", hint=f"remove it: rm {shlex.quote(path)}"
            )
        if facts.st_mode & 0o077:
            mode = stat.S_IMODE(facts.st_mode)
            raise ConfigError(
                f"others may have read {path!r}: its mode is {mode:o}",
                hint=f"change the passwords in it, then: chmod 600 {shlex.quote(path)}",
            )

    def _parse(self, data: bytes) -> dict[str, dict[str, str]]:
        import tomlkit  # noqa: PLC0415 - slow, and seldom needed
        import tomlkit.exceptions  # noqa: PLC0415

        try:
            found: dict[str, Any] = tomlkit.parse(data.decode()).unwrap()
        except (tomlkit.exceptions.TOMLKitError, UnicodeDecodeError):
            # The original may repeat what stands there.
            raise ConfigError(
                f"{str(self._path)!r} is no TOML", hint="mend it, or remove it"
            ) from None
        tables = ((name, table) for name, table in found.items() if isinstance(table, dict))
        return {name: {key: str(value) for key, value in table.items()} for name, table in tables}

    def _write(self, entries: dict[str, dict[str, str]]) -> None:
        beside = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        try:
            if not entries:
                self._path.unlink(missing_ok=True)
                return
            data = _text(entries).encode()
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(os.open(beside, flags, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, self._path)
        except UnicodeEncodeError:
            raise ConfigError("the answer is not text", hint="UTF-8") from None
        except OSError as exc:
            beside.unlink(missing_ok=True)
            raise self._cannot("written", exc) from None

    def _cannot(self, what: str, exc: OSError) -> ConfigError:
        if exc.errno == errno.ELOOP:
            return ConfigError(
                f"{str(self._path)!r} is a link, and is not followed",
                hint=f"remove it: rm {shlex.quote(str(self._path))}",
            )
        return ConfigError(
            f"{str(self._path)!r} cannot be {what}: {exc.strerror or exc}",
            hint="look at the file, its permissions and the room on its disk",
        )


def _text(entries: dict[str, dict[str, str]]) -> str:
    lines = [_HEADER]
    for name, entry in sorted(entries.items()):
        lines.append(f"\n[{_quoted(name)}]\n")
        lines += [f"{key} = {_quoted(value)}\n" for key, value in entry.items()]
    return "".join(lines)


def _quoted(text: str) -> str:
    """Quote as TOML does, which is as JSON does but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


class _Keyring:
    """The system's keyring, if there is a real one; it may be locked, blocked or broken."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._is_stuck = False

    def is_usable(self) -> bool:
        return bool(self._try(lambda keyring: _is_real(keyring.get_keyring())))

    def get(self, name: str) -> str | None:
        found = self._try(lambda keyring: keyring.get_password(SERVICE, name))
        return None if found is None else str(found)

    def put(self, name: str, answer: str) -> None:
        def put(keyring: Any) -> bool:
            keyring.set_password(SERVICE, name, answer)
            return True

        if not self._try(put):
            raise ConfigError(
                f"the keyring did not take {name!r}", hint="unlock it, or do not keep the answer"
            )

    def remove(self, name: str) -> None:
        def remove(keyring: Any) -> bool:
            if keyring.get_password(SERVICE, name) is not None:
                keyring.delete_password(SERVICE, name)
            return True

        if not self._try(remove):
            raise ConfigError(
                f"the keyring did not forget {name!r}",
                hint=f"unlock it and try again, or: keyring del {SERVICE} {shlex.quote(name)}",
            )

    def _try(self, call: Callable[[Any], T]) -> T | None:
        """Call the keyring; ``None`` when there is none, it fails, or it takes too long."""
        try:
            import keyring  # noqa: PLC0415 - optional, and slow to import
        except ImportError:
            return None
        if self._is_stuck:
            return None
        try:
            return _within(self._patience_s, lambda: call(keyring))
        except TimeoutError:
            self._is_stuck = True
            log.warning("the keyring has not answered in %g s and is left alone", self._patience_s)
        except Exception as exc:
            # Its message is anybody's, and might repeat the answer.
            log.warning("the keyring did not answer: %s", type(exc).__name__)
        return None


def _is_real(backend: Any) -> bool:
    is_stub = type(backend).__module__ in ("keyring.backends.fail", "keyring.backends.null")
    return not is_stub and backend.priority > 0


def _within(seconds: float, call: Callable[[], T]) -> T:
    """Return what a call returns or raise what it raises; it is left behind if it blocks."""
    done: queue.SimpleQueue[Callable[[], T]] = queue.SimpleQueue()

    def run() -> None:
        try:
            value = call()
        except BaseException as exc:
            error = exc

            def fail() -> T:
                raise error

            done.put(fail)
        else:
            done.put(lambda: value)

    threading.Thread(target=run, daemon=True, name="keyring").start()
    try:
        outcome = done.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    return outcome()
