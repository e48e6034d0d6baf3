"""Kernel that parses a page byte by byte: text and tags alternate, a stack holds open elements, blocks end with
lines."""

import numpy as np

from sluice.text.html import tags
from sluice.text.html.attribute_names import (
    BREAKS,
    CODE,
    CONCEALED,
    DRAWING,
    FORMULA,
    GUTTER,
    HIDES,
    KEEPS_LINES,
    ON_LINE,
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
    NUM_FOUND,
    NUMBER,
    ROWS,
    TEXT_END,
    TEXT_START,
    read_attributes,
)
from sluice.text.html.kernels.formulas import (
    CARET,
    LOWERED,
    RAISED,
    UNDERSCORE,
    ends_with,
    find_tex,
    find_word,
    is_grouping,
    put_brackets,
    put_tex,
    put_word,
    raise_or_lower,
    separator,
)
from sluice.text.html.kernels.lines import (
    is_anchor,
    is_line_number,
    is_numbered_column,
    trimmed_end,
    without_trailing_spaces,
)
from sluice.text.html.kernels.references import resolve_reference
from sluice.text.html.kernels.scopes import (
    H1,
    H6,
    LI,
    OL,
    STRONG,
    TD,
    TH,
    A,
    B,
    close_down_to,
    crosses_line,
    end_target,
    implied_target,
    open_link,
    open_list,
)
from sluice.text.html.kernels.spacing import (
    HARD_GAP,
    LINE_GAP,
    NO_GAP,
    SPACE_GAP,
    is_invisible,
    is_space_character,
    put_gap,
)
from sluice.text.html.kernels.tables import ROW_UNIT
from sluice.text.html.kernels.tag import (
    cdata_end,
    find_end_tag,
    find_own_end_tag,
    is_cdata_at,
    is_tag_at,
    read_tag,
    skip_declaration,
)
from sluice.text.html.tags import BLOCK, CODE_LINE, IN_LINE, RAW, RAW_TO_END, TEXT_LINE, VOID
from sluice.text.jit import kernel
from sluice.text.unicode.kernels.utf8 import FNV_PRIME, FNV_START, code_point, is_letter, is_space

MAX_DEPTH = 512
"""Elements nested deeper are treated as their ancestor at this depth, as in Chromium."""
MAX_MARKS = 512
"""Maximum number of titles, metas, times and JSON-LD scripts recorded per page."""
TITLE_MARK, META_MARK, TIME_MARK, JSON_MARK = 0, 1, 2, 3

BR, IMG, PRE, LISTING, XMP, SCRIPT, TITLE, META, TIME, BODY, HTML, NOSCRIPT, TEMPLATE, SVG, FOREIGN = (
    tags.NUMBER[name]
    for name in "br img pre listing xmp script title meta time body html noscript template svg foreignobject".split()
)
RB, RT, RP, RTC, SUP, SUB, Q, BUTTON, SPAN = (
    tags.NUMBER[name] for name in "rb rt rp rtc sup sub q button span".split()
)
MATH, MROW, MSQRT = (tags.NUMBER[name] for name in ("math", "mrow", "msqrt"))
NUM_TAGS = len(tags.TAGS)
_CONTEXT, _CATEGORY = tags.CONTEXT, tags.CATEGORY
QUOTE_OPENS, QUOTE_CLOSES, ROOT_OPENS, CLOSE_BRACKET, FOREIGN_NAME = (
    np.frombuffer(word.encode(), np.uint8) for word in ("“", "”", "√(", ")", "<foreignObject")
)
CODE_CELL = tags.PRE | tags.CELL

_IS_PLAIN = np.ones(256, np.bool_)
_IS_PLAIN[:33] = False
_IS_PLAIN[[38, 60, 127, 0xC2, 0xE2, 0xE3, 0xEF]] = False
"""Bytes that simply continue a text: they begin no tag, reference, space or invisible character."""
_WIDTH = np.ones(256, np.int64)
_WIDTH[0xC2], _WIDTH[0xE2:0xE4], _WIDTH[0xEF] = 2, 3, 3
"""Bytes of a character that begins with a byte that is not plain."""


