"""Kernels for tables: which have data rather than layout, and their rows as lines of text."""

import numpy as np

from sluice.text.html import tags
from sluice.text.html.kernels.scopes import LI, TABLE, TD, TH, TR
from sluice.text.jit import array_kernel, kernel

ROW_UNIT = 1 << 15
"""The value of a table cell: its columns, plus this number times its rows."""
MAX_COLUMNS = 256
MAX_REPEATED = 100
"""Maximum bytes of a cell that is repeated in every row that it spans."""
CELL_BYTES, CELL_BLOCKS = 300, 3
"""A cell with more text or more blocks is crowded."""
HEADED_BYTES, HEADED_BLOCKS = 2000, 12
"""The same for a table with header cells."""
CROWDED_SHARE = 0.1
"""A table with a larger share of crowded cells is layout."""
MAX_ROW_BYTES = 400
"""A table of one row is data if the row is not longer."""
WANTED_SHARE = 0.5
"""A data table is kept if at least this share of its text was chosen."""

_CODE = tags.CODE_TEXT


@array_kernel
def ancestors(node_parent, node_tag, node_context):
    """Returns the innermost table, row, cell and list item of each element, and its outermost code; 0 for none.

    Items and cells outside of a table or item do not count inside it.
    """
    num_nodes = len(node_parent)
    table, row, cell = (
        np.zeros(num_nodes, np.int32),
        np.zeros(num_nodes, np.int32),
        np.zeros(num_nodes, np.int32),
    )
    item, pre = np.zeros(num_nodes, np.int32), np.zeros(num_nodes, np.int32)
    for v in range(1, num_nodes):
        u, tag = node_parent[v], node_tag[v]
        table[v] = v if tag == TABLE else table[u]
        row[v] = v if tag == TR else (0 if tag == TABLE else row[u])
        cell[v] = v if tag == TD or tag == TH else (0 if tag == TABLE else cell[u])
        item[v] = v if tag == LI else (0 if tag == TABLE or tag == TD or tag == TH else item[u])
        pre[v] = pre[u] if pre[u] > 0 else (v if node_context[v] & _CODE else 0)
    return table, row, cell, item, pre


@array_kernel
def data_tables(block_start, block_end, block_node, node_parent, node_tag, node_value, table, row, cell, pre):
    """Returns which elements are tables with data: rows of short cells, without tables or code of several lines inside.

    Also returns the first block of each cell, and the number of its blocks.
    """
    num_nodes = len(node_parent)
    is_data = np.zeros(num_nodes, np.bool_)
    first_block, num_cell_blocks = np.full(num_nodes, -1, np.int32), np.zeros(num_nodes, np.int32)
    cell_bytes = np.zeros(num_nodes, np.int32)
    rows, cells, columns, headers = (
        np.zeros(num_nodes, np.int32),
        np.zeros(num_nodes, np.int32),
        np.zeros(num_nodes, np.int32),
        np.zeros(num_nodes, np.int32),
    )
    crowded, table_bytes = np.zeros(num_nodes, np.int32), np.zeros(num_nodes, np.int64)
    row_columns = np.zeros(num_nodes, np.int32)
    most_blocks = np.zeros(num_nodes, np.int32)  # of one cell
    for v in range(1, num_nodes):
        if node_tag[v] == TABLE:
            is_data[v] = True
    for b in range(len(block_node)):
        v = block_node[b]
        c = cell[v]
        if c == 0:
            continue
        if first_block[c] < 0:
            first_block[c] = b
        elif first_block[c] + num_cell_blocks[c] != b:
            is_data[table[v]] = False
        num_cell_blocks[c] += 1
        most_blocks[table[v]] = max(most_blocks[table[v]], num_cell_blocks[c])
        cell_bytes[c] += block_end[b] - block_start[b]
        if pre[v] > 0:
            is_data[table[v]] = False
    for v in range(1, num_nodes):
        t = table[v]
        if t == v:
            t = table[node_parent[v]]
            if t > 0:  # contains a table
                is_data[t] = False
        elif cell[v] == v and row[v] > 0:
            cells[t] += 1
            headers[t] += node_tag[v] == TH
            row_columns[row[v]] += max(1, node_value[v] % ROW_UNIT)
            columns[t] = max(columns[t], row_columns[row[v]])
            table_bytes[t] += cell_bytes[v]
        elif row[v] == v:
            rows[t] += 1
    for v in range(1, num_nodes):
        t = table[v]
        if cell[v] == v and t > 0:
            if headers[t] > 0:
                crowded[t] += cell_bytes[v] > HEADED_BYTES or num_cell_blocks[v] > HEADED_BLOCKS
            else:
                crowded[t] += cell_bytes[v] > CELL_BYTES or num_cell_blocks[v] > CELL_BLOCKS
    for v in range(1, num_nodes):
        if is_data[v]:
            is_data[v] = (
                columns[v] > 1
                and crowded[v] <= CROWDED_SHARE * cells[v]
                and (rows[v] > 1 or (rows[v] == 1 and most_blocks[v] <= 1 and table_bytes[v] <= MAX_ROW_BYTES))
            )
    return is_data, first_block, num_cell_blocks


