"""What a driver may ask of a target."""

from __future__ import annotations

import errno
import os
import platform
import sys
import time
from typing import Any, Union

from . import (
    foreground,
    garbage,
    held,
    launching,
    library,
    manifests,
    protocol,
    status,
    submitting,
    tools,
)
from .blobs import Blobs
from .children import Answer, Executed, Forked, of_system
from .facts import facts
from .failures import Failure
from .incoming import Incoming
from .watching import Watch

Outcome = Union[Answer, Forked, Executed, Incoming, held.HeldPoll, held.HeldRead]
_READ_LIMIT = 4 * 1024 * 1024
_LONGEST_S = 3600.0


class Operations:
    """The operations on one root.

    Args:
        head: The head of ``hello``.

    Raises:
        Failure: There is no common protocol, or the root cannot be made.
    """

    def __init__(self, head: dict[str, Any]) -> None:
        if head.get("protocol") not in protocol.PROTOCOLS:
            raise Failure(
                "bad-request",
                "the agent speaks the protocols {}, not {!r}".format(
                    list(protocol.PROTOCOLS), head.get("protocol")
                ),
            )
        self.root = _make_root(str(head.get("root") or "~/.jupyter_compute"))
        self.blobs = Blobs(self.root)
        self.statuses = held.Statuses(Watch(self.root, allowed=bool(head.get("inotify", True))))
        self.library = library.install(self.root)
        self._operations = {
            name[len("_op_") :]: getattr(self, name) for name in dir(self) if name[:4] == "_op_"
        }

    def hello(self) -> dict[str, Any]:
        """Return the head of the answer to ``hello``."""
        return {
            "protocol": protocol.PROTOCOLS[-1],
            "root": self.root,
            "place": _place(self.root),
            "host": platform.node(),
            "python": platform.python_version(),
            "pid": os.getpid(),
            "inotify": self.statuses.watch.is_reliable,
        }

    def begin(self, head: dict[str, Any]) -> Outcome:
        """Do what a request asks for, or begin to.

        Raises:
            Failure: The answer is no.
            OSError: The operating system says no.
        """
        operation = self._operations.get(str(head.get("op")))
        if operation is None:
            raise Failure(
                "bad-request",
                "the agent knows no operation {!r}".format(head.get("op")),
                "the near end is newer than the agent",
            )
        try:
            outcome: Outcome = operation(head)
        except (KeyError, TypeError, ValueError) as error:
            raise Failure(
                "bad-request", "{}: {}: {}".format(head["op"], type(error).__name__, error)
            ) from error
        return outcome

    # -- what is there -------------------------------------------------------------------------

    def _op_facts(self, head: dict[str, Any]) -> Outcome:
        env = {str(name): str(value) for name, value in dict(head.get("env") or {}).items()}
        is_brief = bool(head.get("brief"))
        return Forked(lambda: facts(self.root, env, is_brief=is_brief))

    def _op_tool(self, head: dict[str, Any]) -> Outcome:
        return Forked(lambda: tools.offer(self.root, head))

    def _op_list(self, head: dict[str, Any]) -> Outcome:
        return Forked(lambda: {"jobs": garbage.list_attempts(self.root)})

    # -- blobs ---------------------------------------------------------------------------------

    def _op_missing(self, head: dict[str, Any]) -> Outcome:
        missing = self.blobs.missing(head["digests"])
        if head.get("snapshot"):
            missing += self.blobs.absent(manifests.digests_of(self.blobs, head["snapshot"]))
        return Answer({"missing": missing, "partial": self.blobs.partial(missing)})

    def _op_put(self, head: dict[str, Any]) -> Outcome:
        return Incoming(self.blobs, list(head["blobs"]))

    def _op_patch(self, head: dict[str, Any]) -> Outcome:
        self.blobs.patch(head["digest"], head["base"], head["pieces"])
        return Answer({"stored": 1})

    def _op_adopt(self, head: dict[str, Any]) -> Outcome:
        files = dict(head["files"])

        def adopt() -> dict[str, Any]:
            adopted, refused = [], []
            for digest, path in files.items():
                try:
                    self.blobs.adopt(digest, path)
                    adopted.append(digest)
                except OSError as error:
                    if error.errno in (errno.ENOSPC, errno.EDQUOT):
                        raise
                    refused.append(digest)
                except Failure:
                    refused.append(digest)
            return {"adopted": adopted, "refused": refused}

        return Forked(adopt)

    def _op_gc(self, head: dict[str, Any]) -> Outcome:
        limit, keep = int(head["limit_bytes"]), list(head.get("keep") or ())
        built = int(head.get("environments_limit_bytes", garbage.UNLIMITED))
        return Forked(lambda: garbage.collect(self.root, limit, keep, built))

    def _op_purge(self, head: dict[str, Any]) -> Outcome:
        return Forked(lambda: garbage.purge(self.root))

    # -- runs ----------------------------------------------------------------------------------

    def _op_launch(self, head: dict[str, Any]) -> Outcome:
        job, secrets = self._job_of(head)
        is_new = launching.launch(self.blobs, job, secrets)
        return Answer({"job_id": f"{job['run_id']}/{job['attempt']}", "is_new": is_new})

    def _job_of(self, head: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        job, secrets = dict(head["job"]), dict(head.get("secrets") or {})
        job.pop("secret_env", None)
        job.update(lib=self.library, python=job.get("python") or sys.executable, format=1)
        return job, secrets

    def _op_submit(self, head: dict[str, Any]) -> Outcome:
        job, secrets = self._job_of(head)
        how = dict(head["how"])
        return Forked(lambda: submitting.submit(self.blobs, job, secrets, how))

    def _op_conclude(self, head: dict[str, Any]) -> Outcome:
        folder = launching.attempt_folder(self.root, head["run"], head["attempt"])
        final = status.conclude(folder, dict(head["final"]))
        if final is not None and not final.get("requeue"):
            foreground.forget_secrets(folder)
        self.statuses.forget(folder)
        return Answer({"final": final})

    def _op_poll(self, head: dict[str, Any]) -> Outcome:
        jobs = [
            held.Polled(
                run,
                launching.attempt_folder(self.root, run, attempt),
                str(mark),
                dict(sizes[0]) if sizes else {},
            )
            for run, attempt, mark, *sizes in head["jobs"]
        ]
        return held.HeldPoll(jobs, _deadline(head))

    def _op_read(self, head: dict[str, Any]) -> Outcome:
        folder = launching.attempt_folder(self.root, head["run"], head["attempt"])
        offset, limit = int(head["offset"]), int(head.get("limit") or _READ_LIMIT)
        if offset < 0 or limit < 1:
            raise Failure("bad-request", f"{limit} bytes from {offset} cannot be read")
        if not os.path.isdir(folder):
            raise Failure("not-found", "there is no run {} here".format(head["run"]))
        limit = min(limit, _READ_LIMIT)
        return held.HeldRead(folder, str(head["name"]), offset, limit, _deadline(head))

    def _op_cancel(self, head: dict[str, Any]) -> Outcome:
        folder = launching.attempt_folder(self.root, head["run"], head["attempt"])
        if os.path.isdir(folder):
            status.cancel(folder, str(head.get("by") or ""))
            self.statuses.forget(folder)
        return Answer({})

    def _op_delete(self, head: dict[str, Any]) -> Outcome:
        aside = garbage.set_aside(self.root, head["run"], head["attempt"])

        def remove() -> dict[str, Any]:
            garbage.remove(aside)
            return {"deleted": bool(aside)}

        self.statuses.forget(launching.attempt_folder(self.root, head["run"], head["attempt"]))
        return Forked(remove)

    def _op_exec(self, head: dict[str, Any]) -> Outcome:
        return Executed(head)


def _make_root(path: str) -> str:
    root = os.path.realpath(os.path.expanduser(path))
    try:
        os.makedirs(root, 0o700, exist_ok=True)
        if not os.access(root, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), root)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise of_system(error) from error
        raise Failure(
            "failed", f"the folder {root} cannot be used: {error.strerror or error}"
        ) from error
    return root


def _place(root: str) -> str:
    """Return the mark of this folder, by which it is known under whatever name it is reached."""
    path, mark = os.path.join(root, "place"), os.urandom(16).hex()
    if os.path.exists(path):
        return _first_line(path)
    try:
        # Linked when it is whole, so that of two agents one comes first and both read the same.
        part = f"{path}.{mark}"
        with open(part, "w") as file:
            file.write(mark)
        try:
            os.link(part, path)
        finally:
            os.unlink(part)
    except FileExistsError:
        pass
    except OSError:
        # A full disk, or a file system without links: it goes unmarked.
        return ""
    return _first_line(path)


def _first_line(path: str) -> str:
    with open(path, errors="replace") as file:
        return file.readline(64).strip()


def _deadline(head: dict[str, Any]) -> float:
    return time.monotonic() + min(max(float(head.get("wait_s") or 0.0), 0.0), _LONGEST_S)
