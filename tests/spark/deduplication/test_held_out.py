"""Near-copies across splits: the removed ones, their kept documents, and proof that none remains."""

import itertools
import random

import pytest
from pyspark.sql import functions as F

from sluice.core.config.dedup import DedupConfig, MinHashConfig, SplitCheckConfig
from sluice.core.errors import StageError
from sluice.core.records.corpus import SplitRow
from sluice.spark.deduplication.held_out import (
    _check,
    cross_split_pairs,
    find_split_leaks,
    leader_rows,
    signatures,
    split_removals,
)
from sluice.spark.engine.work import Checkpoints
from sluice.text.dedup.key_text import key_text
from sluice.text.dedup.shingles import jaccard, shingles
from sluice.text.dedup.signing import sign_text

SPLIT = SplitCheckConfig()
DEDUP = DedupConfig(threshold=0.7, minhash=MinHashConfig(shingle=2, min_shingles=3))
EDGE = "u long, v long, jaccard double, u_split string, v_split string"
ROW = "bucket long, rank long, split_rank int"
EN = "the quick brown fox jumps over the lazy dog while seven tired sailors watch from the harbour wall at dusk"
ZH = "海边的老渔夫每天清晨都会独自划着小船出海打鱼直到太阳落山才慢慢地回到村子里的家"


def found(spark, directory, documents, *, dedup=DEDUP, split=SPLIT, partitions=3, spread=2):
    """Removals by id as (split, duplicate_of, duplicate_of_split, similarity), and the counts."""
    df = spark.createDataFrame(documents, "doc_id long, split string, text string").repartition(spread, "text")
    result = find_split_leaks(df, dedup, split, partitions, Checkpoints(str(directory)), Checkpoints(str(directory)))
    rows = result.removals.collect()
    assert {row["step"] for row in rows} <= {"split"}
    removed = by_id(rows)
    assert len(removed) == len(rows)
    return removed, result.counts


def by_id(rows):
    columns = ("split", "duplicate_of", "duplicate_of_split", "jaccard")
    return {row["doc_id"]: tuple(row[column] for column in columns) for row in rows}


def similarity(a, b):
    return jaccard(*(shingles(key_text(text), DEDUP.minhash.shingle) for text in (a, b)))


def test_documents_of_train_are_removed_for_held_out_ones(spark, tmp_path):
    copies = [f"{EN} again", f"{ZH}了", ZH.replace("划", "劃")]  # the last differs in its variant only
    documents = [(i, "train", copy) for i, copy in enumerate(copies)]
    documents += [(10, "valid", EN), (11, "test", ZH), (12, "train", EN[::-1]), (13, "test", "7 8 9 10 11")]
    removed, counts = found(spark, tmp_path, documents)
    assert removed == {
        0: ("train", 10, "valid", 19 / 20),  # of 21 words, 20 pairs; EN has one fewer
        1: ("train", 11, "test", similarity(ZH, copies[1])),
        2: ("train", 11, "test", 1.0),
    }
    assert (counts["candidate_pairs"], counts["likely_pairs"], counts["edges"]) == (3, 3, 3)
    assert (counts["crowded"], counts["least_bands"]) == (0, 32)


def test_held_out_documents_are_kept_except_those_of_valid_similar_to_test(spark, tmp_path):
    copies = [f"{EN} {word}" for word in ("again", "still", "once", "twice", "now", "then")]
    splits = ["train", "valid", "test", "test", "valid", "train"]
    removed, counts = found(spark, tmp_path, list(zip(range(6), splits, copies, strict=True)))
    # all are similar; of equal similarity the smallest id is named, and only test has kept ones
    same = similarity(copies[0], copies[1])
    assert removed == {i: (splits[i], 2, "test", same) for i in (0, 1, 4, 5)}
    assert counts["edges"] == 2 * 4 + 2 * 2


