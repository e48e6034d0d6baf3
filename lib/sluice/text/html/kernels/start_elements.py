"""Kernels for start tags: raw elements, formulas, and new elements with what they change for the text in them."""

import numpy as np

from sluice.text.html import tags
from sluice.text.html.attribute_names import (
    CODE,
    CONCEALED,
    CONSENT,
    DRAWING,
    FORMULA,
    GUTTER,
    HIDES,
    KEEPS_LINES,
    SHADOW,
)
from sluice.text.html.kernels.attributes import (
    COLUMNS,
    CONTEXTS,
    FIRST,
    FLAGS,
    HAS_ONCLICK,
    IS_REVERSED,
    LD_JSON,
    MARKER,
    MATH_TEX,
    MATH_TEX_DISPLAY,
    NO_NUMBER,
    NUMBER,
    ROWS,
    TEXT_END,
    TEXT_START,
)
from sluice.text.html.kernels.end_elements import FOREIGN_NAME, MSQRT, Q
from sluice.text.html.kernels.formulas import ends_with, find_tex, find_word, put_tex, put_word, separator
from sluice.text.html.kernels.parser_state import (
    AT,
    BEYOND,
    BOLDS,
    DRAWING_END,
    E_BREAKS,
    E_CHILDREN,
    E_CODE,
    E_CONCEALED,
    E_GUTTER,
    E_HIDDEN,
    E_LINE,
    E_NODE,
    E_NUMBER,
    E_PLACE,
    E_PRE,
    E_SIGN,
    E_START,
    E_STEP,
    E_TAG,
    E_TEXT,
    GAP,
    IS_SELF_CLOSED,
    IS_XML,
    LIMIT,
    LINK_BYTES,
    LINKS,
    LITERAL_END,
    LITERAL_SKIP,
    MAX_DEPTH,
    MAX_MARKS,
    NAME_END,
    NAME_START,
    NO_END,
    NODE,
    NOSCRIPT_TOP,
    NUM_MARKS,
    NUM_NODES,
    OPEN,
    POSITION,
    PRE_END,
    START,
    TAG_START,
    TEX_END,
    TEX_START,
    TOP,
    UNBALANCED,
)
from sluice.text.html.kernels.scopes import LI, OL, STRONG, TD, TH, A, B, open_list
from sluice.text.html.kernels.spacing import NO_GAP, put_gap
from sluice.text.html.kernels.tables import ROW_UNIT
from sluice.text.html.kernels.tag import find_end_tag, find_own_end_tag
from sluice.text.html.tags import RAW, RAW_TO_END
from sluice.text.jit import inlined, kernel
from sluice.text.unicode.kernels.utf8 import FNV_PRIME, FNV_START

TITLE_MARK, META_MARK, TIME_MARK, JSON_MARK = 0, 1, 2, 3
IMG, PRE, LISTING, XMP, SCRIPT, TITLE, NOSCRIPT, TEMPLATE, SVG, RT, RP, RTC, BUTTON, SPAN, MATH = (
    tags.NUMBER[name]
    for name in "img pre listing xmp script title noscript template svg rt rp rtc button span math".split()
)
QUOTE_OPENS, ROOT_OPENS = (np.frombuffer(word.encode(), np.uint8) for word in ("“", "√("))
_CONTEXT = tags.CONTEXT


@inlined
def add_mark(marks, state, kind, start, end):
    """Records where a title, meta, time or JSON-LD script is."""
    if state[NUM_MARKS] < MAX_MARKS:
        row = marks[state[NUM_MARKS]]
        row[0], row[1], row[2] = kind, start, end
        state[NUM_MARKS] += 1


@kernel
def put_formula(html, text, out, stack, state, start, end):
    """Writes the TeX in [start, end) of the page, unless the text ends with it already."""
    position = state[POSITION]
    before = put_gap(text, position, state[START], state[GAP], np.int64(36))
    after = put_tex(html, start, end, text, before, out)
    is_repeated = state[TEX_END] == position and ends_with(text, before, after, state[TEX_START], state[TEX_END])
    if after > before and not is_repeated:
        if position == state[START]:
            state[NODE] = stack[state[TOP], E_LINE]
        state[LINK_BYTES] += after - before if state[LINKS] > 0 else 0
        state[TEX_START], state[TEX_END], state[POSITION], state[GAP] = before, after, after, NO_GAP