@kernel
def parse(html, is_xml):
    """Returns the arrays of `sluice.text.html.markup.Markup`, in field order."""
    n = len(html)
    opens = 1
    for i in range(n):
        opens += html[i] == 60
    text = np.empty(n * 2 + 64, np.uint8)  # a reference of 5 bytes expands to at most 6, plus a space
    # start, end, node, bytes in links, bytes in bold, line breaks, pictures
    blocks = np.empty((2 * opens + 2, 7), np.int32)
    # parent, tag, depth, context, value
    nodes = np.zeros((opens + 1, 5), np.int32)
    node_sign, node_path = np.zeros(opens + 1, np.uint64), np.zeros(opens + 1, np.uint64)
    word_node, word_hash = np.empty(n // 3 + 16, np.int32), np.empty(n // 3 + 16, np.uint64)
    marks = np.empty((MAX_MARKS, 3), np.int32)
    num_blocks, num_nodes, num_words, num_marks = 0, 1, 0, 0
    found = np.zeros(NUM_FOUND, np.int64)

    # open elements; position 0 is the root and is never removed
    stack_node, stack_tag = np.zeros(MAX_DEPTH + 1, np.int32), np.zeros(MAX_DEPTH + 1, np.int64)
    stack_sign = np.zeros(MAX_DEPTH + 1, np.uint64)
    stack_line = np.zeros(MAX_DEPTH + 1, np.int32)  # innermost line-breaking element at or below this position
    stack_breaks = np.zeros(MAX_DEPTH + 1, np.bool_)  # whether this element breaks lines
    stack_pre = np.zeros(MAX_DEPTH + 1, np.int32)  # open elements that keep white space
    stack_code = np.zeros(MAX_DEPTH + 1, np.int32)  # position of the innermost element with code in lines, 0 for none
    stack_hidden = np.zeros(MAX_DEPTH + 1, np.int32)  # hidden elements in this line
    stack_concealed = np.zeros(MAX_DEPTH + 1, np.int32)  # elements that are never text
    stack_gutter = np.zeros(MAX_DEPTH + 1, np.int32)  # elements for line numbers
    stack_number = np.zeros(MAX_DEPTH + 1, np.int32)  # number of the next item of a list
    stack_step = np.zeros(MAX_DEPTH + 1, np.int32)
    stack_children = np.zeros(MAX_DEPTH + 1, np.int32)  # child elements so far
    stack_start, stack_text = np.zeros(MAX_DEPTH + 1, np.int64), np.zeros(MAX_DEPTH + 1, np.int64)  # when opened
    num_open = np.zeros(NUM_TAGS, np.int32)
    top, beyond = 0, 0  # beyond: open elements beyond the maximum depth
    no_end, unbalanced = np.zeros(NUM_TAGS, np.bool_), np.zeros(NUM_TAGS, np.bool_)  # for later tags of this name
    links, bolds = np.int64(0), np.int64(0)

    out = np.empty(8, np.uint8)  # bytes of the current character
    position, start, node = 0, 0, 0  # in text; of the current block
    link_bytes, bold_bytes, breaks, pictures = 0, 0, 0, 0
    gap = NO_GAP  # white space since the last character
    is_line_due = False  # in code: the next character begins a line
    limit, noscript_top = n, 0  # end of the open <noscript>, else of the page; position of its parent
    literal_end, literal_skip = 0, 0  # end of a section without markup, and the width of its end mark
    pre_end, drawing_end = -1, 0  # the next </pre>; the end of the open <svg>
    tex_start, tex_end = 0, -1  # the last formula in text

    i = 0
    while True:
        # 1. text up to the next tag
        is_unseen = stack_hidden[top] > 0 or stack_concealed[top] > 0
        while i < limit and not (html[i] == 60 and i >= literal_end and is_tag_at(html, i, limit)):
            if i == literal_end and literal_skip > 0:
                i += literal_skip
                literal_end = literal_skip = 0
                continue
            if is_unseen:
                i += 1
                while i < limit and html[i] != 60:
                    i += 1
                continue
            at, width, after = i, 0, i
            if html[i] == 38 and i >= literal_end:
                width, after = resolve_reference(html, i, out)
            if width == 0:
                # decode multi-byte spaces and invisible marks, which are not text
                out[0], width, after = html[i], 1, i + 1
                if i + _WIDTH[html[i]] <= n:
                    width = _WIDTH[html[i]]
                    for k in range(1, width):
                        out[k] = html[i + k]
                    after = i + width
            i = after
            first = out[0]
            if width == 1 and is_space(first):
                if stack_pre[top] == 0:
                    if gap < LINE_GAP and num_open[MATH] == 0:
                        gap = LINE_GAP if first == 10 or first == 13 else SPACE_GAP
                elif first == 10:
                    position = without_trailing_spaces(text, start, position)
                    if position > start:
                        text[position] = 10
                        position += 1
                    is_line_due = False
                elif first == 32 or first == 9:
                    if position == start:
                        node = stack_line[top]
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
                if stack_pre[top] == 0:
                    gap = HARD_GAP
                    continue
                width, code = 1, np.int64(32)
                out[0] = 32
            elif first >= 0xC2:
                code = code_point(out, 0)[0] if width > 1 else code_point(html, at)[0]
                if code == 0xFEFF or code == 0xFFFE or code == 0xFFFF or is_invisible(text, position, code):
                    continue
                if is_space_character(code) and stack_pre[top] == 0:
                    gap = HARD_GAP
                    continue
                if code == 0x3000 and stack_pre[top] == 0 and (position == start or text[position - 1] == 10):
                    continue  # ideographic spaces indent Chinese paragraphs
            if position == start:
                node = stack_line[top]
            elif is_line_due:
                text[position] = 10
                position += 1
            else:
                position = put_gap(text, position, start, gap, code)
            gap, is_line_due = NO_GAP, False
            for k in range(width):
                text[position + k] = out[k]
            before = position
            position += width
            stop = literal_end if i < literal_end < limit else limit
            while i < stop and _IS_PLAIN[html[i]]:
                text[position] = html[i]
                position += 1
                i += 1
            link_bytes += position - before if links > 0 else 0
            bold_bytes += position - before if bolds > 0 else 0
        if i >= limit and limit < n:  # a <noscript> ends at its end tag, whatever is open in it
            closed_links, closed_bolds = close_down_to(noscript_top + 1, top, stack_tag, num_open)
            links -= closed_links
            bolds -= closed_bolds
            top, beyond, limit, literal_end, literal_skip = noscript_top, 0, n, 0, 0

        # 2. the tag; the end of the page counts as one that ends a line
        tag, category, key, name_end, after, self_closed = np.int64(0), np.int64(BLOCK), FNV_START, i, i, False
        name_sign, value_type = np.uint64(0), np.uint64(0)
        at_end = i >= n
        is_end, tag_start, target, flags = False, i, -1, np.int64(0)
        words_before, new = num_words, num_nodes
        if not at_end:
            if html[i + 1] == 33 or html[i + 1] == 63 or (html[i + 1] == 47 and not is_letter(html[i + 2])):
                if (is_xml or num_open[MATH] > 0) and is_cdata_at(html, i, limit):
                    i += 9
                    literal_end, literal_skip = cdata_end(html, i, limit), 3
                else:
                    i = skip_declaration(html, i, limit)
                continue
            is_end = html[i + 1] == 47
            tag, category, key, name_end, after, self_closed = read_tag(html, i, limit)
            i = after
        is_line_end = (category & BLOCK) != 0
        if is_end:
            if (tag == 0 or num_open[tag] > 0 or H1 <= tag <= H6) and beyond == 0:
                target = end_target(tag, category, key, stack_tag, stack_sign, top)
            if target > 0:
                is_line_end = stack_breaks[target]
        elif not at_end and (not (category & VOID) or tag == IMG):
            name_sign, value_type, num_words = read_attributes(
                html, name_end, i - 1, new, word_node, word_hash, num_words, found
            )
            flags = found[FLAGS]
            if category & IN_LINE:
                is_in_text = (_CATEGORY[nodes[stack_line[top], 1]] & TEXT_LINE) != 0 or (tag == 0 and position > start)
                is_line_end = not is_in_text
            if flags & BREAKS:
                is_line_end = True
            elif flags & ON_LINE and tag != TD and tag != TH:
                is_line_end = False
        does_break = is_line_end
        if tag == BR and not at_end:
            is_line_end = False
            if stack_code[top] > 0:
                position = without_trailing_spaces(text, start, position)
            else:
                was = position
                position = trimmed_end(text, start, position)
                is_line_end = was > start and text[was - 1] == 10  # the second in a row
            if position > start and not is_line_end:
                text[position] = 10
                position += 1
                breaks += 1
            gap = NO_GAP
        elif is_line_end and stack_code[top] > 0 and (category & CODE_LINE or not (category & BLOCK)) and not at_end:
            # a line of code ends, not the block
            if not is_end:
                is_line_end = False
                position = without_trailing_spaces(text, start, position)
                if position > start and text[position - 1] != 10:
                    text[position] = 10
                    position += 1
                is_line_due = False
            elif target > stack_code[top] or target < 0:
                is_line_end = False
                is_line_due = position > start and text[position - 1] != 10

        # 3. at the end of a line, the block is complete
        if is_line_end:
            end = trimmed_end(text, start, position)
            if end > start:
                is_aside = stack_gutter[top] > 0 and is_line_number(text, start, end)
                if not is_aside and (nodes[node, 3] & CODE_CELL) == CODE_CELL:
                    is_aside = is_numbered_column(text, start, end)
                if not is_aside:
                    row = blocks[num_blocks]
                    row[0], row[1], row[2], row[3], row[4] = start, end, node, link_bytes, bold_bytes
                    row[5], row[6] = breaks, pictures
                    num_blocks += 1
                pictures = 0
            position = start = end
            link_bytes, bold_bytes, breaks = 0, 0, 0
            gap, is_line_due = NO_GAP, False
        if at_end:
            break
        if tag == BR:
            continue

        # 4. an end tag ends the elements in its scope
        if is_end:
            if beyond > 0:
                beyond -= 1
                continue
            if tag == BODY or tag == HTML or target <= 0:
                continue
            if stack_start[target] == start and not is_unseen:
                opened = max(stack_text[target], start)
                was = position
                if tag == SUP:
                    position = raise_or_lower(text, start, opened, position, RAISED, CARET)
                elif tag == SUB:
                    position = raise_or_lower(text, start, opened, position, LOWERED, UNDERSCORE)
                elif tag == MROW and is_grouping(stack_tag[target - 1]) and stack_children[target] > 1:
                    position = put_brackets(text, opened, position)
                elif tag == A and is_anchor(text, opened, position, nodes[stack_node[top], 3]):
                    position = opened
                elif tag == Q:
                    position = put_word(text, position, QUOTE_CLOSES)
                elif tag == MSQRT:
                    position = put_word(text, position, CLOSE_BRACKET)
                elif (
                    stack_gutter[target] > stack_gutter[target - 1]
                    and not stack_breaks[target]
                    and is_line_number(text, opened, position)
                ):
                    position = opened
                link_bytes = max(0, link_bytes + (position - was if links > 0 else 0))
                bold_bytes = max(0, bold_bytes + (position - was if bolds > 0 else 0))
            if not (category & BLOCK) and not stack_breaks[target] and crosses_line(stack_tag, target, top):
                # a link or bold element that ends inside a later line ends; the lines opened in it continue
                links -= tag == A
                bolds -= tag == B or tag == STRONG
                num_open[tag] -= 1
                stack_tag[target] = 0
            else:
                closed_links, closed_bolds = close_down_to(target, top, stack_tag, num_open)
                links -= closed_links
                bolds -= closed_bolds
                top = target - 1
            if tag == FOREIGN and i < drawing_end:  # on with the drawing, up to the next text in it
                i = find_word(html, i, drawing_end, FOREIGN_NAME)
            continue

        # 5. a start tag ends the elements that it implies
        target = implied_target(tag, category, stack_tag, num_open, top)
        if target > 0:
            closed_links, closed_bolds = close_down_to(target, top, stack_tag, num_open)
            links -= closed_links
            bolds -= closed_bolds
            top = target - 1
        if tag == A and num_open[A] > 0:
            target = open_link(stack_tag, top)
            if target > 0:
                links -= 1
                num_open[A] -= 1
                stack_tag[target] = 0
                top -= target == top
        if tag == RT or tag == RP or tag == RB or tag == RTC:
            other = stack_tag[top]
            if other == RT or other == RP or other == RB:
                num_open[other] -= 1
                top -= 1

        # 6. the new element
        if (tag == BODY or tag == HTML) and num_open[tag] > 0:
            num_words = words_before
            continue
        if tag == META or tag == TIME:
            if num_marks < MAX_MARKS:
                marks[num_marks, 0] = META_MARK if tag == META else TIME_MARK
                marks[num_marks, 1], marks[num_marks, 2] = tag_start, i
                num_marks += 1
        pictures += tag == IMG
        is_unseen = stack_concealed[top] > 0
        tex, tex_stop = 0, 0  # a formula in the page
        if tag == IMG:
            num_words = words_before
            if flags & FORMULA:
                tex, tex_stop = found[TEXT_START], found[TEXT_END]
        if tag == MATH and not no_end[MATH]:
            end = find_end_tag(html, i, tag_start + 1, name_end, limit)
            no_end[MATH] = end == n
            if end < limit:
                tex, tex_stop = find_tex(html, i, end)
                if tex == tex_stop:
                    tex, tex_stop = found[TEXT_START], found[TEXT_END]
                if tex < tex_stop:
                    num_words = words_before
                    i = end
        is_raw = (category & RAW) != 0 and not (tag == TEMPLATE and flags & SHADOW)
        if is_raw:
            num_words = words_before
            end = limit
            has_content = not self_closed or (category & RAW_TO_END and not is_xml)
            if has_content and not no_end[tag]:
                if not (category & RAW_TO_END) and not unbalanced[tag]:
                    end = find_own_end_tag(html, i, tag_start + 1, name_end, limit)
                    unbalanced[tag] = end == n
                if end == limit:
                    end = find_end_tag(html, i, tag_start + 1, name_end, limit)
                    no_end[tag] = end == n
            if end == limit and (not (category & RAW_TO_END) or self_closed):
                continue
            if num_marks < MAX_MARKS and (tag == TITLE or (tag == SCRIPT and value_type == LD_JSON)):
                marks[num_marks, 0] = TITLE_MARK if tag == TITLE else JSON_MARK
                marks[num_marks, 1], marks[num_marks, 2] = i, end
                num_marks += 1
            if tag == SCRIPT and (value_type == MATH_TEX or value_type == MATH_TEX_DISPLAY):
                tex, tex_stop = i, end
            if tag == SVG:
                inside = find_word(html, i, end, FOREIGN_NAME)
                if inside < end:
                    i, drawing_end = inside, end
                    continue
            i = end
        if tex < tex_stop and not is_unseen:
            before = put_gap(text, position, start, gap, np.int64(36))
            after = put_tex(html, tex, tex_stop, text, before, out)
            is_repeated = tex_end == position and ends_with(text, before, after, tex_start, tex_end)
            if after > before and not is_repeated:
                if position == start:
                    node = stack_line[top]
                link_bytes += after - before if links > 0 else 0
                tex_start, tex_end, position = before, after, after
                gap = NO_GAP
        if is_raw or (tag == MATH and tex < tex_stop):
            while i < limit and html[i] != 62:
                i += 1
            i = min(i + 1, limit)
            continue
        if category & VOID:
            continue
        if tag == NOSCRIPT and limit == n and not no_end[NOSCRIPT]:
            end = find_end_tag(html, i, tag_start + 1, name_end, n)
            no_end[NOSCRIPT] = end == n
            limit, noscript_top = end, top
        sign = separator(stack_tag[top], stack_children[top])
        stack_children[top] += 1
        if position > start and not is_unseen:
            if sign > 0:
                text[position] = sign
                position += 1
        num_nodes += 1
        parent = stack_node[top]
        sign_of_node = key if tag == 0 else FNV_START ^ np.uint64(tag) ^ name_sign
        is_code = tag == XMP or (flags & CODE) != 0
        if tag == PRE or tag == LISTING:
            if pre_end < i and pre_end < n:
                pre_end = find_end_tag(html, i, tag_start + 1, name_end, n)
            is_code = pre_end < limit
        nodes[new, 0], nodes[new, 1], nodes[new, 2] = parent, tag, nodes[parent, 2] + 1
        nodes[new, 3] = nodes[parent, 3] | _CONTEXT[tag] | found[CONTEXTS] | (tags.PRE if is_code else 0)
        node_sign[new] = sign_of_node
        node_path[new] = (node_path[parent] * FNV_PRIME) ^ sign_of_node
        if tag == TD or tag == TH:
            nodes[new, 4] = found[COLUMNS] + found[ROWS] * ROW_UNIT
        elif tag == OL:
            nodes[new, 4] = found[MARKER]
        elif tag == LI:
            of = open_list(stack_tag, top)
            if of > 0 and stack_tag[of] == OL and stack_step[of] != 0:
                if found[NUMBER] != NO_NUMBER:
                    stack_number[of] = found[NUMBER]
                nodes[new, 4] = stack_number[of] - NO_NUMBER
                stack_number[of] += stack_step[of]
        if self_closed and tag == 0:
            continue
        if top >= MAX_DEPTH:
            beyond += 1
            continue
        top += 1
        stack_node[top], stack_tag[top], stack_sign[top] = new, tag, sign_of_node
        stack_breaks[top] = does_break
        stack_line[top] = new if does_break else stack_line[top - 1]
        keeps_lines = tag == PRE or tag == LISTING or is_code or (flags & KEEPS_LINES) != 0
        stack_pre[top] = stack_pre[top - 1] + keeps_lines
        stack_code[top] = top if is_code and stack_code[top - 1] == 0 else stack_code[top - 1]
        stack_hidden[top] = 0 if does_break else stack_hidden[top - 1] + ((flags & HIDES) != 0)
        is_concealed = (
            (flags & CONCEALED) != 0
            or ((flags & DRAWING) != 0 and tag == SPAN)
            or (tag == RT or tag == RP or tag == RTC)
            or (stack_code[top] > 0 and (tag == BUTTON or found[HAS_ONCLICK] > 0))
        )
        stack_concealed[top] = stack_concealed[top - 1] + is_concealed
        stack_gutter[top] = stack_gutter[top - 1] + ((flags & GUTTER) != 0)
        stack_number[top] = 1 if found[FIRST] == NO_NUMBER else found[FIRST]
        stack_step[top] = 1 if found[IS_REVERSED] == 0 else (0 if found[FIRST] == NO_NUMBER else -1)
        stack_children[top] = 0
        stack_start[top], stack_text[top] = start, position
        num_open[tag] += 1
        links += tag == A
        bolds += tag == B or tag == STRONG
        if tag == XMP:
            literal_end, literal_skip = find_end_tag(html, i, tag_start + 1, name_end, limit), 0
        if (tag == Q or tag == MSQRT) and stack_concealed[top] == 0 and stack_hidden[top] == 0:
            if position == start:
                node = stack_line[top]
            else:
                position = put_gap(text, position, start, gap, np.int64(0x201C))
            gap = NO_GAP
            position = put_word(text, position, QUOTE_OPENS if tag == Q else ROOT_OPENS)
    return (
        text[:position],
        blocks[:num_blocks],
        nodes[:num_nodes],
        node_sign[:num_nodes],
        node_path[:num_nodes],
        word_node[:num_words],
        word_hash[:num_words],
        marks[:num_marks],
    )
