"""Open-addressing hash tables of names, as arrays that kernels can search (`find_slot`)."""

from collections.abc import Mapping

import numpy as np

from sluice.text.unicode.fnv import fnv


def hash_table(values: Mapping[str, int], capacity: int) -> tuple[np.ndarray, np.ndarray]:
    """Builds a table: keys (FNV-1a of the name, 0: free) and values. `capacity`: a power of two."""
    keys, held = np.zeros(capacity, np.uint64), np.zeros(capacity, np.int32)
    for name, value in values.items():
        key = fnv(name.encode())
        slot = key & (capacity - 1)
        while keys[slot]:
            slot = (slot + 1) & (capacity - 1)
        keys[slot], held[slot] = key, value
    return keys, held


def flag_table(names: Mapping[int, str]) -> tuple[np.ndarray, np.ndarray]:
    """Builds a table from names separated by spaces to the sum of their flags."""
    flags: dict[str, int] = {}
    for flag, some in names.items():
        for name in some.split():
            flags[name] = flags.get(name, 0) | flag
    capacity = 64
    while capacity < 4 * len(flags):
        capacity *= 2
    return hash_table(flags, capacity)
