"""Kernel that parses a page byte by byte: text and tags alternate, a stack holds open elements, blocks end with
lines."""

import numpy as np

from sluice.text.html import tags
from sluice.text.html.kernels.references import resolve_reference
from sluice.text.html.kernels.scopes import (
    H1,
    H6,
    STRONG,
    A,
    B,
    close_down_to,
    crosses_line,
    end_target,
    implied_target,
    open_link,
)
from sluice.text.html.kernels.tag import LD_JSON, find_end_tag, read_attributes, read_tag, skip_declaration
from sluice.text.html.tags import BLOCK, NUMBER, RAW, RAW_TO_END, VOID
from sluice.text.jit import kernel
from sluice.text.unicode.kernels.utf8 import FNV_PRIME, FNV_START, is_letter, is_space

MAX_DEPTH = 512
"""Elements nested deeper are treated as their ancestor at this depth, as in Chromium."""
MAX_MARKS = 512
"""Maximum number of titles, metas, times and JSON-LD scripts recorded per page."""
TITLE_MARK, META_MARK, TIME_MARK, JSON_MARK = 0, 1, 2, 3

BR, IMG, PRE, SCRIPT, TITLE, META, TIME, BODY, HTML = (
    NUMBER[name] for name in ("br", "img", "pre", "script", "title", "meta", "time", "body", "html")
)
NUM_TAGS = len(tags.TAGS)
_CONTEXT = tags.CONTEXT


_IS_PLAIN = np.ones(256, np.bool_)
_IS_PLAIN[:33] = False
_IS_PLAIN[[38, 60, 127, 0xC2, 0xE3, 0xEF]] = False
"""Bytes that simply continue a text: they begin no tag, reference, space or invisible character."""


@kernel
def _is_tag_at(html, i):
    """Whether the `<` at i begins markup rather than text."""
    n = len(html)
    if i + 1 >= n:
        return False
    follower = html[i + 1]
    return is_letter(follower) or follower == 33 or follower == 63 or (follower == 47 and i + 2 < n)


@kernel
def _trimmed_end(text, start, end):
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


