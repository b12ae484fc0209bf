"""Why Spark failed is found in what it wrote."""

from __future__ import annotations

import pytest

from jupyter_compute_run.spark import reasons

INITIALIZING = """\
26/11/29 15:29:30 INFO SparkContext: Running Spark version 4.3.0
26/11/29 15:29:31 ERROR SparkContext: Error initializing SparkContext.
org.apache.spark.SparkException: Could not parse Master URL: 'spork://x'
\tat org.apache.spark.SparkContext$.createTaskScheduler(SparkContext.scala:3204)
26/11/29 15:29:31 INFO SparkContext: Successfully stopped SparkContext
"""
THREAD = """\
Exception in thread "main" java.lang.RuntimeException: no way
\tat org.apache.spark.deploy.SparkSubmit.main(SparkSubmit.scala:1)
Caused by: java.lang.ClassNotFoundException: com.example.Main
\tat java.base/java.net.URLClassLoader.findClass(URLClassLoader.java:445)
"""
HEAP = """\
Invalid maximum heap size: -Xmxlots
Error: Could not create the Java Virtual Machine.
Error: A fatal exception has occurred. Program will exit.
"""
DRIVER = """\
Traceback (most recent call last):
  File "/w/job.py", line 3, in <module>
    sc._jvm.Foo.bar()
py4j.protocol.Py4JJavaError: An error occurred while calling o20.count.
: org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 failed 4 times
\tat org.apache.spark.scheduler.DAGScheduler.failJobAndIndependentStages(DAGScheduler.scala:2454)
Caused by: java.io.FileNotFoundException: /data/x.parquet
\t... 1 more
"""
WORKER = """\
py4j.protocol.Py4JJavaError: An error occurred while calling o20.count.
: org.apache.spark.SparkException: Job aborted: Traceback (most recent call last):
  File "/w/job.py", line 3, in work
ValueError: seven
"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Error: Master must either be yarn or start with spark, k8s, or local\n", "Master must"),
        (INITIALIZING, "org.apache.spark.SparkException: Could not parse Master URL"),
        (THREAD, "no way (caused by java.lang.ClassNotFoundException: com.example.Main)"),
        (HEAP, "Invalid maximum heap size: -Xmxlots"),
        ("26/11/29 15:29:31 ERROR Client: Application killed by ann\n", "Client: Application"),
        ("/opt/spark/bin/spark-class: line 71: java: command not found\n", "java: command not"),
        ("JAVA_HOME is not set\n", "JAVA_HOME is not set"),
    ],
)
def test_the_line_that_tells_is_found_with_its_cause(text: str, reason: str) -> None:
    assert reason in reasons.of_spark(text)


def test_a_log_without_complaints_gives_no_reason() -> None:
    text = "WARNING: incubator modules\n26/11/29 15:29:31 INFO SparkUI: Stopped Spark web UI\n"
    assert reasons.of_spark(text) == "" == reasons.of_spark("")


def test_what_java_threw_in_the_driver_is_the_reason_of_a_program() -> None:
    name, words = reasons.of_program(DRIVER)
    assert name == "SparkException"
    assert words.startswith("Job aborted due to stage failure")
    assert words.endswith("(caused by java.io.FileNotFoundException: /data/x.parquet)")


def test_what_python_threw_in_an_executor_is_left_as_it_stands() -> None:
    assert reasons.of_program(WORKER) == ("", "") == reasons.of_program("ValueError: no\n")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("Master must either be yarn or start with spark", "master"),
        ("All masters are unresponsive! Giving up.", "up"),
        ('Cannot run program "/venv/bin/python": error=2', "executor_python"),
        ("[PYTHON_VERSION_MISMATCH] Python in worker", "executor_python"),
        ("java.lang.ClassNotFoundException: org.postgresql.Driver", "jars"),
        ("unresolved dependency: a#b;1: not found", "packages"),
        ("Required executor memory (9000 MB) is above the max threshold (4000 MB)", "memory"),
        ("Application submitted by user ann to unknown queue: gold", "queue"),
        ("java.lang.OutOfMemoryError: Java heap space", "driver_memory"),
        ("Invalid maximum heap size: -Xmxlots", "conf"),
    ],
)
def test_a_reason_that_is_known_has_a_hint(words: str, hint: str) -> None:
    assert hint in reasons.hint_of(words)


def test_a_reason_of_the_users_own_has_none() -> None:
    assert reasons.hint_of("ValueError: my own") == ""
