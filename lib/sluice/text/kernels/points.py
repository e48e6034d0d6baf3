"""Code points to flags."""

import numpy as np

from sluice.text.jit import kernel


@kernel
def look_up(codes, table, blocks):
    """The flags of code points, out of the two-level table of `text.characters`."""
    flags = np.empty(len(codes), np.uint16)
    for i in range(len(codes)):
        flags[i] = table[(np.int64(blocks[codes[i] >> 8]) << 8) | (codes[i] & 255)]
    return flags