@kernel
def parse(html):
    """Returns the arrays of `sluice.text.html.markup.Markup`, in field order."""
    n = len(html)
    opens = 1
    for i in range(n):
        opens += html[i] == 60
    text = np.empty(n * 2 + 64, np.uint8)  # a reference of 5 bytes expands to at most 6, plus a space
    # start, end, node, bytes in links, bytes in bold, line breaks, pictures
    blocks = np.empty((2 * opens + 2, 7), np.int32)
    # parent, tag, depth, context
    nodes = np.zeros((opens + 1, 4), np.int32)
    node_sign, node_path = np.zeros(opens + 1, np.uint64), np.zeros(opens + 1, np.uint64)
    word_node, word_hash = np.empty(n // 3 + 16, np.int32), np.empty(n // 3 + 16, np.uint64)
    marks = np.empty((MAX_MARKS, 3), np.int32)
    num_blocks, num_nodes, num_words, num_marks = 0, 1, 0, 0

    # open elements; position 0 is the root and is never removed
    stack_node, stack_tag = np.zeros(MAX_DEPTH + 1, np.int32), np.zeros(MAX_DEPTH + 1, np.int64)
    stack_sign = np.zeros(MAX_DEPTH + 1, np.uint64)
    stack_line = np.zeros(MAX_DEPTH + 1, np.int32)  # innermost line-breaking element at or below this position
    stack_pre = np.zeros(MAX_DEPTH + 1, np.int32)  # open <pre>
    num_open = np.zeros(NUM_TAGS, np.int32)
    top, beyond = 0, 0  # beyond: open elements beyond the maximum depth
    no_end = np.zeros(NUM_TAGS, np.bool_)  # raw elements known to have no later end tag
    links, bolds = np.int64(0), np.int64(0)

    out = np.empty(8, np.uint8)  # bytes of the current character
    position, start, node = 0, 0, 0  # in text; of the current block
    link_bytes, bold_bytes, breaks, pictures = 0, 0, 0, 0
    has_gap = False  # white space since the last character

    i = 0
    while True:
        # 1. text up to the next tag
        while i < n and not (html[i] == 60 and _is_tag_at(html, i)):
            if html[i] == 38:
                width, after = resolve_reference(html, i, out)
                if width == 0:
                    out[0], width, after = 38, 1, i + 1
            else:
                # decode multi-byte spaces and invisible marks, which are not text
                out[0], width, after = html[i], 1, i + 1
                lead = out[0]
                if (lead == 0xC2 and i + 1 < n) or ((lead == 0xE3 or lead == 0xEF) and i + 2 < n):
                    width = 2 if lead == 0xC2 else 3
                    for k in range(1, width):
                        out[k] = html[i + k]
                    after = i + width
            i = after
            first = out[0]
            if width == 1 and is_space(first):
                if stack_pre[top] == 0:
                    has_gap = True
                elif first == 32 or first == 9 or (first == 10 and position > start):
                    if position == start:
                        node = stack_line[top]
                    text[position] = first
                    position += 1
                continue
            if width == 1 and (first < 32 or first == 127):
                continue
            if width == 2 and first == 0xC2 and (out[1] == 0xA0 or out[1] == 0x85):  # no-break space, next line
                has_gap = True
                continue
            if width == 3 and first == 0xEF:
                if (out[1] == 0xBB and out[2] == 0xBF) or (out[1] == 0xBF and out[2] >= 0xBE):
                    continue  # byte order mark, non-characters
            if width == 3 and first == 0xE3 and out[1] == 0x80 and out[2] == 0x80 and stack_pre[top] == 0:
                if position == start or text[position - 1] == 10:
                    continue  # ideographic spaces indent Chinese paragraphs
            if position == start:
                node = stack_line[top]
            elif has_gap and text[position - 1] != 10:
                text[position] = 32
                position += 1
            has_gap = False
            for k in range(width):
                text[position + k] = out[k]
            before = position
            position += width
            while i < n and _IS_PLAIN[html[i]]:
                text[position] = html[i]
                position += 1
                i += 1
            link_bytes += position - before if links > 0 else 0
            bold_bytes += position - before if bolds > 0 else 0

        # 2. the tag; the end of the page counts as one that ends a line
        tag, category, key, name_end, after, self_closed = np.int64(0), np.int64(BLOCK), FNV_START, i, i, False
        at_end = i >= n
        is_end, tag_start = False, i
        if not at_end:
            if html[i + 1] == 33 or html[i + 1] == 63 or (html[i + 1] == 47 and not is_letter(html[i + 2])):
                i = skip_declaration(html, i)
                continue
            is_end = html[i + 1] == 47
            tag, category, key, name_end, after, self_closed = read_tag(html, i)
            i = after
        is_line_end = (category & BLOCK) != 0
        if tag == BR and not at_end:
            is_line_end = position > start and text[position - 1] == 10  # the second in a row
            if position > start and not is_line_end:
                text[position] = 10
                position += 1
                breaks += 1
            has_gap = False

        # 3. at the end of a line, the block is complete
        if is_line_end:
            end = _trimmed_end(text, start, position)
            if end > start:
                row = blocks[num_blocks]
                row[0], row[1], row[2], row[3], row[4] = start, end, node, link_bytes, bold_bytes
                row[5], row[6] = breaks, pictures
                num_blocks += 1
                pictures = 0
            position = start = end
            link_bytes, bold_bytes, breaks = 0, 0, 0
            has_gap = False
        if at_end:
            break
        if tag == BR:
            continue

        # 4. an end tag ends the elements in its scope
        if is_end:
            if beyond > 0:
                beyond -= 1
                continue
            is_heading = H1 <= tag <= H6
            if tag == BODY or tag == HTML or (tag == 0 and not (category & BLOCK)):
                continue
            if tag != 0 and num_open[tag] == 0 and not is_heading:
                continue
            target = end_target(tag, category, key, stack_tag, stack_sign, top)
            if target > 0 and not (category & BLOCK) and crosses_line(stack_tag, target, top):
                # a link or bold element that ends inside a later line ends; the lines opened in it continue
                links -= tag == A
                bolds -= tag == B or tag == STRONG
                num_open[tag] -= 1
                stack_tag[target] = 0
            elif target > 0:
                closed_links, closed_bolds = close_down_to(target, top, stack_tag, num_open)
                links -= closed_links
                bolds -= closed_bolds
                top = target - 1
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

        # 6. the new element
        if (tag == BODY or tag == HTML) and num_open[tag] > 0:
            continue
        if tag == META or tag == TIME:
            if num_marks < MAX_MARKS:
                marks[num_marks, 0] = META_MARK if tag == META else TIME_MARK
                marks[num_marks, 1], marks[num_marks, 2] = tag_start, i
                num_marks += 1
        pictures += tag == IMG
        if category & VOID:
            continue
        parent, new = stack_node[top], num_nodes
        words_before = num_words
        added, name_sign, value_type, num_words = read_attributes(
            html, name_end, i - 1, new, word_node, word_hash, num_words
        )
        if category & RAW:
            num_words = words_before
            end = n
            if not no_end[tag] and not (self_closed and not (category & RAW_TO_END)):
                end = find_end_tag(html, i, tag_start + 1, name_end)
                no_end[tag] = end == n
            if end == n and not (category & RAW_TO_END):
                continue
            if num_marks < MAX_MARKS and (tag == TITLE or (tag == SCRIPT and value_type == LD_JSON)):
                marks[num_marks, 0] = TITLE_MARK if tag == TITLE else JSON_MARK
                marks[num_marks, 1], marks[num_marks, 2] = i, end
                num_marks += 1
            i = end
            while i < n and html[i] != 62:
                i += 1
            i = min(i + 1, n)
            continue
        num_nodes += 1
        sign = key if tag == 0 else FNV_START ^ np.uint64(tag) ^ name_sign
        nodes[new, 0], nodes[new, 1], nodes[new, 2] = parent, tag, nodes[parent, 2] + 1
        nodes[new, 3] = nodes[parent, 3] | _CONTEXT[tag] | added
        node_sign[new] = sign
        node_path[new] = (node_path[parent] * FNV_PRIME) ^ sign
        if self_closed and tag == 0:
            continue
        if top >= MAX_DEPTH:
            beyond += 1
            continue
        top += 1
        stack_node[top], stack_tag[top], stack_sign[top] = new, tag, sign
        stack_line[top] = new if (category & BLOCK) else stack_line[top - 1]
        stack_pre[top] = stack_pre[top - 1] + (tag == PRE)
        num_open[tag] += 1
        links += tag == A
        bolds += tag == B or tag == STRONG
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
