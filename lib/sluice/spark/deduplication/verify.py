"""Screens pairs by their sketches, then verifies them by their shingle sets.

In both steps, the better document of a pair, its leader, is kept in memory while the others are streamed.
"""

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from sluice.core.config.dedup import DedupConfig, MinHashConfig
from sluice.core.records.dedup import Edge, Likely, ShingleSet
from sluice.data.arrow import arrow_schema
from sluice.spark.engine.schemas import spark_schema
from sluice.text.dedup.kernels.sets import compare_in_turn
from sluice.text.dedup.key_text import key_text
from sluice.text.dedup.lsh import OPEN, SURE, margin
from sluice.text.dedup.shingles import shingle_set

SPAN = 22
"""Bits of a range of ranks. A leader with many pairs is compared with at most 4 million ranks per task."""

LEADER = -1
"""Value of `other` in the row of a leader, so that it sorts first."""


def likely_pairs(pairs: DataFrame, sketches: DataFrame, dedup: DedupConfig, partitions: int) -> DataFrame:
    """Selects pairs that are possibly similar according to their signatures; see `text.dedup.lsh.margin`.

    Needs: pairs, sketches. Returns: likely pairs. Shuffle: a sketch per pair, key `u`.
    """
    width = dedup.minhash.bands * dedup.minhash.rows
    least, _ = margin(dedup.threshold, width)
    return screened_pairs(pairs, sketches, width, least, partitions)


def screened_pairs(pairs: DataFrame, sketches: DataFrame, width: int, least: int, partitions: int) -> DataFrame:
    """Selects pairs whose sketches, `width` bytes each, have at least `least` equal bytes.

    Needs: pairs, sketches. Returns: likely pairs. Shuffle: a sketch per pair, key `u`.
    """
    rows = _by_leader(pairs, sketches.select("rank", F.col("sketch").alias("data")), partitions)
    return rows.mapInArrow(partial(_likely, width, least), spark_schema(Likely))


def deciding_pairs(likely: DataFrame, dedup: DedupConfig) -> DataFrame:
    """Selects the pairs of each document to compare exactly: the best `SURE` of the sure ones, or the likeliest `OPEN`.

    One kept document suffices. Otherwise members of a large cluster would be compared with all its leaders.
    Needs: likely pairs. Returns: pairs. Shuffle: 24 bytes per pair, key `v`.
    """
    _, surely = margin(dedup.threshold, dedup.minhash.bands * dedup.minhash.rows)
    judged = likely.withColumn("is_sure", F.col("equal") >= surely)
    openness = F.when(F.col("is_sure"), 0).otherwise(-F.col("equal"))
    first = Window.partitionBy("v").orderBy(F.col("is_sure").desc(), openness, "u")
    any_sure = F.first("is_sure").over(first).alias("any_sure")
    numbered = judged.select("u", "v", "is_sure", any_sure, F.row_number().over(first).alias("number"))
    return numbered.where(f"is_sure = any_sure and number <= if(any_sure, {SURE}, {OPEN})").select("u", "v")


def verified_edges(pairs: DataFrame, sets: DataFrame, threshold: float, partitions: int) -> DataFrame:
    """Selects pairs whose exact similarity is at least the threshold.

    Needs: pairs, sets. Returns: edges. Shuffle: a shingle set per pair, key `u`.
    """
    rows = _by_leader(pairs, sets.select("rank", F.col("shingles").alias("data")), partitions)
    return rows.mapInArrow(partial(_verify, threshold), spark_schema(Edge))


def shingle_sets(texts: DataFrame, minhash: MinHashConfig) -> DataFrame:
    """Computes shingle sets. Needs: rank, text. Returns: sets."""
    return texts.select("rank", "text").mapInArrow(partial(_to_sets, minhash), spark_schema(ShingleSet))


def _by_leader(pairs: DataFrame, data: DataFrame, partitions: int) -> DataFrame:
    """Returns: leader, other, data. Each leader's row, with other = LEADER, is followed by the rows of its pairs."""
    spanned = pairs.withColumn("span", F.shiftright("v", SPAN))
    leaders = spanned.select(F.col("u").alias("rank"), "span").distinct().join(data, "rank", "inner")
    others = spanned.select("u", "span", F.col("v").alias("rank")).join(data, "rank", "inner")
    leader_rows = leaders.select(
        F.col("rank").alias("leader"), "span", F.lit(LEADER).cast("long").alias("other"), "data"
    )
    other_rows = others.select(F.col("u").alias("leader"), "span", F.col("rank").alias("other"), "data")
    grouped = leader_rows.unionAll(other_rows).repartition(partitions, "leader", "span")
    return grouped.sortWithinPartitions("leader", "span", "other").select("leader", "other", "data")


def _likely(width: int, least: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    held = np.zeros((1, width), np.uint8)
    for batch in batches:
        if not batch.num_rows:
            continue
        leader, other = _ranks(batch)
        own = np.concatenate([held, np.frombuffer(b"".join(batch.column(2).to_pylist()), np.uint8).reshape(-1, width)])
        row = np.arange(1, len(own))
        with_whom = np.maximum.accumulate(np.where(other == LEADER, row, 0))
        equal = (own[with_whom] == own[1:]).sum(axis=1)
        chosen = (other != LEADER) & (equal >= least)
        columns = [pa.array(leader[chosen]), pa.array(other[chosen]), pa.array(equal[chosen])]
        yield pa.RecordBatch.from_arrays(columns, schema=arrow_schema(Likely))
        held = own[with_whom[-1:]]


def _verify(threshold: float, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    held = np.empty(0, np.uint64)
    for batch in batches:
        if not batch.num_rows:
            continue
        leader, other = _ranks(batch)
        values, offsets = set_arrays(batch.column(2))
        jaccard = np.empty(len(other))
        is_leader = other == LEADER
        compare_in_turn(values, offsets, is_leader, held, jaccard)
        chosen = ~is_leader & (jaccard >= threshold)
        columns = [pa.array(leader[chosen]), pa.array(other[chosen]), pa.array(jaccard[chosen])]
        yield pa.RecordBatch.from_arrays(columns, schema=arrow_schema(Edge))
        if is_leader.any():
            last = np.flatnonzero(is_leader)[-1]
            held = values[offsets[last] : offsets[last + 1]].copy()


def _to_sets(minhash: MinHashConfig, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        sets = [shingle_set(key_text(text), minhash.shingle).tobytes() for text in batch.column(1).to_pylist()]
        yield pa.RecordBatch.from_arrays(
            [batch.column(0), pa.array(sets, pa.binary())], schema=arrow_schema(ShingleSet)
        )


def set_arrays(column: pa.Array) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Returns the concatenated values of all sets of a binary column, [values], and their offsets, [n + 1]."""
    sets = column.to_pylist()
    values = np.frombuffer(b"".join(sets), "<u8")
    return values, np.cumsum([0, *(len(one) // 8 for one in sets)])


def _ranks(batch: pa.RecordBatch) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    return batch.column(0).to_numpy(), batch.column(1).to_numpy()
