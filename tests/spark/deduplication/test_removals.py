"""Keep order, exact copies, verified pairs, resolved clusters and final kept documents."""

import contextlib
from datetime import UTC, datetime

import numpy as np
import pytest

from sluice.core.config.dedup import DedupConfig, MinHashConfig
from sluice.spark.deduplication.keep_order import exact_removals, in_keep_order
from sluice.spark.deduplication.removals import near_removals, removals
from sluice.spark.deduplication.verify import deciding_pairs, likely_pairs, shingle_sets, verified_edges
from sluice.spark.engine.work import Checkpoints
from sluice.text.dedup.key_text import key_text
from sluice.text.dedup.shingles import shingle_set

DEDUP = DedupConfig(threshold=0.5, minhash=MinHashConfig(shingle=1))  # one word per shingle, to count by hand

A = "a b c d e f g h"
B = "a b c d e f x y"  # 6 of 10 words in common with A: 0.6
C = "a b c d z w x y"  # 6 of 10 with B: 0.6; 4 of 12 with A: 0.33
DAY = datetime(2024, 1, 1, tzinfo=UTC)
RANKED = "rank long, doc_id long, text_hash binary, signature binary"


@contextlib.contextmanager
def setting(spark, name, value):
    """Changes a setting of the session temporarily: all tests share the session."""
    before = spark.conf.get(name)
    spark.conf.set(name, value)
    try:
        yield
    finally:
        spark.conf.set(name, before)


BATCH_ROWS = "spark.sql.execution.arrow.maxRecordsPerBatch"


@pytest.mark.parametrize("partitions", ["1", "5"])
@pytest.mark.parametrize("first", [0, 100])
def test_the_keep_order_is_quality_length_fetch_url_id(spark, tmp_path, partitions, first):
    rows = [
        (90, 0.5, 10, DAY, "u"),
        (80, 0.9, 1, DAY, "u"),  # quality before length
        (70, 0.5, 11, DAY.replace(year=2025), "u"),
        (60, 0.5, 10, None, "u"),  # unknown time: after known ones
        (50, None, 99, DAY, "u"),  # without a score: after all with one
        (40, 0.5, 10, DAY, "t"),
        (30, 0.5, 10, DAY, "u"),
        (20, 0.5, 10, DAY, None),
    ]
    columns = "doc_id long, quality double, n_chars int, fetched_at timestamp, url string"
    df = spark.createDataFrame([(*row, b"h", None) for row in rows], columns + ", text_hash binary, signature binary")
    with setting(spark, "spark.sql.shuffle.partitions", partitions):
        found = in_keep_order(df.repartition(3), first, Checkpoints(str(tmp_path))).orderBy("rank").collect()
    assert [row["doc_id"] for row in found] == [80, 70, 40, 30, 90, 20, 60, 50]
    assert [row["rank"] for row in found] == list(range(first, first + 8))


def test_an_empty_table_has_no_ranks(spark, tmp_path):
    columns = "doc_id long, quality double, n_chars int, fetched_at timestamp, url string"
    df = spark.createDataFrame([], columns + ", text_hash binary, signature binary")
    assert in_keep_order(df, 0, Checkpoints(str(tmp_path))).collect() == []


def test_exact_copies_are_removed_and_the_best_is_kept(spark):
    rows = [(10, 1, b"x", None), (11, 2, b"y", None), (12, 3, b"x", None), (13, 4, b"x", None), (14, 5, b"z", None)]
    earlier = spark.createDataFrame([(3, b"z"), (4, b"w")], "rank long, text_hash binary")
    found = exact_removals(spark.createDataFrame(rows, RANKED), earlier, 10).collect()
    assert sorted(map(tuple, found)) == [(12, 10), (13, 10), (14, 3)]


def sets_of(spark, **texts):
    rows = [(int(rank[1:]), text) for rank, text in texts.items()]
    return shingle_sets(spark.createDataFrame(rows, "rank long, text string"), DEDUP.minhash)


def test_sets_are_the_sorted_hashes_of_the_key(spark):
    (row,) = sets_of(spark, _7="B a B").collect()
    assert row["rank"] == 7
    assert np.frombuffer(row["shingles"], "<u8").tolist() == shingle_set(key_text("b a"), 1).tolist()


@pytest.mark.parametrize("batch_rows", ["1", "2", "1000"])
def test_pairs_are_verified_on_the_sets(spark, batch_rows):
    sets = sets_of(spark, _1=A, _2=B, _3=C, _4="q", _5="!!!", _6="!!!")
    pairs = spark.createDataFrame([(1, 2), (1, 3), (1, 4), (2, 3), (5, 6), (1, 5)], "u long, v long")
    with setting(spark, BATCH_ROWS, batch_rows):
        edges = verified_edges(pairs, sets, DEDUP.threshold, 2).collect()
    assert sorted((e["u"], e["v"], round(e["jaccard"], 3)) for e in edges) == [(1, 2, 0.6), (2, 3, 0.6)]


