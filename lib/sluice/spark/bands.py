"""Signatures to candidate pairs: band rows, sorted, and a streaming scan in constant memory."""

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame

from sluice.core.dedup_config import MinHash
from sluice.core.records import BandRow, Pair
from sluice.data.tables import arrow_schema
from sluice.spark.schemas import spark_schema
from sluice.text.minhash import band_keys

Places = npt.NDArray[np.int64]


def band_rows(documents: DataFrame, minhash: MinHash) -> DataFrame:
    """The bands of each document that has a signature. Needs: place, signature. Returns: bands."""
    signed = documents.where("signature is not null").select("place", "signature")
    return signed.mapInArrow(partial(_to_bands, minhash), spark_schema(BandRow))


def candidate_pairs(rows: DataFrame, centres: int, partitions: int, first: int = 0) -> DataFrame:
    """Pairs of documents that share a band, one of them being among the `centres` best of that bucket.

    Needs: bands. Returns: distinct pairs whose worse document is new: its place is `first` or after it.
    Shuffle: 16 bytes per band row, key `bucket`. A giant bucket costs time in one task, never memory.
    """
    return _by_bucket(rows, partitions).mapInArrow(partial(_scan, centres, first), spark_schema(Pair)).distinct()


def leading_rows(rows: DataFrame, centres: int, partitions: int, first: int = 0) -> DataFrame:
    """Band rows of the `centres` best documents of each bucket, which later crawls are compared with; new ones only.

    Needs: bands. Returns: bands. Shuffle: as `candidate_pairs`.
    """
    return _by_bucket(rows, partitions).mapInArrow(partial(_lead, centres, first), spark_schema(BandRow))


def _by_bucket(rows: DataFrame, partitions: int) -> DataFrame:
    return rows.repartition(partitions, "bucket").sortWithinPartitions("bucket", "place")


def _to_bands(minhash: MinHash, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    width = minhash.bands * minhash.rows
    for batch in batches:
        if not batch.num_rows:
            continue
        places = batch.column(0).to_numpy()
        signatures = np.frombuffer(b"".join(batch.column(1).to_pylist()), "<u4").reshape(-1, width)
        keys = band_keys(signatures, minhash)  # [n, bands]
        columns = [pa.array(keys.ravel()), pa.array(np.repeat(places, minhash.bands))]
        yield pa.RecordBatch.from_arrays(columns, schema=arrow_schema(BandRow))


def _scan(centres: int, first: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Pairs of each new row with the first `centres` rows of its bucket; input sorted by (bucket, place)."""
    for buckets, places, num_held in _with_leaders(centres, batches):
        is_new = places >= first
        is_new[:num_held] = False
        u, v = star_pairs(buckets, places, is_new, centres)
        yield pa.RecordBatch.from_arrays([pa.array(u), pa.array(v)], schema=arrow_schema(Pair))


def _lead(centres: int, first: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for buckets, places, num_held in _with_leaders(centres, batches):
        leads = (np.arange(len(buckets)) - _starts(buckets) < centres) & (places >= first)
        leads[:num_held] = False
        columns = [pa.array(buckets[leads]), pa.array(places[leads])]
        yield pa.RecordBatch.from_arrays(columns, schema=arrow_schema(BandRow))


def _with_leaders(centres: int, batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[Places, Places, int]]:
    """Buckets and places of each batch, after those of the first `centres` rows of the bucket that it goes on with.

    The third is the number of such rows: nothing else of what came before is held.
    """
    held_buckets, held_places = np.empty(0, np.int64), np.empty(0, np.int64)
    for batch in batches:
        buckets = np.concatenate([held_buckets, batch.column(0).to_numpy()])
        places = np.concatenate([held_places, batch.column(1).to_numpy()])
        if not len(buckets):
            continue
        yield buckets, places, len(held_places)
        last = np.flatnonzero(buckets == buckets[-1])[:centres]
        held_buckets, held_places = buckets[last], places[last]


def star_pairs(buckets: Places, places: Places, is_new: npt.NDArray[np.bool_], centres: int) -> tuple[Places, Places]:
    """Pairs (u, v), u < v, of every new row with each of the first `centres` rows of its bucket.

    buckets, places [n] int64, sorted by (bucket, place).
    """
    position = np.arange(len(buckets))
    start = _starts(buckets)
    us, vs = [], []
    for k in range(centres):
        centre = start + k
        others = np.flatnonzero((centre < position) & is_new)
        us.append(places[centre[others]])
        vs.append(places[others])
    return np.concatenate(us), np.concatenate(vs)


def _starts(buckets: Places) -> Places:
    """Where the bucket of each row begins, [n]."""
    begins = np.r_[True, buckets[1:] != buckets[:-1]]
    return np.maximum.accumulate(np.where(begins, np.arange(len(buckets)), 0))
