"""Reads a dataset directory and yields the blocks of tokens for each replica. Stateless.

Row g of the global batch is one contiguous stream for any number of replicas: replica q of R owns the rows
[q·G/R, (q+1)·G/R). The tf.data pipeline of a worker yields one block [G/R, T + 1] per local replica and step, in the
order of the replicas. TensorFlow distributes the blocks unchanged, without sharding or re-batching.
"""

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from sluice.core.config.train import DataConfig
from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.data import storage
from sluice.data.dataset.manifest import MANIFEST, Manifest, Shard, Split, read_manifest
from sluice.data.dataset.tfrecord import FRAME_HEAD_BYTES
from sluice.train.rows import Row, plan_rows, position, steps_per_epoch, without_first


@dataclass(frozen=True, slots=True)
class Dataset:
    """A finished dataset on disk."""

    directory: str
    manifest: Manifest
    manifest_sha256: str

    def split(self, name: str) -> Split:
        """Return a split by name. Raises ConfigError if the manifest does not contain it."""
        if name not in self.manifest.splits:
            known = ", ".join(self.manifest.splits) or "none"
            raise ConfigError(f"{self.directory} has no split {name!r}; it has: {known}. Change train.data.")
        return self.manifest.splits[name]

    def path(self, name: str) -> str:
        """Return the path of a file in the dataset directory."""
        return storage.join(self.directory, name)

    @property
    def tokenizer_path(self) -> str:
        return self.path(self.manifest.tokenizer.file)

    def token_bytes(self) -> np.ndarray:
        """Return the number of UTF-8 bytes of each token [V]; 0 for special tokens."""
        with storage.open_read(self.path(self.manifest.token_bytes.file)) as stream:
            table: np.ndarray = np.load(stream)
        if len(table) != self.manifest.vocab_size:
            raise FormatError(
                f"{self.manifest.token_bytes.file} has {len(table):,} entries, but the manifest has vocab_size "
                f"{self.manifest.vocab_size:,}. Write the dataset again."
            )
        return table


def open_dataset(config: DataConfig) -> Dataset:
    """Open the dataset of a configuration and check it against its manifest.

    Raises ConfigError, InputError or FormatError with both values of a mismatch.
    """
    if not config.manifest:
        raise ConfigError("train.data.manifest is empty. Set it to the directory <root>/<name>/<x.y.z> of a dataset.")
    manifest = read_manifest(config.manifest)
    digest = hashlib.sha256(storage.read_bytes(storage.join(config.manifest, MANIFEST))).hexdigest()
    dataset = Dataset(config.manifest, manifest, digest)
    for name in filter(None, (config.train_split, config.valid_split, config.test_split)):
        _check_sizes(dataset, dataset.split(name))
    _check_tokenizer(dataset)
    if manifest.seq_len % config.bptt_steps:
        raise ConfigError(
            f"train.data.bptt_steps = {config.bptt_steps} does not divide the record length {manifest.seq_len} of "
            f"{config.manifest}. Choose a divisor, or write shards with another shards.seq_len."
        )
    records = dataset.split(config.train_split).records
    if records < config.batch_size:
        raise ConfigError(
            f"train.data.batch_size = {config.batch_size}, but split {config.train_split!r} has only {records} "
            "records. Choose a smaller batch, or write shards with a smaller shards.seq_len."
        )
    return dataset


def check_replicas(config: DataConfig, num_replicas: int) -> None:
    """Raises ConfigError if the rows cannot be divided evenly among the replicas."""
    if config.batch_size % num_replicas:
        raise ConfigError(
            f"train.data.batch_size = {config.batch_size} cannot be split over {num_replicas} replicas; "
            f"choose a multiple of {num_replicas} or change train.dist."
        )


def epoch_steps(dataset: Dataset, config: DataConfig) -> int:
    """Number of steps per epoch."""
    shards = dataset.split(config.train_split).shards
    return steps_per_epoch(shards, config.batch_size, dataset.manifest.seq_len, config.bptt_steps)


