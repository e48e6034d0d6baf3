"""Kernel that evaluates many decision trees for many rows.

QuickScorer (Lucchese et al. 2015), in the order of its vectorised form: a tree's leaves are bits, and each node that
sends a row to the right clears the leaves on its left; the lowest remaining bit is the row's leaf. No branch depends on
a row, so eight or sixteen rows are processed at once.
"""

import numpy as np

from sluice.text.jit import array_kernel

_ALL = np.uint32(0xFFFFFFFF)
_CHUNK = 256  # rows processed together: their features fit in the L2 cache, their bits in the L1 cache
_LANES = 16
_DE_BRUIJN = np.uint32(0x077CB531)
_PLACES = np.zeros(32, np.int64)
for _place in range(32):
    _PLACES[(((1 << _place) * int(_DE_BRUIJN)) & 0xFFFFFFFF) >> 27] = _place


@array_kernel
def predict(feature, threshold, mask, first_node, leaves, first_leaf, columns):
    """Returns the logistic of the leaf sums, [R] float32, for rows given by columns [F, R] float32.

    The other arguments are the fields of `trees.Trees`.
    """
    num_features, num_rows = columns.shape
    sums = np.empty(num_rows, np.float64)
    part = np.zeros((num_features, _CHUNK), np.float32)
    left, total = np.empty(_CHUNK, np.uint32), np.empty(_CHUNK, np.float64)
    for start in range(0, num_rows, _CHUNK):
        count = min(_CHUNK, num_rows - start)
        width = (count + _LANES - 1) // _LANES * _LANES
        for f in range(num_features):
            for i in range(count):
                part[f, i] = columns[f, start + i]
        total[:] = 0
        for tree in range(len(first_leaf)):
            left[:width] = _ALL
            for node in range(first_node[tree], first_node[tree + 1]):
                bound, kept, column = threshold[node], mask[node], part[feature[node]]
                for i in range(width):
                    left[i] &= kept if column[i] > bound else _ALL
            for i in range(width):
                lowest = np.uint32(left[i] & (~left[i] + np.uint32(1)))
                left[i] = np.uint32(lowest * _DE_BRUIJN) >> np.uint32(27)
            first = np.uint64(first_leaf[tree])
            for i in range(width):
                total[i] += leaves[first + np.uint64(_PLACES[np.uint64(left[i])])]
        for i in range(count):
            sums[start + i] = total[i]
    return (1 / (1 + np.exp(-sums))).astype(np.float32)
