"""An engine's commands with somebody in between who counts them and may make them fail."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

UNREACHABLE = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"
TIMED_OUT = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"

# A trouble is a file. Whoever takes one that holds once moves it away first.
_SCRIPT = """\
#!/bin/sh
printf '%s\\n' "{name} $*" >> {folder}/calls
trouble={folder}/{name}
if [ -e "$trouble.once" ] && mv "$trouble.once" "$trouble.$$" 2>/dev/null; then
  trouble=$trouble.$$
fi
[ -e "$trouble" ] || exec {real} "$@"
what=$(head -n 1 "$trouble")
if [ "$what" = lose ] || [ "$what" = lose-hang ]; then {real} "$@" > /dev/null 2>&1; fi
case $what in
  hang|lose-hang) while [ -e "$trouble" ]; do sleep 0.1; done ;;
esac
tail -n +2 "$trouble" >&2 2>/dev/null
exit 1
"""


class Commands:
    """A folder of commands that do what the real ones do, unless they are told otherwise.

    Args:
        folder: A folder of its own.
        names: Of the commands.

    Attributes:
        path: What PATH must be for them to be found first.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        programs = folder / "bin"
        programs.mkdir(exist_ok=True)
        self.path = f"{programs}:{os.environ['PATH']}"
        for name in names:
            real = shutil.which(name)
            assert real, f"{name} is not there"
            script = programs / name
            words = {"name": name, "folder": shlex.quote(str(folder)), "real": shlex.quote(real)}
            script.write_text(_SCRIPT.format(**words))
            script.chmod(0o755)

    def calls(self, *names: str) -> list[str]:
        """The command lines since the last ``forget``: all, or those of some commands."""
        try:
            lines = (self.folder / "calls").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [line for line in lines if not names or line.split(" ", 1)[0] in names]

    def forget(self) -> None:
        """Begin to count anew."""
        (self.folder / "calls").unlink(missing_ok=True)

    def fail(self, name: str, words: str = UNREACHABLE, *, once: bool = False) -> None:
        """Do nothing, say something on stderr, and exit with 1."""
        self._trouble(name, "fail", words, once)

    def hang(self, name: str, *, once: bool = False) -> None:
        """Do nothing until ``heal``."""
        self._trouble(name, "hang", UNREACHABLE, once)

    def lose(self, name: str, words: str = TIMED_OUT, *, hang: bool = False) -> None:
        """Do it once, but say that it failed; or say nothing at all until ``heal``."""
        self._trouble(name, "lose-hang" if hang else "lose", words, once=True)

    def heal(self, *names: str) -> None:
        """Let some commands, or all, be as they were; who hangs goes on and fails."""
        for path in self.folder.iterdir():
            name = path.name.split(".")[0]
            if path.is_file() and name != "calls" and (not names or name in names):
                path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def failing(self, *names: str, words: str = UNREACHABLE) -> Iterator[None]:
        for name in names:
            self.fail(name, words)
        yield
        self.heal(*names)

    @contextlib.contextmanager
    def hanging(self, *names: str) -> Iterator[None]:
        for name in names:
            self.hang(name)
        yield
        self.heal(*names)

    def _trouble(self, name: str, what: str, words: str, once: bool) -> None:
        new = self.folder / f"{name}.new"
        new.write_text(f"{what}\n{words}\n")
        new.rename(self.folder / (f"{name}.once" if once else name))
