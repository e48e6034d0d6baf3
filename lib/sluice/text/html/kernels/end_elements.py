"""Kernels for the ends of lines and elements: completed blocks, and marks that depend on an element's whole text."""

import numpy as np

from sluice.text.html import tags
from sluice.text.html.kernels.formulas import (
    CARET,
    LOWERED,
    RAISED,
    UNDERSCORE,
    find_word,
    is_grouping,
    put_brackets,
    put_word,
    raise_or_lower,
)
from sluice.text.html.kernels.lines import (
    is_anchor,
    is_line_number,
    is_numbered_column,
    trimmed_end,
    without_trailing_spaces,
)
from sluice.text.html.kernels.parser_state import (
    AT,
    BEYOND,
    BOLD_BYTES,
    BOLDS,
    BREAKS,
    DRAWING_END,
    E_BREAKS,
    E_CHILDREN,
    E_CODE,
    E_GUTTER,
    E_NODE,
    E_START,
    E_TAG,
    E_TEXT,
    GAP,
    IS_LINE_DUE,
    LINK_BYTES,
    LINKS,
    NODE,
    NUM_BLOCKS,
    OPEN,
    PICTURES,
    POSITION,
    START,
    TOP,
    is_unseen,
)
from sluice.text.html.kernels.scopes import STRONG, A, B, add_span, clip_spans, close_down_to, crosses_line
from sluice.text.html.kernels.spacing import NO_GAP
from sluice.text.html.tags import BLOCK
from sluice.text.jit import inlined, kernel

BODY, HTML, SUP, SUB, Q, FOREIGN, MROW, MSQRT = (
    tags.NUMBER[name] for name in "body html sup sub q foreignobject mrow msqrt".split()
)
QUOTE_CLOSES, CLOSE_BRACKET, FOREIGN_NAME = (
    np.frombuffer(word.encode(), np.uint8) for word in ("”", ")", "<foreignObject")
)
CODE_CELL = tags.PRE | tags.CELL


@inlined
def end_block(text, blocks, nodes, spans, stack, state):
    """Completes the current block, unless it is empty or has line numbers only."""
    start, node = state[START], state[NODE]
    end = trimmed_end(text, start, state[POSITION])
    if end > start:
        is_aside = stack[state[TOP], E_GUTTER] > 0 and is_line_number(text, start, end)
        if not is_aside and (nodes[node, 3] & CODE_CELL) == CODE_CELL:
            is_aside = is_numbered_column(text, start, end)
        if not is_aside:
            row = blocks[state[NUM_BLOCKS]]
            row[0], row[1], row[2], row[3], row[4] = start, end, node, state[LINK_BYTES], state[BOLD_BYTES]
            row[5], row[6] = state[BREAKS], state[PICTURES]
            state[NUM_BLOCKS] += 1
        state[PICTURES] = 0
    clip_spans(spans, state, end)
    state[POSITION] = state[START] = end
    state[LINK_BYTES] = state[BOLD_BYTES] = state[BREAKS] = state[IS_LINE_DUE] = 0
    state[GAP] = NO_GAP


@inlined
def break_line(text, spans, stack, state):
    """Breaks the line at a <br>. Returns whether the block ends: at the second in a row, except in code."""
    start, position = state[START], state[POSITION]
    ends_block = False
    if stack[state[TOP], E_CODE] > 0:
        position = without_trailing_spaces(text, start, position)
    else:
        ends_block = position > start and text[position - 1] == 10
        position = trimmed_end(text, start, position)
    clip_spans(spans, state, position)
    if position > start and not ends_block:
        text[position] = 10
        position += 1
        state[BREAKS] += 1
    state[POSITION], state[GAP] = position, NO_GAP
    return ends_block


@inlined
def break_code_line(text, state, is_end):
    """Begins a line of code at a start tag; after an end tag, the next character does."""
    start = state[START]
    position = state[POSITION]
    if is_end:
        state[IS_LINE_DUE] = position > start and text[position - 1] != 10
        return
    position = without_trailing_spaces(text, start, position)
    if position > start and text[position - 1] != 10:
        text[position] = 10
        position += 1
    state[POSITION], state[IS_LINE_DUE] = position, 0


@inlined
def close(spans, counts, stack, state, target):
    """Ends the open elements down to the stack position `target`."""
    links, bolds = close_down_to(target, spans, counts, stack, state)
    state[LINKS] -= links
    state[BOLDS] -= bolds
    state[TOP] = target - 1


@kernel
def mark_content(text, nodes, spans, stack, state, tag, target):
    """Changes the text of the element that ends: exponents, quotes, formulas; removes anchors and line numbers."""
    start, position, top = state[START], state[POSITION], state[TOP]
    if stack[target, E_START] != start or is_unseen(stack, top):
        return
    opened = max(stack[target, E_TEXT], start)
    was = position
    if tag == SUP:
        position = raise_or_lower(text, start, opened, position, RAISED, CARET)
    elif tag == SUB:
        position = raise_or_lower(text, start, opened, position, LOWERED, UNDERSCORE)
    elif tag == MROW and is_grouping(stack[target - 1, E_TAG]) and stack[target, E_CHILDREN] > 1:
        position = put_brackets(text, opened, position)
    elif tag == A and is_anchor(text, opened, position, nodes[stack[top, E_NODE], 3]):
        position = opened
    elif tag == Q:
        position = put_word(text, position, QUOTE_CLOSES)
    elif tag == MSQRT:
        position = put_word(text, position, CLOSE_BRACKET)
    elif (
        stack[target, E_GUTTER] > stack[target - 1, E_GUTTER]
        and not stack[target, E_BREAKS]
        and is_line_number(text, opened, position)
    ):
        position = opened
    clip_spans(spans, state, position)
    state[POSITION] = position
    if state[LINKS] > 0:
        state[LINK_BYTES] = max(0, state[LINK_BYTES] + position - was)
    if state[BOLDS] > 0:
        state[BOLD_BYTES] = max(0, state[BOLD_BYTES] + position - was)


@inlined
def end_element(html, text, nodes, spans, counts, stack, state, tag, category, target):
    """Ends the element at the stack position `target`, and those inside it; -1 or 0 for an end tag without one."""
    if state[BEYOND] > 0:
        state[BEYOND] -= 1
        return
    if tag == BODY or tag == HTML or target <= 0:
        return
    mark_content(text, nodes, spans, stack, state, tag, target)
    if not (category & BLOCK) and not stack[target, E_BREAKS] and crosses_line(stack, target, state[TOP]):
        # a link or bold element that ends inside a later line ends; the lines opened in it continue
        state[LINKS] -= tag == A
        state[BOLDS] -= tag == B or tag == STRONG
        counts[tag, OPEN] -= 1
        add_span(spans, stack, state, target)
        stack[target, E_TAG] = 0
    else:
        close(spans, counts, stack, state, target)
    if tag == FOREIGN and state[AT] < state[DRAWING_END]:  # on with the drawing, up to the next text in it
        state[AT] = find_word(html, state[AT], state[DRAWING_END], FOREIGN_NAME)