@kernel
def skip_tag_end(html, state, i):
    """Moves AT behind the next `>` at or after i."""
    limit = state[LIMIT]
    while i < limit and html[i] != 62:
        i += 1
    state[AT] = min(i + 1, limit)


@kernel
def is_raw(category, tag, flags):
    """Whether the content of an element is not markup, or not shown."""
    return (category & RAW) != 0 and not (tag == TEMPLATE and flags & SHADOW)


@kernel
def skip_raw(html, text, out, marks, counts, stack, state, tag, category, value_type):
    """Skips the content of a raw element at AT; writes that of a TeX script."""
    i, limit, n = state[AT], state[LIMIT], len(html)
    end = limit
    has_content = state[IS_SELF_CLOSED] == 0 or (category & RAW_TO_END and state[IS_XML] == 0)
    if has_content and not counts[tag, NO_END]:
        if not (category & RAW_TO_END) and not counts[tag, UNBALANCED]:
            end = find_own_end_tag(html, i, state[NAME_START], state[NAME_END], limit)
            counts[tag, UNBALANCED] = end == n
        if end == limit:
            end = find_end_tag(html, i, state[NAME_START], state[NAME_END], limit)
            counts[tag, NO_END] = end == n
    if end == limit and (not (category & RAW_TO_END) or state[IS_SELF_CLOSED] > 0):
        return
    if tag == TITLE or (tag == SCRIPT and value_type == LD_JSON):
        add_mark(marks, state, TITLE_MARK if tag == TITLE else JSON_MARK, i, end)
    elif tag == SCRIPT and (value_type == MATH_TEX or value_type == MATH_TEX_DISPLAY):
        if stack[state[TOP], E_CONCEALED] == 0:
            put_formula(html, text, out, stack, state, i, end)
    elif tag == SVG:
        inside = find_word(html, i, end, FOREIGN_NAME)
        if inside < end:  # text in a drawing
            state[AT], state[DRAWING_END] = inside, end
            return
    skip_tag_end(html, state, end)


@kernel
def read_math(html, text, out, found, counts, stack, state):
    """Writes the TeX of the <math> at AT and skips it. Returns False if it has none."""
    i, limit = state[AT], state[LIMIT]
    if counts[MATH, NO_END]:
        return False
    end = find_end_tag(html, i, state[NAME_START], state[NAME_END], limit)
    counts[MATH, NO_END] = end == len(html)
    if end == limit:
        return False
    start, stop = find_tex(html, i, end)
    if start == stop:
        start, stop = found[TEXT_START], found[TEXT_END]
    if start == stop:
        return False
    if stack[state[TOP], E_CONCEALED] == 0:
        put_formula(html, text, out, stack, state, start, stop)
    skip_tag_end(html, state, end)
    return True


@inlined
def add_node(nodes, hashes, found, stack, state, tag, key, name_sign, is_code):
    """Adds an element to the nodes. Returns its number and signature."""
    new, parent = state[NUM_NODES], stack[state[TOP], E_NODE]
    state[NUM_NODES] += 1
    sign = key if tag == 0 else FNV_START ^ np.uint64(tag) ^ name_sign
    row = nodes[new]
    row[0], row[1], row[2] = parent, tag, nodes[parent, 2] + 1
    row[3] = nodes[parent, 3] | _CONTEXT[tag] | found[CONTEXTS] | (tags.PRE | tags.CODE_TEXT if is_code else 0)
    row[3] |= tags.BANNER if found[FLAGS] & CONSENT else 0
    if tag == TD or tag == TH:
        row[4] = found[COLUMNS] + found[ROWS] * ROW_UNIT
    elif tag == OL:
        row[4] = found[MARKER]
    elif tag == LI:
        row[4] = item_number(stack, state[TOP], found[NUMBER])
    hashes[new, 0] = sign
    hashes[new, 1] = (hashes[parent, 1] * FNV_PRIME) ^ sign
    return new, np.int64(sign)


@kernel
def item_number(stack, top, wanted):
    """Returns the number of a new list item, relative to NO_NUMBER; 0 if it has none."""
    of = open_list(stack, top)
    if of == 0 or stack[of, E_TAG] != OL or stack[of, E_STEP] == 0:
        return 0
    if wanted != NO_NUMBER:
        stack[of, E_NUMBER] = wanted
    number = stack[of, E_NUMBER]
    stack[of, E_NUMBER] += stack[of, E_STEP]
    return number - NO_NUMBER


