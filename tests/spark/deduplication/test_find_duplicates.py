"""All steps together on chains, copies, families and crawls, checked with the rules and a brute-force search."""

import hashlib
import itertools
import random
import shutil

import pytest

from sluice.core.config.dedup import DedupConfig, MinHashConfig
from sluice.core.config.load import digest
from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.spark.deduplication.find_duplicates import find_duplicates, publish, publish_index
from sluice.spark.deduplication.index import check_earlier, read_earlier
from sluice.spark.engine.work import Checkpoints
from sluice.text.dedup.key_text import key_text
from sluice.text.dedup.minhash import signature
from sluice.text.dedup.shingles import jaccard, shingle_hashes, shingles

DEDUP = DedupConfig(threshold=0.7, minhash=MinHashConfig(bands=32, rows=4, shingle=2, min_shingles=3))


def document(doc_id, text, quality=0.0):
    key = key_text(text)
    hashes = shingle_hashes(key, DEDUP.minhash.shingle)
    signed = signature(hashes, DEDUP.minhash).astype("<u4").tobytes() if len(hashes) >= 3 else None
    return doc_id, hashlib.sha256(key.encode()).digest()[:16], signed, quality, len(text), None, None, text


def run(spark, directory, documents, dedup=DEDUP, partitions=3):
    columns = "doc_id long, text_hash binary, signature binary, quality double, n_chars int, fetched_at timestamp"
    df = spark.createDataFrame(documents, columns + ", url string, text string").repartition(2)
    earlier = read_earlier(spark, dedup)
    checkpoints = Checkpoints(f"{directory}/w")
    found = find_duplicates(df.drop("text"), df.select("doc_id", "text"), dedup, partitions, checkpoints, earlier)
    ids = found.ranked.selectExpr("rank", "doc_id as id").unionAll(earlier.documents.select("rank", "doc_id"))
    publish(found, earlier, ids, "doc_id", str(directory), checkpoints)
    if dedup.write_index:
        names = df.selectExpr("doc_id", "cast(doc_id as string) as name")
        publish_index(found, earlier, names, dedup, str(directory), f"{directory}/index")
    return {name: spark.read.parquet(f"{directory}/{name}").collect() for name in ("removals", "clusters", "edges")}


def edited(rng, words, share):
    """The words with a share of them replaced."""
    return [rng.choice(WORDS) if rng.random() < share else word for word in words]


WORDS = [f"w{i}" for i in range(3000)]


def corpus(seed, first_id, sources, num_copies):
    """Documents, many of which are edited copies of a source or of other copies."""
    rng = random.Random(seed)
    pool = [list(source) for source in sources]
    for _ in range(num_copies):
        pool.append(edited(rng, rng.choice(pool), rng.choice([0, 0.02, 0.05, 0.1, 0.15])))
    return [(first_id + i, " ".join(words)) for i, words in enumerate(pool)]


def sources(seed, count):
    rng = random.Random(seed)
    return [rng.choices(WORDS, k=80) for _ in range(count)]


@pytest.fixture(scope="module")
def documents():
    return corpus(1, 1000, sources(7, 12), 120)


@pytest.fixture(scope="module")
def rows(documents):
    return [document(*d) for d in documents]


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def results(spark, output, rows):
    """The results of one run over `rows` with three partitions; it also writes an index."""
    return run(spark, output, rows, DedupConfig(**{**as_dict(DEDUP), "write_index": True}))


def check_certificates(found, texts):
    removed = {row["doc_id"]: row for row in found["removals"]}
    assert len(removed) == len(found["removals"])
    sets = {doc_id: shingles(key_text(text), 2) for doc_id, text in texts.items()}
    for row in removed.values():
        assert row["duplicate_of"] not in removed or row["is_earlier"]
        assert row["jaccard"] == jaccard(sets[row["doc_id"]], sets[row["duplicate_of"]])
        assert row["jaccard"] >= DEDUP.threshold
    return removed, sets


def test_every_removal_is_verified_and_no_similar_pair_is_kept(results, documents):
    texts = dict(documents)
    removed, sets = check_certificates(results, texts)
    assert {"exact", "near"} == {row["step"] for row in removed.values()}
    kept = [doc_id for doc_id in texts if doc_id not in removed]
    # 32 x 4 bands miss a pair at the threshold once in 5,000 times
    assert [pair for pair in itertools.combinations(kept, 2) if jaccard(sets[pair[0]], sets[pair[1]]) >= 0.7] == []
    # clusters are the components of the edges, named by their best
    cluster = {row["doc_id"]: row["cluster_id"] for row in results["clusters"]}
    assert all(cluster[row["u"]] == cluster[row["v"]] for row in results["edges"])
    assert all(cluster[row["duplicate_of"]] == row["cluster_id"] for row in removed.values() if row["cluster_id"])
    assert {cluster[c] for c in cluster.values()} == set(cluster.values())
    assert not set(cluster.values()) & set(removed)


