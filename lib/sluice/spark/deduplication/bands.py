"""Signatures to candidate pairs: sorted band rows, scanned as a stream in constant memory."""

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame

from sluice.core.config.dedup import DedupConfig, MinHashConfig
from sluice.core.records.dedup import BandRow, LeadingRow, Pair, Sketch
from sluice.data.arrow import arrow_schema
from sluice.spark.engine.schemas import spark_schema
from sluice.text.dedup.leaders import LeaderCounts, Longs, star_pairs, starts
from sluice.text.dedup.minhash import band_keys


def band_rows(documents: DataFrame, minhash: MinHashConfig) -> DataFrame:
    """Computes the bands of each document with a signature. Needs: rank, signature. Returns: bands."""
    signed = documents.where("signature is not null").select("rank", "signature")
    return signed.mapInArrow(partial(_to_bands, minhash), spark_schema(BandRow))


def sketches(documents: DataFrame) -> DataFrame:
    """Shortens signatures to a quarter, for screening. Needs: rank, signature. Returns: sketches."""
    signed = documents.where("signature is not null").select("rank", "signature")
    return signed.mapInArrow(_to_sketches, spark_schema(Sketch))


def candidate_pairs(rows: DataFrame, dedup: DedupConfig, partitions: int, first: int = 0) -> DataFrame:
    """Pairs of documents in the same bucket, one of which is a leader of that bucket; see `LeaderCounts`.

    Needs: bands. Returns: distinct pairs whose worse document is new: its rank is at least `first`.
    Shuffle: 16 bytes per band row, key `bucket`. A giant bucket costs time in one task, never memory.
    """
    scan = partial(_scan, LeaderCounts.of(dedup), first)
    return _by_bucket(rows, partitions).mapInArrow(scan, spark_schema(Pair)).distinct()


def leading_rows(rows: DataFrame, dedup: DedupConfig, partitions: int, first: int = 0) -> DataFrame:
    """The new band rows that later crawls need: the best rows of each bucket, up to the crowded size.

    Needs: bands. Returns: leading rows. Shuffle: as `candidate_pairs`.
    """
    return _by_bucket(rows, partitions).mapInArrow(
        partial(_lead, LeaderCounts.of(dedup), first), spark_schema(LeadingRow)
    )


def _by_bucket(rows: DataFrame, partitions: int) -> DataFrame:
    return rows.repartition(partitions, "bucket").sortWithinPartitions("bucket", "rank")


def _to_bands(minhash: MinHashConfig, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    width = minhash.bands * minhash.rows
    for batch in batches:
        if not batch.num_rows:
            continue
        ranks = batch.column(0).to_numpy()
        signatures = np.frombuffer(b"".join(batch.column(1).to_pylist()), "<u4").reshape(-1, width)
        keys = band_keys(signatures, minhash)  # [n, bands]
        columns = [pa.array(keys.ravel()), pa.array(np.repeat(ranks, minhash.bands))]
        yield pa.RecordBatch.from_arrays(columns, schema=arrow_schema(BandRow))


def _to_sketches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        shortened = [signature[::4] for signature in batch.column(1).to_pylist()]
        yield pa.RecordBatch.from_arrays(
            [batch.column(0), pa.array(shortened, pa.binary())], schema=arrow_schema(Sketch)
        )


def _scan(leaders: LeaderCounts, first: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yields pairs of each new row with the leaders of its bucket. Input must be sorted by (bucket, rank)."""
    for buckets, ranks, positions, num_held in _with_leaders(leaders, batches):
        is_new = ranks >= first
        is_new[:num_held] = False
        u, v = star_pairs(buckets, ranks, positions, is_new, leaders)
        yield pa.RecordBatch.from_arrays([pa.array(u), pa.array(v)], schema=arrow_schema(Pair))


def _lead(leaders: LeaderCounts, first: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for buckets, ranks, positions, num_held in _with_leaders(leaders, batches):
        leads = (positions < max(leaders.crowded_size, leaders.per_bucket)) & (ranks >= first)
        leads[:num_held] = False
        columns = [pa.array(buckets[leads]), pa.array(ranks[leads]), pa.array(positions[leads] < leaders.per_bucket)]
        yield pa.RecordBatch.from_arrays(columns, schema=arrow_schema(LeadingRow))


def _with_leaders(
    leaders: LeaderCounts, batches: Iterable[pa.RecordBatch]
) -> Iterator[tuple[Longs, Longs, Longs, int]]:
    """Yields buckets, ranks and positions in the bucket of each batch, preceded by the leaders of its first bucket.

    The last value is the number of these leaders. Nothing else from earlier batches is kept.
    """
    held_buckets, held_ranks, num_before = np.empty(0, np.int64), np.empty(0, np.int64), 0
    for batch in batches:
        if not batch.num_rows:
            continue
        buckets = np.concatenate([held_buckets, batch.column(0).to_numpy()])
        ranks = np.concatenate([held_ranks, batch.column(1).to_numpy()])
        num_held = len(held_ranks)
        positions = np.arange(len(buckets)) - starts(buckets)
        continues = buckets == buckets[0]  # rows that continue the bucket of the carried-over leaders
        continues[:num_held] = False
        positions[continues] += num_before - num_held
        yield buckets, ranks, positions, num_held
        last = np.flatnonzero(buckets == buckets[-1])
        num_before = int(positions[-1]) + 1
        held_buckets, held_ranks = buckets[last[: leaders.per_bucket]], ranks[last[: leaders.per_bucket]]
