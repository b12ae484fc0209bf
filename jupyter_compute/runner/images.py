"""A container image on the target: pulled where that is needed, and asked what is in it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from typing import Any, NamedTuple

from . import asking, dockerfiles
from .asking import Program
from .containers import CHOICE
from .endings import shorten
from .interpreters import distributions
from .place import EnvironmentFailedError, Place
from .preparation import base_environment
from .remedies import with_remedy
from .run_folder import replace_json

_PROBE_S = 120.0
_SCHEME = "docker://"
SHELL = "/bin/sh"
_FIND = (
    'for name in python3 python; do path=$(command -v "$name") && '
    '"$path" -c "$0" "$path" && exit 0; done; echo "[]"'
)
_ASK = (
    "import json, os, platform, sys\n"
    "folders = [path for path in sys.path[1:] if os.path.isdir(path)]\n"
    "names = [name for path in folders[::-1] for name in os.listdir(path) if '-info' in name]\n"
    "print(json.dumps([sys.version_info[0], platform.python_version(), sys.argv[1], names]))"
)
FIND_PYTHON = (_FIND, _ASK)
"""What a shell in an image is given to find the Python there."""


class Mount(NamedTuple):
    """A folder or file that a container sees.

    Attributes:
        source: Its path on the target.
        target: Its path in the container.
        is_read_only: Whether the container may not change it.
    """

    source: str
    target: str
    is_read_only: bool = False

    def words(self) -> list[str]:
        """Return the mount as words of a command."""
        fields = ["type=bind", f"source={self.source}", f"target={self.target}"]
        return ["--mount", ",".join(map(_quoted, fields + ["readonly"] * self.is_read_only))]


class Image:
    """An image that is on the target, with what is to be known to run programs in it.

    Args:
        engine: What runs it.
        name: Its name, as the user gave it.
        common: Words of the command for every container of it.
        found: What was found in it.
    """

    def __init__(
        self, engine: Program, name: str, common: list[str], found: dict[str, Any]
    ) -> None:
        self.engine = engine
        self.name = f"the image {name}"
        self.reference = name
        self.common = common
        self.has_shell = bool(found.get("shell"))
        self.python = str(found.get("python") or "")
        self._facts = {
            "python": str(found.get("version") or ""),
            "interpreter": self.python,
            "packages": dict(found.get("packages") or {}),
        }

    def facts(self, root: str, token: str = "") -> dict[str, Any]:
        """Return the version and path of its Python, and its packages."""
        return dict(self._facts)


def prepare_image(place: Place, engine: Program, name: str, dockerfile: str = "") -> Image:
    """Return an image once it is on the target; pulls or builds it where that is needed.

    Args:
        place: Where, and for what.
        engine: What runs it.
        name: Its name, unless there is a Dockerfile.
        dockerfile: The path of a Dockerfile in the snapshot.

    Raises:
        EnvironmentFailedError: There is no such image, or nothing can be run in it.
    """
    asked: dict[str, Any] = place.job.get("containers") or {}
    env = client_environment(place.job)
    name = name[len(_SCHEME) :] if name.startswith(_SCHEME) else name
    if dockerfile:
        name = dockerfiles.build(place, engine, dockerfile, env)
    pull = "never" if dockerfile else str(asked.get("pull") or "missing")
    image_id = _have(place, engine, name, pull, env)
    mounts = [read_mount(text) for text in asked.get("mounts") or ()]
    common = [
        *_user_words(engine, env),
        *(word for mount in mounts for word in mount.words()),
        *map(str, asked.get("args") or ()),
    ]
    probe = [*common, "--entrypoint", SHELL, image_id, "-c", *FIND_PYTHON]
    words = [engine.path, "run", "--rm", "--network", "none", *probe]
    key = json.dumps([image_id, engine.path, common])
    return Image(engine, name, common, look_into(place, key, words, env))


def client_environment(job: dict[str, Any]) -> dict[str, str]:
    """Return the variables that an engine's program is run with for a job."""
    base = base_environment()
    env = {**base, **(job.get("env") or {})}
    # What a run wants to find its programs by need not lead to the engine.
    env["PATH"] = os.pathsep.join(dict.fromkeys([env.get("PATH", ""), base.get("PATH", "")]))
    choice = (job.get("containers") or {}).get("engine")
    return {**env, CHOICE: str(choice)} if choice else env


