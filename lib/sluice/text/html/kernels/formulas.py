"""Kernels that write formulas as TeX, raised and lowered characters, and the structure of MathML without TeX."""

import numpy as np

from sluice.text.html.kernels.references import resolve_reference
from sluice.text.html.kernels.tag import find_end_tag
from sluice.text.html.tags import NUMBER
from sluice.text.jit import inlined, kernel
from sluice.text.unicode.kernels.utf8 import is_space, put_code_point

MROW, MSUP, MSUB, MSUBSUP, MFRAC, MSQRT, MOVER, MUNDER, MUNDEROVER = (
    NUMBER[name] for name in ("mrow", "msup", "msub", "msubsup", "mfrac", "msqrt", "mover", "munder", "munderover")
)
_ANNOTATION, _TEX_TYPE, _TEX_TYPE_SHORT = (
    np.frombuffer(word, np.uint8) for word in (b"<annotation", b"application/x-tex", b'"TeX"')
)
_DISPLAY_STYLE = np.frombuffer(b"{\\displaystyle ", np.uint8)
MAX_RAISED = 12
"""Maximum bytes of an index or exponent that is written with Unicode's raised and lowered characters."""

MAX_BRACKETED = 200
CARET, UNDERSCORE = 94, 95

RAISED, LOWERED = np.zeros(128, np.int32), np.zeros(128, np.int32)
for _plain, _raised, _lowered in zip("0123456789+-=()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎", strict=True):
    RAISED[ord(_plain)], LOWERED[ord(_plain)] = ord(_raised), ord(_lowered)
