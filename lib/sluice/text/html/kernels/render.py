"""Kernels that render chosen blocks to text, and choose a list on pages without running text."""

import numpy as np

from sluice.text.html import tags
from sluice.text.html.kernels.groups import group_brothers
from sluice.text.jit import kernel

MIN_LIST, LIST_SHARE, RUNNING_SHARE = 30, 0.8, 0.02
"""A page without running text is a list if nearly all its words are in one list with at least this many items."""
ROW_BYTES = 400
"""Longer table rows, in bytes, are layout rather than data."""

LI, TR, TD, TH, TABLE, DT, DD = (tags.NUMBER[name] for name in ("li", "tr", "td", "th", "table", "dt", "dd"))


@kernel
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


@kernel
def render(text, block_start, block_end, block_node, node_parent, node_tag, chosen):
    num_blocks, num_nodes = len(block_start), len(node_parent)
    item, row, table, definition = (
        np.zeros(num_nodes, np.int32),
        np.zeros(num_nodes, np.int32),
        np.zeros(num_nodes, np.int32),
        np.zeros(num_nodes, np.int32),
    )
    cell = np.zeros(num_nodes, np.int32)
    for v in range(1, num_nodes):
        u, tag = node_parent[v], node_tag[v]
        item[v] = v if tag == LI else (0 if tag == TABLE or tag == TD or tag == TH else item[u])
        row[v] = v if tag == TR else (0 if tag == TABLE else row[u])
        cell[v] = v if tag == TD or tag == TH else (0 if tag == TABLE else cell[u])
        table[v] = v if tag == TABLE else table[u]
        definition[v] = u if tag == DT or tag == DD else definition[u]
    # rows of data: every cell is one short block
    row_bytes, cell_blocks = np.zeros(num_nodes, np.int32), np.zeros(num_nodes, np.int32)
    crowded = np.zeros(num_nodes, np.bool_)
    size = 0
    for b in range(num_blocks):
        if chosen[b]:
            v = block_node[b]
            length = block_end[b] - block_start[b]
            size += length + 8
            row_bytes[row[v]] += length
            cell_blocks[cell[v]] += 1
            crowded[row[v]] |= cell_blocks[cell[v]] > 1
    out = np.empty(size, np.uint8)
    position, last = 0, -1
    has_bullet = np.zeros(num_nodes, np.bool_)
    for b in range(num_blocks):
        if not chosen[b]:
            continue
        v = block_node[b]
        is_data = row[v] > 0 and row_bytes[row[v]] <= ROW_BYTES and not crowded[row[v]]
        if last >= 0:
            u = block_node[last]
            was_data = row[u] > 0 and row_bytes[row[u]] <= ROW_BYTES and not crowded[row[u]]
            if is_data and was_data and row[u] == row[v]:
                out[position], out[position + 1], out[position + 2] = 32, 124, 32
                position += 3
            else:
                is_close = (
                    (is_data and was_data and table[u] == table[v])
                    or (item[u] > 0 and item[v] > 0)
                    or (definition[u] > 0 and definition[u] == definition[v])
                )
                out[position] = 10
                position += 1
                if not is_close:
                    out[position] = 10
                    position += 1
        if item[v] > 0 and not has_bullet[item[v]]:
            has_bullet[item[v]] = True
            out[position], out[position + 1], out[position + 2], out[position + 3] = 0xE2, 0x80, 0xA2, 32
            position += 4
        for i in range(block_start[b], block_end[b]):
            byte = text[i]
            if is_data and byte == 10:  # a line break inside a cell
                byte = 32
            out[position] = byte
            position += 1
        last = b
    return out[:position]
