"""Checks before any work: every machine sees the output, and runs the same Python and sluice."""

import logging
import os
import platform
import secrets
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import pyarrow as pa
from pyspark.sql import SparkSession

from sluice import __version__
from sluice.core.errors import ConfigError, StageError
from sluice.core.records.base import Record
from sluice.data import storage
from sluice.data.arrow import to_batches
from sluice.spark.engine.parquet import read_table, write_table
from sluice.spark.engine.schemas import spark_schema
from sluice.spark.engine.session import progress

log = logging.getLogger("sluice.spark")

FOLDER = "_preflight"
MAX_TASKS = 500
TASK_S = 0.2
"""Seconds that a task lasts at least, so that all executors get one."""
MIN_FREE_BYTES = 2 << 30
"""Free bytes for temporary files below which a warning is logged."""


class Seen(Record):
    """The findings of a task on its machine."""

    host: str
    python: str
    sluice: str
    wrote: str | None
    """Name of the file that it wrote."""
    problem: str | None
    free_bytes: int
    """Of its directory for temporary files."""


def preflight(spark: SparkSession, output: str, others: Sequence[str] = ()) -> None:
    """Raises ConfigError or StageError, with the machine and the cause, unless all machines can write `output`.

    `others`: further paths that Spark reads. In local mode only the paths are checked, which takes no Spark job.
    """
    default = spark._jsc.hadoopConfiguration().get("fs.defaultFS") or "file:///"
    for path in (output, *others):
        require_scheme(path, default)
    if (spark.sparkContext.master or "").startswith("local"):
        warn_of_space(socket.gethostname(), tempfile.gettempdir(), shutil.disk_usage(tempfile.gettempdir()).free)
        return
    began = time.monotonic()
    folder = storage.join(output, FOLDER)
    token = secrets.token_hex(8)
    storage.write_atomic(storage.join(folder, "token"), token.encode())
    try:
        with progress(spark, "the check of all machines", 10):
            tasks = max(1, min(MAX_TASKS, 2 * spark.sparkContext.defaultParallelism))
            look = partial(_look, folder, token)
            rows = spark.range(0, tasks, 1, tasks).mapInArrow(look, spark_schema(Seen)).collect()
            seen = [Seen(**row.asDict()) for row in rows]
            check_seen(seen, output, {name for name in map(_name, storage.list_files(folder)) if name != "token"})
            table = storage.join(folder, "table")
            write_table(spark.range(3).toDF("n"), table)
            _check_table(spark, table, output)
    finally:
        storage.delete_tree(folder)
    hosts = len({one.host for one in seen})
    log.info("%d machines can read and write %s (checked in %.1f s)", hosts, output, time.monotonic() - began)


def require_scheme(path: str, default_fs: str) -> None:
    """Raises ConfigError for a path without a scheme where Hadoop's default file system is not the local one.

    Spark would write it to that file system, and sluice to local disks.
    """
    if storage.is_uri(path) or default_fs.startswith("file:"):
        return
    remote = storage.join(default_fs, path)
    raise ConfigError(
        f"The path {path!r} has no scheme, and Hadoop's default file system is {default_fs}: Spark would use {remote}, "
        f"sluice the local disk of each machine. Write {remote}, or file://{os.path.abspath(path)} if all machines "
        "share that directory."
    )


def check_seen(seen: Sequence[Seen], output: str, files: set[str]) -> None:
    """Raises StageError for the first machine that cannot use `output`; `files`: names that the driver found there."""
    ours = Seen(socket.gethostname(), _python(), __version__, None, None, 0)
    for one in seen:
        if (one.python, one.sluice) != (ours.python, ours.sluice):
            raise StageError(
                f"{one.host} has Python {one.python} and sluice {one.sluice}, the driver Python {ours.python} and "
                f"sluice {ours.sluice}. Use the same environment everywhere: scripts/pack_env.sh makes one."
            )
        if one.problem is not None:
            raise StageError(f"{one.host} cannot use output={output}: {one.problem}")
        if one.wrote not in files:
            raise StageError(
                f"{one.host} wrote to output={output}, but the driver on {ours.host} does not find the file: this is "
                "not a directory that all machines share. Use an object store, hdfs://, or a shared file system."
            )
        warn_of_space(one.host, "its directory for temporary files", one.free_bytes)


def warn_of_space(host: str, place: str, free_bytes: int) -> None:
    """Logs a warning if there is little space for Spark's temporary files."""
    if free_bytes < MIN_FREE_BYTES:
        log.warning("%s has only %.1f GB free in %s, which Spark's shuffles need", host, free_bytes / 1e9, place)


def _check_table(spark: SparkSession, table: str, output: str) -> None:
    """Checks that tables written by Spark's half are found by ours, and the other way round."""
    files = [name for name in storage.list_files(table) if name.endswith(".parquet")]
    rows = read_table(spark, table, spark.range(0).toDF("n").schema).count()
    if not files or rows != 3:
        raise StageError(
            f"Spark wrote a table of 3 rows below output={output}, but {rows} rows and {len(files)} files are found: "
            "Spark and sluice see different file systems there. Write output with its scheme."
        )


def _look(folder: str, token: str, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield from to_batches([look(folder, token, number) for number in batch.column(0).to_pylist()], Seen)
    time.sleep(TASK_S)


def look(folder: str, token: str, number: int) -> Seen:
    """Reads the driver's token and writes a file, on the machine of a task."""
    host = socket.gethostname()
    wrote, problem = f"{host}-{os.getpid()}-{number}", None
    try:
        found = storage.read_bytes(storage.join(folder, "token")).decode()
        if found != token:
            problem = "it reads another file than the driver wrote."
        storage.write_atomic(storage.join(folder, wrote), token.encode())
    except Exception as e:
        problem = " ".join(str(e).split())
    free = shutil.disk_usage(tempfile.gettempdir()).free
    return Seen(host, _python(), __version__, wrote, problem, free)


def _python() -> str:
    return f"{platform.python_implementation()} {sys.version_info.major}.{sys.version_info.minor}"


def _name(path: str) -> str:
    return path.rpartition("/")[2]
