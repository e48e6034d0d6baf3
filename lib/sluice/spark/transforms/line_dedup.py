"""Lines that occur in many documents: found by counting hashes, and removed from all documents except the best."""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from sluice.core.config.dedup import LineDedupConfig
from sluice.core.ledger import Ledger
from sluice.core.reasons import Reason
from sluice.core.records.corpus import CutText, LineRow, LineText, RepeatedLine
from sluice.data.arrow import arrow_schema, iter_rows, to_batches
from sluice.spark.engine.schemas import spark_schema
from sluice.text.dedup.repeated_lines import cut_lines, line_with, plain_hashes


def repeated_lines(documents: DataFrame, settings: LineDedupConfig, partitions: int) -> DataFrame:
    """Finds the repeated lines of all documents except the best one that contains each.

    Needs: doc_id, quality (double), n_chars, text, and host if `settings.min_hosts` is above 1. The best document has
    the highest quality (null is lowest), then the most characters, then the smallest id.
    Returns: repeated lines. `cut_lines` decides from the context whether such a line is removed.
    Shuffle: 40 bytes per distinct long line of a document, once, key `line`. A line in half of all documents costs time
    in one task, never memory: its rows are sorted and counted with spills to disk.
    """
    host = F.xxhash64("host") if settings.min_hosts > 1 else F.lit(1).cast("long")
    n_chars = F.col("n_chars").cast("long").alias("n_chars")
    texts = documents.where("text is not null").select("doc_id", "quality", n_chars, host.alias("host"), "text")
    rows = texts.mapInArrow(partial(_line_rows, settings), spark_schema(LineRow)).repartition(partitions, "line")
    same_line = Window.partitionBy("line")
    if settings.min_hosts > 1:
        rows = rows.withColumn("host", F.dense_rank().over(same_line.orderBy("host")))
    best_first = same_line.orderBy(F.col("quality").desc_nulls_last(), F.col("n_chars").desc(), "doc_id")
    everywhere = best_first.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
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


def without_lines(documents: DataFrame, repeated: DataFrame, settings: LineDedupConfig) -> DataFrame:
    """Removes the repeated lines from all documents.

    Needs: doc_id, text (not null), and repeated lines. Returns: cut_texts.
    Shuffle: 16 bytes per repeated line and the text once, key `doc_id`; a task has the lines of one document in memory.
    """
    lines = repeated.groupBy("doc_id").agg(F.collect_list("line").alias("lines"))
    rows = documents.select("doc_id", "text").join(lines, "doc_id", "left").select("doc_id", "lines", "text")
    return rows.mapInArrow(partial(_cut, settings), spark_schema(CutText))


def removed_lines(repeated: DataFrame, cut: DataFrame) -> DataFrame:
    """Returns the repeated lines that were actually removed from documents.

    Needs: repeated lines, and cut_texts. Returns: the columns of repeated lines.
    """
    gone = cut.select("doc_id", F.explode("removed").alias("line"))
    return repeated.join(gone, ["doc_id", "line"], "left_semi").select(*RepeatedLine.__struct_fields__)


def line_counts(cut: DataFrame, *by: str) -> DataFrame:
    """Sums counts over documents, in one row or one row per value of `by`.

    Needs: cut_texts, and the columns of `by`. Returns: those, documents, edited, emptied (texts with nothing left) and
    all counts of `CutText`; sums are null without documents.
    """
    counts = [name for name in CutText.__struct_fields__ if name.startswith("n_")]
    return cut.groupBy(*by).agg(
        F.count("*").alias("documents"),
        F.count("text").alias("edited"),
        F.count_if(F.col("text") == "").alias("emptied"),
        *(F.sum(name).alias(name) for name in counts),
    )


