"""The change in bits per byte between two variants, with an interval that covers held-out documents and seeds.

Both variants are scored on the same documents and with the same seeds, so their difference varies far less than their
values. With b[s, d] and a[s, d], the nats of document d under seed s in both variants, and L = ln(Σ_d b / Σ_d a):

    change = exp(mean_s L_s) - 1

The bytes are the same in both variants, so this is the relative change in bits per byte. The interval is a percentile
bootstrap (Efron 1979) over both: documents are drawn with replacement, and so are seeds, independently. A few seeds
drawn with replacement vary too little, by the factor sqrt((k - 1) / k), and a normal interval of few values is too
narrow, by the ratio of Student's t with k - 1 degrees of freedom to 1.96. The deviation of the drawn mean over seeds is
multiplied by both (ours), so three seeds that disagree give a wide interval. One seed: documents only.
"""

import functools
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

NUM_DRAWS = 4000
DOCUMENTS, SEEDS = range(2)
"""Independent streams of random numbers."""
TAIL_PERCENT = 2.5
NORMAL = 1.959964
STUDENT = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622)
"""97.5 % quantiles of Student's t with 1 to 9 degrees of freedom."""


class Change(NamedTuple):
    """A relative change: -0.02 is 2 % less. `low` and `high` are the ends of the 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low > 0 or self.high < 0


def change(before: Floats, after: Floats) -> Change:
    """Returns the change from `before` to `after`, nats [seeds, documents] of the same documents and seeds."""
    if before.shape != after.shape or 0 in before.shape:
        raise ValueError(f"nats of shapes {before.shape} and {after.shape}; expected the same [seeds, documents]")
    num_seeds, num_documents = before.shape
    center = float(np.log(after.sum(1) / before.sum(1)).mean())
    of_documents, of_seeds = _draws(num_documents, DOCUMENTS), _draws(num_seeds, SEEDS)
    logs = np.log((of_documents @ after.T) / (of_documents @ before.T))  # [draws, seeds]
    means = logs.mean(1)
    drawn = means + _widening(num_seeds) * ((logs * of_seeds).sum(1) / num_seeds - means)
    low, high = np.percentile(drawn, [TAIL_PERCENT, 100 - TAIL_PERCENT])
    return Change(math.expm1(center), math.expm1(low), math.expm1(high))


@functools.lru_cache(maxsize=16)
def _draws(size: int, stream: int) -> Floats:
    """Returns how often each of `size` items is drawn, [draws, size]: the same draws for every comparison."""
    random = np.random.default_rng([stream, size])
    return random.multinomial(size, np.full(size, 1 / size), NUM_DRAWS).astype(np.float64)


def _widening(num_seeds: int) -> float:
    """Returns the factor for the deviation of the mean over seeds drawn with replacement."""
    if num_seeds == 1:
        return 0.0
    return student(num_seeds - 1) / NORMAL * math.sqrt(num_seeds / (num_seeds - 1))


def student(degrees: int) -> float:
    """Returns the 97.5 % quantile of Student's t; from 10 degrees of freedom by the Cornish-Fisher expansion."""
    if degrees <= len(STUDENT):
        return STUDENT[degrees - 1]
    z = NORMAL
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
    return z + (z**3 + z) / (4 * degrees) + second
