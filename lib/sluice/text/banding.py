"""How surely a pair of documents shares a band, and which bands to take for a threshold."""

import math
from typing import NamedTuple

SIMILARITIES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
"""Where the curve is shown."""


class Banding(NamedTuple):
    """`bands` of `rows` values each; a document has a signature of bands x rows."""

    bands: int
    rows: int


def catch_probability(similarity: float, banding: Banding) -> float:
    """Chance that a pair of this Jaccard similarity agrees in all rows of at least one band: 1 - (1 - s^r)^b.

    Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, 3.4.2.

    >>> round(catch_probability(0.8, Banding(16, 8)), 3), round(catch_probability(0.8, Banding(9, 13)), 3)
    (0.947, 0.399)
    """
    return 1.0 - (1.0 - similarity**banding.rows) ** banding.bands


def choose_banding(threshold: float, permutations: int, least: float) -> Banding | None:
    """The most rows, hence the fewest candidates in vain, with which a pair at the threshold is caught so surely.

    Of at most so many permutations; None where even bands of one row do not suffice. datasketch's optimiser weighs
    areas under the curve instead, and returns 9 x 13 for 0.8, which misses 60 % of the pairs there.
    """
    bandings = (Banding(permutations // rows, rows) for rows in range(permutations, 0, -1))
    return next((b for b in bandings if catch_probability(threshold, b) >= least), None)


def curve(banding: Banding) -> list[tuple[float, float]]:
    """Similarities and catch probabilities."""
    return [(similarity, catch_probability(similarity, banding)) for similarity in SIMILARITIES]


SIGMAS = 3.0
"""A pair at the threshold falls below the screen once in 740 times (normal approximation)."""


def screen(threshold: float, permutations: int) -> int:
    """How many of the values of two signatures must be equal for the pair to be worth an exact comparison.

    So many that an estimate lies no more than `SIGMAS` standard errors, sqrt(t (1 - t) / n), below the threshold t.

    >>> screen(0.8, 128)
    89
    """
    lowest = threshold - SIGMAS * math.sqrt(threshold * (1.0 - threshold) / permutations)
    return max(0, math.ceil(lowest * permutations))
