"""Finds lines that contain one of many phrases, with an Aho-Corasick automaton over bytes."""

import numpy as np

from sluice.text.jit import kernel


@kernel
def mark_lines(text, columns, steps, kinds, limits, out):
    """Writes (line, kinds, start, end) into out [lines, 4] for matching lines; returns their number.

    `kinds` has the bits of the kinds found; `start` and `end` are the line's, in characters. text [n] uint8; columns
    [256] uint8, the column of each byte; steps [states x columns] int32, twice the offset of the next state's row, plus
    one if that state has kinds (one load per byte); kinds [states] int64, one bit per kind; limits [kinds] int64, the
    maximum line length in bytes for each kind.
    """
    num_columns = len(steps) // len(kinds)
    n = len(text)
    num_rows = 0
    line = np.int64(0)
    start = 0
    chars = line_chars = np.int64(0)  # before i, before the line
    row = 0
    found = np.int64(0)
    for i in range(n + 1):
        if i < n and text[i] != 10:
            step = np.int64(steps[row + columns[text[i]]])
            row = step >> 1
            if step & 1:
                found |= kinds[row // num_columns]
            chars += text[i] & 0xC0 != 0x80
            continue
        if found:
            for kind in range(len(limits)):
                if i - start > limits[kind]:
                    found &= ~(np.int64(1) << kind)
            if found:
                out[num_rows, 0] = line
                out[num_rows, 1] = found
                out[num_rows, 2] = line_chars
                out[num_rows, 3] = chars
                num_rows += 1
        line += 1
        start = i + 1
        chars += 1
        line_chars = chars
        row = 0
        found = np.int64(0)
    return num_rows