def training_blocks(strategy: Any, dataset: Dataset, config: DataConfig, *, seed: int, step: int) -> Iterator[Any]:
    """Yield blocks [G/R, T + 1] int32 per replica, from global step `step` to the end of its epoch, then repeat.

    The caller stops at the end of the epoch. The iterator is infinite because TensorFlow would otherwise run one
    collective per step to agree on its end (`_enable_get_next_as_optional` in TF 2.21).
    """
    shards = dataset.split(config.train_split).shards
    seq_len = dataset.manifest.seq_len
    place = position(step, steps_per_epoch(shards, config.batch_size, seq_len, config.bptt_steps))
    records, steps = divmod(place.step, seq_len // config.bptt_steps)
    rows = [without_first(row, records) for row in plan_rows(shards, config.batch_size, place.epoch, seed)]

    def worker_blocks(context: Any) -> tf.data.Dataset:
        per_worker = config.batch_size // context.num_input_pipelines
        first = per_worker * context.input_pipeline_id
        replicas = context.num_replicas_in_sync // context.num_input_pipelines
        blocks = _blocks(dataset, rows[first : first + per_worker], config, replicas)
        options = tf.data.Options()
        # The autotuning thread sleeps for up to a minute, and deleting an iterator waits for it (TF 2.21)
        options.autotune.enabled = False
        return blocks.skip(steps * replicas).repeat().prefetch(config.prefetch * replicas).with_options(options)

    return iter(strategy.distribute_datasets_from_function(worker_blocks))


def _blocks(dataset: Dataset, rows: list[Row], config: DataConfig, replicas: int) -> tf.data.Dataset:
    """Return blocks [n/replicas, T + 1] of `n` rows, ordered by step, then by replica."""
    manifest, n, T = dataset.manifest, len(rows), config.bptt_steps
    steps = manifest.seq_len // T  # per record
    longest = max(map(len, rows))

    def column(values: list[list[Any]], filler: Any) -> tf.Tensor:
        return tf.constant([v + [filler] * (longest - len(v)) for v in values])  # [n, longest]

    files = column([[dataset.path(s.path) for s in row] for row in rows], "")
    firsts = column([[s.first for s in row] for row in rows], 0)
    counts = column([[s.count for s in row] for row in rows], 0)  # padding has count 0 and is not read

    def open_segment(file: tf.Tensor, first: tf.Tensor, count: tf.Tensor) -> tf.data.Dataset:
        first, count = tf.cast(first, tf.int64), tf.cast(count, tf.int64)
        if config.verify_crc:
            return tf.data.TFRecordDataset(file).skip(first).take(count)
        records = tf.data.FixedLengthRecordDataset(
            file, manifest.record_bytes, header_bytes=first * manifest.record_bytes
        )
        return records.take(count)

    def open_row(*segments: tf.Tensor) -> tf.data.Dataset:
        return tf.data.Dataset.from_tensor_slices(segments).flat_map(open_segment)

    def cut(records: tf.Tensor) -> tf.data.Dataset:
        tokens = _decode(records, manifest, config.verify_crc)  # [n, L + 1]
        block = tf.stack([tokens[:, k * T : (k + 1) * T + 1] for k in range(steps)])  # [steps, n, T + 1]
        block = tf.reshape(block, [steps * replicas, n // replicas, T + 1])
        return tf.data.Dataset.from_tensor_slices(block)

    return (
        tf.data.Dataset.from_tensor_slices((files, firsts, counts))
        .interleave(open_row, cycle_length=n, block_length=1)
        .batch(n, drop_remainder=True)  # record k of every row, in row order
        .flat_map(cut)
    )


def _decode(records: tf.Tensor, manifest: Manifest, check_ids: bool) -> tf.Tensor:
    """Return int32 ids [n, L + 1] from whole records, or with `check_ids` from examples with verified checksums."""
    width = manifest.seq_len + 1
    offset = manifest.payload_offset - (FRAME_HEAD_BYTES if check_ids else 0)
    payload = tf.strings.substr(records, offset, width * np.dtype(manifest.dtype).itemsize)
    tokens = tf.cast(tf.io.decode_raw(payload, tf.dtypes.as_dtype(manifest.dtype)), tf.int32)
    tokens = tf.ensure_shape(tokens, [None, width])
    if check_ids:
        message = f"a token id is not below the vocabulary size {manifest.vocab_size}"
        with tf.control_dependencies([tf.debugging.assert_less(tokens, manifest.vocab_size, message)]):
            tokens = tf.identity(tokens)
    return tokens


def shard_tokens(dataset: Dataset, shard: Shard) -> np.ndarray:
    """Return the ids of a shard as one stream. The id shared by two records occurs once in it."""
    manifest = dataset.manifest
    dtype = np.dtype(manifest.dtype).newbyteorder("<")
    raw = np.frombuffer(storage.read_bytes(dataset.path(shard.path)), np.uint8).reshape(shard.records, -1)
    payload = raw[:, manifest.payload_offset :][:, : (manifest.seq_len + 1) * dtype.itemsize]
    ids = np.ascontiguousarray(payload).view(dtype)
    stream: np.ndarray = np.concatenate([ids[0], ids[1:, 1:].ravel()])
    return stream


def evaluation_blocks(dataset: Dataset, split_name: str, batch_size: int, window: int) -> Iterator[np.ndarray]:
    """Yield blocks [batch_size, T + 1] int32 that contain every target of a split exactly once, in order.

    Records are divided into contiguous rows whose lengths differ by at most one; shorter rows are padded with `pad`,
    which is not scored. Raises FormatError for an id outside the vocabulary.
    """
    manifest, split = dataset.manifest, dataset.split(split_name)
    pad, L = manifest.ids.pad, manifest.seq_len
    total = split.records
    bounds = [total * row // batch_size for row in range(batch_size + 1)]
    longest = max(end - start for start, end in itertools.pairwise(bounds))
    read = _record_reader(dataset, split)
    for k in range(longest):
        block = np.full((batch_size, L + 1), pad, np.int32)
        for row, (start, end) in enumerate(itertools.pairwise(bounds)):
            if start + k < end:
                block[row] = read(start + k)
        for at in range(0, L, window):
            yield block[:, at : at + window + 1]


def _record_reader(dataset: Dataset, split: Split) -> Any:
    """Return a function that reads the ids [L + 1] of a record by its number in the split."""
    manifest = dataset.manifest
    dtype = np.dtype(manifest.dtype).newbyteorder("<")
    files = [storage.open_read(dataset.path(shard.path)) for shard in split.shards]
    ends = np.cumsum([shard.records for shard in split.shards])

    def read(number: int) -> np.ndarray:
        index = int(np.searchsorted(ends, number, side="right"))
        first = int(ends[index]) - split.shards[index].records
        files[index].seek((number - first) * manifest.record_bytes + manifest.payload_offset)
        ids = np.frombuffer(files[index].read((manifest.seq_len + 1) * dtype.itemsize), dtype).astype(np.int32)
        if ids.min() < 0 or ids.max() >= manifest.vocab_size:
            raise FormatError(
                f"{split.shards[index].path}, record {number - first}: id {ids.max()} is not below the vocabulary "
                f"size {manifest.vocab_size}. Run `sluice verify` on the dataset."
            )
        return ids

    return read


def _check_sizes(dataset: Dataset, split: Split) -> None:
    for shard in split.shards:
        expected, found = shard.records * dataset.manifest.record_bytes, storage.size(dataset.path(shard.path))
        if expected != found:
            raise FormatError(
                f"{dataset.path(shard.path)} has {found:,} bytes, but {shard.records:,} records of "
                f"{dataset.manifest.record_bytes} bytes need {expected:,}. Copy or write the shard again."
            )


def _check_tokenizer(dataset: Dataset) -> None:
    expected = dataset.manifest.tokenizer.sha256
    found = hashlib.sha256(storage.read_bytes(dataset.tokenizer_path)).hexdigest()
    if expected != found:
        raise InputError(
            f"{dataset.tokenizer_path} has sha256 {found}, but the manifest was written with {expected}. "
            "The ids would mean other tokens. Restore the tokenizer of this dataset."
        )
