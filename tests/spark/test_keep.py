"""Exact copies, verified edges, the keep walk and the final witnesses."""

from datetime import UTC, datetime

import pytest

from sluice.core.config import Dedup, MinHash
from sluice.spark.exact import exact_removals
from sluice.spark.keep import near_removals, removals, walk
from sluice.spark.verify import verified_edges

DEDUP = Dedup(threshold=0.5, minhash=MinHash(shingle=1))  # one word per shingle: to be counted by hand

A = "a b c d e f g h"
B = "a b c d e f x y"  # 6 of 10 words in common with A: 0.6
C = "a b c d z w x y"  # 6 of 10 with B: 0.6; 4 of 12 with A: 0.33
DAY = datetime(2024, 1, 1, tzinfo=UTC)


def walked(*rows):
    return [(r.doc_id, r.witness, round(r.jaccard, 3), r.cluster_id) for r in walk(iter(rows), DEDUP)]


def row(cluster_id, doc_id, text):
    return {"cluster_id": cluster_id, "doc_id": doc_id, "text": text}


def test_a_chain_does_not_remove_its_far_end():
    assert walked(row(1, 1, A), row(1, 2, B), row(1, 3, C)) == [(2, 1, 0.6, 1)]


def test_the_most_similar_kept_document_is_the_witness():
    assert walked(row(1, 1, A), row(1, 3, C), row(1, 4, A + " x")) == [(4, 1, 0.889, 1)]


def test_equal_similarity_goes_to_the_smaller_id():
    assert walked(row(1, 9, "a b c d"), row(1, 2, "a b w v"), row(1, 5, "a b")) == [(5, 2, 0.5, 1)]


def test_clusters_do_not_see_each_other():
    assert walked(row(1, 1, A), row(2, 2, A)) == []


def test_a_text_without_shingles_is_never_removed():
    assert walked(row(1, 1, "!!!"), row(1, 2, "!!!")) == []


def test_exact_copies_go_and_the_best_stays(spark):
    rows = [
        (1, b"x", 100, DAY, "http://b/"),
        (2, b"x", 120, DAY.replace(year=2025), "http://c/"),  # longest: stays
        (3, b"x", 120, DAY.replace(year=2026), "http://a/"),
        (4, b"y", 100, None, None),
        (5, b"y", 100, DAY, None),  # fetched at a known time before an unknown one: stays
        (6, b"z", 1, DAY, None),
    ]
    df = spark.createDataFrame(rows, "doc_id long, text_hash binary, n_chars int, fetched_at timestamp, url string")
    assert sorted(map(tuple, exact_removals(df).collect())) == [(1, 2), (3, 2), (4, 5)]


def test_pairs_are_verified_on_the_text(spark):
    texts = spark.createDataFrame([(1, A), (2, B), (3, C), (4, "q")], "doc_id long, text string")
    pairs = spark.createDataFrame([(1, 2), (1, 3), (1, 4), (2, 3)], "u long, v long")
    edges = verified_edges(pairs, texts, DEDUP, 3).collect()
    assert sorted((e["u"], e["v"], round(e["jaccard"], 3)) for e in edges) == [(1, 2, 0.6), (2, 3, 0.6)]


@pytest.mark.parametrize("partitions", [1, 7])
def test_longest_is_kept_in_each_cluster_for_any_partitioning(spark, partitions):
    clusters = spark.createDataFrame([(1, 1), (2, 1), (3, 3), (4, 3)], "doc_id long, cluster_id long")
    documents = spark.createDataFrame(
        [(1, A, 15, DAY, "u"), (2, A + " h", 17, DAY, "u"), (3, C, 15, DAY, "v"), (4, C, 15, DAY, "u")],
        "doc_id long, text string, n_chars int, fetched_at timestamp, url string",
    )
    found = near_removals(clusters, documents, DEDUP, partitions).collect()
    assert sorted(map(tuple, found)) == [(1, 2, 1.0, 1), (3, 4, 1.0, 3)]


def test_the_witness_of_an_exact_copy_is_followed_to_a_kept_document(spark):
    exact = spark.createDataFrame([(10, 2), (11, 5)], "doc_id long, witness long")
    near = spark.createDataFrame([(2, 1, 0.9, 1)], "doc_id long, witness long, jaccard double, cluster_id long")
    assert sorted(map(tuple, removals(exact, near).collect())) == [
        (2, "near", 1, 1, 0.9, 1),
        (10, "exact", 2, 1, 0.9, 1),
        (11, "exact", 5, 5, 1.0, None),
    ]
