"""Choice of rows by hash: the same rows for any order of files and rows, in memory of the size of the choice."""

from typing import Any

import numpy as np
import numpy.typing as npt

from sluice.core.ids import GOLDEN_GAMMA, MASK64


class SmallestHashes:
    """The values with the smallest hashes so far, in hash order, at most `limit`."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.count = 0
        """Number of all values that were added."""
        self.hashes = np.empty(0, np.uint64)
        self.values: npt.NDArray[Any] = np.empty(0)

    def add(self, hashes: npt.NDArray[np.uint64], values: npt.NDArray[Any]) -> None:
        """Adds values [n, ...] with their hashes [n]."""
        if not len(hashes):
            return
        self.count += len(hashes)
        all_hashes = np.concatenate([self.hashes, hashes])
        all_values = np.concatenate([self.values, values]) if len(self.values) else values
        first = np.argsort(all_hashes, kind="stable")[: self.limit]
        self.hashes, self.values = all_hashes[first], all_values[first]


def mix64_all(values: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.uint64]:
    """Applies `core.ids.mix64` to each value."""
    z = values.astype(np.uint64) + np.uint64((seed + 1) * GOLDEN_GAMMA & MASK64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: npt.NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return mixed