@inlined
def start_element(html, text, nodes, hashes, found, counts, stack, state, tag, key, name_sign, does_break):
    """Opens an element."""
    i, limit = state[AT], state[LIMIT]
    flags, top = found[FLAGS], state[TOP]
    if tag == NOSCRIPT and limit == len(html) and not counts[NOSCRIPT, NO_END]:
        state[LIMIT] = find_end_tag(html, i, state[NAME_START], state[NAME_END], limit)
        counts[NOSCRIPT, NO_END] = state[LIMIT] == limit
        state[NOSCRIPT_TOP] = top
    sign = separator(stack[top, E_TAG], stack[top, E_CHILDREN])
    stack[top, E_CHILDREN] += 1
    if sign > 0 and state[POSITION] > state[START] and stack[top, E_CONCEALED] == 0 and stack[top, E_HIDDEN] == 0:
        text[state[POSITION]] = sign
        state[POSITION] += 1
    is_pre = tag == PRE or tag == LISTING
    is_code = tag == XMP or (flags & CODE) != 0
    if is_pre:  # without an end tag, it would be the rest of the page
        if state[PRE_END] < i and state[PRE_END] < len(html):
            state[PRE_END] = find_end_tag(html, i, state[NAME_START], state[NAME_END], len(html))
        is_code = state[PRE_END] < limit
    new, node_sign = add_node(nodes, hashes, found, stack, state, tag, key, name_sign, is_code)
    if state[IS_SELF_CLOSED] > 0 and tag == 0:
        return
    if top >= MAX_DEPTH:
        state[BEYOND] += 1
        return
    top += 1
    state[TOP] = top
    stack[top, E_NODE], stack[top, E_TAG], stack[top, E_SIGN], stack[top, E_BREAKS] = new, tag, node_sign, does_break
    stack[top, E_LINE] = new if does_break else stack[top - 1, E_LINE]
    stack[top, E_PRE] = stack[top - 1, E_PRE] + (is_pre or is_code or (flags & KEEPS_LINES) != 0)
    stack[top, E_CODE] = top if is_code and stack[top - 1, E_CODE] == 0 else stack[top - 1, E_CODE]
    stack[top, E_HIDDEN] = 0 if does_break else stack[top - 1, E_HIDDEN] + ((flags & HIDES) != 0)
    stack[top, E_CONCEALED] = stack[top - 1, E_CONCEALED] + (
        (flags & CONCEALED) != 0
        or ((flags & DRAWING) != 0 and tag == SPAN)
        or (tag == RT or tag == RP or tag == RTC)
        or (stack[top, E_CODE] > 0 and (tag == BUTTON or found[HAS_ONCLICK] > 0))
    )
    stack[top, E_GUTTER] = stack[top - 1, E_GUTTER] + ((flags & GUTTER) != 0)
    stack[top, E_NUMBER] = 1 if found[FIRST] == NO_NUMBER else found[FIRST]
    stack[top, E_STEP] = 1 if found[IS_REVERSED] == 0 else (0 if found[FIRST] == NO_NUMBER else -1)
    stack[top, E_CHILDREN] = 0
    stack[top, E_START], stack[top, E_TEXT], stack[top, E_PLACE] = state[START], state[POSITION], state[TAG_START]
    counts[tag, OPEN] += 1
    state[LINKS] += tag == A
    state[BOLDS] += tag == B or tag == STRONG
    if tag == XMP:
        state[LITERAL_END], state[LITERAL_SKIP] = find_end_tag(html, i, state[NAME_START], state[NAME_END], limit), 0
    if (tag == Q or tag == MSQRT) and stack[top, E_CONCEALED] == 0 and stack[top, E_HIDDEN] == 0:
        if state[POSITION] == state[START]:
            state[NODE] = stack[top, E_LINE]
        position = put_gap(text, state[POSITION], state[START], state[GAP], np.int64(0x201C))
        state[POSITION] = put_word(text, position, QUOTE_OPENS if tag == Q else ROOT_OPENS)
        state[GAP] = NO_GAP


@kernel
def formula_of_image(html, text, out, found, stack, state):
    """Writes the alternative text of an image if it is TeX."""
    if found[FLAGS] & FORMULA and found[TEXT_START] < found[TEXT_END] and stack[state[TOP], E_CONCEALED] == 0:
        put_formula(html, text, out, stack, state, found[TEXT_START], found[TEXT_END])
