"""Kernels for the signals of `text.signals.characters`."""

import numpy as np

from sluice.text.jit import array_kernel, inlined, kernel
from sluice.text.signals import characters
from sluice.text.signals.kernels.lines import LOREM_IPSUM
from sluice.text.unicode.characters import (
    ALNUM,
    DECIMAL,
    HAN,
    LETTER,
    PRIVATE,
    PUNCTUATION,
    SPACE,
    SYMBOL,
    TWICE_DECODED,
    UPPER,
    WORD,
)
from sluice.text.unicode.kernels.hashing import entropy_of, spread, table_size
from sluice.text.unicode.kernels.phrases import phrase_table
from sluice.text.words.kernels.spaced import is_in

_PARENTHESES = np.array([ord(char) for char in characters.PARENTHESES], np.uint32)
NARROW = 0x300
"""Code points below are counted in a table of their own."""
_GARBAGE, _GARBAGE_LENGTHS = phrase_table(["锟斤拷", "â€", "ï»¿", "ï¿½"])
_URLS, _URL_LENGTHS = phrase_table(["http://", "https://", "www."])


@inlined
def is_odd(code, flag):
    """Whether a code point is private use, a control character, U+FFFD, □ or ■."""
    return flag & PRIVATE != 0 or code == 0x25A1 or code == 0x25A0


@kernel
def mojibake_length(codes, flags, i):
    """Returns the length of a match of `character_signals.MOJIBAKE` at i; 0 without a match."""
    code = codes[i]
    n = len(codes)
    if flags[i] & TWICE_DECODED:
        end = i
        while end < n and flags[end] & TWICE_DECODED:
            end += 1
        return end - i if end - i >= 4 else 0
    if code == 0x70EB or code == 0x5C6F:  # 烫 屯
        end = i
        while end < n and codes[end] == code:
            end += 1
        return end - i if end - i >= 3 else 0
    if code == 0xC3 or code == 0xC2:
        return 2 if i + 1 < n and 0x80 <= codes[i + 1] <= 0xBF else 0
    if code == 0x951F or code == 0xE2 or code == 0xEF:
        for number in range(len(_GARBAGE_LENGTHS)):
            if is_exactly(codes, i, _GARBAGE[number], _GARBAGE_LENGTHS[number]):
                return _GARBAGE_LENGTHS[number]
    return 0


@kernel
def is_exactly(codes, i, phrase, length):
    """Whether a phrase is at i, in the same case."""
    if i + length > len(codes):
        return False
    for k in range(length):
        if codes[i + k] != phrase[k]:
            return False
    return True


@kernel
def url_length(codes, i):
    """Returns the length of a match of `character_signals.URL` at i; 0 without a match."""
    for number in range(len(_URL_LENGTHS)):
        length = _URL_LENGTHS[number]
        if is_exactly(codes, i, _URLS[number], length):
            end = i + length
            while end < len(codes) and 33 <= codes[end] <= 126:
                end += 1
            return end - i if end > i + length else 0
    return 0


@kernel
def count_garbled(codes, flags):
    """Counts odd characters, and characters of mojibake."""
    count = 0
    i = 0
    while i < len(codes):
        length = mojibake_length(codes, flags, i) if codes[i] >= 0xC2 else 0
        count += length if length > 0 else is_odd(codes[i], flags[i])
        i += max(1, length)
    return count


@kernel
def count_url_chars(codes):
    """Counts characters of URLs."""
    count = 0
    i = 0
    while i < len(codes):
        length = url_length(codes, i) if codes[i] == 104 or codes[i] == 119 else 0
        count += length
        i += max(1, length)
    return count


@array_kernel
def count_characters(codes, counts):
    """Counts each character, in order of first occurrence. Returns the number of distinct characters."""
    narrow = np.zeros(NARROW, np.int32)  # number of each, 0 if it has not occurred yet
    size = table_size(len(codes))
    keys, numbers = np.zeros(size, np.uint32), np.empty(size, np.int32)
    mask = np.uint64(size - 1)
    different = 0
    for code in codes:
        if code < NARROW:
            number = narrow[code]
            if number == 0:
                narrow[code] = different + 1
        else:
            slot = spread(np.uint64(code)) & mask
            while keys[slot] != 0 and keys[slot] != code:
                slot = (slot + np.uint64(1)) & mask
            number = 0 if keys[slot] == 0 else numbers[slot]
            if number == 0:
                keys[slot] = code
                numbers[slot] = different + 1
        if number == 0:
            counts[different] = 1
            different += 1
        else:
            counts[number - 1] += 1
    return different


@kernel
def count_parentheses(codes, flags):
    """Counts characters in `character_signals.PARENTHESES`."""
    count = 0
    for i in range(len(codes)):
        if flags[i] & PUNCTUATION:
            count += is_in(codes[i], _PARENTHESES)
    return count


@kernel
def count_bracketed(codes):
    """Counts characters between 【 and 】 on one line."""
    count, opened = 0, -1
    for i in range(len(codes)):
        code = codes[i]
        if code == 0x3010:
            opened = i
        elif code == 10:
            opened = -1
        elif code == 0x3011 and opened >= 0:
            count += i - opened - 1
            opened = -1
    return count


@array_kernel
def measure_characters(codes, flags, numbers, out):
    """Fills `out` [16] in the order of `signals.CHARACTERS`; `numbers` are the phrase numbers in the text."""
    out[:] = np.nan
    n = len(codes)
    spaces, han, digits, upper, signs, others, newlines = 0, 0, 0, 0, 0, 0, 0
    curly, special, wide, narrow, brackets = 0, 0, 0, 0, 0
    for i in range(n):  # no branches: processes several characters at once
        code, flag = codes[i], flags[i]
        spaces += flag & SPACE != 0
        han += flag & HAN != 0
        digits += flag & DECIMAL != 0
        upper += flag & UPPER != 0
        signs += flag & (PUNCTUATION | SYMBOL) != 0
        others += flag & (ALNUM | SPACE) == 0
        is_word = (flag & LETTER != 0) | ((flag & WORD != 0) & (flag & ALNUM == 0) & (code != 95))
        special += not is_word
        is_counted = flag & ALNUM != 0
        narrow += is_counted & (code < 128)
        wide += is_counted & (code >= 0xFF10) & (code <= 0xFF5A)
        newlines += code == 10
        curly += (code == 123) | (code == 125)
        brackets += code == 0x3010
    parentheses = count_parentheses(codes, flags)
    bracketed = count_bracketed(codes) if brackets > 0 else 0
    solid = n - spaces
    if n > 0:
        counts = np.empty(n, np.int32)
        different = count_characters(codes, counts)
        out[1] = entropy_of(counts, different, n)
        out[2] = different / n
        out[7] = spaces / n
        out[8] = parentheses / n
        out[9] = curly / n
        out[10] = count_url_chars(codes) / n
        out[11] = special / n
        out[12] = bracketed / n
        out[15] = 11 * (numbers == LOREM_IPSUM).sum() / n
    if solid > 0:
        out[0] = han / solid
        out[4] = upper / solid
        out[5] = signs / solid
        out[14] = count_garbled(codes, flags) / solid
    if solid > signs:
        out[3] = digits / (solid - signs)
    if n > newlines:
        out[6] = others / (n - newlines)
    if wide + narrow > 0:
        out[13] = wide / (wide + narrow)
