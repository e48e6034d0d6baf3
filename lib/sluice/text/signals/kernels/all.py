"""Kernel for all signals of a text that is split into tokens."""

import numpy as np

from sluice.text.jit import array_kernel
from sluice.text.signals.kernels.c4 import measure_c4
from sluice.text.signals.kernels.characters import measure_characters
from sluice.text.signals.kernels.lines import PHRASES, measure_lines
from sluice.text.signals.kernels.pages import measure_pages
from sluice.text.signals.kernels.repetition import measure_repetition
from sluice.text.signals.kernels.words import measure_words
from sluice.text.unicode.kernels.hashing import stretch, sum_up
from sluice.text.unicode.kernels.phrases import find_phrases, pair_chains, phrase_table

_TABLE, _LENGTHS = phrase_table(PHRASES)
_HEADS, _NEXT = pair_chains(PHRASES)

_WORDS, _LINES, _REPETITION, _CHARACTERS, _C4 = 16, 29, 45, 61, 67
"""End of each group of `catalogue.OF_TEXT`."""


@array_kernel
def measure_all(codes, flags, starts, ends, stops, functions, is_segmented, is_unspaced, is_prose, out):
    """Fills `out` in the order of `catalogue.OF_TEXT`; NaN where a signal is undefined.

    With `is_prose`, what no signal in `catalogue.OF_PROSE` needs is not computed: values of other signals are wrong.
    """
    n = len(codes)
    sums, powers = np.empty(n + 1, np.uint64), np.empty(n + 1, np.uint64)
    sum_up(codes, sums, powers)
    fingerprints = np.empty(len(starts), np.uint64)
    for k in range(len(starts)):
        fingerprints[k] = stretch(sums, powers, starts[k], ends[k])
    places, numbers = np.empty(n // 2 + 1, np.int32), np.empty(n // 2 + 1, np.int32)  # see `PHRASES`
    count = 0 if is_prose else find_phrases(codes, _TABLE, _LENGTHS, _HEADS, _NEXT, places, numbers)
    places, numbers = places[:count], numbers[:count]
    measure_words(codes, flags, starts, ends, fingerprints, stops, functions, is_unspaced, out[:_WORDS])
    if not is_segmented:
        out[0] = np.nan
        out[14] = np.nan
    measure_lines(codes, flags, len(starts), places, numbers, out[_WORDS:_LINES])
    char_n = 0 if is_prose else 3 if is_unspaced else 10
    measure_repetition(codes, flags, sums, powers, starts, ends, fingerprints, char_n, out[_LINES:_REPETITION])
    measure_characters(codes, flags, numbers, out[_REPETITION:_CHARACTERS])
    if is_prose:
        return
    if is_unspaced:
        out[_CHARACTERS:_C4] = np.nan
    else:
        measure_c4(codes, flags, starts, ends, places, numbers, out[_CHARACTERS:_C4])
    measure_pages(n, places, numbers, _LENGTHS, out[_C4:])
