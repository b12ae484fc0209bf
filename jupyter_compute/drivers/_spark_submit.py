"""Spark by ``spark-submit`` on a host, whose agent keeps the run."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import resources
from typing import ClassVar

from msgspec import Struct, structs

from ..errors import DriverError, TargetUnreachableError
from ..model import Job, Problem, TargetInfo
from ._host import Host
from ._host_driver import HostDriver
from ._reaching import make_host, place_of
from ._spark_checking import read_found, with_spark
from ._spark_options import SparkOptions
from ._spark_plan import spark_job

_LOOK_S = 150.0


class SubmitDriver(HostDriver):
    """Hands the program of each run to ``spark-submit``, beside the run's keeper."""

    kind: ClassVar[str] = "spark"
    Options: ClassVar[type[Struct]] = SparkOptions

    options: SparkOptions

    @classmethod
    def resource_id(cls, options: Struct) -> str:
        """Name the master and its queue, and the account that submits to it."""
        assert isinstance(options, SparkOptions)
        return f"spark:{_queue_of(options)} from {place_of(options)}"

    def make_host(self) -> Host:
        """Reach the machine that has ``spark-submit``."""
        return make_host(self.context, self.options, root=self.root())

    def root(self) -> str:
        """Return the folder on the host; on this machine it is the target's own."""
        # A run that was submitted to local[*] shares the folder with nobody else's.
        is_own = not self.options.host and self.options.root == SparkOptions().root
        return self.context.folder if is_own else self.options.root

    def variables(self) -> Mapping[str, str]:
        """Return what the options say."""
        return self.options.env

    def slots(self, cpus: float) -> int | None:
        """Return how many runs at once, as said or from the host's cores."""
        return self.options.slots or super().slots(cpus)

    async def check(self) -> TargetInfo:
        """Find out what the host has, what its Spark is, and what the cluster says."""
        info = await self._look(is_brief=False)
        # The same folder of the same host may serve targets of other kinds, too.
        place = f"{info.place}/spark:{_queue_of(self.options)}" if info.place else ""
        info = structs.replace(info, place=place)
        if not info.is_usable and not info.host:
            return info
        options = self.options
        python = info.facts.get("interpreter") or "python3"
        argv = [python, "-", options.spark_master, options.spark_home, options.web_ui]
        try:
            answer = await self.execute(argv, input=_finding(), env=options.env, timeout_s=_LOOK_S)
            return with_spark(info, read_found(answer.stdout), options)
        except TargetUnreachableError:
            raise
        except DriverError as exc:
            problem = Problem(message=exc.message, remedy=exc.hint)
            return structs.replace(info, problems=(*info.problems, problem))

    async def measure(self) -> TargetInfo:
        """Find out what the host has; Spark itself says how much runs at once."""
        return await self._look(is_brief=True)

    async def launch(self, job: Job) -> str:
        """Start a keeper whose program is ``spark-submit``."""
        return await super().launch(spark_job(job, self.options))


def _queue_of(options: SparkOptions) -> str:
    return options.spark_master + (f"/{options.queue}" if options.queue else "")


@functools.cache
def _finding() -> bytes:
    """Read the program that looks for Spark; it stands alone."""
    return resources.files("jupyter_compute_run.spark").joinpath("finding.py").read_bytes()
