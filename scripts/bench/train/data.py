"""Reads the tokens of a dataset for other trainers in benchmarks."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sluice.core.config.train import TrainConfig
from sluice.data.dataset.manifest import Manifest
from sluice.train.rows import plan_rows


def read_records(directory: Path, manifest: Manifest, path: str, first: int, count: int) -> np.ndarray:
    """Ids [count, L + 1] of some records of a shard."""
    size = count * manifest.record_bytes
    raw = np.fromfile(directory / path, np.uint8, size, offset=first * manifest.record_bytes)
    width = (manifest.seq_len + 1) * np.dtype(manifest.dtype).itemsize
    payload = raw.reshape(count, -1)[:, manifest.payload_offset :][:, :width]
    return np.ascontiguousarray(payload).view(manifest.dtype).astype(np.int64)


def epoch_blocks(directory: Path, manifest: Manifest, config: TrainConfig, epoch: int) -> Iterator[np.ndarray]:
    """The blocks of tokens [G, T + 1] of an epoch, as sluice trains on them."""
    shards, T = manifest.splits["train"].shards, config.data.bptt_steps
    rows = [
        np.concatenate([read_records(directory, manifest, part.path, part.first, part.count) for part in row])
        for row in plan_rows(shards, config.data.batch_size, epoch, config.run.seed)
    ]
    for records in np.stack(rows, axis=1):  # [G, L + 1]
        for at in range(0, manifest.seq_len, T):
            yield records[:, at : at + T + 1]


def split_stream(directory: Path, manifest: Manifest, split: str) -> np.ndarray:
    """All tokens of a split of one shard, without padding."""
    (shard,) = manifest.splits[split].shards
    records = read_records(directory, manifest, shard.path, 0, shard.records)
    stream: np.ndarray = np.concatenate([records[0], records[1:, 1:].ravel()])
    return stream[stream != manifest.ids.pad]
