import hashlib
import os

import numpy as np
import pytest

from sluice.core.errors import StageError
from sluice.data.dataset.manifest import NamedFile, Shard, SpecialIds, TokenizerFile, read_manifest
from sluice.data.dataset.writer import DatasetPlan, commit_dataset, shard_name, write_shard

IDS = SpecialIds()
DOCUMENTS = [([10, 11, 12], 5), ([13, 14, 15], 7)]
PLAN = DatasetPlan(
    name="tiny",
    version="1.0.0",
    seq_len=3,
    vocab_size=16,
    ids=IDS,
    tokenizer=TokenizerFile(file="tokenizer.json", sha256="aa", kind="bpe", lossless=True),
    token_bytes=NamedFile(file="token_bytes.npy", sha256="bb"),
    config_digest="cc",
    num_shards={"train": 2, "valid": 1, "test": 0},
)


def written(directory, name, documents=DOCUMENTS, pad_tail=False):
    return write_shard(
        f"{directory}/{name}", documents, seq_len=3, dtype="uint16", ids=IDS, add_bos=False, pad_tail=pad_tail
    )


def three_shards(directory):
    return [
        written(directory, "train-00000-of-00002.tfrecord"),
        written(directory, "train-00001-of-00002.tfrecord", [*DOCUMENTS, ([9], 1)]),
        written(directory, "valid-00000-of-00001.tfrecord", pad_tail=True),
    ]


def test_a_shard_name_has_split_number_and_total():
    assert shard_name("train", 3, 12) == "train-00003-of-00012.tfrecord"


def test_the_description_of_a_shard_matches_its_file(tmp_path):
    shard = written(tmp_path, "train-00000-of-00001.tfrecord")
    data = (tmp_path / "train-00000-of-00001.tfrecord").read_bytes()
    # 8 tokens, L = 3: windows [10 11 12 2] and [2 13 14 15], the last eos dropped; 42 = 16 + 26 bytes each
    assert len(data) == 84
    assert np.frombuffer(data[30:38], "<u2").tolist() == [10, 11, 12, 2]
    assert np.frombuffer(data[72:80], "<u2").tolist() == [2, 13, 14, 15]
    assert shard == Shard(
        path="train-00000-of-00001.tfrecord",
        records=2,
        bytes=84,
        sha256=hashlib.sha256(data).hexdigest(),
        crc32c=shard.crc32c,
        tokens=7,
        docs=2,
        utf8_bytes=12,
        dropped_tokens=1,
        padded_tokens=0,
    )


def test_a_generator_of_the_same_documents_writes_the_same_bytes(tmp_path):
    first = written(tmp_path / "a", "train-00000-of-00001.tfrecord")
    second = written(tmp_path / "b", "train-00000-of-00001.tfrecord", ((np.array(i), n) for i, n in DOCUMENTS))
    assert first == second


def test_a_failing_source_leaves_no_file(tmp_path):
    def documents():
        yield [5], 1
        raise RuntimeError("worker died")

    with pytest.raises(RuntimeError):
        written(tmp_path, "train-00000-of-00001.tfrecord", documents())
    assert os.listdir(tmp_path) == []


def test_a_shard_converted_to_a_row_and_back_is_equal(tmp_path):
    shard = written(tmp_path, "train-00000-of-00001.tfrecord")
    row = shard.to_dict()
    assert row["records"] == 2
    assert Shard.from_dict(row) == shard


def test_commit_adds_up_splits_in_shard_order_and_omits_empty_ones(tmp_path):
    commit_dataset(str(tmp_path), PLAN, reversed(three_shards(tmp_path)))
    manifest = read_manifest(str(tmp_path))
    assert list(manifest.splits) == ["train", "valid"]
    train, valid = manifest.splits["train"], manifest.splits["valid"]
    assert [shard.path for shard in train.shards] == ["train-00000-of-00002.tfrecord", "train-00001-of-00002.tfrecord"]
    assert (train.records, train.tokens, train.docs, train.utf8_bytes, train.dropped_tokens) == (5, 17, 5, 25, 1)
    assert (valid.records, valid.tokens, valid.padded_tokens) == (3, 8, 2)
    assert (manifest.dtype, manifest.record_bytes, manifest.payload_offset) == ("uint16", 42, 30)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda shards: shards[:2], "missing: valid-00000-of-00001.tfrecord"),
        (lambda shards: [*shards, shards[0]], "more than once: train-00000-of-00002.tfrecord"),
        (lambda shards: [], "3 shards were planned, 0 were written"),
    ],
)
def test_an_incomplete_set_of_shards_is_not_published(tmp_path, change, message):
    with pytest.raises(StageError, match=message):
        commit_dataset(str(tmp_path), PLAN, change(three_shards(tmp_path)))
    assert not (tmp_path / "manifest.json").exists()


def test_a_shard_of_another_plan_is_not_published(tmp_path):
    shards = [*three_shards(tmp_path), written(tmp_path, "test-00000-of-00001.tfrecord")]
    with pytest.raises(StageError, match=r"not planned: test-00000-of-00001\.tfrecord"):
        commit_dataset(str(tmp_path), PLAN, shards)


def test_a_shard_of_another_record_size_is_not_published(tmp_path):
    shards = three_shards(tmp_path)
    shards[0] = write_shard(
        f"{tmp_path}/train-00000-of-00002.tfrecord",
        DOCUMENTS,
        seq_len=2,
        dtype="uint16",
        ids=IDS,
        add_bos=False,
        pad_tail=False,
    )
    with pytest.raises(StageError, match=r"train-00000-of-00002\.tfrecord has 120 bytes, but 3 records of 42"):
        commit_dataset(str(tmp_path), PLAN, shards)
