"""Datasets and settings that the trainer rejects."""

import shutil
from pathlib import Path

import pytest

from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.train.input import check_replicas
from sluice.train.loop import train_and_evaluate
from tests.helpers.tiny_runs import random_documents, train_config, write_dataset


@pytest.fixture
def own_dataset(tiny_dataset: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_dataset, tmp_path / "data"))


def test_a_missing_manifest_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"manifest\.json"):
        train_and_evaluate(train_config(str(tmp_path), tmp_path / "run"))
    with pytest.raises(ConfigError, match=r"train\.data\.manifest is empty"):
        train_and_evaluate(train_config("", tmp_path / "run"))


def test_a_truncated_shard_is_an_error(own_dataset: Path, tmp_path: Path) -> None:
    shard = own_dataset / "train-00001-of-00003.tfrecord"
    size = shard.stat().st_size
    shard.write_bytes(shard.read_bytes()[:-7])
    with pytest.raises(FormatError, match=rf"{size - 7:,} bytes, but .* need {size:,}"):
        train_and_evaluate(train_config(str(own_dataset), tmp_path / "run"))


def test_a_tokenizer_of_another_dataset_is_an_error(own_dataset: Path, tmp_path: Path) -> None:
    path = own_dataset / "tokenizer.json"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(InputError, match=r"has sha256 [0-9a-f]{64}, but the manifest was written with [0-9a-f]{64}"):
        train_and_evaluate(train_config(str(own_dataset), tmp_path / "run"))


def test_a_dry_run_finds_a_flipped_bit(own_dataset: Path, tmp_path: Path) -> None:
    shard = next(own_dataset.glob("train-00001*"))
    data = bytearray(shard.read_bytes())
    data[40] ^= 1
    shard.write_bytes(data)
    with pytest.raises(FormatError, match=r"has \d+ problems: train-00001-of-00003\.tfrecord: "):
        train_and_evaluate(train_config(str(own_dataset), tmp_path / "run", "train.run.dry_run=true"))
    assert not (tmp_path / "run").exists()


def test_verify_crc_finds_a_flipped_bit(own_dataset: Path, tmp_path: Path) -> None:
    shard = own_dataset / "train-00000-of-00003.tfrecord"
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    with pytest.raises(FormatError, match="training record is damaged"):
        train_and_evaluate(train_config(str(own_dataset), tmp_path / "run", "train.data.verify_crc=true"))


def test_an_id_outside_the_vocabulary_is_an_error(tmp_path: Path) -> None:
    splits = {"train": [random_documents(1, 20, 50)], "valid": [[[5, 44, 6]]]}
    dataset = write_dataset(tmp_path / "data", splits, seq_len=16)
    config = train_config(dataset, tmp_path / "run", "train.data.test_split=null", "train.run.steps=1")
    with pytest.raises(FormatError, match="id 44 is not below the vocabulary size 44"):
        train_and_evaluate(config)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("train.data.bptt_steps=6", "train.data.bptt_steps = 6 does not divide the record length 16"),
        ("train.data.batch_size=254", "train.data.batch_size = 254, but split 'train' has only 253 records"),
        ("train.data.valid_split=dev", "has no split 'dev'; it has: train, valid, test"),
        ("train.model.tie_embeddings=true", "softmax reads 16 and train.model.embedding_dim is 12"),
        ("train.model.kernel=cudnn", "kernel = cudnn, but TensorFlow finds no GPU"),
        ("train.dist.strategy=multiworker", "no workers are configured"),
    ],
)
def test_settings_that_do_not_match_the_dataset_or_machine_are_errors(
    tiny_dataset: str, tmp_path: Path, setting: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        train_and_evaluate(train_config(tiny_dataset, tmp_path, setting))


def test_dropout_of_recurrent_weights_needs_a_recurrent_network(tiny_dataset: str, tmp_path: Path) -> None:
    more = ["train.model.arch=gcnn", "train.model.dropout.recurrent=0.5"]
    with pytest.raises(ConfigError, match=r"dropout\.recurrent = 0\.5 drops weights .* arch gcnn has none"):
        train_and_evaluate(train_config(tiny_dataset, tmp_path, *more))


def test_a_batch_size_not_divisible_by_the_replicas_is_an_error(tiny_dataset: str) -> None:
    with pytest.raises(ConfigError, match=r"train\.data\.batch_size = 8 cannot be split over 3 replicas"):
        check_replicas(train_config(tiny_dataset, "unused").data, 3)
