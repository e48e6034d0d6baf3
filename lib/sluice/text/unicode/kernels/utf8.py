"""Kernels that decode UTF-8 and HTML character references byte by byte."""

import numpy as np

from sluice.text.jit import inlined, kernel
from sluice.text.unicode import fnv

FNV_START, FNV_PRIME = np.uint64(fnv.FNV_START), np.uint64(fnv.FNV_PRIME)
SPACE, LETTER, DIGIT, MARK, HAN = 0, 1, 2, 3, 4
"""Kinds of characters. HAN is every character that is a word by itself, including kana."""


@inlined
def lower(byte):
    """Converts an ASCII byte to lower case."""
    return byte | 32 if 65 <= byte <= 90 else byte


@inlined
def is_space(byte):
    """Whether a byte is HTML white space or a vertical tab."""
    return byte == 32 or 9 <= byte <= 13


@inlined
def is_letter(byte):
    """Whether a byte is an ASCII letter."""
    return 97 <= (byte | 32) <= 122


@inlined
def hash_on(value, text, i, width):
    """Continues a hash with `width` bytes at i, in ASCII lower case."""
    for k in range(width):
        value = (value ^ np.uint64(lower(text[i + k]))) * FNV_PRIME
    return value


@inlined
def find_slot(keys, key):
    """Returns the slot of a key in an open-addressing hash table, or -1."""
    mask = np.uint64(len(keys) - 1)
    slot = key & mask
    while keys[slot] != 0:
        if keys[slot] == key:
            return np.int64(slot)
        slot = (slot + np.uint64(1)) & mask
    return np.int64(-1)


@inlined
def find_value(keys, values, key):
    """Returns the value of a key, or 0."""
    slot = find_slot(keys, key)
    return values[slot] if slot >= 0 else np.float32(0)


@inlined
def code_point(text, i):
    """Returns the code point at i of valid UTF-8, and its width in bytes; invalid bytes count as U+FFFD."""
    byte = np.int64(text[i])
    n = len(text)
    if byte < 0x80:
        return byte, 1
    if byte >= 0xF0 and i + 3 < n:
        high = ((byte & 7) << 18) | ((np.int64(text[i + 1]) & 63) << 12)
        return high | ((np.int64(text[i + 2]) & 63) << 6) | (text[i + 3] & 63), 4
    if byte >= 0xE0 and i + 2 < n:
        return ((byte & 15) << 12) | ((np.int64(text[i + 1]) & 63) << 6) | (text[i + 2] & 63), 3
    if byte >= 0xC0 and i + 1 < n:
        return ((byte & 31) << 6) | (text[i + 1] & 63), 2
    return np.int64(0xFFFD), 1


@inlined
def kind_of(code):
    """Returns SPACE, LETTER, DIGIT, MARK or HAN."""
    if code < 0x80:
        if 97 <= (code | 32) <= 122:
            return LETTER
        if 48 <= code <= 57:
            return DIGIT
        return SPACE if code <= 32 else MARK
    if code < 0xC0:
        return LETTER if code == 0xAA or code == 0xB5 or code == 0xBA else MARK
    if code < 0x2000:
        return MARK if code == 0xD7 or code == 0xF7 else LETTER
    if code < 0x2E80:
        return MARK
    if code == 0x3000:
        return SPACE
    if code < 0x3040:
        return HAN if code == 0x3005 or code == 0x3007 else MARK
    if (
        code < 0x3100
        or 0x3400 <= code < 0x4DC0
        or 0x4E00 <= code < 0xA000
        or 0xF900 <= code < 0xFB00
        or code >= 0x20000
    ):
        return HAN
    if 0xFF10 <= code <= 0xFF19:
        return DIGIT
    if 0xFF00 <= code < 0xFF66:
        return LETTER if 0xFF21 <= code <= 0xFF3A or 0xFF41 <= code <= 0xFF5A else MARK
    if 0xE000 <= code < 0xF900 or 0xFFE0 <= code < 0x10000 or 0x1F000 <= code < 0x20000:
        return MARK
    return LETTER


@inlined
def is_end(code):
    """Whether a character ends a sentence."""
    return (
        code == 46 or code == 33 or code == 63 or code == 0x3002 or code == 0xFF01 or code == 0xFF1F or code == 0x2026
    )


@kernel
def put_code_point(text, position, code):
    """Writes a code point as UTF-8. Returns the position after it."""
    if code < 0x80:
        text[position] = code
        return position + 1
    if code < 0x800:
        text[position] = 0xC0 | (code >> 6)
        text[position + 1] = 0x80 | (code & 63)
        return position + 2
    if code < 0x10000:
        text[position] = 0xE0 | (code >> 12)
        text[position + 1] = 0x80 | ((code >> 6) & 63)
        text[position + 2] = 0x80 | (code & 63)
        return position + 3
    text[position] = 0xF0 | (code >> 18)
    text[position + 1] = 0x80 | ((code >> 12) & 63)
    text[position + 2] = 0x80 | ((code >> 6) & 63)
    text[position + 3] = 0x80 | (code & 63)
    return position + 4