@pytest.mark.parametrize("batch_rows", ["1", "2", "1000"])
def test_pairs_are_screened_by_their_sketches(spark, batch_rows):
    dedup = DedupConfig(threshold=0.8, minhash=MinHashConfig(bands=16, rows=8))  # 89 of 128 values must be equal

    def sketch(num_equal):
        return bytes([1] * num_equal + [2] * (128 - num_equal))

    rows = [(1, sketch(128)), (2, sketch(89)), (3, sketch(88)), (4, sketch(100)), (5, sketch(0))]
    sketches = spark.createDataFrame(rows, "rank long, sketch binary")
    pairs = spark.createDataFrame([(1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (4, 5), (3, 5)], "u long, v long")
    with setting(spark, BATCH_ROWS, batch_rows):
        found = likely_pairs(pairs, sketches, dedup, 2).collect()
    assert sorted(map(tuple, found)) == [(1, 2, 89), (1, 4, 100), (2, 3, 127), (2, 4, 117)]


def test_the_best_certain_pairs_or_else_the_most_probable_are_compared(spark):
    dedup = DedupConfig(threshold=0.8, minhash=MinHashConfig(bands=16, rows=8))  # sure with 116 equal values or more
    sure = [(u, 100, 116 + u) for u in range(1, 7)]  # the more probable ones are worse
    beside = [(0, 100, 115)]  # better than all of these, but uncertain
    open_ = [(u, 200, 89 + u) for u in range(20)] + [(20, 200, 89 + 10)]
    likely = spark.createDataFrame(sure + beside + open_ + [(7, 300, 89)], "u long, v long, equal long")
    found = sorted(map(tuple, deciding_pairs(likely, dedup).collect()))
    assert [u for u, v in found if v == 100] == [1, 2, 3, 4]
    assert [u for u, v in found if v == 200] == [*range(5, 20), 20]  # 16 of 21: those with 94 equal values or more
    assert (7, 300) in found


EDGES = "u long, v long, jaccard double, kept_as long"


@pytest.mark.parametrize("partitions", [1, 7])
def test_clusters_are_resolved_by_their_edges_or_else_by_their_sets(spark, tmp_path, partitions):
    edges = [
        (1, 2, 0.6, None),  # a chain A-B-C: the sets decide whether C is removed for A
        (2, 3, 0.6, None),
        (11, 12, 0.9, None),  # edges suffice: there are no sets
        (11, 13, 0.7, None),
    ]
    members = [(rank, 1) for rank in (1, 2, 3)] + [(rank, 11) for rank in (11, 12, 13)]
    found = near_removals(
        spark.createDataFrame(edges, EDGES),
        spark.createDataFrame(members, "rank long, cluster long"),
        sets_of(spark, _1=A, _2=B, _3=C),
        DEDUP.threshold,
        partitions,
        Checkpoints(str(tmp_path)),
    )
    assert sorted(map(tuple, found.collect())) == [(2, 1, 0.6, 1), (12, 11, 0.9, 11), (13, 11, 0.7, 11)]


def test_a_document_is_compared_with_the_kept_document_of_a_similar_one(spark, tmp_path):
    # 21 is of an earlier crawl and was removed for 20, which 30 is similar to as well: 8 of 9 words
    edges = spark.createDataFrame([(21, 30, 0.6, 20)], EDGES)
    members = spark.createDataFrame([(20, 20), (21, 20), (30, 20)], "rank long, cluster long")
    sets = sets_of(spark, _20=A, _30=A + " x")
    found = near_removals(edges, members, sets, DEDUP.threshold, 2, Checkpoints(str(tmp_path))).collect()
    assert [tuple(row) for row in found] == [(30, 20, 8 / 9, 20)]


def test_an_exact_copy_of_a_near_duplicate_names_the_kept_document(spark):
    near = "rank long, duplicate_of long, jaccard double, cluster long"
    found = removals(
        spark.createDataFrame([(10, 2), (11, 5), (12, 0)], "rank long, duplicate_of long"),
        spark.createDataFrame([(2, 1, 0.9, 1)], near),
        spark.createDataFrame([(0, -1, 0.8, -1)], near),
    )
    assert sorted(map(tuple, found.collect())) == [
        (2, "near", 1, 1, 0.9, 1),
        (10, "exact", 2, 1, 0.9, 1),
        (11, "exact", 5, 5, 1.0, None),
        (12, "exact", 0, -1, 0.8, -1),
    ]
