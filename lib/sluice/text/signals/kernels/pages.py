"""Kernel for the signals of `text.signals.pages` that count characters of phrases."""

import numpy as np

from sluice.text.jit import kernel
from sluice.text.signals.kernels.lines import FIRST_ERROR, FIRST_SEARCH, NUM_PHRASES


@kernel
def count_covered(places, numbers, lengths, low, high):
    """Counts characters that are part of an occurrence of the phrases [low, high)."""
    covered, last = 0, 0
    for hit in range(len(places)):
        if low <= numbers[hit] < high:
            end = places[hit] + lengths[numbers[hit]]
            covered += max(0, end - max(last, places[hit]))
            last = max(last, end)
    return covered


@kernel
def measure_pages(n, places, numbers, lengths, out):
    """Fills `out` [2] in the order of `catalogue.PAGES`, for a text of n characters."""
    out[:] = np.nan
    if n > 0:
        out[0] = count_covered(places, numbers, lengths, FIRST_ERROR, FIRST_SEARCH) / n
        out[1] = count_covered(places, numbers, lengths, FIRST_SEARCH, NUM_PHRASES) / n
