"""Kernels that count the characters distinctive of a Chinese writing variant."""

import numpy as np

from sluice.text.jit import array_kernel, inlined
from sluice.text.unicode.kernels.code_points import look_up
from sluice.text.unicode.kernels.utf8 import code_point

SIMPLIFIED, TRADITIONAL, CANTONESE, CANTONESE_ONLY, CLASSICAL, CLASSICAL_ONLY, MODERN = (1 << bit for bit in range(7))
"""Bits for the kinds of a character."""
NUM_KINDS = 7


@inlined
def is_han(code):
    """Whether a code point is an ideograph; not kana, iteration marks or radicals."""
    return 0x4E00 <= code < 0xA000 or 0x3400 <= code < 0x4DC0 or 0xF900 <= code < 0xFB00 or 0x20000 <= code < 0x323B0


@array_kernel
def count_kinds(text, rows, kinds):
    """Returns the numbers of Han characters and of each kind, [1 + NUM_KINDS], in UTF-8 text."""
    counts = np.zeros(1 + NUM_KINDS, np.int64)
    i = 0
    while i < len(text):
        if text[i] < 0x80:
            i += 1
            continue
        code, width = code_point(text, i)
        i += width
        if not is_han(code):
            continue
        counts[0] += 1
        found = look_up(code, rows, kinds)
        if found:
            for bit in range(NUM_KINDS):
                counts[1 + bit] += (found >> bit) & 1
    return counts
