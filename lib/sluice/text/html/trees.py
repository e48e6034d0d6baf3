"""Sums of decision trees, evaluated by a compiled kernel. `scripts/models/train_main_text.py` trains them."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from sluice.text.html.kernels import trees as kernels

MAX_LEAVES = 32
"""Maximum leaves per tree: they are the bits of a 32-bit word."""


TREE_ARRAYS = ("roots", "feature", "threshold", "children", "leaves")
"""Names of the arrays for `Trees.of`."""


class Trees(NamedTuple):
    """Nodes and leaves of all trees, tree by tree; leaves from left to right.

    A row goes left if its feature is at most the threshold. feature [N] int16, threshold [N] float32, mask [N] uint32:
    the tree's leaves that a row can still reach after going right; first_node [T + 1] int32, leaves [M] float32,
    first_leaf [T] int32.
    """

    feature: np.ndarray
    threshold: np.ndarray
    mask: np.ndarray
    first_node: np.ndarray
    leaves: np.ndarray
    first_leaf: np.ndarray

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> "Trees":
        """Builds trees from `roots` [T], `feature`, `threshold` [N], `children` [N, 2] (left, right) and `leaves` [M].

        A child >= 0 is a node; a child < 0 is leaf -1 - child. Raises ValueError for a tree with more than MAX_LEAVES
        leaves.
        """
        nodes: list[tuple[int, int]] = []  # number, mask
        leaves: list[int] = []
        first_node, first_leaf = [0], []

        def walk(node: int, first: int) -> int:
            """Returns the bits of the leaves below a node."""
            if node < 0:
                leaves.append(-1 - node)
                if len(leaves) - first > MAX_LEAVES:
                    raise ValueError(f"a tree has more than {MAX_LEAVES} leaves; train with fewer")
                return 1 << (len(leaves) - first - 1)
            below = walk(int(arrays["children"][node, 0]), first)
            nodes.append((node, 0xFFFFFFFF & ~below))
            return below | walk(int(arrays["children"][node, 1]), first)

        for root in arrays["roots"].tolist():
            first_leaf.append(len(leaves))
            walk(root, len(leaves))
            first_node.append(len(nodes))
        numbers = np.array([number for number, _ in nodes], np.int64)
        return cls(
            arrays["feature"][numbers],
            arrays["threshold"][numbers],
            np.array([mask for _, mask in nodes], np.uint32),
            np.array(first_node, np.int32),
            arrays["leaves"][leaves],
            np.array(first_leaf, np.int32),
        )


def predict(trees: Trees, columns: np.ndarray) -> np.ndarray:
    """Returns the logistic of the leaf sum of each row: columns [F, R] float32 to [R] float32 between 0 and 1."""
    return np.asarray(kernels.predict(*trees, columns))