def most_removed(removed: DataFrame, documents: DataFrame, settings: LineDedupConfig, number: int) -> DataFrame:
    """Finds the lines removed from the most documents, at most `number` per language, as written.

    Needs: removed lines; documents (doc_id, language, text). Returns: language, removed_from, line, kept_in, sample.
    """
    counts = (
        removed.join(documents.select("doc_id", "language"), "doc_id")
        .groupBy("language", "line", "kept_in")
        .agg(F.count("*").alias("removed_from"))
    )
    order = Window.partitionBy("language").orderBy(F.col("removed_from").desc(), "line")
    top = counts.withColumn("_rank", F.row_number().over(order)).where(F.col("_rank") <= number).drop("_rank")
    wanted = F.broadcast(top.select("line", F.col("kept_in").alias("doc_id")).distinct())
    found = documents.join(wanted, "doc_id").select("line", "text")
    shown = found.mapInArrow(partial(_show, settings), spark_schema(LineText))
    return top.join(shown, "line").select("language", "removed_from", "line", "kept_in", "sample")


def _line_rows(settings: LineDedupConfig, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            part = batch.slice(start, ROWS)
            found = [plain_hashes(text.as_py(), settings) for text in part.column("text")]
            if not found:
                continue
            lengths = [len(hashes) for hashes in found]
            rows = pa.array(np.repeat(np.arange(part.num_rows), lengths))
            others = [part.column(name).take(rows) for name in LineRow.__struct_fields__[1:]]
            columns = [pa.array(np.concatenate(found)), *others]
            yield pa.RecordBatch.from_arrays(columns, schema=arrow_schema(LineRow))


ROWS = 64
"""Number of documents whose lines are returned in one batch."""


def _cut(settings: LineDedupConfig, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return to_batches((_cut_row(row, settings) for row in iter_rows(batches)), CutText)


def _cut_row(row: dict[str, Any], settings: LineDedupConfig) -> CutText:
    cut = cut_lines(row["text"], np.array(row["lines"] or [], np.int64), settings)._asdict()
    cut |= {"removed": list(cut["removed"]), "text": cut["text"] if cut["removed"] else None}
    return CutText(doc_id=row["doc_id"], **cut)


def _show(settings: LineDedupConfig, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    shown = (
        LineText(row["line"], line[:SHOWN_CHARS])
        for row in iter_rows(batches)
        if (line := line_with(row["text"], row["line"], settings)) is not None
    )
    return to_batches(shown, LineText)


SHOWN_CHARS = 300
"""Maximum characters shown of a line."""


def with_cut_texts(documents: DataFrame, cut: DataFrame) -> DataFrame:
    """Replaces texts with the remaining ones; documents with an empty text are dropped.

    Needs: documents (doc_id, n_bytes, text), cut_texts. Returns: doc_id, n_bytes, text.
    """
    edited = cut.where("text is not null").select("doc_id", F.col("text").alias("left"))
    joined = documents.join(edited, "doc_id", "left").where("left is null or left <> ''")
    n_bytes = F.coalesce(F.octet_length("left"), "n_bytes").alias("n_bytes")
    return joined.select("doc_id", n_bytes, F.coalesce("left", "text").alias("text"))


SHOWN = 10
"""Lines shown per language in the report: those removed from the most documents."""


def line_ledgers(sums: list[dict[str, Any]]) -> list[Ledger]:
    """Returns the ledgers of lines and characters from rows of `line_counts`."""
    total: Counter[str] = Counter()
    for row in sums:
        total.update({name: value for name, value in row.items() if name != "language" and value})
    lines_gone: dict[str, int] = {Reason.REPEATED: total["n_lines_removed"], Reason.BLANK: total["n_blank_removed"]}
    characters_gone = {"repeated_lines": total["n_chars_removed"]}
    return [
        _ledger("lines", total["n_lines"], lines_gone),
        _ledger("characters", total["n_chars"], characters_gone),
    ]


def line_samples(removed: DataFrame, documents: DataFrame, config: LineDedupConfig) -> list[dict[str, Any]]:
    """Returns the lines removed from the most documents of each language, in descending order."""
    rows = most_removed(removed, documents, config, SHOWN).collect()
    found = [row.asDict() for row in rows]
    return sorted(found, key=lambda row: (row["language"] or "", -row["removed_from"], row["line"]))


def _ledger(unit: str, total: int, gone: dict[str, int]) -> Ledger:
    return Ledger(unit, total, total - sum(gone.values()), gone)


def line_dedup_settings(settings: LineDedupConfig) -> dict[str, Any]:
    """Returns the settings that determine the result."""
    plain: dict[str, Any] = msgspec.to_builtins(settings)
    del plain["enabled"]
    return plain
