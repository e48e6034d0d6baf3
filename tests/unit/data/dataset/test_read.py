"""Batches of a dataset: order, replicas, continuation, damage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sluice
from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.data.dataset.read import permuted
from tests.helpers.tiny_dataset import write_tiny_dataset


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return write_tiny_dataset(tmp_path_factory.mktemp("data") / "tiny" / "1.0.0")


FIRSTS = [10, 13, 16, 19, 30, 33, 36, 39, 42, 45]


def test_records_in_order_are_inputs_and_targets(directory):
    batches = list(sluice.load_dataset(directory, batch_size=4, shuffle=False))
    assert [batch[:, 0].tolist() for batch in batches] == [FIRSTS[:4], FIRSTS[4:8], FIRSTS[8:]]
    assert batches[0][3].tolist() == [19, 20, 21, 2]
    assert (batches[0].dtype, batches[0].shape, batches[2].shape) == (np.int32, (4, 4), (2, 4))


def test_each_epoch_has_every_record_once_in_an_order_of_its_own(directory):
    data = sluice.load_dataset(directory, batch_size=3, seed=1)
    epochs = [[int(row[0]) for batch in data for row in batch] for _ in range(3)]
    assert [sorted(epoch) for epoch in epochs] == [FIRSTS] * 3
    assert len({tuple(epoch) for epoch in [*epochs, FIRSTS]}) == 4
    again = sluice.load_dataset(directory, batch_size=3, seed=1, place=(2, 0))
    assert [int(row[0]) for batch in again for row in batch] == epochs[2]


@pytest.mark.parametrize("num_replicas", [2, 3, 6])
def test_replicas_share_the_batches_of_one(directory, num_replicas):
    options = {"batch_size": 6, "seed": 3}
    alone = list(sluice.load_dataset(directory, **options))
    parts = [
        list(sluice.load_dataset(directory, **options, replica=k, num_replicas=num_replicas))
        for k in range(num_replicas)
    ]
    for number, batch in enumerate(alone):
        rows = np.concatenate([part[number] for part in parts])
        assert sorted(map(tuple, rows.tolist())) == sorted(map(tuple, batch.tolist()))
    assert len(alone) == len(parts[0]) == 2


def test_reading_continues_where_it_was_left(directory):
    data = sluice.load_dataset(directory, batch_size=3)
    whole = [batch.tolist() for _ in range(2) for batch in data]
    for taken in range(1, 8):
        first = sluice.load_dataset(directory, batch_size=3)
        begun = [batch.tolist() for _, batch in zip(range(taken), (b for _ in range(2) for b in first), strict=False)]
        rest = sluice.load_dataset(directory, batch_size=3, place=first.place)
        left = []
        while rest.place < (2, 0):
            left += [batch.tolist() for batch in rest]
        assert begun + left == whole


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.integers(1, 300), st.integers(0, 2**64 - 1))
def test_a_permutation_has_each_number_once(count, seed):
    assert sorted(permuted(place, count, seed) for place in range(count)) == list(range(count))


def test_permutations_are_uniform():
    counts = np.zeros((5, 5), int)
    for seed in range(4000):
        for place in range(5):
            counts[place, permuted(place, 5, seed)] += 1
    assert ((counts - 800) ** 2 / 800).sum() < 40  # chi-squared with 16 degrees of freedom: 1 in 1,000 above 39.3


def test_a_damaged_record_is_named(directory, tmp_path):
    copy = tmp_path / "1.0.0"
    copy.mkdir()
    for name in ("manifest.json", "train-00000-of-00003.tfrecord", "train-00002-of-00003.tfrecord"):
        with open(f"{directory}/{name}", "rb") as stream:
            data = bytearray(stream.read())
        if "00002" in name:
            data[2 * 42 + 30] ^= 1  # 42 bytes per record, ids from byte 26
        (copy / name).write_bytes(data)
    data = sluice.load_dataset(str(copy), batch_size=1, shuffle=False)
    assert data.batch(0, 5)[0].tolist() == [33, 34, 35, 36]
    with pytest.raises(FormatError, match=r"train-00002-of-00003\.tfrecord: the checksum of the record at byte 84"):
        data.batch(0, 6)
    (copy / "train-00002-of-00003.tfrecord").write_bytes(bytes(data.manifest.record_bytes))
    with pytest.raises(FormatError, match="has 42 bytes, but the manifest has 252"):
        sluice.load_dataset(str(copy), batch_size=1, shuffle=False).batch(0, 9)
    (copy / "train-00002-of-00003.tfrecord").unlink()
    with pytest.raises(InputError, match="cannot be read"):
        sluice.load_dataset(str(copy), batch_size=1, shuffle=False).batch(0, 9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "dev"}, "no split 'dev'; it has: train"),
        ({"batch_size": 0}, "batch_size = 0"),
        ({"batch_size": 3, "num_replicas": 2}, "cannot be divided among 2"),
        ({"replica": 2, "num_replicas": 2, "batch_size": 2}, "replica = 2"),
    ],
)
def test_wrong_arguments_are_errors(directory, arguments, message):
    with pytest.raises(ConfigError, match=message):
        sluice.load_dataset(directory, **arguments)


def test_an_unfinished_dataset_is_an_error(tmp_path):
    with pytest.raises(InputError, match="not a finished dataset"):
        sluice.load_dataset(str(tmp_path))


def test_tensorflow_reads_the_same_batches(directory):
    pytest.importorskip("tensorflow")
    data = sluice.load_dataset(directory, batch_size=4, seed=2)
    read = [batch.numpy().tolist() for batch in data.to_tf()]
    assert read == [batch.tolist() for batch in sluice.load_dataset(directory, batch_size=4, seed=2)]


@pytest.mark.parametrize("workers", [0, 2, 3])
def test_pytorch_reads_the_same_batches_with_any_number_of_workers(directory, workers):
    torch_data = pytest.importorskip("torch.utils.data")
    data = sluice.load_dataset(directory, batch_size=2, seed=2, place=(1, 1))
    read = [batch.tolist() for batch in torch_data.DataLoader(data.to_torch(), batch_size=None, num_workers=workers)]
    assert read == [batch.tolist() for batch in data]