RAISED[ord("n")], RAISED[ord("i")] = ord("ⁿ"), ord("ⁱ")
for _plain, _lowered in zip("aehijklmnoprstuvx", "ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True):
    LOWERED[ord(_plain)] = ord(_lowered)


@kernel
def put_word(text, position, word):
    """Writes a word. Returns the new position."""
    for k in range(len(word)):
        text[position + k] = word[k]
    return position + len(word)


@kernel
def find_word(html, start, end, word):
    """Returns the position of `word` in [start, end); end if it does not occur."""
    for i in range(start, end - len(word) + 1):
        k = 0
        while k < len(word) and html[i + k] == word[k]:
            k += 1
        if k == len(word):
            return i
    return end


@kernel
def find_tex(html, start, end):
    """Returns start and end of the TeX annotation of the MathML in [start, end); equal without one."""
    i = start
    while i < end:
        i = find_word(html, i, end, _ANNOTATION)
        if i == end:
            break
        tag_end = i
        while tag_end < end and html[tag_end] != 62:
            tag_end += 1
        is_tex = (
            find_word(html, i, tag_end, _TEX_TYPE) < tag_end or find_word(html, i, tag_end, _TEX_TYPE_SHORT) < tag_end
        )
        if is_tex and tag_end < end:
            return tag_end + 1, find_end_tag(html, tag_end + 1, i + 1, i + len(_ANNOTATION), end)
        i = tag_end
    return start, start


@kernel
def put_tex(html, start, end, text, position, out):
    """Writes the TeX in html [start, end) in dollar signs. Returns the new position; the old one for empty TeX."""
    while start < end and is_space(html[start]):
        start += 1
    while end > start and is_space(html[end - 1]):
        end -= 1
    if end - start >= 2 and html[start] == 36 and html[end - 1] == 36:  # in dollar signs already
        while start < end and html[start] == 36 and html[end - 1] == 36:
            start += 1
            end -= 1
    if (
        end - start > len(_DISPLAY_STYLE)
        and find_word(html, start, start + len(_DISPLAY_STYLE), _DISPLAY_STYLE) == start
        and html[end - 1] == 125
    ):
        start += len(_DISPLAY_STYLE)
        end -= 1
    before = position
    text[position] = 36
    position += 1
    has_gap = False
    i = start
    while i < end:
        width = 0
        if html[i] == 38:
            width, after = resolve_reference(html, i, out)
        if width == 0:
            out[0], width, after = html[i], 1, i + 1
        i = after
        if width == 1 and (is_space(out[0]) or out[0] < 32):
            has_gap = True
            continue
        if has_gap and position > before + 1:
            text[position] = 32
            position += 1
        has_gap = False
        for k in range(width):
            text[position + k] = out[k]
        position += width
    if position == before + 1:
        return before
    text[position] = 36
    return position + 1


@kernel
def ends_with(text, before, position, other_start, other_end):
    """Whether text [before, position) equals text [other_start, other_end)."""
    if position - before != other_end - other_start:
        return False
    for k in range(position - before):
        if text[before + k] != text[other_start + k]:
            return False
    return True


@kernel
def put_before(text, start, position, sign):
    """Puts a sign before text [start, position). Returns its new end."""
    for k in range(position, start, -1):
        text[k] = text[k - 1]
    text[start] = sign
    return position + 1


@kernel
def raise_or_lower(text, first, start, position, table, sign):
    """Marks text [start, position) of the block that begins at `first` as an exponent or index.

    Digits, signs and single letters become Unicode's raised or lowered characters; another short text without brackets
    or spaces gets `sign` (^ or _) if it has a digit or sign or follows a letter. Ordinals (1st) and notes ([1]) stay as
    they are. Returns the new end.
    """
    while start < position and text[start] == 32:
        start += 1
    size = position - start
    if size == 0 or size > MAX_RAISED:
        return position
    count, k, width = 0, start, 0
    letters, others = 0, 0
    is_covered = True
    while k < position:
        byte = text[k]
        if is_minus_at(text, k, position):
            byte = np.uint8(45)
            k += 2
        if byte >= 128 or byte == 32 or byte == 91 or byte == 93:
            return position
        letters += 97 <= (byte | 32) <= 122
        others += 48 <= byte <= 57 or byte == 43 or byte == 45 or byte == 42
        is_covered &= table[byte] > 0
        width += num_bytes(table[byte])
        count += 1
        k += 1
    if is_covered and letters <= 1:
        # from the last to the first: none of the new characters is narrower than the old one
        k, end = position, start + width
        while k > start:
            k -= 3 if k - 3 >= start and is_minus_at(text, k - 3, position) else 1
            code = np.int64(table[45 if text[k] == 0xE2 else text[k]])
            end -= num_bytes(code)
            put_code_point(text, end, code)
        return start + width
    follows_letter = start > first and 97 <= (text[start - 1] | 32) <= 122
    if (others > 0 and letters > 0) or (letters == count and follows_letter and (count == 1 or sign == UNDERSCORE)):
        return put_before(text, start, position, sign)
    return position


@inlined
def is_minus_at(text, k, end):
    """Whether a minus sign (U+2212) is at k."""
    return text[k] == 0xE2 and k + 2 < end and text[k + 1] == 0x88 and text[k + 2] == 0x92


@inlined
def num_bytes(code):
    """Returns the number of bytes of a character below U+10000 in UTF-8."""
    return 1 + (code >= 0x80) + (code >= 0x800)


@inlined
def separator(parent, child):
    """Returns the code of the sign between child `child` of a MathML element and the child before it; 0: no sign."""
    if child == 1:
        if parent == MSUP or parent == MOVER:
            return CARET
        if parent == MSUB or parent == MSUBSUP or parent == MUNDER or parent == MUNDEROVER:
            return UNDERSCORE
        if parent == MFRAC:
            return 47
    elif child == 2 and (parent == MSUBSUP or parent == MUNDEROVER):
        return CARET
    return 0


@inlined
def is_grouping(parent):
    """Whether the children of a MathML element need brackets if they have several parts."""
    return (
        parent == MSUP
        or parent == MSUB
        or parent == MSUBSUP
        or parent == MFRAC
        or parent == MOVER
        or parent == MUNDER
        or parent == MUNDEROVER
    )


@kernel
def put_brackets(text, start, position):
    """Puts text [start, position) in brackets if it is short. Returns its new end."""
    while start < position and text[start] == 32:
        start += 1
    if position - start > MAX_BRACKETED:
        return position
    position = put_before(text, start, position, 40)
    text[position] = 41
    return position + 1
