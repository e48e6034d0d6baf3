"""Reads the records of a dataset as batches of token ids, without Spark and TensorFlow.

The order of an epoch is a function of (seed, epoch) alone. A replica reads its rows of every batch, so that any number
of replicas sees the same batches, and reading continues at any batch. Records have one size, so that each is read where
it is, without an index. Ours.
"""

import bisect
import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.core.ids import mix64
from sluice.data import storage
from sluice.data.dataset.manifest import Manifest, read_manifest
from sluice.data.dataset.tfrecord import FRAME_HEAD_BYTES, FRAME_TAIL_BYTES, masked_crc

ROUNDS = 12
"""Rounds of the Feistel network. Four suffice for many records (Luby and Rackoff 1988), but with ten records some
orders would be more frequent than others."""


class Place(NamedTuple):
    """Where reading continues: `batch` of `epoch`, both from 0."""

    epoch: int
    batch: int


class TokenDataset:
    """The records of a split, in batches of ids [rows, L + 1] int32: `batch[:, :-1]` inputs, `batch[:, 1:]` targets.

    One iteration is one epoch from `place` on; the next one is the next epoch. `place` is where the next batch is, to
    be saved with a checkpoint. `len()` is the number of batches in an epoch.
    """

    def __init__(
        self,
        directory: str,
        split: str = "train",
        *,
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int = 0,
        replica: int = 0,
        num_replicas: int = 1,
        place: tuple[int, int] = (0, 0),
    ) -> None:
        """`batch_size`: records of a batch of all replicas together. `shuffle`: a new order of records in each epoch.

        The last batch of an epoch has the records that remain, so that none is lost. Raises InputError or FormatError
        for a dataset that is unfinished or damaged, ConfigError for other arguments that cannot be.
        """
        self.manifest: Manifest = read_manifest(directory)
        if split not in self.manifest.splits:
            known = ", ".join(self.manifest.splits)
            raise ConfigError(f"{directory} has no split {split!r}; it has: {known}.")
        if not 0 <= replica < num_replicas:
            raise ConfigError(f"replica = {replica} is not one of num_replicas = {num_replicas}; they count from 0.")
        if batch_size < 1 or batch_size % num_replicas:
            raise ConfigError(
                f"batch_size = {batch_size} cannot be divided among {num_replicas} replicas. Choose a multiple."
            )
        self.directory, self.split, self.batch_size = directory, split, batch_size
        self.shuffle, self.seed, self.replica, self.num_replicas = shuffle, seed, replica, num_replicas
        self.place = Place(*place)
        self._shards = [shard for shard in self.manifest.splits[split].shards if shard.records]
        self._ends = list(itertools.accumulate(shard.records for shard in self._shards))
        self._maps: dict[int, NDArray[np.uint8]] = {}

    @property
    def num_records(self) -> int:
        """The number of records in the split."""
        return self._ends[-1] if self._ends else 0

    def __len__(self) -> int:
        return -(-self.num_records // self.batch_size)

    def __iter__(self) -> Iterator[NDArray[np.int32]]:
        epoch, first = self.place
        for batch in range(first, len(self)):
            rows = self.batch(epoch, batch)
            self.place = Place(epoch, batch + 1)
            yield rows
        self.place = Place(epoch + 1, 0)

    def batch(self, epoch: int, batch: int) -> NDArray[np.int32]:
        """Returns the rows of this replica in a batch, [rows, L + 1] int32."""
        start = batch * self.batch_size
        places = range(start + self.replica, min(start + self.batch_size, self.num_records), self.num_replicas)
        rows = np.empty((len(places), self.manifest.seq_len + 1), np.int32)
        for row, place in zip(rows, places, strict=True):
            number = permuted(place, self.num_records, mix64(epoch, self.seed)) if self.shuffle else place
            row[:] = self.record(number)
        return rows

    def record(self, number: int) -> NDArray[Any]:
        """Returns the ids of a record of the split, [L + 1]. Raises FormatError if its checksum is wrong."""
        shard = bisect.bisect_right(self._ends, number)
        size = self.manifest.record_bytes
        at = (number - (self._ends[shard - 1] if shard else 0)) * size
        data = self._bytes(shard)[at : at + size]
        example = data[FRAME_HEAD_BYTES:-FRAME_TAIL_BYTES]
        if masked_crc(example.tobytes()) != int.from_bytes(data[-FRAME_TAIL_BYTES:].tobytes(), "little"):
            raise FormatError(
                f"{self._path(shard)}: the checksum of the record at byte {at} is wrong. Copy the dataset again."
            )
        payload = data[self.manifest.payload_offset : -FRAME_TAIL_BYTES]
        return payload.view(np.dtype(self.manifest.dtype).newbyteorder("<"))

    def _path(self, shard: int) -> str:
        return storage.join(self.directory, self._shards[shard].path)

    def _bytes(self, shard: int) -> NDArray[np.uint8]:
        """Returns the content of a shard: mapped if it is a local file, else read once."""
        if shard not in self._maps:
            path = self._path(shard)
            if storage.is_remote(path):
                found = np.frombuffer(storage.read_bytes(path), np.uint8)
            else:
                try:
                    found = np.memmap(path, np.uint8, "r")
                except (OSError, ValueError) as e:
                    raise InputError(f"{path} cannot be read: {e}. Copy the dataset again.") from e
            if len(found) != self._shards[shard].bytes:
                raise FormatError(
                    f"{path} has {len(found):,} bytes, but the manifest has {self._shards[shard].bytes:,}. Copy the "
                    "dataset again."
                )
            self._maps[shard] = found
        return self._maps[shard]


def permuted(place: int, count: int, seed: int) -> int:
    """Returns the image of `place` under a pseudorandom permutation of 0 to `count` - 1, without a table.

    A Feistel network over the next larger even number of bits, applied until the result is below `count` ("cycle
    walking", Black and Rogaway 2002): at most four times on average.

    >>> sorted(permuted(place, 10, seed=1) for place in range(10))
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    half = max(1, (max(count - 1, 1).bit_length() + 1) // 2)
    low = (1 << half) - 1
    while True:
        left, right = place >> half, place & low
        for number in range(ROUNDS):
            left, right = right, left ^ (mix64(right, seed + number) & low)
        place = left << half | right
        if place < count:
            return place
