"""Parquet tables of a run: written and read by Spark, or through `storage` where Spark lacks the file system.

An object store has no atomic rename, and plain PySpark no connector for one. So tables there are written by the Python
workers, each file in one request, and Spark reads them itself only if it knows the scheme.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec
import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from sluice.data import storage
from sluice.data.arrow import to_batches
from sluice.data.parquet_parts import (
    FILES,
    PartFile,
    PartWriter,
    partition_values,
    read_list,
    read_part,
    read_schema,
    write_empty,
    write_list,
)
from sluice.data.stage import Stage
from sluice.spark.engine.schemas import spark_schema, to_arrow, to_spark

OBJECT_STORES = ("s3", "s3a", "s3n", "gs", "abfs", "abfss")
ALIASES = {"s3": ("s3", "s3a"), "s3a": ("s3a", "s3"), "s3n": ("s3a", "s3")}
"""Schemes under which connectors for S3 are registered: Hadoop's as s3a, that of EMR as s3."""
ROWS_PER_BATCH = 4096


def write_table(df: DataFrame, path: str) -> None:
    """Writes a table to a directory that does not exist or was cleared. An interrupted write leaves it incomplete."""
    if not is_object_store(path):
        df.write.mode("overwrite").parquet(path)
        return
    schema = to_arrow(df.schema)
    written = df.mapInArrow(partial(_write, path, schema), spark_schema(PartFile)).collect()
    files = [PartFile(**row.asDict()) for row in written] or write_empty(path, schema)
    write_list(path, files)


def is_complete(path: str) -> bool:
    """Whether a table has been written to its end."""
    return any(storage.exists(storage.join(path, name)) for name in ("_SUCCESS", FILES))


def read_table(
    spark: SparkSession, paths: str | Sequence[str], schema: StructType | None = None, base: str | None = None
) -> DataFrame:
    """Reads the columns in `schema`, or all, from one or several directories of Parquet files.

    `base`: the directory below which folders such as kind=doc are columns. Only the needed columns are read by Spark;
    a table that is read through `storage` is read with all columns of `schema`.
    """
    listed = [paths] if isinstance(paths, str) else list(paths)
    names = [spark_uri(spark, path) for path in listed]
    if None not in names:
        reader = spark.read if schema is None else spark.read.schema(schema)
        if base is not None:
            reader = reader.option("basePath", spark_uri(spark, base) or base)
        found = reader.parquet(*filter(None, names))
        return found if schema is None else found.select(*schema.names)
    files = [file for path in listed for file in _files_of(path)]
    arrow = read_schema(files[0]) if schema is None else to_arrow(schema)
    reading = partial(_read, tuple(files), arrow, base is not None)
    return spark.range(0, len(files), 1, max(1, len(files))).mapInArrow(reading, schema or to_spark(arrow))


def read_stage(spark: SparkSession, stage: Stage, name: str, record: type[msgspec.Struct]) -> DataFrame:
    """Reads a table of a stage with the columns of its record."""
    return read_table(spark, stage.file(name), spark_schema(record))


def is_object_store(path: str) -> bool:
    """Whether a path is in an object store."""
    return storage.is_uri(path) and path.partition("://")[0] in OBJECT_STORES


def spark_uri(spark: SparkSession, path: str) -> str | None:
    """Returns a path with a scheme that this Spark can read, or None if it knows none for it."""
    if not is_object_store(path):
        return path
    scheme, _, rest = path.partition("://")
    return next((f"{one}://{rest}" for one in ALIASES.get(scheme, (scheme,)) if _knows(spark, one)), None)


def _knows(spark: SparkSession, scheme: str) -> bool:
    java: Any = getattr(spark, "_jvm", None)
    if java is None:  # Spark Connect
        return False
    configuration = spark._jsc.hadoopConfiguration()
    try:
        java.org.apache.hadoop.fs.FileSystem.getFileSystemClass(scheme, configuration)
    except Exception:  # Py4JJavaError of UnsupportedFileSystemException, or of a class that is not there
        return False
    return True


def _files_of(path: str) -> list[str]:
    listed = read_list(path)
    if listed is not None:
        return [storage.join(path, file.path) for file in listed]
    return [name for name in storage.list_files(path) if name.endswith(".parquet")]


def _write(directory: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    task = TaskContext.get()
    number = task.partitionId() if task else 0
    with PartWriter(directory, f"part-{number:05d}", schema) as writer:
        for batch in batches:
            writer.write(batch)
    yield from to_batches(writer.files, PartFile)


def _read(
    files: Sequence[str], schema: pa.Schema, has_folders: bool, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for number in batch.column(0).to_pylist():
            constants = partition_values(files[number], schema.names) if has_folders else {}
            yield from read_part(files[number], schema, constants, ROWS_PER_BATCH)
