"""A valid dataset has no problem, and every single fault is found."""

import json
import random
import shutil
import struct

import pytest

from sluice.core.config.dataset import TokenizerConfig
from sluice.data.dataset.manifest import SpecialIds
from sluice.data.dataset.tfrecord import encode_record, masked_crc
from sluice.data.dataset.tokenizer import Tokenizer, save_tokenizer, train_tokenizer
from sluice.data.dataset.verify import verify_dataset
from sluice.data.dataset.writer import DatasetPlan, commit_dataset, write_shard

TEXTS = ["the cat sat", "on the mat", "你好", "a dog"]
TRAIN, VALID = "train-00000-of-00001.tfrecord", "valid-00000-of-00001.tfrecord"


@pytest.fixture(scope="module")
def valid_dataset(tmp_path_factory):
    pytest.importorskip("tokenizers")
    directory = tmp_path_factory.mktemp("data") / "tiny" / "1.0.0"
    tokenizer_file, token_bytes = save_tokenizer(
        str(directory), train_tokenizer(TEXTS, TokenizerConfig(vocab_size=270))
    )
    tokenizer = Tokenizer.load(f"{directory}/tokenizer.json")
    documents = [(tokenizer.encode(text), len(text.encode())) for text in TEXTS]
    shards = [
        write_shard(
            f"{directory}/{name}",
            documents,
            seq_len=4,
            dtype="uint16",
            ids=SpecialIds(),
            add_bos=False,
            pad_tail=name == VALID,
        )
        for name in (TRAIN, VALID)
    ]
    plan = DatasetPlan(
        name="tiny",
        version="1.0.0",
        seq_len=4,
        vocab_size=tokenizer.vocab_size,
        ids=SpecialIds(),
        tokenizer=tokenizer_file,
        token_bytes=token_bytes,
        config_digest="",
        num_shards={"train": 1, "valid": 1},
    )
    commit_dataset(str(directory), plan, shards)
    return directory


@pytest.fixture
def dataset(valid_dataset, tmp_path):
    return shutil.copytree(valid_dataset, tmp_path / "copy")


def problems(directory):
    return list(verify_dataset(str(directory)))


def edit_manifest(directory, edit):
    path = directory / "manifest.json"
    tree = json.loads(path.read_text())
    edit(tree)
    path.write_text(json.dumps(tree))


def test_a_valid_dataset_has_no_problem(dataset):
    assert problems(dataset) == []


def test_any_flipped_byte_in_a_shard_is_found(dataset):
    path = dataset / TRAIN
    good = path.read_bytes()
    source = random.Random(1)
    for position in range(len(good)):
        bad = bytearray(good)
        bad[position] ^= source.randrange(1, 256)
        path.write_bytes(bad)
        found = problems(dataset)
        assert any("checksum" in line for line in found), position
        assert any("sha256" in line for line in found), position


@pytest.mark.parametrize("kept", [0, 5, 44, 50])
def test_a_truncated_shard_is_found(dataset, kept):
    path = dataset / TRAIN
    full = len(path.read_bytes())
    path.write_bytes(path.read_bytes()[:kept])
    assert f"{TRAIN}: bytes {kept}, but the manifest has {full}" in problems(dataset)


def test_a_missing_shard_is_found(dataset):
    (dataset / VALID).unlink()
    assert problems(dataset) == [f"{VALID}: listed in the manifest, but missing"]


def test_an_extra_shard_is_found(dataset):
    shutil.copy(dataset / VALID, dataset / "test-00000-of-00001.tfrecord")
    assert problems(dataset) == ["test-00000-of-00001.tfrecord: in the directory, but not listed in the manifest"]


def test_all_problems_are_reported(dataset):
    (dataset / TRAIN).unlink()
    (dataset / "tokenizer.json").unlink()
    (dataset / "token_bytes.npy").write_bytes(b"other")
    found = "\n".join(problems(dataset))
    assert f"{TRAIN}: listed in the manifest, but missing" in found
    assert "tokenizer.json: listed in the manifest, but missing" in found
    assert "token_bytes.npy: sha256" in found


def test_records_that_do_not_overlap_are_found(dataset):
    path = dataset / TRAIN
    data = path.read_bytes()
    size = 16 + 14 + 4 + 10
    assert len(data) % size == 0
    path.write_bytes(data[size : 2 * size] + data[:size] + data[2 * size :])
    assert any("record 1: begins with id" in line for line in problems(dataset))


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ([300, 5, 6, 7, 8], "record 0: id 300, but the vocabulary has"),
        ([5, 6, 7, 8], "record 0: 8 bytes of ids, expected 10"),
        ([5, 0, 7, 8, 9], "record 0: padding inside the text"),
    ],
)
def test_invalid_ids_with_correct_checksums_are_found(dataset, tokens, message):
    payload = b"".join(token.to_bytes(2, "little") for token in tokens)
    (dataset / TRAIN).write_bytes(encode_record(payload))
    assert any(message in line for line in problems(dataset))


def test_an_example_of_another_form_is_found_and_reading_continues(dataset):
    path = dataset / TRAIN
    data = path.read_bytes()
    foreign = b"\x0a\x00"
    frame = struct.pack("<QI", 2, masked_crc(struct.pack("<Q", 2))) + foreign + struct.pack("<I", masked_crc(foreign))
    path.write_bytes(frame + frame + data)
    found = problems(dataset)
    assert any(line.startswith(f"{TRAIN}: record 0: An example of 2 bytes is not one bytes feature") for line in found)
    assert any(line.startswith(f"{TRAIN}: record 1: An example of 2 bytes") for line in found)


@pytest.mark.parametrize("field", ["records", "tokens", "docs", "utf8_bytes", "padded_tokens"])
def test_a_wrong_count_of_a_shard_and_its_split_is_found(dataset, field):
    def edit(tree):
        tree["splits"]["valid"][field] += 1
        tree["splits"]["valid"]["shards"][0][field] += 1

    edit_manifest(dataset, edit)
    (problem,) = problems(dataset)
    assert problem.startswith(f"{VALID}: has {field} ")


def test_a_split_that_is_not_the_sum_of_its_shards_is_found(dataset):
    edit_manifest(dataset, lambda tree: tree["splits"]["train"].update(docs=9))
    assert problems(dataset) == ["manifest.json: split train has docs 9, but its shards add up to 4"]


def test_a_manifest_with_a_wrong_layout_is_found(dataset):
    edit_manifest(dataset, lambda tree: tree.update(record_bytes=45))
    assert problems(dataset) == ["manifest.json: (record_bytes, payload_offset) (45, 30), but L = 4 requires (44, 30)"]
