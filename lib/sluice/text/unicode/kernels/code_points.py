"""Kernels that look up code points in tables built by `text.unicode.code_points`."""

import numpy as np

from sluice.text.jit import array_kernel, inlined


@inlined
def look_up(code, rows, values):
    """Returns the value of a code point."""
    return values[rows[code >> 8], code & 255]


@array_kernel
def look_up_all(codes, rows, values):
    """Returns the values of an array of code points."""
    found = np.empty(len(codes), values.dtype)
    for i in range(len(codes)):
        found[i] = look_up(codes[i], rows, values)
    return found
