"""Kernel that parses a page byte by byte: text and tags alternate, a stack holds open elements, blocks end with
lines."""

import numpy as np

from sluice.text.html import tags
from sluice.text.html.attribute_names import BREAKS, ON_LINE
from sluice.text.html.kernels.attributes import EMPTY, FLAGS, NUM_FOUND, clear, read_attributes
from sluice.text.html.kernels.end_elements import (
    BODY,
    HTML,
    break_code_line,
    break_line,
    close,
    end_block,
    end_element,
)
from sluice.text.html.kernels.parser_state import (
    AT,
    BEYOND,
    COMMENT_END,
    E_BREAKS,
    E_CODE,
    E_HIDDEN,
    E_LINE,
    E_TAG,
    IS_SELF_CLOSED,
    IS_XML,
    LIMIT,
    LINKS,
    LITERAL_END,
    LITERAL_SKIP,
    MAX_DEPTH,
    MAX_MARKS,
    NAME_END,
    NAME_START,
    NOSCRIPT_TOP,
    NUM_BLOCKS,
    NUM_COLUMNS,
    NUM_COUNTS,
    NUM_MARKS,
    NUM_NODES,
    NUM_SPANS,
    NUM_TAGS,
    NUM_WORDS,
    OPEN,
    PICTURES,
    POSITION,
    START,
    TAG_START,
    TOP,
    new_state,
)
from sluice.text.html.kernels.read_text import read_text
from sluice.text.html.kernels.scopes import H1, H6, TD, TH, A, add_span, end_target, implied_target, open_link
from sluice.text.html.kernels.start_elements import (
    IMG,
    MATH,
    META_MARK,
    RP,
    RT,
    RTC,
    TIME_MARK,
    add_mark,
    formula_of_image,
    is_raw,
    read_math,
    skip_raw,
    start_element,
)
from sluice.text.html.kernels.tag import cdata_end, is_cdata_at, is_tag_at, read_tag, skip_declaration
from sluice.text.html.tags import BLOCK, CODE_LINE, IN_LINE, TEXT_LINE, VOID
from sluice.text.jit import array_kernel, inlined, kernel
from sluice.text.unicode.kernels.utf8 import is_letter

BR, META, TIME, RB, CODE_TAG = (tags.NUMBER[name] for name in ("br", "meta", "time", "rb", "code"))
CDATA_START, CDATA_END, COMMENT_START = 9, 3, 4
_CATEGORY = tags.CATEGORY


@kernel
def skip_non_tag(html, counts, stack, state):
    """Moves AT behind a comment, declaration or malformed end tag; into a section of text, and the one comment that
    is text."""
    i, limit, top = state[AT], state[LIMIT], state[TOP]
    if (state[IS_XML] > 0 or counts[MATH, OPEN] > 0) and is_cdata_at(html, i, limit):
        state[AT] = i + CDATA_START
        state[LITERAL_END], state[LITERAL_SKIP] = cdata_end(html, i + CDATA_START, limit), CDATA_END
    elif i < state[COMMENT_END]:
        state[AT] = state[COMMENT_END]
    elif stack[top, E_TAG] == CODE_TAG and stack[top, E_HIDDEN] > 0 and html[i + 1] == 33:
        # Baidu Tieba sends lists as comments in hidden <code>, which a script shows
        state[COMMENT_END] = skip_declaration(html, i, limit)
        stack[top, E_HIDDEN] = 0
        state[AT] = i + COMMENT_START
    else:
        state[AT] = skip_declaration(html, i, limit)


@inlined
def breaks_line(nodes, stack, state, tag, category, flags):
    """Whether a new element begins a line, by its name, its style and where it is."""
    result = (category & BLOCK) != 0
    if category & IN_LINE:
        line = nodes[stack[state[TOP], E_LINE], 1]
        result = not (_CATEGORY[line] & TEXT_LINE or (tag == 0 and state[POSITION] > state[START]))
    if flags & BREAKS:
        result = True
    elif flags & ON_LINE and tag != TD and tag != TH:
        result = False
    return result


@inlined
def end_implied(spans, counts, stack, state, tag, category):
    """Ends the elements that a start tag ends."""
    target = implied_target(tag, category, counts, stack, state[TOP])
    if target > 0:
        close(spans, counts, stack, state, target)
    if tag == A and counts[A, OPEN] > 0:
        target = open_link(stack, state[TOP])
        if target > 0:
            state[LINKS] -= 1
            counts[A, OPEN] -= 1
            add_span(spans, stack, state, target)
            stack[target, E_TAG] = 0
            state[TOP] -= target == state[TOP]
    if tag == RT or tag == RP or tag == RB or tag == RTC:
        other = stack[state[TOP], E_TAG]
        if other == RT or other == RP or other == RB:
            close(spans, counts, stack, state, state[TOP])