@array_kernel
def whole_tables(chosen, block_start, block_end, block_node, table, cell, is_data):
    """Returns the chosen blocks, with all cells of the data tables of which at least half was chosen and no others."""
    num_nodes = len(table)
    wanted, total = np.zeros(num_nodes, np.int64), np.zeros(num_nodes, np.int64)
    for b in range(len(block_node)):
        v = block_node[b]
        if cell[v] > 0 and is_data[table[v]]:
            size = block_end[b] - block_start[b]
            total[table[v]] += size
            wanted[table[v]] += size if chosen[b] else 0
    whole = chosen.copy()
    for b in range(len(block_node)):
        v = block_node[b]
        if cell[v] > 0 and is_data[table[v]]:
            whole[b] = wanted[table[v]] >= WANTED_SHARE * total[table[v]]
    return whole


@array_kernel
def with_room(out, position, size):
    """Returns an array with room for `size` bytes after the position, and the marks around them."""
    if position + size + 512 <= len(out):
        return out
    grown = np.empty(2 * len(out) + size + 512, np.uint8)
    grown[:position] = out[:position]
    return grown


@array_kernel
def put_bytes(out, position, data, start, end):
    """Appends data [start, end) with line breaks as spaces. Returns the array, larger if needed, and the position."""
    out = with_room(out, position, end - start)
    for k in range(start, end):
        out[position] = 32 if data[k] == 10 else data[k]
        position += 1
    return out, position


@array_kernel
def put_cell(out, position, text, block_start, block_end, first, count, t, places):
    """Appends the blocks of a cell of table t, separated by spaces; the first time, their positions go to `places`."""
    for b in range(first, first + count):
        if b > first:
            out[position] = 32
            position += 1
        if places[b, 0] < 0:
            places[b, 0], places[b, 1] = position, t
        out, position = put_bytes(out, position, text, block_start[b], block_end[b])
    return out, position


@array_kernel
def put_table(
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
    num_blocks,
    spare,
    bar,
    places,
):
    """Appends the rows of table `t` as lines, with ` | ` between cells, for empty and spanned columns too.

    The text of a cell that spans rows is repeated in each of them. `spare` is the number of bytes that may be added for
    spans. `bar` is the byte between cells. The position of each block is written to `places`. Returns the array, the
    position and what is left of `spare`.
    """
    num_nodes = len(node_tag)
    rows_left, of_cell = np.zeros(MAX_COLUMNS, np.int32), np.zeros(MAX_COLUMNS, np.int32)
    width = 0  # columns in which a cell of an earlier row may still span
    has_row = False
    v = t + 1
    while v < num_nodes and (table[v] == t or (table[v] > t and node_tag[v] != TABLE)):
        if row[v] != v:
            v += 1
            continue
        start, column, is_empty = position, 0, True
        if has_row:
            out[position] = 10
            position += 1
        u = v + 1
        while True:
            while u < num_nodes and row[u] == v and cell[u] != u:
                u += 1
            has_cell = u < num_nodes and row[u] == v
            # columns filled from above
            while column < width and rows_left[column] > 0:
                if spare < 3:
                    width = 0
                    break
                rows_left[column] -= 1
                c = of_cell[column]
                if column > 0:
                    out, position = put_bar(out, position, bar)
                    spare -= 3
                if c > 0 and has_cell_text(block_start, block_end, first_block[c], num_blocks[c], spare):
                    before = position
                    out, position = put_cell(
                        out, position, text, block_start, block_end, first_block[c], num_blocks[c], t, places
                    )
                    spare -= position - before + 3
                column += 1
            if not has_cell:
                break
            if column > 0:
                out, position = put_bar(out, position, bar)
            if num_blocks[u] > 0:
                out, position = put_cell(
                    out, position, text, block_start, block_end, first_block[u], num_blocks[u], t, places
                )
                is_empty = False
            columns, rows = max(1, node_value[u] % ROW_UNIT), node_value[u] // ROW_UNIT
            for k in range(columns):
                if k > 0:
                    if spare < 3 or column >= MAX_COLUMNS:
                        break
                    out, position = put_bar(out, position, bar)
                    spare -= 3
                if column < MAX_COLUMNS:
                    rows_left[column] = rows - 1
                    of_cell[column] = u if k == 0 else 0
                    width = max(width, column + 1)
                column += 1
            u += 1
        if is_empty:
            position = start
        else:
            while position > start and (out[position - 1] == 32):
                position -= 1
            first = start + has_row
            if out[first] == 32:  # the first cell is empty
                for k in range(first, position - 1):
                    out[k] = out[k + 1]
                position -= 1
                for w in range(v + 1, u):
                    if cell[w] == w:
                        places[first_block[w] : first_block[w] + num_blocks[w], 0] -= 1
            has_row = True
        v = u
    return out, position, spare


@array_kernel
def put_bar(out, position, bar):
    """Appends the separator of two cells."""
    out = with_room(out, position, 0)
    out[position], out[position + 1], out[position + 2] = 32, bar, 32
    return out, position + 3


@kernel
def has_cell_text(block_start, block_end, first, count, spare):
    """Whether a cell has text that is short enough to be repeated."""
    if count == 0:
        return False
    size = block_end[first + count - 1] - block_start[first]
    return size <= MAX_REPEATED and size + 8 < spare