def read_mount(text: str) -> Mount:
    """Understand ``source:target`` or ``source:target:ro``.

    Raises:
        EnvironmentFailedError: It is neither.
    """
    source, _, rest = text.partition(":")
    target, _, mode = rest.partition(":")
    target = target or source
    if not (os.path.isabs(source) and os.path.isabs(target) and mode in ("", "ro", "rw")):
        raise EnvironmentFailedError(
            f"{text!r} is no mount: it reads like /data:/data:ro, with absolute paths"
        )
    if not os.path.exists(source):
        raise EnvironmentFailedError(f"{source}, which is to be mounted, is not on this target")
    return Mount(source, target, mode == "ro")


def _have(place: Place, engine: Program, name: str, pull: str, env: dict[str, str]) -> str:
    words = [engine.path, "image", "inspect", "--format", "{{.Id}}", name]
    answer = asking.ask(words, env)
    if pull == "always" or (answer.code and pull != "never"):
        place.announce("pulling the image")
        place.run.add_log(f"$ {engine.name} pull {name}")
        if place.step([engine.path, "pull", name], place.root, env):
            said = with_remedy(place.complaint() or answer.complained)
            raise EnvironmentFailedError(f"the image {name} cannot be had: {said}")
        answer = asking.ask(words, env)
    if answer.code:
        said = shorten(answer.complained)
        allowed = ", and it may not be pulled" if pull == "never" else ""
        raise EnvironmentFailedError(f"there is no image {name} on this target{allowed}: {said}")
    return answer.said


def look_into(place: Place, key: str, words: list[str], env: dict[str, str]) -> dict[str, Any]:
    """Find the shell and the Python of an image, once for all runs.

    Args:
        place: Where, and for what.
        key: What is found depends on this alone.
        words: The command that asks a shell in the image for them.
        env: The environment variables that the engine's program is run with.

    Raises:
        EnvironmentFailedError: Nothing can be run in the image.
    """
    name = hashlib.sha256(key.encode()).hexdigest()
    path = os.path.join(place.root, "images", name + ".json")
    with contextlib.suppress(OSError, ValueError), open(path) as file:
        found: dict[str, Any] = json.load(file)
        return found
    found = _understood(asking.ask(words, env, _PROBE_S))
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    replace_json(path, found)
    return found


def _understood(answer: asking.Word) -> dict[str, Any]:
    said = answer.complained.lower()
    # The engines' own codes are 125 to 127, and 255: so they say that there is no shell.
    if answer.code == 127 or (SHELL in said and "no such file" in said):
        return {"shell": False}
    if answer.code:
        words = with_remedy(answer.complained or f"exit code {answer.code}")
        raise EnvironmentFailedError(f"no container of the image can be run: {words}")
    found: dict[str, Any] = {"shell": True}
    rows = json.loads(answer.said.splitlines()[-1])
    if rows and rows[0] >= 3:
        _, version, python, names = rows
        found.update(version=version, python=python, packages=distributions(names))
    return found


def _user_words(engine: Program, env: dict[str, str]) -> list[str]:
    """Choose the user in the container so that what it writes belongs to the user outside."""
    uid, gid = os.getuid(), os.getgid()
    if engine.name == "podman":
        return ["--userns=keep-id", "--user", f"{uid}:{gid}"] if uid else ["--user", "0:0"]
    words = ["info", "--format", "{{json .SecurityOptions}}"]
    options = asking.ask([engine.path, *words], env).said
    if "name=rootless" in options:
        # There, root inside is the user outside.
        return ["--user", "0:0"]
    groups = [
        word for group in os.getgroups() if group != gid for word in ("--group-add", str(group))
    ]
    host = ["--userns=host"] if "name=userns" in options else []
    return [*host, "--user", f"{uid}:{gid}", *groups]


def _quoted(field: str) -> str:
    if any(sign in field for sign in ',"\n'):
        return '"' + field.replace('"', '""') + '"'
    return field
