"""A user's table as rows of Spark, and its kept rows written by one task per piece."""

import itertools
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from sluice.core.config.dedup import SourceConfig
from sluice.core.records.docs import SourceRow
from sluice.data.arrow import iter_rows
from sluice.data.sources.changes import Change
from sluice.data.sources.table import keep_piece, read_piece
from sluice.data.sources.table_files import Piece, TableFile, pieces_of, place_of
from sluice.spark.engine.schemas import spark_schema

NO_ROW = -1
"""Position in a row for each piece, so that pieces without changes are written, too."""


class TableFiles:
    """The files of a table. Every call of `rows` or `write_kept` reads them again."""

    def __init__(self, spark: SparkSession, source: SourceConfig, kind: str, files: list[TableFile]) -> None:
        self._spark, self._source = spark, source
        self.pieces = tuple(pieces_of(kind, files))
        self._num_files = len(files)

    def rows(self) -> DataFrame:
        """Returns: source rows."""
        return self._numbers().mapInArrow(partial(_read, self._source, self.pieces), spark_schema(SourceRow))

    def write_kept(self, changes: DataFrame, path: str) -> int:
        """Writes all rows with all their columns, as they are except for `changes`. Returns their number.

        Needs: piece, position, text (null: the row is removed), each row at most once. One file per piece, in the order
        of the input.
        """
        pieces = self._numbers().select(
            F.col("id").cast("int").alias("piece"),
            F.lit(NO_ROW).cast("long").alias("position"),
            F.lit(None).cast("string").alias("text"),
        )
        columns = ("piece", "position", "text")
        rows = changes.select(*columns).unionAll(pieces).repartition(max(1, len(self.pieces)), "piece")
        rows = rows.sortWithinPartitions("piece", "position")
        kept = rows.mapInArrow(partial(_keep, self._source, self.pieces, path), "kept long")
        return sum(row.kept for row in kept.collect())

    def place(self, piece: int, position: int) -> str:
        """Returns the location of a row."""
        return place_of(self.pieces[piece], position)

    def counts(self) -> dict[str, Any]:
        """Returns the number of files."""
        return {"files": self._num_files}

    def _numbers(self) -> DataFrame:
        return self._spark.range(0, len(self.pieces), 1, max(1, len(self.pieces)))  # one task per piece


def doc_id(source: SourceConfig, name: str | Column = "name") -> Column:
    """Returns a 63-bit hash of the id."""
    return F.xxhash64(name, F.lit(source.id_seed).cast("long")).bitwiseAND(F.lit((1 << 63) - 1))


def _read(
    source: SourceConfig, pieces: tuple[Piece, ...], batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for number in batch.column(0).to_pylist():
            yield from read_piece(pieces[number], number, source)


def _keep(
    source: SourceConfig, pieces: tuple[Piece, ...], directory: str, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Writes the pieces whose changes are in the batches, in order of piece and position."""
    for number, rows in itertools.groupby(iter_rows(batches), key=lambda row: row["piece"]):
        changes = (Change(row["position"], row["text"]) for row in rows if row["position"] != NO_ROW)
        kept = keep_piece(pieces[number], number, source, changes, directory)
        yield pa.RecordBatch.from_pydict({"kept": [kept]})
