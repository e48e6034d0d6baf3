"""Verified edges to removals: each cluster is settled in one task, by its edges alone wherever they suffice."""

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
from sluice.spark.engine.batches import iter_rows, to_batches
from sluice.spark.engine.schemas import spark_schema
from sluice.spark.engine.work import Work
from sluice.text.dedup.keep_rule import NeedsComparison, Similar, settle
from sluice.text.dedup.shingles import similarity


class Settled(Record):
    """A near-removal, or, without `rank`, a cluster in which documents have to be compared that no edge joins."""

    cluster: int
    rank: int | None
    duplicate_of: int | None
    jaccard: float | None


def near_removals(
    edges: DataFrame, members: DataFrame, sets: DataFrame, threshold: float, partitions: int, work: Work
) -> DataFrame:
    """Documents of each cluster that have a kept better one at or above the threshold; see `text.dedup.keep_rule`.

    Needs: edges with `fate` (what became of u in an earlier crawl, null for one of this), members, sets.
    Returns: near-removals.
    Shuffle: an edge once, key `cluster`; a shingle set once per document of the clusters that edges do not settle.
    Memory: the edges of one cluster, 50 bytes each; the sets of kept documents of one that edges do not settle.
    """
    clustered = edges.join(members.select(F.col("rank").alias("v"), "cluster"), "v", "inner")
    columns = ("cluster", "v", "u", "jaccard", "fate")
    grouped = clustered.select(*columns).repartition(partitions, "cluster").sortWithinPartitions("cluster", "v", "u")
    settled = work.table(grouped.mapInArrow(partial(_by_edges, threshold), spark_schema(Settled)), "settled")
    open_ = settled.where("rank is null").select("cluster")
    compared = work.table(_compared(clustered.join(open_, "cluster", "left_semi"), sets, threshold, partitions), "open")
    by_edges = settled.where("rank is not null").select(*NearRemoval.__struct_fields__)
    return by_edges.unionAll(compared)


def _compared(edges: DataFrame, sets: DataFrame, threshold: float, partitions: int) -> DataFrame:
    """Near-removals of the clusters of these edges, with the shingle sets of all that may be compared."""
    similar = F.collect_list(F.struct("u", "jaccard", "fate")).alias("similar")  # at most bands x leaders
    judged = edges.groupBy("cluster", F.col("v").alias("rank")).agg(similar)
    others = edges.select("cluster", F.coalesce("fate", "u").alias("rank")).distinct()
    nodes = others.join(judged, ["cluster", "rank"], "full_outer").join(sets, "rank", "inner")
    rows = nodes.select("cluster", "rank", "similar", "shingles").repartition(partitions, "cluster")
    ordered = rows.sortWithinPartitions("cluster", "rank")
    return ordered.mapInArrow(partial(_by_sets, threshold), spark_schema(NearRemoval))


def _by_edges(threshold: float, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return to_batches(settled_by_edges(iter_rows(batches), threshold), Settled)


def settled_by_edges(rows: Iterable[dict[str, Any]], threshold: float) -> Iterator[Settled]:
    """Edges (cluster, v, u, jaccard, fate), sorted, to what they settle."""
    for cluster, edges in itertools.groupby(rows, key=lambda row: row["cluster"]):
        members = (
            (rank, [Similar(row["u"], row["jaccard"], row["fate"]) for row in found])
            for rank, found in itertools.groupby(edges, key=lambda row: row["v"])
        )
        try:
            settled = list(settle(members, threshold))
        except NeedsComparison:
            yield Settled(cluster=cluster, rank=None, duplicate_of=None, jaccard=None)
            continue
        for rank, duplicate_of, jaccard in settled:
            yield Settled(cluster=cluster, rank=rank, duplicate_of=duplicate_of, jaccard=jaccard)


def _by_sets(threshold: float, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return to_batches(settled_by_sets(iter_rows(batches), threshold), NearRemoval)


def settled_by_sets(rows: Iterable[dict[str, Any]], threshold: float) -> Iterator[NearRemoval]:
    """Documents (cluster, rank, similar, shingles), sorted, to those that go."""
    for cluster, documents in itertools.groupby(rows, key=lambda row: row["cluster"]):
        kept: dict[int, npt.NDArray[np.uint64]] = {}
        members = _with_sets(documents, kept)
        for rank, duplicate_of, jaccard in settle(members, threshold, partial(_compare, kept)):
            del kept[rank]
            yield NearRemoval(rank=rank, duplicate_of=duplicate_of, jaccard=jaccard, cluster=cluster)


def _with_sets(
    documents: Iterable[dict[str, Any]], kept: dict[int, npt.NDArray[np.uint64]]
) -> Iterator[tuple[int, list[Similar]]]:
    """The members that `settle` judges; the shingle set of each is in `kept` from then on."""
    for row in documents:
        kept[row["rank"]] = np.frombuffer(row["shingles"], "<u8")
        yield row["rank"], [Similar(other["u"], other["jaccard"], other["fate"]) for other in row["similar"] or ()]


def _compare(kept: dict[int, npt.NDArray[np.uint64]], better: int, worse: int) -> float:
    return similarity(kept[better], kept[worse])


def removals(exact: DataFrame, near: DataFrame, earlier: DataFrame) -> DataFrame:
    """All removals with a witness that is itself kept, still by rank.

    Needs: exact (rank, duplicate_of), near-removals of this crawl and of earlier ones.
    Returns: the columns of removals, documents by rank.
    The witness of an exact copy may be a near-duplicate of something better; then that one is the final witness, and
    the similarity is its (equal key texts have equal shingles).
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
