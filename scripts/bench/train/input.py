"""Measures the input pipeline alone, in tokens per second on one core, against a plain reader of int64 lists.

    sluice pack --train ptb.train.txt.gz … --seq-len 1024 --output OUT --name wide
    python -m scripts.bench.train.input OUT/wide/1.0.0 --batch-size 64 --bptt-steps 64

Measures the blocks of a step after a warm-up, with files in the page cache; prints medians of the rounds. The plain
reader has the same tokens as `tf.train.Example`s with an int64 list `input_ids`, read by TFRecordDataset and
`parse_single_example`, and batched.
"""

import argparse
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

from scripts.bench.train.data import read_records
from sluice.core.config.load import load_config
from sluice.train.input import Dataset, open_dataset, training_blocks


def plain_blocks(dataset: Dataset, path: str, batch_size: int) -> Iterator[Any]:
    """Endless batches [batch_size, L + 1] of the examples of `write_plain`."""
    width = dataset.manifest.seq_len + 1
    feature = {"input_ids": tf.io.FixedLenFeature([width], tf.int64)}
    records = tf.data.TFRecordDataset(path).repeat()
    parsed = records.map(lambda record: tf.io.parse_single_example(record, feature)["input_ids"])
    return iter(parsed.batch(batch_size, drop_remainder=True).prefetch(4))


def write_plain(dataset: Dataset, path: str) -> None:
    """Write the records of the first training shard as examples with an int64 list."""
    shard = dataset.split("train").shards[0]
    with tf.io.TFRecordWriter(path) as writer:
        for ids in read_records(Path(dataset.directory), dataset.manifest, shard.path, 0, shard.records):
            feature = tf.train.Feature(int64_list=tf.train.Int64List(value=ids))
            example = tf.train.Example(features=tf.train.Features(feature={"input_ids": feature}))
            writer.write(example.SerializeToString())


def rate(make: Callable[[], Iterator[Any]], seconds: float, rounds: int) -> tuple[float, list[float]]:
    """Tokens per second: the median of the rounds, and all rounds."""
    blocks, rates = make(), []
    for block in itertools.islice(blocks, 50):
        tokens = int(block.shape[0]) * (int(block.shape[1]) - 1)
    for _ in range(rounds):
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            next(blocks)
            count += 1
        rates.append(count * tokens / (time.perf_counter() - began))
    return statistics.median(rates), rates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--bptt-steps", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=2.0, help="duration of a round (2)")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # before TensorFlow starts a thread
    settings = [f"train.data.manifest={options.dataset}", f"train.data.batch_size={options.batch_size}"]
    config = load_config((), [*settings, f"train.data.bptt_steps={options.bptt_steps}"]).train.data
    dataset = open_dataset(config)
    strategy = tf.distribute.get_strategy()
    with tempfile.TemporaryDirectory() as directory:
        plain = f"{directory}/plain.tfrecord"
        write_plain(dataset, plain)
        makers: dict[str, Callable[[], Iterator[Any]]] = {
            "sluice": lambda: training_blocks(strategy, dataset, config, seed=1, step=0),
            "int64 lists, parse_single_example": lambda: plain_blocks(dataset, plain, options.batch_size),
        }
        print(
            f"| batch of {options.batch_size}, {options.bptt_steps} steps, one core | tokens/s | range |\n|---|---|---|"
        )
        for name, make in makers.items():
            median, rates = rate(make, options.seconds, options.rounds)
            print(f"| {name} | {median:,.0f} | {min(rates):,.0f}–{max(rates):,.0f} |", flush=True)


if __name__ == "__main__":
    main()
