"""A cell's text and what was sent along with it, as the runner laid them out."""

from __future__ import annotations

import json
import os

from . import params

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Container, Dict, Optional


class Inputs:
    """What stands in a run's ``files`` folder.

    Attributes:
        code: The cell's text.
        path: The file that it stands in.
        facts: What the submitter said about it: ``outputs``, ``notebook``, ``allow_pickle``.
    """

    def __init__(self, files: str) -> None:
        self._files = files
        self.path = os.path.join(files, "cell.py")
        with open(self.path, encoding="utf-8", errors="surrogateescape") as file:
            self.code = file.read()
        with open(os.path.join(files, "cell.json"), encoding="utf-8") as facts:
            self.facts: Dict[str, Any] = json.load(facts)

    def load(self, namespace: Dict[str, Any], names: Optional[Container[str]] = None) -> None:
        """Put the variables that were sent along, and the parameters, into a namespace.

        Args:
            namespace: Where they go.
            names: Which of them; all by default.

        Raises:
            ImportError: One cannot be read here; it is named.
        """
        for variable in self.facts.get("inputs", ()):
            if names is None or variable["name"] in names:
                namespace[variable["name"]] = self._decode(variable)
        namespace.update(
            {name: value for name, value in params().items() if names is None or name in names}
        )

    def _decode(self, variable: Dict[str, Any]) -> Any:
        from . import variables

        path = os.path.join(self._files, variable["path"])
        try:
            # It came from the one who runs this, so a pickle is no stranger's.
            return variables.decode(path, variable["codec"], allow_pickle=True)
        except (OSError, ValueError, ImportError) as error:
            message = "the variable {} ({}) cannot be read here: {}"
            raise ImportError(
                message.format(variable["name"], variable.get("type"), error)
            ) from error
