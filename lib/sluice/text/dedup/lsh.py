"""The probability that a pair of documents shares a band, and the choice of bands for a threshold."""

import math
from typing import NamedTuple

SIMILARITIES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
"""Similarities at which the curve is shown."""


class Banding(NamedTuple):
    """`bands` of `rows` values each; a signature has bands x rows values."""

    bands: int
    rows: int


def catch_probability(similarity: float, banding: Banding) -> float:
    """Probability that a pair of this Jaccard similarity agrees in all rows of at least one band: 1 - (1 - s^r)^b.

    Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, 3.4.2.

    >>> round(catch_probability(0.8, Banding(16, 8)), 3), round(catch_probability(0.8, Banding(9, 13)), 3)
    (0.947, 0.399)
    """
    return 1.0 - (1.0 - similarity**banding.rows) ** banding.bands


def choose_banding(threshold: float, permutations: int, least: float) -> Banding | None:
    """Returns the banding with the most rows, hence the fewest false candidates, that finds pairs at the threshold.

    "Finds" means with probability `least`, from at most `permutations` values. None if even bands of one row do not.
    datasketch's optimiser weighs areas under the curve instead; for 0.8 it returns 9 x 13, which misses 60 % of such
    pairs.
    """
    bandings = (Banding(permutations // rows, rows) for rows in range(permutations, 0, -1))
    return next((b for b in bandings if catch_probability(threshold, b) >= least), None)


def curve(banding: Banding) -> list[tuple[float, float]]:
    """Returns the catch probability at each of `SIMILARITIES`."""
    return [(similarity, catch_probability(similarity, banding)) for similarity in SIMILARITIES]


SIGMAS = 3.0
"""The estimate for a pair at the threshold is this many standard errors too low once in 740 (normal distribution)."""


def margin(threshold: float, permutations: int) -> tuple[int, int]:
    """Returns a lower and an upper number of equal values.

    With fewer, a pair is almost certainly below the threshold; with more, above it. The bounds are the expected number
    at the threshold t, minus and plus `SIGMAS` standard errors, sqrt(t (1 - t) / n) each.

    >>> margin(0.8, 128)
    (89, 116)
    """
    error = SIGMAS * math.sqrt(threshold * (1.0 - threshold) / permutations)
    lowest, highest = ((threshold + sign * error) * permutations for sign in (-1, 1))
    return max(0, math.ceil(lowest)), math.ceil(highest)


def least_equal(threshold: float, permutations: int, miss: float) -> int:
    """Returns the largest number of equal values that a pair at the threshold misses with probability <= `miss`.

    Each of the independent permutations gives the pair equal values with probability `threshold`. Uses the exact
    binomial tail, where `margin` uses the normal distribution.

    >>> least_equal(0.8, 128, 1 / 740), least_equal(0.8, 128, 1e-9)
    (88, 73)
    """
    below = 0.0
    for equal in range(permutations + 1):
        below += math.comb(permutations, equal) * threshold**equal * (1.0 - threshold) ** (permutations - equal)
        if below > miss:
            return equal
    return permutations


SURE, OPEN = 4, 16
"""Number of pairs of a document to compare: the best `SURE` of its sure pairs, or `OPEN` if none is sure."""

SCREEN_SHARE = 0.1
"""Maximum share of the bands' misses that a screen may add, so that recall hardly decreases."""


class Assurance(NamedTuple):
    """The probability that a search by bands, screened by signatures, finds a pair at the threshold."""

    least_equal: int
    """Number of equal values that a pair needs in order to be compared exactly."""
    catch_probability: float
    """1 minus both probabilities of missing the pair; higher for pairs above the threshold."""


def assure(threshold: float, banding: Banding, compared: int | None = None) -> Assurance:
    """For all bands, or the number of bands in which a document was `compared`. The screen uses all values."""
    missed = 1.0 - catch_probability(threshold, banding)
    equal = least_equal(threshold, banding.bands * banding.rows, SCREEN_SHARE * missed)
    caught = catch_probability(threshold, banding if compared is None else banding._replace(bands=compared))
    return Assurance(equal, max(0.0, caught - SCREEN_SHARE * missed))
