"""Who stays: a walk through each cluster, best first, that removes only what a kept document makes redundant."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sluice.core.config import Dedup
from sluice.core.records import Record, Removal
from sluice.spark.batches import iter_rows, to_batches
from sluice.spark.exact import rank_order
from sluice.spark.schemas import spark_schema
from sluice.text.key import key_text
from sluice.text.shingles import jaccard, shingles


class NearRemoval(Record):
    """A near-duplicate and the kept document that it is similar to."""

    doc_id: int
    witness: int
    jaccard: float
    cluster_id: int


def near_removals(clusters: DataFrame, documents: DataFrame, dedup: Dedup, partitions: int) -> DataFrame:
    """Documents of each cluster that have a kept better one at or above the threshold.

    Needs: clusters, documents (doc_id, text, n_chars, fetched_at, url). Returns: doc_id, witness, jaccard, cluster_id.
    A chain A-B-C never removes C for A unless the two are themselves similar.
    Shuffle: the text of clustered documents once, key `cluster_id`.
    """
    rows = clusters.join(documents, "doc_id", "inner").select(
        "cluster_id", "doc_id", "n_chars", "fetched_at", "url", "text"
    )
    grouped = rows.repartition(partitions, "cluster_id").sortWithinPartitions(F.col("cluster_id"), *rank_order())
    slim = grouped.select("cluster_id", "doc_id", "text")
    return slim.mapInArrow(partial(_walk, dedup), spark_schema(NearRemoval))


def _walk(dedup: Dedup, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return to_batches(walk(iter_rows(batches), dedup), NearRemoval)


def walk(rows: Iterable[dict[str, Any]], dedup: Dedup) -> Iterator[NearRemoval]:
    """Removals of documents given best first within each cluster (cluster_id, doc_id, text)."""
    cluster = -1  # ids are never negative
    kept: list[tuple[int, frozenset[str]]] = []
    for row in rows:
        if row["cluster_id"] != cluster:
            cluster, kept = row["cluster_id"], []
        parts = shingles(key_text(row["text"]), dedup.minhash.shingle)
        best = max(((jaccard(parts, other), -doc_id) for doc_id, other in kept), default=(0.0, 0))
        if kept and best[0] >= dedup.threshold:
            yield NearRemoval(doc_id=row["doc_id"], witness=-best[1], jaccard=best[0], cluster_id=cluster)
        else:
            kept.append((row["doc_id"], parts))


def removals(exact: DataFrame, near: DataFrame) -> DataFrame:
    """All removals with a witness that is itself kept.

    Needs: exact (doc_id, witness), near (doc_id, witness, jaccard, cluster_id). Returns: removals.
    The witness of an exact copy may be a near-duplicate of something better; then that one is the final witness, and
    the similarity is its (equal key texts have equal shingles).
    """
    onward = near.select(
        F.col("doc_id").alias("direct_witness"), F.col("witness").alias("onward"), "jaccard", "cluster_id"
    )
    exact_rows = (
        exact.select("doc_id", F.col("witness").alias("direct_witness"))
        .join(onward, "direct_witness", "left")
        .select(
            "doc_id",
            F.lit("exact").alias("step"),
            "direct_witness",
            F.coalesce("onward", "direct_witness").alias("witness"),
            F.coalesce("jaccard", F.lit(1.0)).alias("jaccard"),
            "cluster_id",
        )
    )
    near_rows = near.select(
        "doc_id",
        F.lit("near").alias("step"),
        F.col("witness").alias("direct_witness"),
        "witness",
        "jaccard",
        "cluster_id",
    )
    return exact_rows.unionAll(near_rows).select(*Removal.__struct_fields__)
