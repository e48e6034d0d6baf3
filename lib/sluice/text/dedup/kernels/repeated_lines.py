"""Kernels for fingerprints of the normal forms of a text's lines."""

import numpy as np

from sluice.text.dedup.kernels.key_text import fold_text
from sluice.text.jit import array_kernel, kernel
from sluice.text.unicode.characters import DECIMAL, WORD
from sluice.text.unicode.kernels.code_points import look_up
from sluice.text.unicode.kernels.hashing import letter, spread
from sluice.text.unicode.kernels.utf8 import HAN, code_point, kind_of

_NEWLINE, _ZERO, _UNDERSCORE = 10, 48, 95
ROOM = 4
"""Maximum bytes of a folded line per byte of the line; lines that need more are handled in Python."""


@kernel
def measure_form(key, rows, flags, max_digit_share):
    """Returns the fingerprint of the normal form of a key text in UTF-8, its Han and kana, and its other characters.

    Every character is mixed in, so that different lines have equal fingerprints with a probability of 2^-64 per pair.
    """
    folded, exact = np.uint64(0), np.uint64(0)
    cjk = others = digits = i = 0
    while i < len(key):
        code, width = code_point(key, i)
        i += width
        flag = look_up(code, rows, flags)
        if not flag & WORD or code == _UNDERSCORE:
            continue
        exact = spread(exact ^ letter(code))
        if flag & DECIMAL:
            digits += 1
            code = _ZERO
        if kind_of(code) == HAN:
            cjk += 1
        else:
            others += 1
        folded = spread(folded ^ letter(code))
    return folded if digits <= max_digit_share * (cjk + others) else exact, cjk, others


@array_kernel
def measure_lines(text, fold_rows, fold_values, expansions, rows, flags, max_digit_share, prints, measures):
    """Measures each line of a text in UTF-8.

    `prints` [lines] uint64: fingerprints. `measures` [lines, 4] int64: start and end in bytes, Han and kana, other
    characters of the normal form. Han and kana are -1 if the line must be handled in Python (`dedup.kernels.key_text`).
    """
    n = len(text)
    longest = start = 0
    for i in range(n):
        if text[i] == _NEWLINE:
            longest = max(longest, i - start)
            start = i + 1
    longest = max(longest, n - start)
    out = np.empty(ROOM * longest + 16, np.uint8)
    start = 0
    for line in range(len(prints)):
        end = start
        while end < n and text[end] != _NEWLINE:
            end += 1
        measures[line, 0] = start
        measures[line, 1] = end
        length = fold_text(text[start:end], fold_rows, fold_values, expansions, out)
        measures[line, 2] = -1
        if length >= 0:
            prints[line], measures[line, 2], measures[line, 3] = measure_form(
                out[:length], rows, flags, max_digit_share
            )
        start = end + 1