@array_kernel
def parse(html, is_xml, has_spans):
    """Returns the arrays of `sluice.text.html.markup.Markup`, in field order; without `has_spans`, no spans."""
    n = len(html)
    opens = 1
    for i in range(n):
        opens += html[i] == 60
    text = np.empty(n * 2 + 64, np.uint8)  # a reference of 5 bytes expands to at most 6, plus a space
    # start, end, node, bytes in links, bytes in bold, line breaks, pictures
    blocks = np.empty((2 * opens + 2, 7), np.int32)
    nodes = np.zeros((opens + 1, 5), np.int32)  # parent, tag, depth, context, value
    hashes = np.zeros((opens + 1, 2), np.uint64)  # signature and path of each node
    word_node, word_hash = np.empty(n // 3 + 16, np.int32), np.empty(n // 3 + 16, np.uint64)
    marks = np.empty((MAX_MARKS, 3), np.int32)
    spans = np.empty((opens if has_spans else 0, 4), np.int32)  # start, end, kind, position of the tag
    found, out = np.zeros(NUM_FOUND, np.int64), np.empty(8, np.uint8)
    counts = np.zeros((NUM_TAGS, NUM_COUNTS), np.int32)
    stack, state = np.zeros((MAX_DEPTH + 1, NUM_COLUMNS), np.int64), new_state(n, is_xml)
    read_page(html, text, blocks, nodes, hashes, word_node, word_hash, marks, spans, found, out, counts, stack, state)
    return (
        text[: state[POSITION]],
        blocks[: state[NUM_BLOCKS]],
        nodes[: state[NUM_NODES]],
        hashes[: state[NUM_NODES]],
        word_node[: state[NUM_WORDS]],
        word_hash[: state[NUM_WORDS]],
        marks[: state[NUM_MARKS]],
        spans[: state[NUM_SPANS]],
    )


@kernel
def read_page(html, text, blocks, nodes, hashes, word_node, word_hash, marks, spans, found, out, counts, stack, state):
    """Reads the page into the arrays of `parse`."""
    n = len(html)
    while True:
        i = state[AT]
        if i < state[LITERAL_END] or i >= state[LIMIT] or html[i] != 60 or not is_tag_at(html, i, state[LIMIT]):
            read_text(html, text, out, counts, stack, state)
        if state[AT] >= state[LIMIT] and state[LIMIT] < n:
            # a <noscript> ends at its end tag, whatever is open in it
            close(spans, counts, stack, state, state[NOSCRIPT_TOP] + 1)
            state[TOP] = state[NOSCRIPT_TOP]
            state[BEYOND] = state[LITERAL_END] = state[LITERAL_SKIP] = 0
            state[LIMIT] = n
        i = state[AT]
        if i >= n:
            end_block(text, blocks, nodes, spans, stack, state)
            break
        if html[i + 1] == 33 or html[i + 1] == 63 or (html[i + 1] == 47 and not is_letter(html[i + 2])):
            skip_non_tag(html, counts, stack, state)
            continue
        is_end = html[i + 1] == 47
        tag, category, key, name_end, after, state[IS_SELF_CLOSED] = read_tag(html, i, state[LIMIT])
        state[AT], state[TAG_START], state[NAME_START], state[NAME_END] = after, i, i + 1, name_end
        top, target, flags = state[TOP], -1, np.int64(0)
        name_sign, value_type, words_before = np.uint64(0), EMPTY, state[NUM_WORDS]
        if tag == BR:
            if break_line(text, spans, stack, state):
                end_block(text, blocks, nodes, spans, stack, state)
            continue

        # whether a line or the block ends
        if is_end:
            if (tag == 0 or counts[tag, OPEN] > 0 or H1 <= tag <= H6) and state[BEYOND] == 0:
                target = end_target(tag, category, np.int64(key), stack, top)
            does_break = stack[target, E_BREAKS] > 0 if target > 0 else (category & BLOCK) != 0
        else:
            if name_end >= after - 1:
                clear(found)
            elif not (category & VOID) or tag == IMG:
                name_sign, value_type, state[NUM_WORDS] = read_attributes(
                    html,
                    name_end,
                    after - 1,
                    state[NUM_NODES],
                    word_node,
                    word_hash,
                    state[NUM_WORDS],
                    found,
                )
                flags = found[FLAGS]
            does_break = breaks_line(nodes, stack, state, tag, category, flags)
        if does_break:
            in_code = stack[top, E_CODE] > 0 and (category & CODE_LINE or not (category & BLOCK))
            if in_code and (not is_end or target < 0 or target > stack[top, E_CODE]):
                break_code_line(text, state, is_end)
            else:
                end_block(text, blocks, nodes, spans, stack, state)

        if is_end:
            end_element(html, text, nodes, spans, counts, stack, state, tag, category, target)
            continue
        end_implied(spans, counts, stack, state, tag, category)
        is_second = (tag == BODY or tag == HTML) and counts[tag, OPEN] > 0
        if is_second or tag == IMG or is_raw(category, tag, flags):
            state[NUM_WORDS] = words_before
        if is_second:
            continue
        if tag == META or tag == TIME:
            add_mark(marks, state, META_MARK if tag == META else TIME_MARK, i, after)
        elif tag == IMG:
            state[PICTURES] += 1
            formula_of_image(html, text, out, found, stack, state)
        if category & VOID:
            continue
        if is_raw(category, tag, flags):
            skip_raw(html, text, out, marks, counts, stack, state, tag, category, value_type)
        elif tag == MATH and read_math(html, text, out, found, counts, stack, state):
            state[NUM_WORDS] = words_before
        else:
            start_element(html, text, nodes, hashes, found, counts, stack, state, tag, key, name_sign, does_break)
