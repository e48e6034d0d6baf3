"""Lines that stand in many documents: found by one count over hashes, and cut from all but the best document."""

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from sluice.core.dedup_config import Lines
from sluice.core.records import Int32, Record
from sluice.data.tables import arrow_schema
from sluice.spark.batches import iter_rows, to_batches
from sluice.spark.schemas import spark_schema
from sluice.text.repeated_lines import Cut, cut_lines, plain_hashes


class LineRow(Record):
    """A line that may go, once a document. `place` orders documents, the best first; `host` is a hash, 1 if unused."""

    line: int
    doc_id: int
    place: int
    host: int


class RepeatedLine(Record):
    """Table `lines`: a line of `doc_id` that a better document has, `kept_in`; `num_documents` have it."""

    doc_id: int
    line: int
    num_documents: int
    kept_in: int


class CutText(Record):
    """Table `cut_texts`: each document once, without its repeated lines, and its books (`text.repeated_lines.Cut`)."""

    doc_id: int
    n_lines: Int32
    n_chars: int
    n_blank: Int32
    n_short: Int32
    n_structured: Int32
    n_spared: Int32
    n_lines_removed: Int32
    n_blank_removed: Int32
    n_chars_removed: int
    text: str


def repeated_lines(documents: DataFrame, settings: Lines, partitions: int) -> DataFrame:
    """The repeated lines of all documents but the best that has them.

    Needs: doc_id, place (long, not null: smaller is better), text, and host where `settings.min_hosts` is above 1.
    Returns: lines. Whether such a line goes is for `cut_lines` to say, by what stands around it.
    Shuffle: 32 bytes for each different long line of a document, once, key `line`. A line that stands in half of all
    documents costs time in one task, never memory: its rows are sorted and counted with spills to disk.
    """
    host = F.xxhash64("host") if settings.min_hosts > 1 else F.lit(1).cast("long")
    texts = documents.where("text is not null").select("doc_id", "place", host.alias("host"), "text")
    rows = texts.mapInArrow(partial(_line_rows, settings), spark_schema(LineRow)).repartition(partitions, "line")
    same_line = Window.partitionBy("line")
    if settings.min_hosts > 1:
        rows = rows.withColumn("host", F.dense_rank().over(same_line.orderBy("host")))
    everywhere = same_line.orderBy("place", "doc_id").rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    return (
        rows.select(
            "doc_id",
            "line",
            F.count("*").over(everywhere).alias("num_documents"),
            F.max("host").over(everywhere).alias("num_hosts"),
            F.first("doc_id").over(everywhere).alias("kept_in"),
        )
        .where((F.col("num_documents") >= settings.min_documents) & (F.col("num_hosts") >= settings.min_hosts))
        .where(F.col("doc_id") != F.col("kept_in"))
        .select(*RepeatedLine.__struct_fields__)
    )


def without_lines(documents: DataFrame, repeated: DataFrame, settings: Lines) -> DataFrame:
    """All documents without their repeated lines.

    Needs: doc_id, text (not null), and lines. Returns: cut_texts.
    Shuffle: 16 bytes a repeated line and the text once, key `doc_id`; the lines held together are those of a document.
    """
    lines = repeated.groupBy("doc_id").agg(F.collect_list("line").alias("lines"))
    rows = documents.select("doc_id", "text").join(lines, "doc_id", "left").select("doc_id", "lines", "text")
    return rows.mapInArrow(partial(_cut, settings), spark_schema(CutText))


def line_books(cut: DataFrame) -> DataFrame:
    """One row of sums: lines in, blank, short, structured, spared and removed; characters in and removed.

    Needs: cut_texts. Returns: the counts of `CutText`, null without documents.
    """
    return cut.agg(*(F.sum(name).alias(name) for name in CutText.__struct_fields__ if name.startswith("n_")))


def _line_rows(settings: Lines, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            part = batch.slice(start, ROWS)
            found = [plain_hashes(text.as_py(), settings) for text in part.column("text")]
            if not found:
                continue
            lengths = [len(hashes) for hashes in found]
            doc_ids, places, hosts = (
                pa.array(np.repeat(part.column(name).to_numpy(zero_copy_only=False), lengths))
                for name in ("doc_id", "place", "host")
            )
            columns = [pa.array(np.concatenate(found)), doc_ids, places, hosts]
            yield pa.RecordBatch.from_arrays(columns, schema=arrow_schema(LineRow))


ROWS = 64
"""Documents whose lines are given out together."""


def _cut(settings: Lines, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return to_batches(
        (
            CutText(doc_id=row["doc_id"], **_cut_row(row["text"], row["lines"], settings)._asdict())
            for row in iter_rows(batches)
        ),
        CutText,
    )


def _cut_row(text: str, lines: list[int] | None, settings: Lines) -> Cut:
    return cut_lines(text, np.array(lines or [], np.int64), settings)
