"""Measures of a binary classifier, computed exactly from scores and labels.

Everywhere, `scores` is [n] float and `is_good` [n] bool. Equal scores are one step and never ordered arbitrarily.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Row(NamedTuple):
    """Effect of a threshold: scores of at least `threshold` are classified as good."""

    threshold: float
    precision: float | None
    """Share of good texts among those classified as good; None if there are none."""
    recall: float | None
    """Share of good texts that are classified as good; None if there are none."""
    kept_share: float
    """Share of all texts that are classified as good."""


class Bin(NamedTuple):
    """Scores from `low` to below `high` (the last bin includes 1): their number, mean, and the share of good texts."""

    low: float
    high: float
    size: int
    mean_score: float | None
    good_share: float | None


class Confusion(NamedTuple):
    """Counts of true positives, false positives, false negatives and true negatives; good is positive."""

    true_good: int
    false_good: int
    false_bad: int
    true_bad: int


def auc(scores: Floats, is_good: Bools) -> float | None:
    """Area under the ROC curve: the probability that a good text scores above a bad one, with ties counting half.

    Computed exactly by mean ranks (Mann-Whitney U). None if either class is empty.
    """
    num_good = int(is_good.sum())
    num_bad = len(is_good) - num_good
    if not num_good or not num_bad:
        return None
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(counts) - (counts - 1) / 2
    rank_sum = float(mean_ranks[place][is_good].sum())
    return (rank_sum - num_good * (num_good + 1) / 2) / (num_good * num_bad)


def average_precision(scores: Floats, is_good: Bools) -> float | None:
    """Precision averaged over the steps of recall, from the highest score down. None without good texts."""
    num_good = int(is_good.sum())
    if not num_good:
        return None
    values, place = np.unique(-scores, return_inverse=True)
    good = np.bincount(place, is_good, len(values))
    called = np.cumsum(np.bincount(place, minlength=len(values)))
    return float((good * np.cumsum(good) / called).sum() / num_good)


def at_threshold(scores: Floats, is_good: Bools, threshold: float) -> Row:
    """Returns precision and recall if scores of at least `threshold` are classified as good."""
    counts = confusion(scores, is_good, threshold)
    called, good = counts.true_good + counts.false_good, counts.true_good + counts.false_bad
    return Row(
        threshold,
        counts.true_good / called if called else None,
        counts.true_good / good if good else None,
        called / len(scores) if len(scores) else 0.0,
    )


def confusion(scores: Floats, is_good: Bools, threshold: float) -> Confusion:
    """Returns the confusion matrix if scores of at least `threshold` are classified as good."""
    called = scores >= threshold
    return Confusion(
        int((called & is_good).sum()),
        int((called & ~is_good).sum()),
        int((~called & is_good).sum()),
        int((~called & ~is_good).sum()),
    )


def calibration(scores: Floats, is_good: Bools, bins: int = 10) -> list[Bin]:
    """Returns bins of equal width over [0, 1]. In a calibrated bin, the mean score equals the share of good texts."""
    place = np.minimum((scores * bins).astype(np.int64), bins - 1)
    rows = []
    for i in range(bins):
        inside = place == i
        n = int(inside.sum())
        mean, share = (float(scores[inside].mean()), float(is_good[inside].mean())) if n else (None, None)
        rows.append(Bin(i / bins, (i + 1) / bins, n, mean, share))
    return rows
