"""Sample rows for the report, chosen by hash: the same run always shows the same rows."""

from typing import Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

SAMPLE_CHARS = 600
PAIR_CHARS = 300
"""Characters shown of each of two documents side by side."""
SAMPLES = 3
"""Rows shown per kind."""


def sample_by(df: DataFrame, keys: tuple[str, ...], per_key: int, *then: str) -> DataFrame:
    """At most `per_key` rows for each value of `keys`, in hash order of `doc_id`, then in order of `then`.

    Needs: doc_id, the keys and `then`.
    """
    order = Window.partitionBy(*keys).orderBy(F.xxhash64("doc_id"), "doc_id", *then)
    return df.withColumn("_number", F.row_number().over(order)).where(F.col("_number") <= per_key).drop("_number")


def with_clipped_text(df: DataFrame, texts: DataFrame) -> DataFrame:
    """Adds the URL and the first 600 characters of each text. Needs: doc_id; texts (doc_id, url, text)."""
    clipped = texts.select("doc_id", "url", F.substring("text", 1, SAMPLE_CHARS).alias("text"))
    return df.join(clipped, "doc_id", "inner")


def with_kept_texts(df: DataFrame, texts: DataFrame) -> DataFrame:
    """Adds URL and beginning of the text for each removed document and its kept one.

    Needs: doc_id, duplicate_of; texts (doc_id, url, text).
    """
    clipped = texts.select("doc_id", "url", F.substring("text", 1, PAIR_CHARS).alias("text"))
    kept = clipped.toDF("duplicate_of", "duplicate_of_url", "duplicate_of_text")
    return df.join(clipped, "doc_id", "inner").join(kept, "duplicate_of", "left")


def collect_sorted(df: DataFrame, *order: str) -> list[dict[str, Any]]:
    """Collects a small frame as dictionaries, sorted so that equal runs write equal files."""
    return [row.asDict(recursive=True) for row in df.orderBy(*order).collect()]


def by_language(rows: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Converts counts (language, reason, count) to a nested table; a null reason becomes `kept`."""
    table: dict[str, dict[str, int]] = {}
    for row in rows:
        table.setdefault(row["language"], {})[row["reason"] or "kept"] = row["count"]
    return table
