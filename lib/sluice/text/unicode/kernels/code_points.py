"""Looking code points up in tables made by `text.unicode.code_points`."""

import numpy as np

from sluice.text.jit import inlined, kernel


@inlined
def look_up(code, rows, values):
    """The value of a code point."""
    return values[rows[code >> 8], code & 255]


@kernel
def look_up_all(codes, rows, values):
    """The values of code points, as long as they."""
    found = np.empty(len(codes), values.dtype)
    for i in range(len(codes)):
        found[i] = look_up(codes[i], rows, values)
    return found
