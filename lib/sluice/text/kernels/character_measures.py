"""The signals of `text.character_signals`."""

import numpy as np

from sluice.text import character_signals
from sluice.text.characters import (
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
from sluice.text.jit import inlined, kernel
from sluice.text.kernels.hashing import entropy_of, number_equals
from sluice.text.kernels.line_measures import LOREM_IPSUM
from sluice.text.kernels.phrases import phrase_table
from sluice.text.kernels.words import is_in

_PARENTHESES = np.array([ord(char) for char in character_signals.PARENTHESES], np.uint32)
_GARBAGE, _GARBAGE_LENGTHS = phrase_table(["锟斤拷", "â€", "ï»¿", "ï¿½"])
_URLS, _URL_LENGTHS = phrase_table(["http://", "https://", "www."])


@inlined
def is_odd(code, flag):
    """Private use, controls, U+FFFD, □ and ■."""
    return flag & PRIVATE != 0 or code == 0x25A1 or code == 0x25A0


@kernel
def mojibake_length(codes, flags, i):
    """Length of a match of `character_signals.MOJIBAKE` at i, 0 without."""
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
    """Whether a phrase stands at i, case and all."""
    if i + length > len(codes):
        return False
    for k in range(length):
        if codes[i + k] != phrase[k]:
            return False
    return True


@kernel
def url_length(codes, i):
    """Length of a match of `character_signals.URL` at i, 0 without."""
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
    """Odd characters, and those of mojibake."""
    count = 0
    i = 0
    while i < len(codes):
        length = mojibake_length(codes, flags, i) if codes[i] >= 0xC2 else 0
        count += length if length > 0 else is_odd(codes[i], flags[i])
        i += max(1, length)
    return count


@kernel
def count_url_chars(codes):
    """Characters of URLs."""
    count = 0
    i = 0
    while i < len(codes):
        length = url_length(codes, i) if codes[i] == 104 or codes[i] == 119 else 0
        count += length
        i += max(1, length)
    return count


@kernel
def measure_characters(codes, flags, numbers, out):
    """Fills `out` [16] in the order of `signals.CHARACTERS`; `numbers` are those of the phrases in it."""
    out[:] = np.nan
    n = len(codes)
    spaces, han, digits, upper, signs, others, newlines = 0, 0, 0, 0, 0, 0, 0
    parentheses, curly, special, wide, narrow = 0, 0, 0, 0, 0
    bracketed, opened = 0, -1
    for i in range(n):
        code, flag = codes[i], flags[i]
        spaces += flag & SPACE != 0
        han += flag & HAN != 0
        digits += flag & DECIMAL != 0
        upper += flag & UPPER != 0
        signs += flag & (PUNCTUATION | SYMBOL) != 0
        others += flag & (ALNUM | SPACE) == 0
        special += not (flag & LETTER or (flag & WORD and not flag & ALNUM and code != 95))
        if code < 128:
            narrow += flag & ALNUM != 0
            newlines += code == 10
            curly += code == 123 or code == 125
        elif 0xFF10 <= code <= 0xFF5A:
            wide += flag & ALNUM != 0
        if flag & PUNCTUATION:
            parentheses += is_in(code, _PARENTHESES)
        if code == 0x3010:
            opened = i
        elif code == 10:
            opened = -1
        elif code == 0x3011 and opened >= 0:
            bracketed += i - opened - 1
            opened = -1
    solid = n - spaces
    if n > 0:
        ids, firsts, counts = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
        different = number_equals(codes.astype(np.uint64), ids, firsts, counts)
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
