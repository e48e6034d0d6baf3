"""Connected components of an edge table, with the same labels in one task or in distributed alternating-star rounds."""

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sluice.core.errors import StageError
from sluice.core.records.dedup import ClusterMember, Pair
from sluice.data.arrow import arrow_schema
from sluice.spark.engine.schemas import spark_schema
from sluice.spark.engine.work import Checkpoints
from sluice.text.dedup.clusters import Ids, smallest_members

MAX_ROUNDS = 60  # alternating stars need O(log^2 n) rounds (Kiveris et al. 2014); 60 is far beyond any input


def components(edges: DataFrame, n_edges: int, edges_per_task: int, checkpoints: Checkpoints) -> DataFrame:
    """Finds the component of every document with an edge, identified by its smallest and thus best member.

    Needs: edges (u, v), `n_edges` of them. Returns: members. Raises StageError if the rounds do not converge.
    """
    pairs = edges.select("u", "v")
    if n_edges <= edges_per_task:
        return pairs.coalesce(1).mapInArrow(_label_all, spark_schema(ClusterMember))
    partitions = -(-n_edges // edges_per_task)
    return _labels(_converge(pairs, partitions, checkpoints))


def _converge(pairs: DataFrame, partitions: int, checkpoints: Checkpoints) -> DataFrame:
    """Returns star edges (member u > root v) that do not change in another round.

    1. contract: each partition replaces its edges by stars of its own components, which shortens chains at once
    2. large star: every larger neighbour of a node points to the node's smallest neighbour
    3. small star: a node and its smaller neighbours point to the smallest of them
    4. write, read back, compare with the previous round; equal sets mean every tree is a star

    All rounds are kept until the run ends, 16 bytes per edge each, so that a killed run can resume.
    """
    before = checkpoints.materialize(_contract(pairs, partitions), "round-0")
    for number in range(1, MAX_ROUNDS + 1):
        after = checkpoints.materialize(_small_star(_large_star(before)), f"round-{number}")
        if after.exceptAll(before).isEmpty() and before.exceptAll(after).isEmpty():
            return after
        before = after
    raise StageError(
        f"Connected components did not converge in {MAX_ROUNDS} rounds. Nothing was removed; please report this."
    )


def _contract(pairs: DataFrame, partitions: int) -> DataFrame:
    return pairs.repartition(partitions, "u").mapInArrow(partial(_star_edges), spark_schema(Pair)).distinct()


def _large_star(pairs: DataFrame) -> DataFrame:
    """For every node m, each neighbour larger than m points to the smallest of m and its neighbours."""
    both = pairs.select("u", "v").unionAll(pairs.select(F.col("v").alias("u"), F.col("u").alias("v")))
    smallest = both.groupBy("u").agg(F.least(F.min("v"), F.col("u")).alias("root"))
    joined = both.join(smallest, "u", "inner").where(F.col("v") > F.col("u"))
    return joined.select(F.col("v").alias("u"), F.col("root").alias("v")).distinct()


def _small_star(pairs: DataFrame) -> DataFrame:
    """For every node m, m and its neighbours smaller than m point to the smallest of them."""
    down = pairs.select(F.greatest("u", "v").alias("u"), F.least("u", "v").alias("v"))
    smallest = down.groupBy("u").agg(F.min("v").alias("root"))
    joined = down.join(smallest, "u", "inner")
    roots = smallest.select("u", F.col("root").alias("v"))
    neighbours = joined.where(F.col("v") != F.col("root")).select(F.col("v").alias("u"), F.col("root").alias("v"))
    return roots.unionAll(neighbours).distinct()


def _labels(stars: DataFrame) -> DataFrame:
    members = stars.select(F.col("u").alias("rank"), F.col("v").alias("cluster"))
    roots = stars.select(F.col("v").alias("rank"), F.col("v").alias("cluster")).distinct()
    return members.unionAll(roots).select("rank", "cluster")


def _label_all(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    nodes, roots = smallest_members(*_columns(batches))
    yield pa.RecordBatch.from_arrays([pa.array(nodes), pa.array(roots)], schema=arrow_schema(ClusterMember))


def _star_edges(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    nodes, roots = smallest_members(*_columns(batches))
    inner = nodes != roots
    yield pa.RecordBatch.from_arrays([pa.array(nodes[inner]), pa.array(roots[inner])], schema=arrow_schema(Pair))


def _columns(batches: Iterable[pa.RecordBatch]) -> tuple[Ids, Ids]:
    pairs = [batch.to_struct_array().flatten() for batch in batches if batch.num_rows]
    u, v = ([part.to_numpy() for part in parts] for parts in zip(*pairs, strict=True)) if pairs else ([], [])
    empty = np.empty(0, np.int64)
    return np.concatenate([empty, *u]), np.concatenate([empty, *v])
