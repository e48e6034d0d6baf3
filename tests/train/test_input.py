"""The blocks of tokens that the trainer reads."""

import itertools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from sluice.train.input import open_dataset, training_blocks
from sluice.train.rows import plan_rows
from tests.helpers.tiny_runs import train_config, word_tokenizer, write_dataset


def blocks_of(dataset: str, steps: range, *more: str) -> list[np.ndarray]:
    config = train_config(dataset, "unused", "train.data.batch_size=6", *more).data
    blocks = training_blocks(tf.distribute.get_strategy(), open_dataset(config), config, seed=1, step=steps.start)
    return [next(blocks).numpy() for _ in steps]


def test_each_row_is_one_stream_whose_blocks_overlap_by_one(tiny_dataset: str) -> None:
    blocks = blocks_of(tiny_dataset, range(0, 8), "train.data.bptt_steps=4")
    assert {block.shape for block in blocks} == {(6, 5)}
    for before, after in itertools.pairwise(blocks[:4]):  # the blocks of the first record
        np.testing.assert_array_equal(before[:, -1], after[:, 0])


@pytest.mark.parametrize("verify", ["train.data.verify_crc=false", "train.data.verify_crc=true"])
def test_input_from_any_step_equals_input_from_the_start(tiny_dataset: str, verify: str) -> None:
    epoch = blocks_of(tiny_dataset, range(0, 80), verify)
    for start in (1, 2, 37, 79):
        np.testing.assert_array_equal(blocks_of(tiny_dataset, range(start, start + 1), verify)[0], epoch[start])


class TwoWorkers:
    """Replaces a strategy: two workers with two replicas each; yields the blocks of both workers."""

    def distribute_datasets_from_function(self, of_worker: Callable[[Any], tf.data.Dataset]) -> Iterable[Any]:
        contexts = [tf.distribute.InputContext(2, worker, 4) for worker in range(2)]
        return zip(*(of_worker(context).as_numpy_iterator() for context in contexts), strict=True)


@pytest.mark.parametrize("sizes", [(1000, 10, 777), (1787,)], ids=str)
def test_replicas_read_their_own_rows_and_together_every_record_once(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    """A record starts with its number, in two tokens."""
    starts = list(itertools.accumulate(sizes, initial=0))
    shards = [
        [[4 + digit for n in range(start, end) for digit in divmod(n, 100)]]
        for start, end in itertools.pairwise(starts)
    ]
    dataset = write_dataset(tmp_path, {"train": shards}, seq_len=2, vocab_size=104, tokenizer=word_tokenizer(100))
    config = train_config(
        dataset, "unused", "train.data.valid_split=null", "train.data.test_split=null", "train.data.bptt_steps=2"
    ).data
    per_row = 1787 // 8  # 3 records remain, fewer than there are rows
    rows: list[list[int]] = [[] for _ in range(8)]
    blocks: Any = training_blocks(TwoWorkers(), open_dataset(config), config, seed=1, step=0)
    for turn, of_workers in enumerate(itertools.islice(blocks, 2 * per_row)):
        for worker, block in enumerate(of_workers):  # [2, 3], from the two replicas of a worker in turn
            for row, (high, low, _) in enumerate(block):
                rows[4 * worker + 2 * (turn % 2) + row].append(100 * (high - 4) + low - 4)

    files = open_dataset(config).split("train").shards
    assert [shard.records for shard in files] == list(sizes)
    first = dict(zip((shard.path for shard in files), starts, strict=False))
    planned = plan_rows(files, 8, epoch=0, seed=1)
    assert rows == [[first[part.path] + part.first + k for part in row for k in range(part.count)] for row in planned]
    read = [number for row in rows for number in row]
    assert len(read) == len(set(read)) == 8 * per_row
