"""Two-level tables over code points for kernels: small, and a look-up is only two loads."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

NUM_ROWS = 0x110000 >> 8


class CodePoints(NamedTuple):
    """The value of code point c is values[rows[c >> 8], c & 255] (`unicode.kernels.code_points.look_up`).

    rows [0x1100]; values [R, 256].
    """

    rows: npt.NDArray[np.uint16]
    values: npt.NDArray[Any]


def make_table(known: Mapping[int, int], dtype: Any) -> CodePoints:
    """Builds a table of the known values; every other code point has 0."""
    values = np.zeros(NUM_ROWS << 8, dtype)
    values[np.fromiter(known, np.int64, len(known))] = np.fromiter(known.values(), dtype, len(known))
    return of_all(values)


def of_all(values: npt.NDArray[Any]) -> CodePoints:
    """Builds a table of the values of all code points, [0x110000]."""
    # most blocks of Han, Hangul or unassigned code points are equal
    distinct, position = np.unique(values.reshape(NUM_ROWS, 256), axis=0, return_inverse=True)
    return CodePoints(position.reshape(-1).astype(np.uint16), distinct)
