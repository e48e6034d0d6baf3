"""Band rows to candidate pairs."""

import random

import numpy as np
import pyarrow as pa
import pytest

from sluice.core.dedup_config import MinHash
from sluice.spark.bands import _lead, _scan, band_rows, candidate_pairs, star_pairs

SMALL = MinHash(bands=2, rows=2)


def signature(*values):
    return np.array(values, "<u4").tobytes()


def brute_force(rows, centres):
    """Each member with each of the first `centres` members of its bucket, by the definition."""
    buckets = {}
    for bucket, place in sorted(rows):
        buckets.setdefault(bucket, []).append(place)
    return sorted((c, m) for ids in buckets.values() for i, m in enumerate(ids) for c in ids[: min(i, centres)])


def test_documents_that_share_a_band_are_paired(spark):
    rows = [
        (1, signature(1, 2, 3, 4)),
        (2, signature(1, 2, 9, 9)),  # shares the first band with 1
        (3, signature(7, 7, 3, 4)),  # shares the second band with 1
        (4, signature(3, 4, 1, 2)),  # the same values in other bands are no match
        (5, None),
        (6, None),
    ]
    df = spark.createDataFrame(rows, "place long, signature binary")
    pairs = candidate_pairs(band_rows(df, SMALL), centres=4, partitions=3)
    assert sorted(map(tuple, pairs.collect())) == [(1, 2), (1, 3)]


def test_no_document_gives_no_pair(spark):
    df = spark.createDataFrame([], "place long, signature binary")
    assert candidate_pairs(band_rows(df, SMALL), centres=4, partitions=3).collect() == []


def test_star_pairs_by_hand():
    buckets = np.array([5, 5, 5, 8], np.int64)
    places = np.array([1, 2, 3, 9], np.int64)
    u, v = star_pairs(buckets, places, np.array([True] * 4), centres=1)
    assert list(zip(u, v, strict=True)) == [(1, 2), (1, 3)]
    u, v = star_pairs(buckets, places, np.array([False, False, True, True]), centres=2)
    assert sorted(zip(u, v, strict=True)) == [(1, 3), (2, 3)]


def in_batches(rows):
    start = 0
    while start < len(rows):
        stop = start + random.randrange(0, 6)
        part = rows[start:stop]
        columns = [pa.array([r[i] for r in part], pa.int64()) for i in (0, 1)]
        yield pa.RecordBatch.from_arrays(columns, names=["bucket", "place"])
        start = stop


def rows_of(batches):
    return sorted(row for b in batches for row in zip(*map(pa.Array.to_pylist, b.columns), strict=True))


@pytest.mark.parametrize("centres", [1, 2, 4])
@pytest.mark.parametrize("first", [0, 25])
def test_scan_over_any_batch_borders_equals_brute_force(centres, first):
    random.seed(3)
    rows = sorted({(random.choice([-3, 0, 7, 7, 7, 9]), random.randrange(60)) for _ in range(80)})
    expected = [pair for pair in brute_force(rows, centres) if pair[1] >= first]
    assert rows_of(_scan(centres, first, in_batches(rows))) == expected


@pytest.mark.parametrize("centres", [1, 2, 4])
@pytest.mark.parametrize("first", [0, 25])
def test_the_leading_rows_of_buckets_are_their_first_and_new(centres, first):
    random.seed(4)
    rows = sorted({(random.choice([-3, 0, 7, 7, 7, 9]), random.randrange(60)) for _ in range(80)})
    buckets = {}
    for bucket, place in rows:
        buckets.setdefault(bucket, []).append(place)
    expected = [(b, place) for b, places in buckets.items() for place in places[:centres] if place >= first]
    assert rows_of(_lead(centres, first, in_batches(rows))) == sorted(expected)


def test_a_giant_bucket_gives_a_bounded_number_of_pairs_per_member():
    n = 200_000
    batch = pa.RecordBatch.from_arrays(
        [pa.array(np.zeros(n, np.int64)), pa.array(np.arange(n))], names=["bucket", "place"]
    )
    assert sum(b.num_rows for b in _scan(4, 0, [batch])) == 4 * n - (1 + 2 + 3 + 4)
