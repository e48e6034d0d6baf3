"""Verified edges to removals. Each cluster is resolved in one task, using only its edges if they suffice."""

import itertools
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sluice.core.records.base import Record
from sluice.core.records.dedup import NearRemoval
from sluice.data.arrow import iter_rows, to_batches
from sluice.spark.engine.schemas import spark_schema
from sluice.spark.engine.work import Checkpoints
from sluice.text.dedup.keep_rule import NeedsComparison, Similar, resolve_cluster
from sluice.text.dedup.shingles import similarity


class Resolved(Record):
    """A near-removal. Without `rank`: a cluster in which documents without an edge must be compared."""

    cluster: int
    rank: int | None
    duplicate_of: int | None
    jaccard: float | None


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


def resolve_by_edges(rows: Iterable[dict[str, Any]], threshold: float) -> Iterator[Resolved]:
    """Resolves clusters from sorted edges (cluster, v, u, jaccard, kept_as)."""
    for cluster, edges in itertools.groupby(rows, key=lambda row: row["cluster"]):
        members = (
            (rank, [Similar(row["u"], row["jaccard"], row["kept_as"]) for row in found])
            for rank, found in itertools.groupby(edges, key=lambda row: row["v"])
        )
        try:
            resolved = list(resolve_cluster(members, threshold))
        except NeedsComparison:
            yield Resolved(cluster=cluster, rank=None, duplicate_of=None, jaccard=None)
            continue
        for rank, duplicate_of, jaccard in resolved:
            yield Resolved(cluster=cluster, rank=rank, duplicate_of=duplicate_of, jaccard=jaccard)


def _by_sets(threshold: float, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return to_batches(resolve_by_sets(iter_rows(batches), threshold), NearRemoval)


def resolve_by_sets(rows: Iterable[dict[str, Any]], threshold: float) -> Iterator[NearRemoval]:
    """Resolves clusters from sorted documents (cluster, rank, similar, shingles)."""
    for cluster, documents in itertools.groupby(rows, key=lambda row: row["cluster"]):
        kept: dict[int, npt.NDArray[np.uint64]] = {}
        members = _with_sets(documents, kept)
        for rank, duplicate_of, jaccard in resolve_cluster(members, threshold, partial(_compare, kept)):
            del kept[rank]
            yield NearRemoval(rank=rank, duplicate_of=duplicate_of, jaccard=jaccard, cluster=cluster)


def _with_sets(
    documents: Iterable[dict[str, Any]], kept: dict[int, npt.NDArray[np.uint64]]
) -> Iterator[tuple[int, list[Similar]]]:
    """Yields members for `resolve_cluster` and adds the shingle set of each to `kept`."""
    for row in documents:
        kept[row["rank"]] = np.frombuffer(row["shingles"], "<u8")
        yield row["rank"], [Similar(other["u"], other["jaccard"], other["kept_as"]) for other in row["similar"] or ()]


def _compare(kept: dict[int, npt.NDArray[np.uint64]], better: int, worse: int) -> float:
    return similarity(kept[better], kept[worse])


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
