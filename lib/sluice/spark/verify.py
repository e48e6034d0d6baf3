"""Candidate pairs to edges: the exact Jaccard similarity of the shingle sets decides, nothing else."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sluice.core.config import Dedup
from sluice.core.records import Edge
from sluice.spark.batches import iter_rows, to_batches
from sluice.spark.schemas import spark_schema
from sluice.text.key import key_text
from sluice.text.shingles import jaccard, shingles


def verified_edges(pairs: DataFrame, texts: DataFrame, dedup: Dedup, partitions: int) -> DataFrame:
    """The pairs whose exact similarity is at least `dedup.threshold`.

    Needs: pairs (u, v), texts (doc_id, text). Returns: edges.
    Shuffle: the text of each member once per pair and of each centre once, key `centre`; the centre's row comes first
    in its group, so one shingle set is held while the members stream past.
    """
    centres = pairs.select(F.col("u").alias("doc_id")).distinct().join(texts, "doc_id", "inner")
    members = pairs.select("u", F.col("v").alias("doc_id")).join(texts, "doc_id", "inner")
    rows = centres.select(F.col("doc_id").alias("centre"), F.lit(None).cast("long").alias("member"), "text").unionAll(
        members.select(F.col("u").alias("centre"), F.col("doc_id").alias("member"), "text")
    )
    grouped = rows.repartition(partitions, "centre").sortWithinPartitions(
        F.col("centre"), F.col("member").asc_nulls_first()
    )
    return grouped.mapInArrow(partial(_verify, dedup), spark_schema(Edge))


def _verify(dedup: Dedup, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return to_batches(_edges(dedup, iter_rows(batches)), Edge)


def _edges(dedup: Dedup, rows: Iterable[dict[str, Any]]) -> Iterator[Edge]:
    held: frozenset[str] = frozenset()
    for row in rows:
        parts = shingles(key_text(row["text"]), dedup.minhash.shingle)
        if row["member"] is None:
            held = parts
            continue
        similarity = jaccard(held, parts)
        if similarity >= dedup.threshold:
            yield Edge(u=row["centre"], v=row["member"], jaccard=similarity)
