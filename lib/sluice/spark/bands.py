"""Signatures to candidate pairs: band rows, sorted, and a streaming scan in constant memory."""

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame

from sluice.core.config import MinHash
from sluice.core.records import BandRow, Pair
from sluice.data.tables import arrow_schema
from sluice.spark.schemas import spark_schema
from sluice.text.minhash import band_keys

Ids = npt.NDArray[np.int64]


def candidate_pairs(df: DataFrame, minhash: MinHash, centres: int, partitions: int) -> DataFrame:
    """Pairs of documents that share a band with one of the first `centres` documents of the bucket.

    Needs: docs (doc_id, signature; null signatures take no part). Returns: distinct u, v with u < v.
    Shuffle: 16 bytes per band row, key `bucket`. A giant bucket costs time in one task, never memory.
    """
    bands = df.where("signature is not null").select("doc_id", "signature")
    rows = bands.mapInArrow(partial(_to_bands, minhash), spark_schema(BandRow))
    grouped = rows.repartition(partitions, "bucket").sortWithinPartitions("bucket", "doc_id")
    return grouped.mapInArrow(partial(_scan, centres), spark_schema(Pair)).distinct()


def _to_bands(minhash: MinHash, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    width = minhash.bands * minhash.rows
    for batch in batches:
        if not batch.num_rows:
            continue
        doc_ids = batch.column(0).to_numpy(zero_copy_only=False)
        signatures = np.frombuffer(b"".join(batch.column(1).to_pylist()), "<u4").reshape(-1, width)
        keys = band_keys(signatures, minhash)  # [n, bands]
        columns = [pa.array(keys.ravel()), pa.array(np.repeat(doc_ids, minhash.bands))]
        yield pa.RecordBatch.from_arrays(columns, schema=arrow_schema(BandRow))


def _scan(centres: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Pairs of each row with the first `centres` rows of its bucket; input sorted by (bucket, doc_id).

    Across a batch border only those first rows of the last bucket are carried over.
    """
    held_buckets, held_ids = np.empty(0, np.int64), np.empty(0, np.int64)
    for batch in batches:
        buckets = np.concatenate([held_buckets, batch.column(0).to_numpy(zero_copy_only=False)])
        doc_ids = np.concatenate([held_ids, batch.column(1).to_numpy(zero_copy_only=False)])
        if not len(buckets):
            continue
        u, v = star_pairs(buckets, doc_ids, first_new=len(held_ids), centres=centres)
        yield pa.RecordBatch.from_arrays([pa.array(u), pa.array(v)], schema=arrow_schema(Pair))
        last = np.flatnonzero(buckets == buckets[-1])[:centres]
        held_buckets, held_ids = buckets[last], doc_ids[last]


def star_pairs(buckets: Ids, doc_ids: Ids, *, first_new: int, centres: int) -> tuple[Ids, Ids]:
    """Pairs (u, v), u < v, of every row from `first_new` on with each of the first `centres` rows of its bucket.

    buckets, doc_ids [n] int64, sorted by (bucket, doc_id).
    """
    n = len(buckets)
    position = np.arange(n)
    begins = np.r_[True, buckets[1:] != buckets[:-1]]
    start = np.maximum.accumulate(np.where(begins, position, 0))
    us, vs = [], []
    for k in range(centres):
        centre = start + k
        members = np.flatnonzero((centre < position) & (position >= first_new))
        us.append(doc_ids[centre[members]])
        vs.append(doc_ids[members])
    return np.concatenate(us), np.concatenate(vs)
