"""Kernel that resolves HTML character references according to the standard."""

import numpy as np

from sluice.text.html import tags
from sluice.text.jit import kernel
from sluice.text.unicode.kernels.utf8 import FNV_PRIME, FNV_START, find_slot, is_letter, put_code_point

_REFERENCE_KEYS, _REFERENCE_VALUES, _REFERENCE_TEXT = tags.REFERENCE_KEYS, tags.REFERENCE_VALUES, tags.REFERENCE_TEXT


_NUMERIC_1252 = tags.NUMERIC_1252


@kernel
def resolve_reference(html, i, out):
    """Resolves the reference at `&` into out. Returns the number of bytes, and the position after it (i if invalid)."""
    n = len(html)
    k = i + 1
    if k < n and html[k] == 35:
        k += 1
        code = np.int64(0)
        digits = 0
        if k < n and (html[k] | 32) == 120:
            k += 1
            while k < n and (48 <= html[k] <= 57 or 97 <= (html[k] | 32) <= 102):
                digit = html[k] - 48 if html[k] <= 57 else (html[k] | 32) - 87
                code = min(code * 16 + digit, 0x110000)
                digits += 1
                k += 1
        else:
            while k < n and 48 <= html[k] <= 57:
                code = min(code * 10 + (html[k] - 48), 0x110000)
                digits += 1
                k += 1
        if digits == 0:
            return 0, i
        if k < n and html[k] == 59:
            k += 1
        if 0x80 <= code <= 0x9F:
            code = np.int64(_NUMERIC_1252[code - 0x80])
        if code == 0 or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            code = np.int64(0xFFFD)
        return put_code_point(out, 0, code), k
    key = FNV_START
    found = -1
    after = i
    while k < n and k - i <= 33 and (is_letter(html[k]) or 48 <= html[k] <= 57):
        key = (key ^ np.uint64(html[k])) * FNV_PRIME
        k += 1
        slot = find_slot(_REFERENCE_KEYS, key)
        if slot >= 0:  # a legacy name, valid without its semicolon
            found, after = slot, k
    if k < n and html[k] == 59:
        slot = find_slot(_REFERENCE_KEYS, (key ^ np.uint64(59)) * FNV_PRIME)
        if slot >= 0:
            found, after = slot, k + 1
    if found < 0:
        return 0, i
    row = _REFERENCE_TEXT[_REFERENCE_VALUES[found]]
    for j in range(row[0]):
        out[j] = row[1 + j]
    return np.int64(row[0]), after
