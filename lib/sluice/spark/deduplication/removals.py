"""Verified edges to removals. Each cluster is resolved in one task, using only its edges if they suffice."""

from collections.abc import Iterable, Iterator
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sluice.core.records.dedup import NearRemoval
from sluice.data.arrow import iter_rows, to_batches
from sluice.spark.engine.schemas import spark_schema
from sluice.spark.engine.work import Checkpoints
from sluice.text.dedup.clusters import Resolved, resolve_by_edges, resolve_by_sets


def near_removals(
    edges: DataFrame, members: DataFrame, sets: DataFrame, threshold: float, partitions: int, checkpoints: Checkpoints
) -> DataFrame:
    """Finds documents with a better kept document in their cluster (threshold included); see `text.dedup.keep_rule`.

    Needs: edges with `kept_as` (the result of u in an earlier crawl; null in this crawl), members, sets.
    Returns: near-removals.
    Shuffle: each edge once, key `cluster`; a shingle set once per document of the clusters that edges do not resolve.
    Memory: the edges of one cluster, 50 bytes each; the sets of kept documents of a cluster that edges do not resolve.
    """
    clustered = edges.join(members.select(F.col("rank").alias("v"), "cluster"), "v", "inner")
    columns = ("cluster", "v", "u", "jaccard", "kept_as")
    grouped = clustered.select(*columns).repartition(partitions, "cluster").sortWithinPartitions("cluster", "v", "u")
    resolved = checkpoints.materialize(
        grouped.mapInArrow(partial(_by_edges, threshold), spark_schema(Resolved)), "resolved"
    )
    open_ = resolved.where("rank is null").select("cluster")
    compared = checkpoints.materialize(
        _compared(clustered.join(open_, "cluster", "left_semi"), sets, threshold, partitions), "open"
    )
    by_edges = resolved.where("rank is not null").select(*NearRemoval.__struct_fields__)
    return by_edges.unionAll(compared)


def _compared(edges: DataFrame, sets: DataFrame, threshold: float, partitions: int) -> DataFrame:
    """Resolves the clusters of these edges with the shingle sets of all documents that may be compared."""
    similar = F.collect_list(F.struct("u", "jaccard", "kept_as")).alias("similar")  # at most bands x leaders
    judged = edges.groupBy("cluster", F.col("v").alias("rank")).agg(similar)
    others = edges.select("cluster", F.coalesce("kept_as", "u").alias("rank")).distinct()
    nodes = others.join(judged, ["cluster", "rank"], "full_outer").join(sets, "rank", "inner")
    rows = nodes.select("cluster", "rank", "similar", "shingles").repartition(partitions, "cluster")
    ordered = rows.sortWithinPartitions("cluster", "rank")
    return ordered.mapInArrow(partial(_by_sets, threshold), spark_schema(NearRemoval))


def _by_edges(threshold: float, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return to_batches(resolve_by_edges(iter_rows(batches), threshold), Resolved)


def _by_sets(threshold: float, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return to_batches(resolve_by_sets(iter_rows(batches), threshold), NearRemoval)


def removals(exact: DataFrame, near: DataFrame, earlier: DataFrame) -> DataFrame:
    """Combines all removals of the exact and near steps, by rank. `duplicate_of` is always kept.

    Needs: exact (rank, duplicate_of), near-removals of this crawl and of earlier ones.
    Returns: the columns of removals, documents by rank. If the document that an exact copy equals is itself a
    near-duplicate, `duplicate_of` is that document's kept document, with its similarity (equal normalised texts have
    equal shingles).
    """
    onward = near.unionAll(earlier).select(
        F.col("rank").alias("matched_id"), F.col("duplicate_of").alias("onward"), "jaccard", "cluster"
    )
    exact_rows = (
        exact.select("rank", F.col("duplicate_of").alias("matched_id"))
        .join(onward, "matched_id", "left")
        .select(
            "rank",
            F.lit("exact").alias("step"),
            "matched_id",
            F.coalesce("onward", "matched_id").alias("duplicate_of"),
            F.coalesce("jaccard", F.lit(1.0)).alias("jaccard"),
            "cluster",
        )
    )
    near_rows = near.select(
        "rank",
        F.lit("near").alias("step"),
        F.col("duplicate_of").alias("matched_id"),
        "duplicate_of",
        "jaccard",
        "cluster",
    )
    return exact_rows.unionAll(near_rows)
