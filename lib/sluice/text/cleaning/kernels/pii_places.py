"""Finds places that may contain an address or a personal number in one cheap pass; only these are examined further."""

import numpy as np

from sluice.text.jit import inlined, kernel

AT, NUMBER, COLONS = 0, 1, 2
"""Kinds of places: an @; a digit run that may be a number or an IPv4 address; a run that may be an IPv6 address."""

MAX_GAP = 3
"""Two digits with more characters than this between them are in different runs."""
MIN_DIGITS = 7
"""Digits of the shortest telephone number, without area code."""

MAX_COLONS = 45
"""Characters of the longest IPv6 address, plus a colon after it and a label before it (four letters, a colon)."""

_OTHER, _DIGIT, _DOT, _GAP, _AT, _COLON, _LEAD, _LABEL = 0, 1, 2, 3, 4, 5, 6, 7
_SHAPES = np.zeros(256, np.uint8)
_SHAPES[48:58] = _DIGIT
_SHAPES[46] = _DOT
_SHAPES[[32, 40, 41, 45, 47, 126]] = _GAP  # space ( ) - / ~
_SHAPES[64] = _AT
_SHAPES[58] = _COLON
_SHAPES[[0xC2, 0xE2, 0xE3, 0xEF]] = _LEAD
_SHAPES[[*b"qQxXcC"]] = _LABEL
_SHAPES[0xE4:0xEA] = _LABEL  # Han


@inlined
def _wide_shape(text, i, n):
    """Returns the shape of the character at i, which begins with a _LEAD byte: full-width forms, dashes and spaces."""
    lead = text[i]
    second = text[i + 1] if i + 1 < n else np.uint8(0)
    third = text[i + 2] if i + 2 < n else np.uint8(0)
    if lead == 0xC2:  # U+00A0, U+00AD, U+00B7
        return _GAP if second == 0xA0 or second == 0xAD or second == 0xB7 else _OTHER
    if lead == 0xE2:
        if second == 0x80:  # U+2000 to U+200D, U+2010 to U+2015, U+2022, U+2027, U+202F
            is_gap = third <= 0x8D or 0x90 <= third <= 0x95 or third == 0xA2 or third == 0xA7 or third == 0xAF
            return _GAP if is_gap else _OTHER
        is_gap = (second == 0x81 and (third == 0x9F or third == 0xA0)) or (second == 0x88 and third == 0x92)
        return _GAP if is_gap else _OTHER
    if lead == 0xE3:  # U+3000, U+30FB
        return _GAP if (second == 0x80 and third == 0x80) or (second == 0x83 and third == 0xBB) else _OTHER
    if second == 0xBB:
        return _GAP if third == 0xBF else _OTHER  # U+FEFF
    if second == 0xBD:
        return _GAP if third == 0x9E else _OTHER  # full-width tilde
    if second != 0xBC:
        return _OTHER
    if 0x90 <= third <= 0x99:
        return _DIGIT
    if third == 0xA0:
        return _AT
    if third == 0x8E:
        return _DOT
    return _GAP if third == 0x88 or third == 0x89 or third == 0x8D or third == 0x8F else _OTHER


@inlined
def _is_in_label(text, i, n):
    """Whether the byte at i is Han, or the rarest letter of QQ, WeChat, Weixin, WX or VX."""
    if text[i] >= 0x80:
        return True
    byte = text[i] | 32
    before = text[i - 1] | 32 if i > 0 else np.uint8(0)
    second = text[i - 2] | 32 if i > 1 else np.uint8(0)
    after = text[i + 1] if i + 1 < n else np.uint8(0)
    if byte == 113:  # q
        return before == 113 or (before == 32 and second == 113)
    if byte == 120:  # x
        return before == 118 or before == 119 or (before == 105 and second == 101)
    return before == 101 and second == 119 and after | 32 == 104  # c


@inlined
def _is_hex(byte):
    return 48 <= byte <= 57 or 97 <= (byte | 32) <= 102


@kernel
def find_places(text, out):
    """Writes (kind, start, end) in characters into out [n + 1, 3] int32.

    Returns their number, and whether the text may contain a label of `text.cleaning.contact_data`. Most texts without
    Han do not. text [n] uint8 is UTF-8. A run of NUMBER begins and ends with a digit; a run of COLONS begins and ends
    with a hexadecimal digit or a colon.
    """
    n = len(text)
    num_rows = 0
    at = -1  # in characters
    start, end, digits, dots, gap, gap_dots = 0, 0, 0, 0, 0, 0
    colons_until = 0
    has_labels = False
    for i in range(n + 1):
        byte = text[i] if i < n else np.uint8(10)
        if byte & 0xC0 == 0x80:
            continue
        at += 1
        shape = np.int64(_SHAPES[byte])
        if shape == _LABEL:
            has_labels = has_labels or _is_in_label(text, i, n)
            shape = _OTHER
        elif shape == _LEAD:
            has_labels = has_labels or byte == 0xEF  # full-width letters
            shape = np.int64(_wide_shape(text, i, n))
        if shape == _DIGIT:
            if digits == 0:
                start = at
            digits += 1
            dots += gap_dots
            gap, gap_dots = 0, 0
            end = at + 1
            continue
        if digits:
            gap += 1
            if shape == _DOT:
                gap_dots += 1
            if gap > MAX_GAP or (shape != _DOT and shape != _GAP):
                if digits >= MIN_DIGITS or (digits >= 4 and dots >= 3):
                    out[num_rows, 0], out[num_rows, 1], out[num_rows, 2] = NUMBER, start, end
                    num_rows += 1
                digits, dots, gap_dots = 0, 0, 0
        if shape == _AT:
            out[num_rows, 0], out[num_rows, 1], out[num_rows, 2] = AT, at, at + 1
            num_rows += 1
        elif shape == _COLON and i >= colons_until:
            # Only ASCII in between, so bytes are characters. Each colon is read once, because runs do not overlap.
            first = i
            while first > 0 and i - first < 4 and _is_hex(text[first - 1]):
                first -= 1
            last = i
            colons, doubles = 0, 0
            while last < n and (text[last] == 58 or _is_hex(text[last])):
                if text[last] == 58:
                    colons += 1
                    doubles += last > 0 and text[last - 1] == 58
                last += 1
            colons_until = last
            if colons >= 2 and (doubles or colons >= 7) and last - first <= MAX_COLONS:
                out[num_rows, 0], out[num_rows, 1], out[num_rows, 2] = COLONS, at - (i - first), at + (last - i)
                num_rows += 1
    return num_rows, has_labels
