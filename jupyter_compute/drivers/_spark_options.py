"""What a target of the kind ``spark`` says about itself, whichever way its cluster is reached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, field

from ._reaching import Reaching, in_group, one_line

_REFERENCE = re.compile(r"(env|file|keyring):.+")
_MASTER = re.compile(r"local(\[[^\]]+\])?|spark://\S+:\d+|yarn|k8s://\S+")
_MEMORY = re.compile(r"\d+[kmgtKMGT]?[bB]?")
_OURS = ("--master", "--deploy-mode", "--name", "--properties-file", "--conf")

Cores = Annotated[int, Meta(ge=1)]


class SparkOptions(Reaching, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where Spark is reached, by ``spark-submit`` on a host or by Livy, and how much a run gets.

    Attributes:
        host: The host that has ``spark-submit``, as ``ssh`` knows it; ``user@host`` is fine.
            Without one it is this machine.
        master: Spark's master: ``local[*]``, ``spark://host:7077`` or ``yarn``.
        deploy_mode: Where the driver runs: ``client`` is on the host, ``cluster`` is in YARN.
        livy: The address of a Livy server, such as ``https://mycluster.azurehdinsight.net/livy``;
            then nobody logs in anywhere.
        conf: Settings of Spark, such as ``spark.sql.shuffle.partitions=64``. ``{env:NAME}`` in a
            value stands for a variable or secret of the run.
        jars: Jars for the driver and the executors.
        py_files: Further ``.py``, ``.zip`` and ``.egg`` files for the driver and the executors.
        packages: Packages from Maven, as ``group:artifact:version``.
        repositories: Where these are looked for besides Maven Central.
        submit_args: Further words for ``spark-submit``, such as ``--files=/etc/app.conf``.
        driver_memory: Memory of the driver, such as ``4g``; a run's ``--memory`` comes first.
        driver_cores: Cores of the driver in cluster mode; a run's ``--cpus`` comes first.
        executors: How many executors; a run's nodes times its processes come first.
        executor_memory: Memory of each executor, such as ``8g``.
        executor_cores: Cores of each executor.
        total_cores: Cores of all executors together, on a standalone cluster, which otherwise
            gives a run all that it has.
        queue: The queue of YARN.
        executor_python: The interpreter of the executors, where the run's own is not at the same
            place on every node.
        spark_home: Spark's folder on the host; without it ``SPARK_HOME``, the ``PATH``, the usual
            places and the run's environment are searched.
        web_ui: The web page of a standalone cluster's master, where it is not on port 8080.
        slots: How many runs at once; by default two for each usable core of the host.
        env: Environment variables of every run, such as ``JAVA_HOME`` or ``HADOOP_CONF_DIR``.
        staging: A folder that this machine and the cluster behind Livy both see:
            ``file:/shared/jc``, ``webhdfs://namenode:9870/user/ann/jc`` or, over TLS,
            ``swebhdfs://…``.
        staging_there: The same folder as the cluster names it, where that differs; that of
            ``webhdfs:`` is in the cluster's own file system, as ``hdfs:///user/ann/jc``.
        livy_user: Whom to sign in to Livy as.
        livy_password: Where the password is kept: ``env:NAME``, ``file:PATH`` or
            ``keyring:SERVICE/USER``; without it you are asked.
        livy_token: Where a bearer token is kept, in the same way.
        livy_headers: Further headers of every request; a value may be such a reference.
        livy_ca_file: Who signed the server's certificate, as a file.
        livy_verify: Whether the server's certificate is checked.
        proxy_user: Whom Spark runs the work as, where that is another user.
    """

    master: str = ""
    deploy_mode: Literal["client", "cluster"] = "client"
    livy: str = ""
    conf: Annotated[dict[str, str], in_group("Settings", "Settings of Spark")] = field(
        default_factory=dict
    )
    jars: Annotated[tuple[str, ...], in_group("Settings")] = ()
    py_files: Annotated[tuple[str, ...], in_group("Settings", "Python files")] = ()
    packages: Annotated[tuple[str, ...], in_group("Settings", "Packages from Maven")] = ()
    repositories: Annotated[tuple[str, ...], in_group("Settings", "Repositories")] = ()
    submit_args: Annotated[
        tuple[str, ...], in_group("Settings", "Further words for spark-submit")
    ] = ()
    driver_memory: Annotated[str, in_group("Size")] = ""
    driver_cores: Annotated[Cores | None, in_group("Size")] = None
    executors: Annotated[Cores | None, in_group("Size")] = None
    executor_memory: Annotated[str, in_group("Size")] = ""
    executor_cores: Annotated[Cores | None, in_group("Size")] = None
    total_cores: Annotated[Cores | None, in_group("Size", "Cores of all executors")] = None
    queue: Annotated[str, in_group("Size")] = ""
    executor_python: Annotated[str, in_group("Over there", "Python of the executors")] = ""
    spark_home: Annotated[str, in_group("Over there", "Folder of Spark")] = ""
    web_ui: Annotated[str, in_group("Over there", "Web page of the master")] = ""
    slots: Annotated[Cores | None, in_group("Over there", "Runs at once")] = None
    env: Annotated[dict[str, str], in_group("Over there", "Environment variables")] = field(
        default_factory=dict
    )
    staging: Annotated[str, in_group("Livy", "Staging folder")] = ""
    staging_there: Annotated[str, in_group("Livy", "Staging folder, as the cluster names it")] = ""
    livy_user: Annotated[str, in_group("Livy", "Livy user")] = ""
    livy_password: Annotated[str, in_group("Livy", "Where the password is kept")] = ""
    livy_token: Annotated[str, in_group("Livy", "Where the token is kept")] = ""
    livy_headers: Annotated[dict[str, str], in_group("Livy", "Headers")] = field(
        default_factory=dict
    )
    livy_ca_file: Annotated[str, in_group("Livy", "Certificate authority", format="path")] = ""
    livy_verify: Annotated[bool, in_group("Livy", "Check the certificate")] = True
    proxy_user: Annotated[str, in_group("Livy", "Run the work as")] = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        one_line(self, "master", "livy", "spark_home", "executor_python", "queue", "web_ui")
        for problem in (*self._wrong_place(), *self._wrong_settings(), *self._wrong_secrets()):
            raise ValueError(problem)

    def _wrong_place(self) -> Iterator[str]:
        if self.livy:
            if not re.match(r"https?://[^/\s]+", self.livy):
                yield f"{self.livy!r} is no address of a Livy server: http://… or https://…"
            if self.host:
                yield "a target is reached by the option 'livy' or by 'host', not by both"
            return
        if self.master and not _MASTER.fullmatch(self.master):
            yield (
                f"{self.master!r} is no master of Spark: local[*], spark://host:7077 or yarn; "
                "a server of Livy is the option 'livy'"
            )
        if self.deploy_mode == "cluster" and self.master != "yarn":
            yield (
                f"there is no cluster mode with the master {self.master or 'local[*]'!r}: Spark "
                "runs Python that way on YARN only; leave the option 'deploy_mode' out"
            )

    def _wrong_settings(self) -> Iterator[str]:
        for name in self.conf:
            if not re.fullmatch(r"spark\.\S+", name):
                yield f"{name!r} is no setting of Spark: they begin with 'spark.'"
        for name in ("driver_memory", "executor_memory"):
            value = getattr(self, name)
            if value and not _MEMORY.fullmatch(value):
                yield f"the option {name!r} is an amount such as 512m or 8g, not {value!r}"
        for word in self.submit_args:
            if word.partition("=")[0] in _OURS:
                yield f"{word!r} among 'submit_args' has an option of its own: see the others"

    def _wrong_secrets(self) -> Iterator[str]:
        for name in ("livy_password", "livy_token"):
            value = getattr(self, name)
            if value and not _REFERENCE.fullmatch(value):
                # It may be the secret itself, so it must not be shown.
                yield (
                    f"the option {name!r} says where it is kept: env:NAME, file:PATH or "
                    "keyring:SERVICE/USER"
                )

    @property
    def spark_master(self) -> str:
        """The master, or this machine's own cores where none is named."""
        return self.master or "local[*]"
