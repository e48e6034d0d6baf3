"""Kernel that reads text up to the next tag: white space, references, invisible characters."""

import numpy as np

from sluice.text.html import tags
from sluice.text.html.kernels.lines import without_trailing_spaces
from sluice.text.html.kernels.parser_state import (
    AT,
    BOLD_BYTES,
    BOLDS,
    COMMENT_END,
    E_LINE,
    E_PRE,
    GAP,
    IS_LINE_DUE,
    LIMIT,
    LINK_BYTES,
    LINKS,
    LITERAL_END,
    LITERAL_SKIP,
    NODE,
    OPEN,
    POSITION,
    START,
    TOP,
    is_unseen,
)
from sluice.text.html.kernels.references import resolve_reference
from sluice.text.html.kernels.spacing import (
    HARD_GAP,
    LINE_GAP,
    NO_GAP,
    SPACE_GAP,
    is_invisible,
    is_space_character,
    put_gap,
)
from sluice.text.html.kernels.tag import is_tag_at
from sluice.text.jit import inlined, kernel
from sluice.text.unicode.kernels.utf8 import code_point, is_space

MATH = tags.NUMBER["math"]
END_OF_COMMENT = 3

_IS_PLAIN = np.ones(256, np.bool_)
_IS_PLAIN[:33] = False
_IS_PLAIN[[38, 60, 127, 0xC2, 0xE2, 0xE3, 0xEF]] = False
"""Bytes that simply continue a text: they begin no tag, reference, space or invisible character."""
_WIDTH = np.ones(256, np.int64)
_WIDTH[0xC2], _WIDTH[0xE2:0xE4], _WIDTH[0xEF] = 2, 3, 3
"""Bytes of a character that begins with a byte that is not plain."""


@kernel
def skip_text(html, i, limit):
    """Returns the position of the next `<` after i."""
    i += 1
    while i < limit and html[i] != 60:
        i += 1
    return i


@inlined
def read_text(html, text, out, counts, stack, state):
    """Reads text from AT up to the next tag, or to LIMIT."""
    i, limit, n, top = state[AT], state[LIMIT], len(html), state[TOP]
    literal_end, comment_mark = state[LITERAL_END], state[COMMENT_END] - END_OF_COMMENT
    position, start, gap, is_line_due = state[POSITION], state[START], state[GAP], state[IS_LINE_DUE] > 0
    keeps_spaces, in_math, unseen = stack[top, E_PRE] > 0, counts[MATH, OPEN] > 0, is_unseen(stack, top)
    link_bytes = bold_bytes = 0
    while i < limit and not (html[i] == 60 and i >= literal_end and is_tag_at(html, i, limit)):
        if i == comment_mark:
            i += END_OF_COMMENT
            continue
        if i == literal_end and state[LITERAL_SKIP] > 0:
            i += state[LITERAL_SKIP]
            literal_end = state[LITERAL_END] = state[LITERAL_SKIP] = 0
            continue
        if unseen:
            i = skip_text(html, i, limit)
            continue
        at, width, after = i, 1, i + 1
        first = html[i]
        if not _IS_PLAIN[first]:
            width = 0
            if first == 38 and i >= literal_end:
                width, after = resolve_reference(html, i, out)
            if width == 0:
                # decode multi-byte spaces and invisible marks, which are not text
                width = _WIDTH[first] if i + _WIDTH[first] <= n else 1
                for k in range(width):
                    out[k] = html[i + k]
                after = i + width
            first = out[0]
        i = after
        if width == 1 and is_space(first):
            if not keeps_spaces:
                if gap < LINE_GAP and not in_math:
                    gap = LINE_GAP if first == 10 or first == 13 else SPACE_GAP
            elif first == 10:
                position = without_trailing_spaces(text, start, position)
                if position > start:
                    text[position] = 10
                    position += 1
                is_line_due = False
            elif first == 32 or first == 9:
                if position == start:
                    state[NODE] = stack[top, E_LINE]
                elif is_line_due:
                    text[position] = 10
                    position += 1
                is_line_due = False
                text[position] = first
                position += 1
            continue
        if width == 1 and (first < 32 or first == 127):
            continue
        code = np.int64(first) if width == 1 and first < 128 else np.int64(0)
        if width == 2 and first == 0xC2 and (out[1] == 0xA0 or out[1] == 0x85):  # no-break space, next line
            if not keeps_spaces:
                gap = HARD_GAP
                continue
            width, code, first = 1, np.int64(32), np.uint8(32)
        elif first >= 0xC2:
            code = code_point(out, 0)[0] if width > 1 else code_point(html, at)[0]
            if code == 0xFEFF or code == 0xFFFE or code == 0xFFFF or is_invisible(text, position, code):
                continue
            if is_space_character(code) and not keeps_spaces:
                gap = HARD_GAP
                continue
            if code == 0x3000 and not keeps_spaces and (position == start or text[position - 1] == 10):
                continue  # ideographic spaces indent Chinese paragraphs
        if position == start:
            state[NODE] = stack[top, E_LINE]
        elif is_line_due:
            text[position] = 10
            position += 1
        else:
            position = put_gap(text, position, start, gap, code)
        gap, is_line_due = NO_GAP, False
        text[position] = first
        for k in range(1, width):
            text[position + k] = out[k]
        before = position
        position += width
        stop = literal_end if at < literal_end < limit else limit
        stop = comment_mark if at < comment_mark < stop else stop
        while i < stop and _IS_PLAIN[html[i]]:
            text[position] = html[i]
            position += 1
            i += 1
        link_bytes += position - before
        bold_bytes += position - before
    state[AT], state[POSITION], state[GAP], state[IS_LINE_DUE] = i, position, gap, is_line_due
    state[LINK_BYTES] += link_bytes if state[LINKS] > 0 else 0
    state[BOLD_BYTES] += bold_bytes if state[BOLDS] > 0 else 0
