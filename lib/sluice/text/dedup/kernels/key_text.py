"""Kernel for the normalised form of a text whose characters can all be folded individually."""

import numpy as np

from sluice.text.jit import kernel
from sluice.text.unicode.kernels.code_points import look_up
from sluice.text.unicode.kernels.utf8 import code_point, put_code_point

SPACE = 32
DIFFICULT = np.uint32(0xFFFFFFFF)
LONGER = np.uint32(0x110000)
"""Values from here up are `LONGER + position` of an expansion: its length, then its code points. Length 0: removed."""


@kernel
def fold_text(text, rows, values, expansions, out):
    """Writes the normalised form of UTF-8 as UTF-8. Returns its length, or -1 if a character depends on its neighbours.

    `out` must be longer than the text. Returns -2 if `out` is too short for the result. ASCII folds to ASCII.
    """
    n = len(text)
    ascii_values = values[rows[0]]
    i = length = 0
    is_word = False
    while i < n:
        if text[i] < 0x80:
            value = ascii_values[text[i]]
            out[length] = value
            is_solid = value != SPACE
            length += is_solid | is_word  # without a branch: the end of a word is unpredictable
            is_word = is_solid
            i += 1
            continue
        code, width = code_point(text, i)
        value = look_up(code, rows, values)
        if value == DIFFICULT:
            return -1
        i += width
        size = np.int64(expansions[value - LONGER]) if value >= LONGER else np.int64(1)
        if length + 4 * size + n - i > len(out):  # assumes that the rest keeps its length
            return -2
        if value < LONGER and value != SPACE:
            length = put_code_point(out, length, np.int64(value))
            is_word = True
            continue
        for k in range(size):
            part = expansions[value - LONGER + np.uint32(k + 1)] if value >= LONGER else value
            if part != SPACE:
                length = put_code_point(out, length, np.int64(part))
                is_word = True
            elif is_word:
                out[length] = SPACE
                length += 1
                is_word = False
    return length - 1 if length > 0 and not is_word else length


@kernel
def count_removed(text, rows, values, expansions):
    """Returns the number of characters of UTF-8 that are removed, whatever their neighbours."""
    count = i = 0
    while i < len(text):
        if text[i] < 0x80:
            i += 1
            continue
        code, width = code_point(text, i)
        value = look_up(code, rows, values)
        count += value != DIFFICULT and value >= LONGER and expansions[value - LONGER] == 0
        i += width
    return count
