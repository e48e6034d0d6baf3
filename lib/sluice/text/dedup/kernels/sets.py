"""Sets as sorted arrays of hashes."""

import numpy as np

from sluice.text.jit import kernel


@kernel
def count_common(a, b):
    """How many numbers stand in both of two ascending arrays without repeats, uint64. No branch in the loop."""
    i = j = common = np.uint64(0)
    n, m = np.uint64(len(a)), np.uint64(len(b))
    while i < n and j < m:
        x, y = a[i], b[j]
        common += np.uint64(x == y)
        i += np.uint64(x <= y)
        j += np.uint64(y <= x)
    return np.int64(common)


@kernel
def compare_in_turn(values, offsets, is_centre, held, result):
    """Jaccard similarity of each set with the last centre before it, into `result` [n] float64; 0 for centres.

    Set k is `values[offsets[k]:offsets[k + 1]]`, as in `count_common`; `held` is the centre before the first.
    """
    centre = held
    for k in range(len(is_centre)):
        own = values[offsets[k] : offsets[k + 1]]
        result[k] = 0.0
        if is_centre[k]:
            centre = own
            continue
        common = count_common(centre, own)
        union = len(centre) + len(own) - common
        if union > 0:
            result[k] = common / union
