"""Sums of decision trees, evaluated in a compiled loop. Trained by `scripts/train_extractor.py`, shipped as arrays."""

from typing import NamedTuple

import numpy as np

from sluice.text.kernels import trees as kernels


class Trees(NamedTuple):
    """Nodes of all trees one after the other: a row goes left where its feature is at most the threshold.

    A child of 0 or more is a node, one below 0 is leaf -1 - child. roots [T] int32, feature [N] int16, threshold [N]
    float32, children [N, 2] int32 (left, right), leaves [M] float32.
    """

    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    children: np.ndarray
    leaves: np.ndarray


def predict(trees: Trees, rows: np.ndarray) -> np.ndarray:
    """Logistic of the sum of each row's leaves: [R, F] float32 to [R] float32 between 0 and 1."""
    return np.asarray(kernels.predict(*trees, rows))
