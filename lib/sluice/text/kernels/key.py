"""The key text of a text that no character of it makes difficult."""

import numpy as np

from sluice.text.jit import kernel
from sluice.text.kernels.code_points import look_up

SPACE = 32
DIFFICULT = np.uint32(0xFFFFFFFF)
LONGER = np.uint32(0x110000)
"""From here on values are `LONGER + place` of an expansion: its length, then its code points."""


@kernel
def fold_text(codes, rows, values, expansions, out):
    """Writes the key text of code points and gives its length, -1 where a character is difficult.

    `out` has room for the text and one more; where expansions make it longer than `out`, -2 is given.
    """
    length = 0
    is_word = False
    for i in range(len(codes)):
        code = codes[i]
        value = look_up(code, rows, values)
        if value == SPACE:
            if is_word:
                out[length] = SPACE
                length += 1
            is_word = False
            continue
        if value < LONGER:
            out[length] = value
            length += 1
            is_word = True
            continue
        if value == DIFFICULT:
            return -1
        place = value - LONGER
        size = expansions[place]
        if length + size + len(codes) - i > len(out):  # the others take one place each, as far as is known
            return -2
        for k in range(1, size + 1):
            if expansions[place + k] != SPACE:
                out[length] = expansions[place + k]
                length += 1
                is_word = True
            elif is_word:
                out[length] = SPACE
                length += 1
                is_word = False
    return length - 1 if length > 0 and not is_word else length
