"""Kernels that choose blocks by their probabilities, or a list on pages without running text, and render them."""

import numpy as np

from sluice.text.html.kernels.attributes import NO_NUMBER
from sluice.text.html.kernels.groups import group_brothers
from sluice.text.html.kernels.scopes import DD, DT
from sluice.text.html.kernels.tables import ancestors, data_tables, put_table, whole_tables, with_room
from sluice.text.jit import array_kernel, inlined, kernel

MIN_LIST, LIST_SHARE, RUNNING_SHARE = 30, 0.8, 0.02
"""A page without running text is a list if nearly all its words are in one list with at least this many items."""
MAX_FENCE = 200


@array_kernel
def best_choice(likely, tokens, beta, min_likely):
    """See `main_text.best_choice`."""
    order = np.argsort(-likely, kind="mergesort")
    total = 0.0
    for b in order:
        total += likely[b] * tokens[b]
    hits, taken, best, count = 0.0, 0.0, -1.0, 0
    for place in range(len(order)):
        b = order[place]
        hits += likely[b] * tokens[b]
        taken += tokens[b]
        expected = hits / (taken + beta**2 * total + 1e-9)
        if expected > best:
            best, count = expected, place + 1
    chosen = np.zeros(len(likely), np.bool_)
    has_likely = likely[order[0]] >= min_likely
    for b in order[:count]:
        chosen[b] = likely[b] >= min_likely or not has_likely
    return chosen


@array_kernel
def main_list(block_node, block_start, block_end, block_link, node_parent, node_sign, tokens):
    num_blocks, num_nodes = len(block_node), len(node_parent)
    listed = np.zeros(num_blocks, np.bool_)
    held = np.zeros(num_nodes, np.float64)
    total, running = 0.0, 0.0
    for b in range(num_blocks):
        held[block_node[b]] += tokens[b]
        total += tokens[b]
        if tokens[b] >= 40 and block_link[b] * 2 < block_end[b] - block_start[b]:
            running += tokens[b]
    if running > RUNNING_SHARE * total:
        return listed
    for v in range(num_nodes - 1, 0, -1):
        held[node_parent[v]] += held[v]
    groups, count = group_brothers(node_parent, node_sign)
    sizes, words = np.zeros(count), np.zeros(count)
    for v in range(1, num_nodes):
        if held[v] > 0:
            sizes[groups[v]] += 1
            words[groups[v]] += held[v]
    best = -1
    for g in range(count):
        if sizes[g] >= MIN_LIST and words[g] >= LIST_SHARE * total and (best < 0 or words[g] > words[best]):
            best = g
    if best < 0:
        return listed
    inside = np.zeros(num_nodes, np.bool_)
    for v in range(1, num_nodes):
        inside[v] = groups[v] == best or inside[node_parent[v]]
    for b in range(num_blocks):
        listed[b] = inside[block_node[b]]
    return listed


@array_kernel
def with_terms(chosen, block_node, node_parent, node_tag):
    """Returns the chosen blocks, and in definition lists the terms of chosen definitions."""
    num_nodes = len(node_tag)
    entry = np.zeros(num_nodes, np.int32)  # innermost term or definition
    for v in range(1, num_nodes):
        entry[v] = v if node_tag[v] == DT or node_tag[v] == DD else entry[node_parent[v]]
    result = chosen.copy()
    for b in range(len(chosen) - 2, -1, -1):
        e, f = entry[block_node[b]], entry[block_node[b + 1]]
        if e > 0 and f > 0 and node_tag[e] == DT and result[b + 1] and node_parent[e] == node_parent[f]:
            result[b] = True
    return result


