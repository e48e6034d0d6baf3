"""The keep order. The rank of a document in it identifies the document in all later steps."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from sluice.core.records.dedup import Ranked
from sluice.spark.engine.work import Checkpoints

ROWS = 33
"""Bits used by `monotonically_increasing_id` for the row number within a partition."""


def keep_order() -> list[Column]:
    """Total order, best first: highest quality score, longest, earliest fetched, smallest url, smallest id."""
    return [
        F.col("quality").desc_nulls_last(),
        F.col("n_chars").desc(),
        F.col("fetched_at").asc_nulls_last(),
        F.col("url").asc_nulls_last(),
        F.col("doc_id").asc(),
    ]


def in_keep_order(documents: DataFrame, first: int, checkpoints: Checkpoints) -> DataFrame:
    """Adds ranks to documents, starting with `first` for the best one.

    Needs: documents (doc_id, text_hash, signature, quality, n_chars, fetched_at, url). Returns: ranked.

    Shuffle: per document, a signature and the columns of the order, by ranges of the order. The ranges depend on the
    cluster, but ranks count over all ranges and do not. Only the length of each range is collected.
    """
    row = F.monotonically_increasing_id()
    sorted_ = checkpoints.materialize(
        documents.orderBy(*keep_order()).select(
            F.shiftright(row, ROWS).alias("range"),
            row.bitwiseAND(F.lit((1 << ROWS) - 1)).alias("row"),
            "doc_id",
            "text_hash",
            "signature",
        ),
        "sorted",
    )
    begin = first
    begins: list[Column] = []
    for found in sorted_.groupBy("range").count().orderBy("range").collect():
        begins += [F.lit(found["range"]), F.lit(begin)]
        begin += found["count"]
    offset = F.create_map(*begins)[F.col("range")] if begins else F.lit(first)
    rank = (F.col("row") + offset.cast("long")).alias("rank")
    return sorted_.select(rank, "doc_id", "text_hash", "signature").select(*Ranked.__struct_fields__)


def exact_removals(ranked: DataFrame, earlier: DataFrame, first: int) -> DataFrame:
    """Finds new documents whose normalised text also occurs in a better one, with the best such document.

    Needs: ranked, earlier (rank, text_hash), with ranks below `first`. Returns: rank, duplicate_of.
    Shuffle: hash and rank of each document; a hot hash costs sort time in one task, spilled to disk.
    """
    best_first = Window.partitionBy("text_hash").orderBy("rank")
    to_here = best_first.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    rows = ranked.select("rank", "text_hash").unionAll(earlier.select("rank", "text_hash"))
    found = rows.select("rank", F.first("rank").over(to_here).alias("duplicate_of"))
    return found.where((F.col("rank") != F.col("duplicate_of")) & (F.col("rank") >= first))
