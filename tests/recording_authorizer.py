"""An authorizer for tests: writes down what it is asked, and says no to who wants that."""

from __future__ import annotations

import os
from typing import Any

from jupyter_server.auth import Authorizer


class RecordingAuthorizer(Authorizer):
    """Allows everything but what has the header ``X-Deny``."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        """Write the question down, and answer it."""
        request = handler.request
        with open(os.environ["AUTHORIZER_RECORD"], "a") as record:
            record.write(f"{request.method} {request.path} {user.username} {action} {resource}\n")
        return "X-Deny" not in request.headers
