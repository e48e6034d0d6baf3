"""Exact duplicates: documents with equal key text, the best one kept."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F


def rank_order() -> list[Column]:
    """Best first: longest, earliest fetched, smallest url, smallest id. A total order, so `best` is unique."""
    return [
        F.col("n_chars").desc(),
        F.col("fetched_at").asc_nulls_last(),
        F.col("url").asc_nulls_last(),
        F.col("doc_id").asc(),
    ]


def exact_removals(df: DataFrame) -> DataFrame:
    """Every document whose normalised text another, better one has too, with that one.

    Needs: docs (doc_id, text_hash, n_chars, fetched_at, url). Returns: doc_id, witness.
    Shuffle: 16-byte hash + rank columns per document; a hot hash costs sort time in one task, spilled to disk.
    """
    same_text = Window.partitionBy("text_hash").orderBy(*rank_order())
    unbounded = same_text.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return (
        df.select("doc_id", F.first("doc_id").over(unbounded).alias("witness"))
        .where(F.col("doc_id") != F.col("witness"))
        .select("doc_id", "witness")
    )
