"""TensorFlow and TFDS read the shards of sluice, and sluice reads theirs."""

import io

import numpy as np
import pytest

from sluice.data.dataset.manifest import NamedFile, SpecialIds, TokenizerFile
from sluice.data.dataset.tfrecord import decode_example, encode_example, encode_records, iter_records, record_layout
from sluice.data.dataset.writer import DatasetPlan, commit_dataset, shard_name, write_shard

tf = pytest.importorskip("tensorflow")

# three shards of different length
DOCUMENTS = [
    [([10, 11, 12, 13], 4), ([14], 1)],
    [([20, 21, 22, 23, 24, 25, 26], 7), ([27, 28, 29], 3)],
    [([30, 31, 32], 3)],
]
WINDOWS = [
    [[10, 11, 12, 13], [13, 2, 14, 2]],
    [[20, 21, 22, 23], [23, 24, 25, 26], [26, 2, 27, 28]],
    [[30, 31, 32, 2]],
]


@pytest.fixture
def dataset(tmp_path):
    directory = tmp_path / "tiny_web" / "1.0.0"
    options = {"seq_len": 3, "dtype": "uint16", "ids": SpecialIds(), "add_bos": False}
    shards = [
        write_shard(f"{directory}/{shard_name('train', i, 2)}", DOCUMENTS[i], **options, pad_tail=False) for i in (0, 1)
    ]
    shards.append(write_shard(f"{directory}/{shard_name('valid', 0, 1)}", DOCUMENTS[2], **options, pad_tail=True))
    plan = DatasetPlan(
        name="tiny_web",
        version="1.0.0",
        seq_len=3,
        vocab_size=100,
        ids=SpecialIds(),
        tokenizer=TokenizerFile(file="tokenizer.json", sha256="", kind="bpe", lossless=True),
        token_bytes=NamedFile(file="token_bytes.npy", sha256=""),
        config_digest="",
        num_shards={"train": 2, "valid": 1},
    )
    commit_dataset(str(directory), plan, shards)
    return directory


def example_of(payload):
    example = tf.train.Example()
    example.features.feature["tokens"].bytes_list.value.append(payload)
    return example.SerializeToString(deterministic=True)


@pytest.mark.parametrize("size", [0, 1, 4, 100, 115, 127, 128, 2050, 16_383, 16_384, 2_097_152])
def test_examples_equal_protobufs_deterministic_serialisation(size):
    payload = np.random.default_rng(size).bytes(size)
    assert encode_example(payload) == example_of(payload)
    assert decode_example(example_of(payload)) == payload


@pytest.mark.parametrize("dtype", ["uint16", "int32"])
def test_shards_equal_those_of_tensorflows_writer(tmp_path, dtype):
    tokens = np.random.default_rng(0).integers(0, 60_000, (5, 65)).astype(dtype)
    path = str(tmp_path / "theirs.tfrecord")
    with tf.io.TFRecordWriter(path) as writer:
        for row in tokens:
            writer.write(example_of(row.tobytes()))
    data = (tmp_path / "theirs.tfrecord").read_bytes()
    assert encode_records(tokens) == data
    assert [decode_example(example) for example in iter_records(io.BytesIO(data))] == [r.tobytes() for r in tokens]


def test_tfrecorddataset_and_parse_example_read_our_shards(dataset):
    paths = [str(dataset / shard_name("train", i, 2)) for i in (0, 1)]
    spec = {"tokens": tf.io.FixedLenFeature([], tf.string)}
    rows = [
        tf.io.decode_raw(tf.io.parse_single_example(record, spec)["tokens"], tf.uint16).numpy().tolist()
        for record in tf.data.TFRecordDataset(paths)
    ]
    assert rows == WINDOWS[0] + WINDOWS[1]


def test_the_fixed_length_path_reads_the_same(dataset):
    layout = record_layout(3, 2)
    records = tf.data.FixedLengthRecordDataset(str(dataset / shard_name("train", 1, 2)), layout.record_bytes)
    rows = [
        tf.io.decode_raw(tf.strings.substr(r, layout.payload_offset, layout.payload_bytes), tf.uint16).numpy().tolist()
        for r in records
    ]
    assert rows == WINDOWS[1]


def test_tfds_loads_the_directory(dataset):
    tfds = pytest.importorskip("tensorflow_datasets")
    builder = tfds.builder_from_directory(str(dataset))
    assert (builder.info.name, str(builder.info.version)) == ("tiny_web", "1.0.0")
    assert {name: split.num_examples for name, split in builder.info.splits.items()} == {"train": 5, "valid": 1}
    read = {
        split: [np.frombuffer(row["tokens"].numpy(), "<u2").tolist() for row in builder.as_dataset(split=split)]
        for split in ("train", "valid")
    }
    assert sorted(read["train"]) == sorted(WINDOWS[0] + WINDOWS[1])
    assert read["valid"] == WINDOWS[2]