@pytest.mark.parametrize("partitions", [1, 8])
def test_any_partitioning_removes_the_same(spark, tmp_path, rows, results, partitions):
    found = run(spark, tmp_path, rows[::-1], partitions=partitions)
    assert in_order(found) == in_order(results)


@pytest.mark.exhaustive
def test_distributed_components_remove_the_same(spark, tmp_path, rows, results):
    found = run(spark, tmp_path, rows, DedupConfig(**{**as_dict(DEDUP), "edges_per_task": 20}))
    assert in_order(found)["removals"] == in_order(results)["removals"]


def in_order(found):
    return {name: sorted(map(str, rows)) for name, rows in found.items()}


def as_dict(section):
    return {name: getattr(section, name) for name in section.__struct_fields__}


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", [1, 2])
def test_a_crawl_after_an_index_gives_the_results_of_both_at_once(spark, tmp_path, seed):
    originals = sources(seed, 12)
    a = corpus(seed, 0, originals[:8], 70)
    b = [*corpus(seed + 50, 5000, originals[4:], 70), (9000, a[3][1]), (9001, a[20][1])]
    writing = DedupConfig(**{**as_dict(DEDUP), "write_index": True})
    first = [document(doc_id, text, 1.0 + doc_id % 3) for doc_id, text in a]  # all are better than those of b
    second = [document(doc_id, text, 0.1 * (doc_id % 3)) for doc_id, text in b]
    both = run(spark, tmp_path / "both", first + second)
    alone = run(spark, tmp_path / "a", first, writing)
    after = DedupConfig(**{**as_dict(writing), "earlier": (str(tmp_path / "a" / "index"),)})
    found = run(spark, tmp_path / "b", second, after)

    def facts(result, ids):
        rows = [row for row in result["removals"] if row["doc_id"] in ids]
        return {(row["doc_id"], row["step"], row["duplicate_of"], row["jaccard"]) for row in rows}

    assert facts(found, dict(b)) == facts(both, dict(b))
    assert facts(alone, dict(a)) == facts(both, dict(a))
    earlier = {r["doc_id"] for r in found["removals"] if r["is_earlier"]}
    assert {9000, 9001} <= earlier
    assert all((r["duplicate_of"] < 1000) == r["is_earlier"] for r in found["removals"])
    check_certificates(found, dict(a + b))
    # a third crawl after both
    third = DedupConfig(**{**as_dict(DEDUP), "earlier": (*after.earlier, str(tmp_path / "b" / "index"))})
    c = [document(doc_id + 20_000, text) for doc_id, text in (a + b)]
    gone = run(spark, tmp_path / "c", c, third)
    assert len(gone["removals"]) == len(c)


def test_an_index_with_other_settings_is_an_error_that_shows_both(results, output, tmp_path):
    shutil.copytree(output / "index", tmp_path / "index")
    path = str(tmp_path / "index")
    with pytest.raises(ConfigError, match=r"minhash.bands: 32 -> 20"):
        check_earlier(
            DedupConfig(
                threshold=0.7, minhash=MinHashConfig(bands=20, rows=4, shingle=2, min_shingles=3), earlier=(path,)
            )
        )
    with pytest.raises(ConfigError, match=r"threshold: 0.7 -> 0.8"):
        check_earlier(DedupConfig(minhash=DEDUP.minhash, earlier=(path,)))
    with pytest.raises(ConfigError, match="same order"):
        check_earlier(DedupConfig(**{**as_dict(DEDUP), "earlier": (path, path)}))
    with pytest.raises(InputError, match="no finished band index"):
        check_earlier(DedupConfig(**{**as_dict(DEDUP), "earlier": (str(tmp_path),)}))
    (tmp_path / "index" / "manifest.json").write_text("{")
    with pytest.raises(FormatError, match="damaged"):
        check_earlier(DedupConfig(**{**as_dict(DEDUP), "earlier": (path,)}))


def test_an_empty_table_gives_an_empty_result_and_index(spark, tmp_path):
    found = run(spark, tmp_path, [], DedupConfig(**{**as_dict(DEDUP), "write_index": True}))
    assert found == {"removals": [], "clusters": [], "edges": []}
    (manifest,) = check_earlier(DedupConfig(**{**as_dict(DEDUP), "earlier": (str(tmp_path / "index"),)}))
    assert (manifest.first_rank, manifest.next_rank) == (0, 0)
    assert manifest.identity == digest({"index": str(tmp_path), "after": []})


def test_a_killed_run_resumes_after_its_last_complete_table(spark, tmp_path, rows, results):
    again = tmp_path / "again"
    run(spark, again, rows)
    for name in ("removals", "copies", "clusters", "edges"):
        for file in (again / name).glob("*"):
            file.unlink()
        (again / name).rmdir()
    for name in ("likely", "edges", "removed"):  # these were not finished
        (again / "w" / name / "_SUCCESS").unlink()
    untouched = {path: path.stat().st_mtime_ns for path in (again / "w" / "sets").glob("*.parquet")}
    assert in_order(run(spark, again, rows)) == in_order(results)
    assert {path: path.stat().st_mtime_ns for path in (again / "w" / "sets").glob("*.parquet")} == untouched
