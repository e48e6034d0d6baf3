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
"""A pair at the threshold is estimated so many standard errors too low once in 740 times (normal approximation)."""


def margin(threshold: float, permutations: int) -> tuple[int, int]:
    """Of how many equal values a pair may be at the threshold, and from how many on it is so as good as surely.

    The expected number at the threshold t, less and plus `SIGMAS` standard errors, sqrt(t (1 - t) / n) each.

    >>> margin(0.8, 128)
    (89, 116)
    """
    error = SIGMAS * math.sqrt(threshold * (1.0 - threshold) / permutations)
    lowest, highest = ((threshold + sign * error) * permutations for sign in (-1, 1))
    return max(0, math.ceil(lowest)), math.ceil(highest)


def least_equal(threshold: float, permutations: int, miss: float) -> int:
    """The most equal values that a pair at the threshold falls short of with no more than this probability.

    Of so many independent permutations each gives the pair equal values with probability `threshold`: the exact
    binomial tail, where `margin` takes the normal one.

    >>> least_equal(0.8, 128, 1 / 740), least_equal(0.8, 128, 1e-9)
    (88, 73)
    """
    below = 0.0
    for equal in range(permutations + 1):
        below += math.comb(permutations, equal) * threshold**equal * (1.0 - threshold) ** (permutations - equal)
        if below > miss:
            return equal
    return permutations


SCREEN_SHARE = 0.1
"""A screen may miss so much of what bands miss: it hardly makes the search less sure."""


class Assurance(NamedTuple):
    """How surely a search by bands, screened by signatures, finds a pair at the threshold."""

    least_equal: int
    """Equal values that a pair must have to be compared exactly."""
    catch_probability: float
    """1 less both chances to miss it; pairs above the threshold are found more surely."""


def assure(threshold: float, banding: Banding, compared: int | None = None) -> Assurance:
    """For all bands, or so many of them that a document was compared in; the screen is that of all."""
    missed = 1.0 - catch_probability(threshold, banding)
    equal = least_equal(threshold, banding.bands * banding.rows, SCREEN_SHARE * missed)
    caught = catch_probability(threshold, banding if compared is None else banding._replace(bands=compared))
    return Assurance(equal, max(0.0, caught - SCREEN_SHARE * missed))
