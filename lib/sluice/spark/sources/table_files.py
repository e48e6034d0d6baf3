"""A user's table as rows, from Parquet files or from JSON lines read by our own parser."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from sluice.core.config.dedup import SourceConfig
from sluice.core.errors import ConfigError
from sluice.core.records.base import Record
from sluice.core.records.docs import SourceRow
from sluice.data.sources.json_lines import Line, Piece, lines_of, parse_row, pieces_of
from sluice.data.sources.json_objects import replace_text
from sluice.spark.engine.batches import iter_rows, to_batches
from sluice.spark.engine.schemas import spark_schema


class RawLine(Record):
    """A line as written in its file, with its id, or None if it has no id."""

    name: str | None
    text: str


class TableFiles:
    """The files of a table. Every call of `rows` or `write_kept` reads them again."""

    def __init__(self, spark: SparkSession, source: SourceConfig, kind: str, paths: list[str]) -> None:
        self._spark, self._source, self._kind, self._paths = spark, source, kind, paths
        self._pieces = tuple(pieces_of(paths)) if kind == "json" else ()
        self.number = len(paths)

    def rows(self) -> DataFrame:
        """Returns: source rows. Raises ConfigError if a column is missing from a Parquet file."""
        if self._kind == "json":
            return self._numbers().mapInArrow(partial(_parse, self._source, self._pieces), spark_schema(SourceRow))
        source = self._source
        found = self._parquet()
        wanted = {"id": source.id, "text": source.text, "quality": source.quality}
        wanted |= {"fetched_at": source.fetched_at, "url": source.url}
        for setting, column in wanted.items():
            if column is not None and column not in found.columns:
                raise ConfigError(
                    f"source.{setting}={column!r}, but the columns of {self._paths[0]} are {found.columns}. Select one "
                    f"of them with --set source.{setting}=COLUMN."
                )
        name = F.col(source.id).cast("string")
        return found.select(
            F.coalesce(F.col("_metadata.file_path"), F.lit("")).alias("place"),
            F.when(name.isNull(), F.lit(f"{source.id!r} is null")).alias("problem"),
            name.alias("name"),
            F.col(source.text).cast("string").alias("text"),
            F.nanvl(_cast(source.quality, "double"), F.lit(None).cast("double")).alias("quality"),
            _cast(source.fetched_at, "timestamp").alias("fetched_at"),
            _cast(source.url, "string").alias("url"),
        )

    def write_kept(self, gone: DataFrame, path: str, edited: DataFrame | None = None) -> None:
        """Writes the rows that are not in `gone` (doc_id), with all their columns, or as their original lines.

        Rows in `edited` (doc_id, text) get the new text; the rest of such a line is unchanged.
        """
        source = self._source
        if self._kind == "parquet":
            name = F.col(source.id).cast("string")
            rows = self._parquet().where(name.isNotNull()).withColumn("_doc_id", doc_id(source, name))
            kept = rows.join(gone.toDF("_doc_id"), "_doc_id", "left_anti")
            if edited is not None:
                kept = kept.join(edited.select("doc_id", "text").toDF("_doc_id", "_text"), "_doc_id", "left")
                kept = kept.withColumn(source.text, F.coalesce("_text", source.text)).drop("_text")
            writer = kept.drop("_doc_id").write
            for feature in ("parquet.enable.dictionary", "parquet.column.statistics.enabled"):
                writer = writer.option(f"{feature}#{source.text}", "false")  # each would copy a 100 MB text
            writer.parquet(path)
            return
        lines = self._numbers().mapInArrow(partial(_raw, source, self._pieces), spark_schema(RawLine))
        lines = lines.where("name is not null").withColumn("doc_id", doc_id(source))
        kept = lines.join(gone, "doc_id", "left_anti")
        if edited is not None:
            changed = edited.select("doc_id", F.col("text").alias("edited"))
            kept = kept.join(changed, "doc_id", "left").select("name", "text", "edited")
            kept = kept.mapInArrow(partial(_with_text, source), spark_schema(RawLine))
        kept.select("text").write.option("compression", "gzip").text(path)

    def _parquet(self) -> DataFrame:
        return self._spark.read.parquet(*self._paths)

    def _numbers(self) -> DataFrame:
        return self._spark.range(0, len(self._pieces), 1, max(1, len(self._pieces)))  # one task per piece


def doc_id(source: SourceConfig, name: str | Column = "name") -> Column:
    """Returns a 63-bit hash of the id."""
    return F.xxhash64(name, F.lit(source.id_seed).cast("long")).bitwiseAND(F.lit((1 << 63) - 1))


def _cast(column: str | None, kind: str) -> Column:
    """Casts a column to a type; null if the value cannot be cast or the column is None."""
    return F.expr(f"try_cast(`{column}` as {kind})") if column else F.lit(None).cast(kind)


def _lines(pieces: Sequence[Piece], batches: Iterable[pa.RecordBatch]) -> Iterator[Line]:
    for batch in batches:
        for number in batch.column(0).to_pylist():
            yield from lines_of(pieces[number])


def _parse(
    source: SourceConfig, pieces: Sequence[Piece], batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    return to_batches((parse_row(line, source) for line in _lines(pieces, batches)), SourceRow)


def _raw(source: SourceConfig, pieces: Sequence[Piece], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    rows = ((parse_row(line, source).name, line.data) for line in _lines(pieces, batches))
    return to_batches((RawLine(name=name, text=data.decode("utf-8", "replace")) for name, data in rows), RawLine)


def _with_text(source: SourceConfig, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return to_batches((_edited(row, source) for row in iter_rows(batches)), RawLine)


def _edited(row: dict[str, Any], source: SourceConfig) -> RawLine:
    line, text = row["text"], row["edited"]
    return RawLine(name=row["name"], text=line if text is None else replace_text(line, source.text, text))
