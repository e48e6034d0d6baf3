"""The way of many rows down many trees."""

import numpy as np

from sluice.text.jit import kernel


@kernel
def predict(roots, feature, threshold, children, leaves, rows):
    num_rows = len(rows)
    sums = np.zeros(num_rows, np.float64)
    whole = num_rows - num_rows % 4
    for root in roots:
        # four rows at a time: their ways down are independent, so that the processor follows all of them at once;
        # the side is a number and no branch, since nobody can predict it
        for r in range(0, whole, 4):
            a = b = c = d = root
            while a >= 0 and b >= 0 and c >= 0 and d >= 0:
                a = children[a, np.int64(rows[r, feature[a]] > threshold[a])]
                b = children[b, np.int64(rows[r + 1, feature[b]] > threshold[b])]
                c = children[c, np.int64(rows[r + 2, feature[c]] > threshold[c])]
                d = children[d, np.int64(rows[r + 3, feature[d]] > threshold[d])]
            while a >= 0:
                a = children[a, np.int64(rows[r, feature[a]] > threshold[a])]
            while b >= 0:
                b = children[b, np.int64(rows[r + 1, feature[b]] > threshold[b])]
            while c >= 0:
                c = children[c, np.int64(rows[r + 2, feature[c]] > threshold[c])]
            while d >= 0:
                d = children[d, np.int64(rows[r + 3, feature[d]] > threshold[d])]
            sums[r] += leaves[-1 - a]
            sums[r + 1] += leaves[-1 - b]
            sums[r + 2] += leaves[-1 - c]
            sums[r + 3] += leaves[-1 - d]
        for r in range(whole, num_rows):
            node = root
            while node >= 0:
                node = children[node, np.int64(rows[r, feature[node]] > threshold[node])]
            sums[r] += leaves[-1 - node]
    return (1 / (1 + np.exp(-sums))).astype(np.float32)
