"""Rows to the files of a published dataset: file by hash, order by id, one pass of writing."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import msgspec
import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from sluice.core.errors import ConfigError, InputError, StageError
from sluice.data.arrow import to_batches
from sluice.publish import layout
from sluice.publish.describe import describe
from sluice.publish.layout import SPLITS, UNDETERMINED, DataFile, Dataset, Part, plan_parts
from sluice.publish.writer import plain_schema, write_files
from sluice.spark.engine.schemas import spark_schema

FILE, IS_ROW, ID, LANGUAGE, SPLIT = (f"_publish_{name}" for name in ("file", "is_row", "id", "language", "split"))
FIRST, NUM = "_publish_first", "_publish_num"
"""Names of internal columns; a table may well have columns `_id` or `split` of its own."""

INTERNAL = (LANGUAGE, SPLIT, ID)
"""Columns that `with_places` adds, in front of the published ones."""

DEFAULT_FILE_BYTES = 500_000_000
FILE_SEED = 1_347_768_668
"""Not the seed of any split, so that the file of a document does not depend on its split."""

NUMBER_BYTES = 8
"""Assumed size of a value that is not text."""


class PublishJob(msgspec.Struct, frozen=True, kw_only=True):
    """Inputs of a task that writes files."""

    directory: str
    parts: tuple[Part, ...]
    formats: tuple[str, ...]
    columns: tuple[str, ...]
    text: str


def write_dataset(
    df: DataFrame,
    directory: str,
    *,
    name: str,
    id: str = "id",
    text: str = "text",
    columns: Sequence[str] | None = None,
    language: str | None = None,
    split: str | None = None,
    file_bytes: int = DEFAULT_FILE_BYTES,
    formats: Sequence[str] = ("parquet",),
    license: str | None = None,
) -> Dataset:
    """Writes any DataFrame to `directory` in the layout of the Hugging Face hub, with a short card, and returns it.

    Needs: unique ids and a text column. `columns`: those to publish, in this order; None: all. `language` and `split`
    name columns; without them, there is one configuration with the split `train`. The bytes do not depend on the
    partitions of `df`. Raises ConfigError for an unknown column, InputError for a table without rows.
    """
    rows = with_places(df, id=id, text=text, columns=columns, language=language, split=split)
    files, parts = write_data(rows, directory, text=text, file_bytes=file_bytes, formats=formats)
    dataset = Dataset(name=name, columns=columns_of(rows), parts=parts, files=files, license=license)
    describe(directory, dataset)
    return dataset


def with_places(
    df: DataFrame,
    *,
    id: str,
    text: str,
    columns: Sequence[str] | None = None,
    language: str | None = None,
    split: str | None = None,
) -> DataFrame:
    """Selects the columns to publish and adds the internal ones that decide the place of a row.

    Returns: the columns in `INTERNAL`, then `columns`. A null language becomes `und`.
    """
    chosen = list(df.columns if columns is None else columns)
    for column in (*chosen, id, text, *filter(None, (language, split))):
        if column not in df.columns:
            raise ConfigError(f"There is no column {column!r} to publish; there are {', '.join(df.columns)}.")
    if text not in chosen:
        raise ConfigError(f"columns = {chosen} does not contain the text column {text!r}. Add it.")
    known = list(itertools.chain.from_iterable(SPLITS.items()))
    name, code = F.lit("train"), F.lit("")
    if split is not None:
        name = F.coalesce(F.create_map(*map(F.lit, known))[_column(split)], _column(split), F.lit(""))
    if language is not None:
        code = F.coalesce(_column(language), F.lit(UNDETERMINED))
    return df.select(code.alias(LANGUAGE), name.alias(SPLIT), _column(id).alias(ID), *map(_column, chosen))


def columns_of(rows: DataFrame, descriptions: dict[str, str] | None = None) -> tuple[layout.Column, ...]:
    """Returns the published columns of `with_places`, with their types."""
    return tuple(
        layout.Column(field.name, field.dataType.simpleString(), (descriptions or {}).get(field.name, ""))
        for field in rows.schema.fields[len(INTERNAL) :]
    )


def write_data(
    rows: DataFrame, directory: str, *, text: str, file_bytes: int, formats: Sequence[str]
) -> tuple[tuple[DataFile, ...], tuple[Part, ...]]:
    """Writes all data files and returns them sorted by path, with the parts that they belong to.

    Needs: a frame of `with_places`. Reads it twice: to measure the parts, then to write them.
    Shuffle: all columns once, key: the file. A row's file is a hash of its id. A file is written by one task, in order
    of the id. Each file has a marker row, so that a file without rows is written too.
    """
    columns = rows.schema.fields[len(INTERNAL) :]
    size = sum((_bytes_of(field) for field in columns), F.lit(0))
    measured = rows.groupBy(LANGUAGE, SPLIT).agg(F.count("*").alias("n"), F.sum(size).alias("bytes")).collect()
    if not measured:
        raise InputError("There are no documents to publish: every one was dropped, or the table has no rows.")
    parts = plan_parts({(row[LANGUAGE], row[SPLIT]): row["bytes"] for row in measured}, file_bytes)
    job = PublishJob(
        directory=directory,
        parts=parts,
        formats=tuple(dict.fromkeys(("parquet", *formats))),
        columns=tuple(field.name for field in columns),
        text=text,
    )
    written = sorted(_placed(rows, parts, text).mapInArrow(partial(_write, job), spark_schema(DataFile)).collect())
    files = tuple(DataFile(**row.asDict()) for row in written)
    counted, total = sum(file.rows for file in files if file.format == "parquet"), sum(row["n"] for row in measured)
    if counted != total:
        raise StageError(
            f"{counted:,} rows were written, but {total:,} were counted before. The table changed meanwhile, or it is "
            "not the same each time that it is computed. Nothing was published; write the table first, then publish it."
        )
    return files, parts


def _column(name: str) -> Column:
    """Returns a column by its exact name, which may contain dots."""
    return F.col(f"`{name}`")


def _bytes_of(field: T.StructField) -> Column:
    """Returns the uncompressed size of a value in bytes."""
    if isinstance(field.dataType, T.StringType | T.BinaryType):
        return F.coalesce(F.octet_length(_column(field.name)), F.lit(0)).cast("long")
    return F.lit(NUMBER_BYTES).cast("long")


def _placed(rows: DataFrame, parts: Sequence[Part], text: str) -> DataFrame:
    """Returns the rows with their file number, and one marker row per file: partitioned by file, sorted."""
    spark = rows.sparkSession
    total = parts[-1].first_file + parts[-1].num_files
    plan = spark.createDataFrame(
        [(part.language, part.split, part.first_file, part.num_files) for part in parts],
        f"{LANGUAGE} string, {SPLIT} string, {FIRST} long, {NUM} long",
    )
    number = F.col(FIRST) + F.pmod(F.xxhash64(ID, F.lit(FILE_SEED).cast("long")), F.col(NUM))
    # numbers as names: mapInArrow does not accept names with dots. `_by_file` restores them
    names = rows.columns[len(INTERNAL) :]
    published = [_column(name).alias(str(i)) for i, name in enumerate(names)]
    placed = rows.join(F.broadcast(plan), [LANGUAGE, SPLIT]).select(
        number.alias(FILE), F.lit(True).alias(IS_ROW), ID, *published
    )
    nulls = [F.lit(None).cast(field.dataType).alias(field.name) for field in placed.schema.fields[2:]]
    markers = spark.range(total).select(F.col("id").alias(FILE), F.lit(False).alias(IS_ROW), *nulls)
    # the text decides between equal ids, which a user's table may have
    order = (FILE, IS_ROW, ID, str(names.index(text)))
    return placed.unionAll(markers).repartition(total, FILE).sortWithinPartitions(*order).drop(IS_ROW, ID)


def _write(job: PublishJob, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return to_batches(_files(job, batches), DataFile)


def _files(job: PublishJob, batches: Iterable[pa.RecordBatch]) -> Iterator[DataFile]:
    for number, group in itertools.groupby(_by_file(job, batches), key=lambda piece: piece[0]):
        part = next(part for part in reversed(job.parts) if part.first_file <= number)
        pieces = (piece for _, piece in group)
        first = next(pieces).slice(1)  # without the marker row
        yield from write_files(
            job.directory,
            part.stem(number - part.first_file),
            itertools.chain([first], pieces),
            schema=plain_schema(first.schema),
            text=job.text,
            formats=job.formats,
            language=part.language,
            split=part.split,
        )


def _by_file(job: PublishJob, batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yields slices of batches with rows of one file, with the number of the file."""
    for batch in batches:
        if not batch.num_rows:
            continue
        numbers = batch.column(0).to_numpy()
        cuts = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), batch.num_rows]
        rows = pa.RecordBatch.from_arrays(batch.columns[1:], names=list(job.columns))
        for start, end in itertools.pairwise(cuts):
            yield int(numbers[start]), rows.slice(start, end - start)
