"""The Spark session of a job. Sets only options that affect results, the same for every Spark version."""

import contextlib
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator

from py4j.protocol import Py4JJavaError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from sluice.core import errors
from sluice.core.config.schema import SparkConfig
from sluice.core.errors import SluiceError, StageError
from sluice.core.progress import is_terminal, progress_bar
from sluice.core.quiet import without_lines
from sluice.spark.engine.java import ensure_java

log = logging.getLogger("sluice.spark")

JAVA_NOISE = (
    r"^(Picked up JAVA_TOOL_OPTIONS|WARNING: Using incubator modules|Using Spark's default log4j profile"
    r"|Setting default log level to"
    r"|To adjust logging level use|[0-9/]+ [0-9:]+ WARN (Utils|NativeCodeLoader):)"
)
"""Lines that Spark prints at every start and that need no action. A log4j2 configuration of our own would not cover
the first ones and would replace the user's."""

BAR_INTERVAL_S = 0.5
"""Seconds between two updates of a progress bar."""

TASK_ATTEMPTS = 4
"""spark.task.maxFailures if it is not configured: the default on a cluster."""


@contextlib.contextmanager
def open_session(config: SparkConfig, name: str) -> Iterator[SparkSession]:
    """Opens a session with the settings needed for correctness. Memory, cores and storage are left to spark-submit.

    Without spark-submit (plain `python jobs/…`), it uses all cores of this machine. A local master gets the retries of
    a cluster: by default, Spark makes only one attempt per task of `local[N]`, so a page that kills a worker would end
    the job.
    """
    ensure_java()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    _start_java()
    builder = (
        SparkSession.builder.appName(f"sluice {name}")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", str(config.rows_per_batch))
        .config("spark.sql.parquet.compression.codec", "zstd")
        .config("spark.sql.files.ignoreCorruptFiles", "false")
        .config("spark.python.worker.faulthandler.enabled", "true")
        .config("spark.ui.showConsoleProgress", "false")  # replaced by `progress`, which also covers batch logs
    )
    if master := _with_retries(_configured("spark.master"), _configured("spark.task.maxFailures")):
        builder = builder.master(master)
    if config.partitions:
        builder = builder.config("spark.sql.shuffle.partitions", str(config.partitions))
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    try:
        yield spark
    finally:
        spark.stop()


def _start_java() -> None:
    """Starts the JVM without start-up messages, unless spark-submit or an earlier session has started it already."""
    is_started = "PYSPARK_GATEWAY_PORT" in os.environ or SparkContext._gateway is not None
    with contextlib.nullcontext() if is_started else without_lines(JAVA_NOISE, outlived=True):
        SparkContext._ensure_initialized()  # not public, but stable for years and present in 3.5 to 4.3


def _configured(name: str) -> str | None:
    """Returns a setting from spark-submit or spark-defaults.conf, or None."""
    return SparkConf().get(name)


def _with_retries(master: str | None, failures: str | None) -> str | None:
    """Returns `local[N,4]` for a master `local[N]`; None for masters that already retry."""
    local = re.fullmatch(r"local(?:\[(\d+|\*)\])?", master or "local[*]")
    if not local:
        return None
    return f"local[{local[1] or ('1' if master else '*')},{failures or TASK_ATTEMPTS}]"


def partitions_of(spark: SparkSession, config: SparkConfig) -> int:
    """Returns the number of shuffle partitions: the setting, or three per core and at least 8."""
    return config.partitions or max(8, 3 * spark.sparkContext.defaultParallelism)


@contextlib.contextmanager
def progress(spark: SparkSession, what: str, interval_s: float) -> Iterator[None]:
    """Shows the progress of a block that runs Spark jobs, and converts Spark's errors to ours.

    Shows a bar on a terminal, otherwise a log line per interval. Both count the tasks of the active Spark stages.
    """
    tracker = spark.sparkContext.statusTracker()
    finished = threading.Event()

    def watch() -> None:
        has_bar = is_terminal()
        with progress_bar(what, unit="tasks") as bar:
            while not finished.wait(BAR_INTERVAL_S if has_bar else interval_s):
                infos = [info for stage in tracker.getActiveStageIds() if (info := tracker.getStageInfo(stage))]
                if not infos:
                    continue
                done, total = sum(i.numCompletedTasks for i in infos), sum(i.numTasks for i in infos)
                bar.update(done, total)
                if not has_bar:
                    log.info("%s: %d of %d tasks done", what, done, total)

    watcher = threading.Thread(target=watch, name="progress", daemon=True)
    watcher.start()
    try:
        yield
    except (PySparkException, Py4JJavaError) as e:  # the latter from writers, with a full disk for example
        raise translate(what, e) from e
    finally:
        finished.set()
        watcher.join()


def translate(what: str, error: PySparkException | Py4JJavaError) -> SluiceError:
    """Returns our own error if a Python worker raised one; any other failure of Spark becomes a StageError."""
    ours = re.search(r"^sluice\.core\.errors\.(\w+): (.+)$", str(error), re.MULTILINE)
    if ours:
        kind: type[SluiceError] = getattr(errors, ours[1])
        return kind(ours[2])
    return StageError(
        f"Spark failed during {what}: {_reason(str(error)) or type(error).__name__} "
        "Finished stages and batches are kept; fix the cause and run the same command again "
        "(SLUICE_TRACEBACK=1 shows where it happened)."
    )


def _reason(message: str) -> str:
    """Returns the line of Spark's message with the reason, or an empty string.

    A traceback of Python ends with it. Of a chain of Java's exceptions it is the last cause. Otherwise it is the first
    line with an error class such as [PATH_NOT_FOUND], before a plan of the query.
    """
    lines = [line.strip() for line in message.splitlines() if line.strip() and not line.startswith((" ", "\t"))]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    classed = [line for line in lines if re.search(r"\[[A-Z_0-9.]+\] ", line)]
    if any(line.startswith("Traceback (") for line in lines):
        frames = [i for i, line in enumerate(lines) if line.startswith("Traceback (")]
        return next((line for line in lines[frames[-1] + 1 :]), lines[-1])
    return next(iter(causes[-1:] or classed or lines[-1:]), "")
