"""``spark`` and ``sc`` for code that was submitted to Spark, as in Spark's own shell."""

from __future__ import annotations

import os
import sys

from .. import events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

VARIABLE = "JUPYTER_COMPUTE_SPARK_SESSION"
"""Set in the environment of a run that shall find them."""

LINK = "JUPYTER_COMPUTE_SPARK_LINK"
"""Set where the session itself must tell its page, since it is at no port that could be guessed."""


def is_wanted() -> bool:
    """Tell whether this run was submitted to Spark."""
    return bool(os.environ.get(VARIABLE))


def place(namespace: Dict[str, Any]) -> None:
    """Begin a session and put ``spark`` and ``sc`` into a namespace. Blocks until it is there.

    Raises:
        ImportError: There is no PySpark.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        message = "{} (of the interpreter {}): a run on Spark needs PySpark, which Spark brings"
        raise ImportError(message.format(error, sys.executable)) from error
    session = SparkSession.builder.getOrCreate()
    if os.environ.get(LINK):
        events.emit("tag", name="spark_application", value=session.sparkContext.applicationId)
        events.emit("tag", name="spark_ui", value=session.sparkContext.uiWebUrl or "")
    namespace["spark"], namespace["sc"] = session, session.sparkContext
