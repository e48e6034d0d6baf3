"""Kernels for WHATWG's implied end tags and scopes: which open elements a tag ends, on the stack of open elements."""

import numpy as np

from sluice.text.html import tags
from sluice.text.html.kernels.parser_state import (
    E_PLACE,
    E_SIGN,
    E_TAG,
    E_TEXT,
    NUM_SPANS,
    OPEN,
    POSITION,
    TOP,
    is_unseen,
)
from sluice.text.html.tags import BLOCK, CLOSES_P, NUMBER, SCOPE, TABLE_PART
from sluice.text.jit import kernel

P, LI, DD, DT, A, B, STRONG = (NUMBER[name] for name in ("p", "li", "dd", "dt", "a", "b", "strong"))
TR, TD, TH, TABLE, TBODY, THEAD, TFOOT, CAPTION = (
    NUMBER[name] for name in ("tr", "td", "th", "table", "tbody", "thead", "tfoot", "caption")
)
UL, OL, DL, MENU, DIR = (NUMBER[name] for name in ("ul", "ol", "dl", "menu", "dir"))
H1, H6 = NUMBER["h1"], NUMBER["h6"]
_CATEGORY = tags.CATEGORY

STRONG_SPAN, EMPHASIS, CODE_SPAN, LINK_SPAN = range(1, 5)
SPAN_KINDS = np.zeros(len(tags.TAGS), np.int64)
"""Kinds of inline elements by tag: how Markdown marks their text; 0: not at all."""
for _names, _kind in (("b strong", STRONG_SPAN), ("i em", EMPHASIS), ("code kbd samp tt", CODE_SPAN), ("a", LINK_SPAN)):
    SPAN_KINDS[tags.numbers(_names.split())] = _kind


@kernel
def end_target(tag, category, key, stack, top):
    """Returns the stack position of the element that an end tag ends; -1 if there is none in scope."""
    is_heading = H1 <= tag <= H6
    for k in range(top, 0, -1):
        other = stack[k, E_TAG]
        if (other == tag and (tag != 0 or stack[k, E_SIGN] == key)) or (is_heading and H1 <= other <= H6):
            return k
        other_category = _CATEGORY[other]
        if category & TABLE_PART:
            if other == TABLE:
                return -1
        elif other_category & SCOPE:
            return -1
        # most inline elements end with their line; links and bold may end in a later one
        elif not (category & BLOCK) and (other_category & BLOCK) and tag != A and tag != B and tag != STRONG:
            return -1
    return -1


@kernel
def crosses_line(stack, target, top):
    """Whether line-breaking elements were opened inside the element at `target`."""
    crosses = False
    for k in range(target + 1, top + 1):
        crosses |= (_CATEGORY[stack[k, E_TAG]] & BLOCK) != 0
    return crosses


@kernel
def implied_target(tag, category, counts, stack, top):
    """Returns the lowest stack position of the elements that a start tag ends; -1 if it ends none."""
    target = -1
    if tag == LI and counts[LI, OPEN] > 0:
        for k in range(top, 0, -1):
            other = stack[k, E_TAG]
            if other == LI:
                target = k
                break
            if other == UL or other == OL or other == MENU or other == DIR or (_CATEGORY[other] & SCOPE):
                break
    elif (tag == DD or tag == DT) and counts[DD, OPEN] + counts[DT, OPEN] > 0:
        for k in range(top, 0, -1):
            other = stack[k, E_TAG]
            if other == DD or other == DT:
                target = k
                break
            if other == DL or (_CATEGORY[other] & SCOPE):
                break
    elif (category & TABLE_PART) and tag != TABLE and counts[TABLE, OPEN] > 0:
        is_cell = tag == TD or tag == TH
        for k in range(top, 0, -1):
            other = stack[k, E_TAG]
            if other == TABLE:
                break
            is_group = other == TBODY or other == THEAD or other == TFOOT
            if (
                (other == TD or other == TH or other == CAPTION)
                or (other == TR and not is_cell)
                or (is_group and not is_cell and tag != TR)
            ):
                target = k
    elif H1 <= tag <= H6 and H1 <= stack[top, E_TAG] <= H6:
        target = top
    if (category & CLOSES_P) and counts[P, OPEN] > 0 and target < 0:
        for k in range(top, 0, -1):
            if stack[k, E_TAG] == P:
                return k
            if _CATEGORY[stack[k, E_TAG]] & SCOPE:
                break
    return target


@kernel
def open_link(stack, top):
    """Returns the position of the open link that a new link ends, as links do not nest; -1 without one in scope."""
    for k in range(top, 0, -1):
        if stack[k, E_TAG] == A:
            return k
        if _CATEGORY[stack[k, E_TAG]] & SCOPE:
            return -1
    return -1


@kernel
def add_span(spans, stack, state, k):
    """Records the text of the inline element at stack position k, if it has a meaning in Markdown."""
    kind, number = SPAN_KINDS[stack[k, E_TAG]], state[NUM_SPANS]
    if kind > 0 and number < len(spans) and stack[k, E_TEXT] < state[POSITION] and not is_unseen(stack, k):
        row = spans[number]
        row[0], row[1], row[2], row[3] = stack[k, E_TEXT], state[POSITION], kind, stack[k, E_PLACE]
        state[NUM_SPANS] += 1


@kernel
def clip_spans(spans, state, end):
    """Ends recorded spans at `end`, where the text now ends."""
    k = state[NUM_SPANS] - 1
    while k >= 0 and spans[k, 1] > end:
        spans[k, 1] = end
        k -= 1


@kernel
def close_down_to(target, spans, counts, stack, state):
    """Ends the elements from the top down to `target`. Returns the numbers of links and bold elements among them."""
    links, bolds = 0, 0
    for k in range(state[TOP], target - 1, -1):
        closed = stack[k, E_TAG]
        add_span(spans, stack, state, k)
        links += closed == A
        bolds += closed == B or closed == STRONG
        counts[closed, OPEN] -= 1
    return np.int64(links), np.int64(bolds)


@kernel
def open_list(stack, top):
    """Returns the position of the innermost open list; 0 without one in scope."""
    for k in range(top, 0, -1):
        other = stack[k, E_TAG]
        if other == UL or other == OL or other == MENU or other == DIR:
            return k
        if _CATEGORY[other] & SCOPE:
            return 0
    return 0
