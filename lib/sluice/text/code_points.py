"""Tables over code points for kernels: two levels, so that they stay small and one look-up is two loads."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

NUM_ROWS = 0x110000 >> 8


class CodePoints(NamedTuple):
    """The value of code point c is values[rows[c >> 8], c & 255] (`kernels.code_points.look_up`).

    rows uint16 [0x1100]; values [R, 256], 0 where nothing is known.
    """

    rows: np.ndarray
    values: np.ndarray


def make_table(known: Mapping[int, int], dtype: Any) -> CodePoints:
    """A table of the known values; every other code point has 0."""
    high = sorted({code >> 8 for code in known})
    rows = np.zeros(NUM_ROWS, np.uint16)
    rows[high] = range(1, 1 + len(high))  # row 0 stays empty
    values = np.zeros((1 + len(high), 256), dtype)
    codes = np.fromiter(known, np.int64, len(known))
    values[rows[codes >> 8], codes & 255] = np.fromiter(known.values(), np.int64, len(known))
    distinct, position = np.unique(values, axis=0, return_inverse=True)  # most blocks of Han or Hangul are alike
    return CodePoints(position.reshape(-1)[rows].astype(np.uint16), distinct)
