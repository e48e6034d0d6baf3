"""Kernels for the ends of lines, and for text that only marks lines: numbers beside code, anchors of headings."""

import numpy as np

from sluice.text.html.tags import HEADING
from sluice.text.jit import inlined, kernel

_ANCHORS = np.zeros((4, 5), np.uint8)
for _place, _sign in enumerate(("¶", "§", "#", "🔗")):
    _ANCHORS[_place, 0] = len(_sign.encode())
    _ANCHORS[_place, 1 : 1 + len(_sign.encode())] = list(_sign.encode())
PILCROW = 0


@kernel
def trimmed_end(text, start, end):
    """Returns the end of a block without trailing white space, including ideographic spaces."""
    while end > start:
        last = text[end - 1]
        if last == 10 or last == 32 or last == 9:
            end -= 1
        elif end - start > 2 and last == 0x80 and text[end - 2] == 0x80 and text[end - 3] == 0xE3:
            end -= 3
        else:
            break
    return end


@inlined
def without_trailing_spaces(text, start, position):
    """Returns the end of the current line without its trailing spaces and tabs."""
    while position > start and (text[position - 1] == 32 or text[position - 1] == 9):
        position -= 1
    return position


@kernel
def is_line_number(text, start, end):
    """Whether a text has digits and white space only."""
    digits = 0
    for k in range(start, end):
        byte = text[k]
        if 48 <= byte <= 57:
            digits += 1
        elif byte != 32 and byte != 9 and byte != 10:
            return False
    return digits > 0


@kernel
def is_numbered_column(text, start, end):
    """Whether a text has at least two lines, each the number that follows the one before."""
    last, number, digits, lines = np.int64(-1), np.int64(0), 0, 0
    for k in range(start, end + 1):
        byte = text[k] if k < end else np.uint8(10)
        if 48 <= byte <= 57:
            number = number * 10 + (byte - 48)
            digits += 1
            if digits > 7:
                return False
        elif byte == 10 or byte == 32:
            if digits > 0:
                if last >= 0 and number != last + 1:
                    return False
                last, number, digits = number, np.int64(0), 0
                lines += 1
        else:
            return False
    return lines > 1


@kernel
def is_anchor(text, start, position, context):
    """Whether the text of a link is only a sign: ¶ or a private-use character anywhere, #, § or a chain in a heading.

    Fonts draw icons for private-use characters.
    """
    while start < position and text[start] == 32:
        start += 1
    is_private = text[start] == 0xEE or (text[start] == 0xEF and text[start + 1] < 0xA4)  # U+E000 to U+F8FF
    if position - start == 3 and is_private:
        return True
    for place in range(len(_ANCHORS)):
        width = _ANCHORS[place, 0]
        if position - start == width and (place == PILCROW or context & HEADING):
            k = 0
            while k < width and text[start + k] == _ANCHORS[place, 1 + k]:
                k += 1
            if k == width:
                return True
    return False
