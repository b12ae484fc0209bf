"""Jobs go the whole way on this machine: store, controller, agent, keeper, program, and back."""

from __future__ import annotations

from jupyter_compute.drivers.local import LocalDriver
from jupyter_compute.testing import JobSuite


class TestLocal(JobSuite):
    driver = LocalDriver
