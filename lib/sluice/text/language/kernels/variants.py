"""Counting the characters that tell how Chinese is written."""

import numpy as np

from sluice.text.jit import inlined, kernel
from sluice.text.unicode.kernels.code_points import look_up
from sluice.text.unicode.kernels.utf8 import code_point

SIMPLIFIED, TRADITIONAL, CANTONESE, CANTONESE_ONLY, CLASSICAL, CLASSICAL_ONLY, MODERN = (1 << bit for bit in range(7))
"""Bits of a character's kinds."""
NUM_KINDS = 7


@inlined
def is_han(code):
    """Ideographs; not kana, iteration marks or radicals."""
    return 0x4E00 <= code < 0xA000 or 0x3400 <= code < 0x4DC0 or 0xF900 <= code < 0xFB00 or 0x20000 <= code < 0x323B0


@kernel
def count_kinds(text, rows, kinds):
    """Numbers of Han characters and of each kind [1 + NUM_KINDS] in UTF-8."""
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