def test_copies_inside_a_split_and_short_documents_are_kept(spark, tmp_path):
    documents = [(1, "train", EN), (2, "train", EN), (3, "valid", ZH), (4, "valid", ZH)]
    documents += [(5, "train", "a b c"), (6, "test", "a b c")]  # two shingles: fewer than are compared
    assert found(spark, tmp_path, documents) == (
        {},
        {"candidate_pairs": 0, "likely_pairs": 0, "edges": 0}
        | {
            "catch_probability": pytest.approx(1 - 1.1 * (1 - 0.7**4) ** 32, abs=1e-15),
            "crowded": 0,
            "least_bands": 32,
        },
    )


@pytest.mark.parametrize("documents", [[], [(1, "test", EN), (2, "test", EN)]])
def test_documents_of_one_split_have_no_removals(spark, tmp_path, documents):
    removed, counts = found(spark, tmp_path, documents)
    assert removed == {}
    assert (counts["candidate_pairs"], counts["crowded"], counts["least_bands"]) == (0, 0, 32)


def test_signatures_use_the_other_permutations(spark):
    df = spark.createDataFrame([(7, "valid", ZH), (8, "train", "a b")], "doc_id long, split string, text string")
    minhash = MinHashConfig(bands=2, rows=3, seed=9)
    rows = {row["rank"]: row for row in signatures(df, minhash).collect()}
    assert tuple(rows[7].__fields__) == SplitRow.__struct_fields__
    assert bytes(rows[7]["signature"]) == sign_text(ZH, minhash).signature
    assert rows[7]["signature"] != sign_text(ZH, MinHashConfig(bands=2, rows=3, seed=1)).signature
    assert (rows[7]["split"], rows[7]["n_shingles"]) == ("valid", len(shingles(key_text(ZH), 5)))
    assert (rows[8]["n_shingles"], rows[8]["signature"]) == (0, None)


def test_pairs_share_a_bucket_and_the_first_is_held_out_from_the_second(spark):
    held_out = spark.createDataFrame([(5, 10, 0), (5, 11, 1), (6, 10, 0), (7, 12, 1)], ROW)
    others = spark.createDataFrame([(5, 11, 1), (5, 20, 2), (6, 20, 2), (7, 12, 1), (8, 21, 2)], ROW)
    pairs = sorted(map(tuple, cross_split_pairs(held_out, others).collect()))
    assert pairs == [(10, 11), (10, 20), (11, 20)]


def test_each_bucket_has_a_fixed_number_of_leaders_chosen_by_hash(spark):
    rows = [(bucket, rank, 0) for bucket in range(8) for rank in range(20)] + [(99, 3, 1)]
    df = spark.createDataFrame(rows, ROW)
    leaders = {(row["bucket"], row["rank"]) for row in leader_rows(df, 5).collect()}
    of_bucket = [{rank for bucket, rank in leaders if bucket == b} for b in range(8)]
    assert all(len(ranks) == 5 for ranks in of_bucket) and (99, 3) in leaders
    assert len({frozenset(ranks) for ranks in of_bucket}) > 1
    assert len(set().union(*of_bucket)) > 10
    again = leader_rows(df.orderBy(F.rand(1)).repartition(5), 5)
    assert {(row["bucket"], row["rank"]) for row in again.collect()} == leaders


def test_documents_in_crowded_buckets_are_counted_with_their_fewest_bands(spark, tmp_path):
    documents = [(i, "valid", EN) for i in range(10)] + [(10, "train", EN), (11, "test", ZH)]
    removed, counts = found(spark, tmp_path, documents, split=SplitCheckConfig(leaders_per_bucket=2))
    assert removed[10][1:] == (min(removed[10][1], 9), "valid", 1.0)
    # 32 bands of two leaders each are 64 ranks for ten documents of valid; the one of test is in all bands
    assert counts["crowded"] == 10
    assert counts["least_bands"] <= 6
    assert counts["catch_probability"] < 1 - (1 - 0.7**4) ** 7


def removals(spark, edges):
    rows = split_removals(spark.createDataFrame(edges, EDGE)).collect()
    return by_id(rows)


