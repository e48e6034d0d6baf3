"""Kernels for sets as sorted arrays of hashes."""

import numpy as np

from sluice.text.jit import kernel


@kernel
def count_common(a, b):
    """Counts the values in both of two ascending uint64 arrays without repeats. The loop has no branch."""
    i = j = common = np.uint64(0)
    n, m = np.uint64(len(a)), np.uint64(len(b))
    while i < n and j < m:
        x, y = a[i], b[j]
        common += np.uint64(x == y)
        i += np.uint64(x <= y)
        j += np.uint64(y <= x)
    return np.int64(common)


@kernel
def compare_in_turn(values, offsets, is_leader, held, result):
    """Writes the Jaccard similarity of each set to the last leader before it into `result` [n] float64; 0 for leaders.

    Set k is `values[offsets[k]:offsets[k + 1]]`, as in `count_common`; `held` is the leader before the first set.
    """
    leader = held
    for k in range(len(is_leader)):
        own = values[offsets[k] : offsets[k + 1]]
        result[k] = 0.0
        if is_leader[k]:
            leader = own
            continue
        common = count_common(leader, own)
        union = len(leader) + len(own) - common
        if union > 0:
            result[k] = common / union