@array_kernel
def render(
    text, block_start, block_end, block_node, node_parent, node_tag, node_context, node_value, chosen, bar, places
):
    """Returns the chosen blocks as UTF-8 text, see `main_text.render`.

    `bar` is the byte between the cells of a table. The position of each block in the result goes to `places` [B, 2],
    with its data table or 0.
    """
    num_blocks, num_nodes = len(block_start), len(node_parent)
    table, row, cell, item, pre = ancestors(node_parent, node_tag, node_context)
    is_data, first_block, num_cell_blocks = data_tables(
        block_start, block_end, block_node, node_parent, node_tag, node_value, table, row, cell, pre
    )
    chosen = whole_tables(chosen, block_start, block_end, block_node, table, cell, is_data)
    definition = np.zeros(num_nodes, np.int32)
    for v in range(1, num_nodes):
        tag = node_tag[v]
        definition[v] = node_parent[v] if tag == DT or tag == DD else definition[node_parent[v]]
    out = np.empty(len(text) + 8 * num_blocks + 64, np.uint8)
    spare = 4 * len(text) + 1000
    has_bullet, is_written = np.zeros(num_nodes, np.bool_), np.zeros(num_nodes, np.bool_)
    position, last = 0, -1
    fence = 0  # width of the fence of the open code, 0 for none
    for b in range(num_blocks):
        if not chosen[b]:
            continue
        v = block_node[b]
        t = table[v] if cell[v] > 0 and is_data[table[v]] else 0
        if t > 0 and is_written[t]:
            last = b
            continue
        out = with_room(out, position, block_end[b] - block_start[b])
        u = block_node[last] if last >= 0 else 0
        if fence > 0 and not (pre[v] > 0 and is_same_code(u, v, pre, table, row)):
            position = put_fence(out, position, fence)
            fence = 0
        if last >= 0:
            is_close = fence > 0 or (
                pre[v] == 0
                and pre[u] == 0
                and t == 0
                and ((item[u] > 0 and item[v] > 0) or (definition[u] > 0 and definition[u] == definition[v]))
            )
            out[position] = 10
            position += 1
            if not is_close:
                out[position] = 10
                position += 1
        last = b
        if t > 0:
            is_written[t] = True
            out, position, spare = put_table(
                out,
                position,
                t,
                text,
                block_start,
                block_end,
                node_value,
                node_tag,
                table,
                row,
                cell,
                first_block,
                num_cell_blocks,
                spare,
                bar,
                places,
            )
            continue
        if pre[v] > 0:
            if fence == 0:
                fence = fence_width(text, block_start[b], block_end[b])
                position = put_fence(out, position, fence) + 1
                out[position - 1] = 10
        elif item[v] > 0 and not has_bullet[item[v]]:
            has_bullet[item[v]] = True
            number = node_value[item[v]]
            if number == 0:
                out[position], out[position + 1], out[position + 2], out[position + 3] = 0xE2, 0x80, 0xA2, 32
                position += 4
            elif not has_own_number(text, block_start[b], block_end[b], number + NO_NUMBER):
                list_node = node_parent[item[v]]
                position = put_number(out, position, number + NO_NUMBER, node_value[list_node])
        places[b, 0], places[b, 1] = position, 0
        for i in range(block_start[b], block_end[b]):
            out[position] = text[i]
            position += 1
    if fence > 0:
        out = with_room(out, position, 0)
        position = put_fence(out, position, fence)
    return out[:position]


@inlined
def is_same_code(u, v, pre, table, row):
    """Whether two preformatted blocks are one code: in the same <pre>, or lines in successive rows of a table."""
    return pre[u] > 0 and (
        pre[u] == pre[v] or (table[u] > 0 and table[u] == table[v] and row[u] > 0 and row[u] != row[v])
    )


@kernel
def fence_width(text, start, end):
    """Returns the number of backticks of a fence around a code: more than any line of it begins with, at least 3."""
    widest, run, is_line_start = 2, 0, True
    for k in range(start, end):
        byte = text[k]
        if byte == 96 and is_line_start:
            run += 1
            widest = max(widest, run)
        elif byte == 10:
            run, is_line_start = 0, True
        elif byte != 32:
            run, is_line_start = 0, False
    return min(widest + 1, MAX_FENCE)


@kernel
def put_fence(out, position, width):
    """Writes a fence, on a line of its own. Returns the new position."""
    if position > 0 and out[position - 1] != 10:
        out[position] = 10
        position += 1
    for k in range(width):
        out[position + k] = 96
    return position + width


@kernel
def has_own_number(text, start, end, number):
    """Whether a text begins with a number and one of . ) 、 ． ）: tables of contents have numbers in their text."""
    value = np.int64(0)
    i = start
    while i < end and 48 <= text[i] <= 57 and value <= number:
        value = 10 * value + text[i] - 48
        i += 1
    if i == start or value != number or i == end:
        return False
    if text[i] == 46 or text[i] == 41:
        return True
    if i + 2 >= end:
        return False
    is_wide = text[i] == 0xEF and text[i + 1] == 0xBC and (text[i + 2] == 0x8E or text[i + 2] == 0x89)
    return is_wide or (text[i] == 0xE3 and text[i + 1] == 0x80 and text[i + 2] == 0x81)


@kernel
def put_number(out, position, number, marker):
    """Writes the number of a list item: `3. `, or a letter or Roman numeral if `marker` is a, A, i or I."""
    if (marker == 97 or marker == 65) and 1 <= number <= 26:
        out[position] = marker + number - 1
        position += 1
    elif (marker == 105 or marker == 73) and 1 <= number < 40:
        shift = marker - 105
        for _ in range(number // 10):
            out[position] = 120 + shift
            position += 1
        rest = number % 10
        if rest == 9 or rest == 4:
            out[position], out[position + 1] = 105 + shift, (120 if rest == 9 else 118) + shift
            position += 2
        else:
            if rest >= 5:
                out[position] = 118 + shift
                position += 1
            for _ in range(rest % 5):
                out[position] = 105 + shift
                position += 1
    else:
        if number < 0:
            out[position] = 45
            position += 1
            number = -number
        size, rest = 1, number // 10
        while rest > 0:
            size += 1
            rest //= 10
        for k in range(size - 1, -1, -1):
            out[position + k] = 48 + number % 10
            number //= 10
        position += size
    out[position], out[position + 1] = 46, 32
    return position + 2