def test_a_removal_names_the_most_similar_kept_document(spark):
    edges = [
        (1, 9, 0.85, "test", "train"),
        (2, 9, 0.95, "valid", "train"),
        (4, 9, 0.95, "test", "train"),
        (3, 9, 0.99, "valid", "train"),
        (1, 3, 0.81, "test", "valid"),
        (1, 8, 0.85, "test", "valid"),
    ]
    assert removals(spark, edges) == {
        3: ("valid", 1, "test", 0.81),
        8: ("valid", 1, "test", 0.85),
        9: ("train", 2, "valid", 0.95),  # 3 is more similar, but is removed
    }


def test_a_document_is_kept_if_its_only_similar_one_is_removed(spark):
    edges = [(1, 2, 0.9, "test", "valid"), (2, 3, 0.9, "valid", "train")]
    assert removals(spark, edges) == {2: ("valid", 1, "test", 0.9)}


def test_a_remaining_pair_and_a_removed_kept_document_are_errors(spark):
    edges = spark.createDataFrame([(1, 2, 0.9), (3, 4, 0.9)], "u long, v long, jaccard double")
    schema = "doc_id long, duplicate_of long"
    _check(edges, spark.createDataFrame([(2, 1), (4, 3)], schema))
    with pytest.raises(StageError, match="1 pairs of similar documents are still in two splits and 0 removals"):
        _check(edges, spark.createDataFrame([(2, 1)], schema))
    with pytest.raises(StageError, match=r"0 pairs .* and 1 removals have a kept document that is itself removed"):
        _check(edges, spark.createDataFrame([(2, 1), (1, 4), (3, 5)], schema).where("doc_id <> 4"))


WORDS = [f"w{i}" for i in range(3000)]
HAN = [chr(code) for code in range(0x4E00, 0x5E00)]


def corpus(seed):
    """Documents, edited copies of them and of copies, English and Chinese, in random splits."""
    rng = random.Random(seed)
    pool = [(rng.choices(words, k=80), words) for words in (WORDS, HAN) for _ in range(12)]
    for _ in range(150):
        units, words = rng.choice(pool)
        share = rng.choice([0, 0.02, 0.05, 0.1, 0.15])
        pool.append(([rng.choice(words) if rng.random() < share else unit for unit in units], words))
    texts = [(" " if words is WORDS else "").join(units) for units, words in pool]
    return [(100 + i, rng.choice(["train", "train", "valid", "test"]), text) for i, text in enumerate(texts)]


@pytest.fixture(scope="module")
def calm(spark, tmp_path_factory):
    documents = corpus(4)
    return documents, found(spark, tmp_path_factory.mktemp("calm"), documents)


def test_brute_force_finds_no_remaining_pair_across_splits(calm):
    documents, (removed, counts) = calm
    sets = {doc_id: shingles(key_text(text), DEDUP.minhash.shingle) for doc_id, _, text in documents}
    split = {doc_id: name for doc_id, name, _ in documents}
    pairs = [
        (a, b)
        for a, b in itertools.combinations(sets, 2)
        if split[a] != split[b] and jaccard(sets[a], sets[b]) >= DEDUP.threshold
    ]
    assert len(pairs) == counts["edges"] > 100
    assert all(a in removed or b in removed for a, b in pairs)
    order = ["test", "valid", "train"]
    for doc_id, (own, kept, kept_split, stated) in removed.items():
        assert (own, kept_split) == (split[doc_id], split[kept])
        assert order.index(kept_split) < order.index(own)
        assert kept not in removed
        assert stated == jaccard(sets[doc_id], sets[kept]) >= DEDUP.threshold
        # the most similar of the kept ones
        others = [o for o in sets if order.index(split[o]) < order.index(own) and o not in removed]
        best = max(others, key=lambda other: (jaccard(sets[doc_id], sets[other]), -other))
        assert kept == best
    assert {own for own, *_ in removed.values()} == {"train", "valid"}


@pytest.mark.parametrize(("partitions", "spread"), [(1, 1), (7, 5)])
def test_the_result_does_not_depend_on_the_partitioning(spark, tmp_path, calm, partitions, spread):
    documents, expected = calm
    assert found(spark, tmp_path, documents[::-1], partitions=partitions, spread=spread) == expected
    assert found(spark, tmp_path, documents) == expected  # from the tables of the first attempt
