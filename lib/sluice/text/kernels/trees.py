"""The leaves of many rows in many trees.

QuickScorer (Lucchese et al. 2015), in the order of its vectorised form: a tree's leaves are bits, and each node that
sends a row to the right takes the leaves of its left side away; the lowest bit that is left is the leaf. No branch
depends on a row, so eight or sixteen rows go at once.
"""

import numpy as np

from sluice.text.jit import kernel

_ALL = np.uint32(0xFFFFFFFF)
_CHUNK = 64  # rows that are worked on together: their features and bits stay in the nearest cache
_LANES = 16
_DE_BRUIJN = np.uint32(0x077CB531)
_PLACES = np.zeros(32, np.int64)
for _place in range(32):
    _PLACES[(((1 << _place) * int(_DE_BRUIJN)) & 0xFFFFFFFF) >> 27] = _place


@kernel
def predict(feature, threshold, mask, first_node, leaves, first_leaf, rows):
    """Logistic of the sum of leaves, [R] float32, of rows [R, F] float32; the arrays are those of `trees.Trees`."""
    num_rows, num_features = rows.shape
    sums = np.zeros(num_rows, np.float64)
    columns = np.zeros((num_features, _CHUNK), np.float32)
    left = np.empty(_CHUNK, np.uint32)
    for start in range(0, num_rows, _CHUNK):
        count = min(_CHUNK, num_rows - start)
        width = (count + _LANES - 1) // _LANES * _LANES
        for i in range(count):
            for f in range(num_features):
                columns[f, i] = rows[start + i, f]
        for tree in range(len(first_leaf)):
            left[:width] = _ALL
            for node in range(first_node[tree], first_node[tree + 1]):
                bound, kept, column = threshold[node], mask[node], columns[feature[node]]
                for i in range(width):
                    left[i] &= kept if column[i] > bound else _ALL
            for i in range(count):
                lowest = np.uint32(left[i] & (~left[i] + np.uint32(1)))
                leaf = _PLACES[np.uint32(lowest * _DE_BRUIJN) >> np.uint32(27)]
                sums[start + i] += leaves[first_leaf[tree] + leaf]
    return (1 / (1 + np.exp(-sums))).astype(np.float32)
