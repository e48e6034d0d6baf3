"""Kernels for white space between characters of Chinese and Japanese, and for invisible characters."""

from sluice.text.jit import inlined, kernel
from sluice.text.unicode.kernels.utf8 import code_point

NO_GAP, SPACE_GAP, LINE_GAP, HARD_GAP = 0, 1, 2, 3
"""White space since the last character: none; some; some with a line break; some with a no-break space."""


@inlined
def is_wide(code):
    """Whether a character is Chinese or Japanese: East Asian Width F, W or H except Hangul and emoji (CSS Text 3)."""
    return code >= 0x2E80 and (
        code < 0x302E
        or 0x3030 <= code < 0x303F
        or 0x3040 <= code < 0x3130
        or 0x3190 <= code < 0x3200
        or 0x3220 <= code < 0x3248
        or 0x3250 <= code < 0x3260
        or 0x3280 <= code < 0xA4D0
        or 0xF900 <= code < 0xFB00
        or 0xFE10 <= code < 0xFE20
        or 0xFE30 <= code < 0xFE70
        or 0xFF01 <= code < 0xFFA0
        or 0xFFE0 <= code < 0xFFF0
        or 0x16FE0 <= code < 0x1B300
        or 0x20000 <= code < 0x40000
    )


@inlined
def is_shared_punctuation(code):
    """Whether a character is a quote, dash or ellipsis: of full width in Chinese text, narrow elsewhere."""
    return code == 0xB7 or 0x2013 <= code <= 0x2026


@kernel
def last_code_point(text, position):
    """Returns the code point that ends before `position`; 0 at the beginning."""
    start = position - 1
    while start > 0 and (text[start] & 0xC0) == 0x80:
        start -= 1
    if start < 0:
        return 0
    code, _ = code_point(text, start)
    return code


@kernel
def is_removed_break(text, position, code):
    """Whether white space with a line break between the text and the character `code` is no space.

    The segment break transformation rules of CSS Text 3, and for quotes and dashes next to a Chinese character.
    """
    if code < 0xB7:
        return False
    before = last_code_point(text, position)
    return (is_wide(before) and (is_wide(code) or is_shared_punctuation(code))) or (
        is_wide(code) and is_shared_punctuation(before)
    )


@kernel
def put_gap(text, position, start, gap, code):
    """Writes a space if white space before the character `code` is one. Returns the new position."""
    if gap == NO_GAP or position == start or text[position - 1] == 10:
        return position
    if gap == LINE_GAP and is_removed_break(text, position, code):
        return position
    text[position] = 32
    return position + 1


@inlined
def is_space_character(code):
    """Whether a character is a space of another width, or a line or paragraph separator."""
    return code >= 0x2000 and (code <= 0x200A or code == 0x2028 or code == 0x2029 or code == 0x202F or code == 0x205F)


@inlined
def is_break_opportunity(code):
    """Whether a character only marks where a line may break: soft hyphen, zero-width space, word joiner."""
    return code == 0xAD or code == 0x200B or code == 0x2060


@inlined
def has_no_spaces(code):
    """Whether a character is Thai, Lao, Burmese or Khmer: there, zero-width spaces separate words."""
    return 0x0E00 <= code < 0x0F00 or 0x1000 <= code < 0x10A0 or 0x1780 <= code < 0x1800


@kernel
def is_invisible(text, position, code):
    """Whether a character after the text is not text: marks of line breaks, except between words of Thai and others."""
    if not is_break_opportunity(code):
        return False
    return code != 0x200B or position == 0 or not has_no_spaces(last_code_point(text, position))
