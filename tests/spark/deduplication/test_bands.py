"""Candidate pairs are found from band rows."""

import random

import numpy as np
import pyarrow as pa
import pytest

from sluice.core.config.dedup import DedupConfig, MinHashConfig
from sluice.spark.deduplication.bands import (
    LeaderCounts,
    _lead,
    _scan,
    band_rows,
    candidate_pairs,
    sketches,
    star_pairs,
)

SMALL = MinHashConfig(bands=2, rows=2)


def signature(*values):
    return np.array(values, "<u4").tobytes()


FOUR = DedupConfig(leaders_per_bucket=4, crowded_bucket_size=100)


def brute_force(rows, leaders):
    """Pairs each member with each better leader of its bucket, by the definition."""
    buckets = {}
    for bucket, rank in sorted(rows):
        buckets.setdefault(bucket, []).append(rank)
    pairs = []
    for ranks in buckets.values():
        for i, rank in enumerate(ranks):
            count = leaders.per_bucket if i < leaders.crowded_size else leaders.in_crowded
            pairs += [(leader, rank) for leader in ranks[: min(i, count)]]
    return sorted(pairs)


def test_documents_that_share_a_band_are_paired(spark):
    rows = [
        (1, signature(1, 2, 3, 4)),
        (2, signature(1, 2, 9, 9)),  # shares the first band with 1
        (3, signature(7, 7, 3, 4)),  # shares the second band with 1
        (4, signature(3, 4, 1, 2)),  # the same values in other bands do not match
        (5, None),
        (6, None),
    ]
    df = spark.createDataFrame(rows, "rank long, signature binary")
    pairs = candidate_pairs(band_rows(df, SMALL), FOUR, partitions=3)
    assert sorted(map(tuple, pairs.collect())) == [(1, 2), (1, 3)]


def test_an_empty_table_has_no_pairs(spark):
    df = spark.createDataFrame([], "rank long, signature binary")
    assert candidate_pairs(band_rows(df, SMALL), FOUR, partitions=3).collect() == []


def test_star_pairs_equal_pairs_found_by_hand():
    buckets = np.array([5, 5, 5, 8], np.int64)
    ranks = np.array([1, 2, 3, 9], np.int64)
    positions = np.array([0, 1, 2, 0])
    every = np.array([True] * 4)

    def pairs(is_new, leaders):
        u, v = star_pairs(buckets, ranks, positions, is_new, leaders)
        return sorted(zip(u, v, strict=True))

    assert pairs(every, LeaderCounts(1, 1, 9)) == [(1, 2), (1, 3)]
    assert pairs(np.array([False, False, True, True]), LeaderCounts(2, 2, 9)) == [(1, 3), (2, 3)]
    # the third position is crowded: compared with one leader only
    assert pairs(every, LeaderCounts(1, 2, 2)) == [(1, 2), (1, 3)]
    assert pairs(every, LeaderCounts(1, 2, 3)) == [(1, 2), (1, 3), (2, 3)]


def test_a_sketch_is_the_low_byte_of_each_value(spark):
    rows = [(1, signature(0x01020304, 0xFF, 256, 0xFFFFFFFF)), (2, None)]
    df = spark.createDataFrame(rows, "rank long, signature binary")
    assert list(map(tuple, sketches(df).collect())) == [(1, bytearray([4, 255, 0, 255]))]


def in_batches(rows):
    start = 0
    while start < len(rows):
        stop = start + random.randrange(0, 6)
        part = rows[start:stop]
        columns = [pa.array([r[i] for r in part], pa.int64()) for i in (0, 1)]
        yield pa.RecordBatch.from_arrays(columns, names=["bucket", "rank"])
        start = stop


def rows_of(batches):
    return sorted(row for b in batches for row in zip(*map(pa.Array.to_pylist, b.columns), strict=True))


LEADERS = [
    LeaderCounts(1, 1, 9),
    LeaderCounts(2, 2, 9),
    LeaderCounts(1, 4, 5),
    LeaderCounts(2, 4, 7),
    LeaderCounts(2, 4, 3),
]


@pytest.mark.parametrize("leaders", LEADERS)
@pytest.mark.parametrize("first", [0, 25])
def test_scan_over_any_batch_borders_equals_brute_force(leaders, first):
    random.seed(3)
    rows = sorted({(random.choice([-3, 0, 7, 7, 7, 9]), random.randrange(60)) for _ in range(80)})
    expected = [pair for pair in brute_force(rows, leaders) if pair[1] >= first]
    assert rows_of(_scan(leaders, first, in_batches(rows))) == expected


@pytest.mark.parametrize("leaders", LEADERS)
@pytest.mark.parametrize("first", [0, 25])
def test_leading_rows_are_the_first_new_rows_of_each_bucket(leaders, first):
    random.seed(4)
    rows = sorted({(random.choice([-3, 0, 7, 7, 7, 9]), random.randrange(60)) for _ in range(80)})
    buckets = {}
    for bucket, rank in rows:
        buckets.setdefault(bucket, []).append(rank)
    expected = [
        (bucket, rank, i < leaders.per_bucket)
        for bucket, ranks in buckets.items()
        for i, rank in enumerate(ranks[: max(leaders.crowded_size, leaders.per_bucket)])
        if rank >= first
    ]
    assert rows_of(_lead(leaders, first, in_batches(rows))) == sorted(expected)


@pytest.mark.parametrize("leaders", LEADERS)
def test_leading_rows_replace_the_rows_of_their_crawl(leaders):
    """The pairs of new rows are equal after all old rows and after the leading old rows only."""
    random.seed(5)
    old = sorted({(random.choice([0, 7, 9]), random.randrange(60)) for _ in range(90)})
    new = sorted({(random.choice([0, 7, 8]), random.randrange(60, 90)) for _ in range(40)})
    leading = [row[:2] for row in rows_of(_lead(leaders, 0, in_batches(old)))]
    expected = rows_of(_scan(leaders, 60, in_batches(sorted(old + new))))
    assert rows_of(_scan(leaders, 60, in_batches(sorted(leading + new)))) == expected


def test_a_giant_bucket_gives_a_bounded_number_of_pairs_per_member():
    n = 200_000
    batch = pa.RecordBatch.from_arrays(
        [pa.array(np.zeros(n, np.int64)), pa.array(np.arange(n))], names=["bucket", "rank"]
    )
    pairs = sum(b.num_rows for b in _scan(LeaderCounts(2, 4, 1000), 0, [batch]))
    assert pairs == 4 * 1000 - (1 + 2 + 3 + 4) + 2 * (n - 1000)
