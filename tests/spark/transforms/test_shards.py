"""Split, shard and order are chosen by hash; any partitioning writes the same bytes."""

import io

import numpy as np
import pytest

from sluice.core.config.dataset import ShardsConfig, TokenizerConfig
from sluice.data.dataset import tokenizer as tokenizers
from sluice.data.dataset.tfrecord import decode_example, iter_records
from sluice.spark.transforms.shards import ShardJob, shard_names, with_split, write_shards

SHARDS = ShardsConfig(valid_fraction=0.2, test_fraction=0.1, seed=3)
TEXTS = [f"document {i} 你好 " + "word " * (i % 17) for i in range(120)]


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory):
    pytest.importorskip("tokenizers")
    folder = str(tmp_path_factory.mktemp("tokenizer"))
    tokenizers.save_tokenizer(folder, tokenizers.train_tokenizer(TEXTS, TokenizerConfig(vocab_size=300)))
    return tokenizers.Tokenizer.load(f"{folder}/tokenizer.json")


def documents(spark, texts=TEXTS):
    return spark.createDataFrame(
        [(i, len(t.encode()), t) for i, t in enumerate(texts)], "doc_id long, n_bytes int, text string"
    )


def no_clusters(spark):
    return spark.createDataFrame([], "doc_id long, cluster_id long")


def job(directory, vocabulary, num_train=3, splits=("valid", "test")):
    return ShardJob(
        directory=str(directory),
        tokenizer=vocabulary,
        ids=vocabulary.ids,
        dtype="uint16",
        seq_len=16,
        add_bos=False,
        names=shard_names(num_train, splits),
        num_train=num_train,
    )


def split_of(spark, clusters):
    return {r["doc_id"]: r["split"] for r in with_split(documents(spark), clusters, SHARDS).collect()}


def test_split_shares_are_near_the_fractions(spark):
    splits = list(split_of(spark, no_clusters(spark)).values())
    assert splits.count("valid") == pytest.approx(24, abs=13)  # binomial(120, 0.2): three standard deviations
    assert splits.count("test") == pytest.approx(12, abs=9)


def test_a_cluster_is_never_in_two_splits(spark):
    clusters = spark.createDataFrame([(i, i // 6 * 6) for i in range(120)], "doc_id long, cluster_id long")
    splits = split_of(spark, clusters)
    for first in range(0, 120, 6):
        assert len({splits[i] for i in range(first, first + 6)}) == 1
    assert len(set(splits.values())) == 3


def written(spark, df, this_job):
    return sorted(
        (r["path"], r["sha256"], r["docs"]) for r in write_shards(df, this_job, ("valid", "test"), 3).collect()
    )


def test_bytes_do_not_depend_on_partitions_or_input_order(spark, tmp_path, vocabulary):
    df = with_split(documents(spark), no_clusters(spark), SHARDS)
    first = written(spark, df.repartition(1), job(tmp_path / "a", vocabulary))
    second = written(spark, df.orderBy("text").repartition(7), job(tmp_path / "b", vocabulary))
    assert first == second
    assert [path for path, *_ in first] == [
        "test-00000-of-00001.tfrecord",
        "train-00000-of-00003.tfrecord",
        "train-00001-of-00003.tfrecord",
        "train-00002-of-00003.tfrecord",
        "valid-00000-of-00001.tfrecord",
    ]
    assert sum(docs for *_, docs in first) == 120
    for path, *_ in first:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes()


def test_a_shard_without_documents_is_written_empty(spark, tmp_path, vocabulary):
    df = with_split(documents(spark, TEXTS[:2]), no_clusters(spark), SHARDS)
    found = written(spark, df, job(tmp_path, vocabulary, num_train=8))
    assert len(found) == 10
    assert sum(docs for *_, docs in found) == 2
    assert all((tmp_path / path).exists() for path, *_ in found)


def test_records_contain_whole_documents_each_ended_by_eos(spark, tmp_path, vocabulary):
    df = with_split(documents(spark), no_clusters(spark), SHARDS)
    this_job = job(tmp_path, vocabulary)
    write_shards(df, this_job, ("valid", "test"), 3).collect()
    stream = []
    for name in ("valid-00000-of-00001.tfrecord",):
        records = [
            np.frombuffer(decode_example(r), "<u2") for r in iter_records(io.BytesIO((tmp_path / name).read_bytes()))
        ]
        stream = [int(records[0][0]), *(int(t) for record in records for t in record[1:])]
    texts, ids = [], []
    for token in stream:
        if token == vocabulary.ids.eos:
            texts.append(vocabulary.decode(ids))
            ids = []
        elif token != vocabulary.ids.pad:
            ids.append(token)
    expected = {r["text"] for r in df.where("split = 'valid'").collect()}
    assert set(texts) == expected
    assert len(texts) == len(expected)
