"""Features of every block for the first round of decision trees, in the order of `FEATURES` in `html.features`."""

import numpy as np

from sluice.text.html import tags
from sluice.text.html.kernels.block_stats import (
    CHARACTERS,
    COMMAS,
    DIGITS,
    ENDS,
    FIRST,
    HAN,
    LAST,
    LETTERS,
    LEX_MAX,
    LEX_MIN,
    LEX_SUM,
    MARKS,
    TITLE,
    TOKENS,
    UPPER,
)
from sluice.text.html.kernels.groups import group_brothers, group_keys
from sluice.text.jit import array_kernel, inlined, kernel
from sluice.text.unicode.kernels.utf8 import find_value

GOOD_TOKENS = 12
"""Minimum words of a block of running text; it also has few of them in links, and a sentence end or comma."""
NEIGHBOURS = (-3, -2, -1, 1, 2, 3)
LEVELS = 4
"""Number of ancestors used: each is the nearest one that contains more text than the previous one."""

STRIP = 16
"""Blocks whose features are written together; one column at a time would load each cache line again."""

HEADING, NUM_CONTEXTS = tags.HEADING, tags.NUM_CONTEXTS
H1, H6 = tags.NUMBER["h1"], tags.NUMBER["h6"]
_TAG_GROUPS = (
    "p",
    "li",
    "td th",
    "h1",
    "h2",
    "h3",
    "h4 h5 h6",
    "pre",
    "blockquote",
    "dt dd",
    "figcaption caption",
    "button label option legend",
    "div",
    "section article main",
    "address footer header nav aside",
)
TAG_GROUP = np.zeros(len(tags.TAGS), np.int32)
for _place, _names in enumerate(_TAG_GROUPS, 1):
    for _name in _names.split():
        TAG_GROUP[tags.NUMBER[_name]] = _place


@inlined
def _log(value):
    return np.float32(np.log1p(value))


@kernel
def turn(strip, out, start, end):
    """Copies the rows of a strip into the columns [start, end)."""
    if start < 0:
        return
    for f in range(len(out)):
        for b in range(start, end):
            out[f, b] = strip[b - start, f]


@array_kernel
def block_features(
    block_start,
    block_end,
    block_node,
    block_link,
    block_bold,
    block_breaks,
    block_pictures,
    node_parent,
    node_tag,
    node_depth,
    node_context,
    node_sign,
    node_path,
    word_node,
    word_hash,
    stats,
    class_keys,
    class_values,
    out,
):
    """Fills `out` [features or more, blocks], which must contain zeros."""
    num_blocks, num_nodes = len(block_start), len(node_parent)
    if num_blocks == 0:
        return
    # 1. elements: class scores, then sums over everything below
    own_class = np.zeros(num_nodes, np.float32)
    for w in range(len(word_node)):
        own_class[word_node[w]] += find_value(class_keys, class_values, word_hash[w])
    sum_class, min_class, max_class = (
        np.zeros(num_nodes, np.float32),
        np.zeros(num_nodes, np.float32),
        np.zeros(num_nodes, np.float32),
    )
    near_class = np.zeros(num_nodes, np.float32)
    for v in range(num_nodes):
        own = min(max(own_class[v], np.float32(-6)), np.float32(6))
        own_class[v] = own
        if v > 0:
            u = node_parent[v]
            sum_class[v] = sum_class[u] + own
            min_class[v], max_class[v] = min(min_class[u], own), max(max_class[u], own)
            near_class[v] = near_class[u] * np.float32(0.7) + own
    tokens = np.zeros(num_nodes, np.float32)
    linked = np.zeros(num_nodes, np.float32)
    good = np.zeros(num_nodes, np.float32)
    lex = np.zeros(num_nodes, np.float32)
    blocks = np.zeros(num_nodes, np.float32)
    score = np.zeros(num_nodes, np.float32)
    block_linked = np.empty(num_blocks, np.float32)
    block_good = np.empty(num_blocks, np.float32)
    total_han, largest = np.float32(0), np.float32(0)
    for b in range(num_blocks):
        v = block_node[b]
        count = stats[b, TOKENS]
        share = np.float32(min(1.0, block_link[b] / max(1, block_end[b] - block_start[b])))
        block_linked[b] = share
        is_good = count >= GOOD_TOKENS and share < 0.4 and stats[b, ENDS] + stats[b, COMMAS] > 0
        block_good[b] = count if is_good else np.float32(0)
        tokens[v] += count
        linked[v] += count * share
        good[v] += block_good[b]
        lex[v] += stats[b, LEX_SUM]
        blocks[v] += 1
        total_han += stats[b, HAN]
        largest = max(largest, count)
        if is_good:
            u = node_parent[v]
            score[u] += count
            if u > 0:
                score[node_parent[u]] += count * np.float32(0.5)
    for v in range(num_nodes - 1, 0, -1):
        u = node_parent[v]
        tokens[u] += tokens[v]
        linked[u] += linked[v]
        good[u] += good[v]
        lex[u] += lex[v]
        blocks[u] += blocks[v]
    page_tokens = max(tokens[0], np.float32(1))
    # 2. the element with the most running text, and the path to it
    best = 0
    for v in range(num_nodes):
        if score[v] > score[best]:
            best = v
    on_way = np.full(num_nodes, -1, np.int32)
    u = best
    while True:
        on_way[u] = node_depth[u]
        if u == 0:
            break
        u = node_parent[u]
    # 3. siblings of one kind
    groups, count_groups = group_brothers(node_parent, node_sign)
    brothers = np.zeros(count_groups, np.float32)
    for v in range(num_nodes):
        if tokens[v] > 0:
            brothers[groups[v]] += 1
    repeated = np.zeros(num_nodes, np.float32)  # most siblings of this element or an ancestor
    distance = np.zeros(num_nodes, np.float32)  # to that element
    for v in range(1, num_nodes):
        u = node_parent[v]
        alike = brothers[groups[v]]
        if alike >= 3 and alike >= repeated[u]:
            repeated[v], distance[v] = alike, 0
        else:
            repeated[v], distance[v] = repeated[u], distance[u] + 1
    # the family: three or more siblings that together contain the most running text
    family_good = np.zeros(count_groups, np.float32)
    for v in range(1, num_nodes):
        if brothers[groups[v]] >= 3:
            family_good[groups[v]] += good[v]
    family = 0
    for g in range(count_groups):
        if family_good[g] * np.log1p(brothers[g]) > family_good[family] * np.log1p(brothers[family]):
            family = g
    in_family = np.zeros(num_nodes, np.int32)
    first_of_family = -1
    for v in range(1, num_nodes):
        if family_good[family] > 0 and groups[v] == family and tokens[v] > 0:
            in_family[v] = v
            if first_of_family < 0:
                first_of_family = v
        else:
            in_family[v] = in_family[node_parent[v]]
    before_family = np.float32(0)
    for b in range(num_blocks):
        if first_of_family < 0 or block_node[b] >= first_of_family:
            break
        before_family += block_good[b]
    # 4. blocks with the same path
    paths = np.empty(num_blocks, np.uint64)
    for b in range(num_blocks):
        paths[b] = node_path[block_node[b]]
    path_of, count_paths = group_keys(paths)
    path_blocks, path_tokens = np.zeros(count_paths, np.float32), np.zeros(count_paths, np.float32)
    path_linked, path_good = np.zeros(count_paths, np.float32), np.zeros(count_paths, np.float32)
    for b in range(num_blocks):
        g = path_of[b]
        path_blocks[g] += 1
        path_tokens[g] += stats[b, TOKENS]
        path_linked[g] += stats[b, TOKENS] * block_linked[b]
        path_good[g] += block_good[b]
    # 5. features block by block
    strip = np.empty((STRIP, len(out)), np.float32)
    before = np.float32(0)
    since_heading, heading_tag, heading_class = np.float32(0), np.float32(0), np.float32(0)
    after_title = np.float32(0)
    running = np.zeros((num_blocks + 1, 4), np.float64)
    for b in range(num_blocks):
        count = stats[b, TOKENS]
        running[b + 1, 0] = running[b, 0] + count
        running[b + 1, 1] = running[b, 1] + count * block_linked[b]
        running[b + 1, 2] = running[b, 2] + block_good[b]
        running[b + 1, 3] = running[b, 3] + stats[b, LEX_SUM]
    log_tokens = np.empty(num_blocks, np.float32)
    for b in range(num_blocks):
        log_tokens[b] = _log(stats[b, TOKENS])
    path_logs = np.empty((count_paths, 2), np.float32)
    for g in range(count_paths):
        path_logs[g, 0], path_logs[g, 1] = _log(path_blocks[g]), _log(path_tokens[g] / path_blocks[g])
    # measures of elements are computed when first needed; siblings share them
    node_logs = np.empty((num_nodes, 3), np.float32)
    is_measured = np.zeros(num_nodes, np.bool_)
    higher = np.full(num_nodes, -1, np.int32)  # the nearest ancestor that contains more text
    family_log = _log(family_good[family] / max(brothers[family], np.float32(1)))
    page_log, blocks_log = _log(page_tokens), _log(num_blocks)
    for b in range(num_blocks):
        if b % STRIP == 0:
            turn(strip, out, b - STRIP, b)
            strip[:] = 0
        row, stat = strip[b % STRIP], stats[b]
        v = block_node[b]
        count = max(stat[TOKENS], np.float32(1))
        size = np.float32(max(1, block_end[b] - block_start[b]))
        letters = max(stat[LETTERS], np.float32(1))
        characters = max(stat[CHARACTERS], np.float32(1))
        tag = node_tag[v]
        f = 0
        row[f] = _log(stat[CHARACTERS])
        row[f + 1] = log_tokens[b]
        row[f + 2] = (stat[LETTERS] + stat[DIGITS]) / count
        row[f + 3] = block_linked[b]
        row[f + 4] = min(np.float32(1), block_bold[b] / size)
        row[f + 5] = _log(block_breaks[b])
        row[f + 6] = _log(block_pictures[b])
        row[f + 7] = stat[HAN] / letters
        row[f + 8] = stat[DIGITS] / characters
        row[f + 9] = stat[UPPER] / letters
        row[f + 10] = stat[MARKS] / count
        row[f + 11] = _log(stat[ENDS])
        row[f + 12] = _log(stat[COMMAS])
        row[f + 13] = stat[FIRST]
        row[f + 14] = stat[LAST]
        row[f + 15] = stat[LEX_SUM]
        row[f + 16] = stat[LEX_SUM] / count
        row[f + 17] = stat[LEX_MIN]
        row[f + 18] = stat[LEX_MAX]
        row[f + 19] = stat[TITLE] / count
        row[f + 20] = 1 if block_good[b] > 0 else 0
        row[f + 21] = TAG_GROUP[tag]
        row[f + 22] = node_depth[v]
        climb, u = 0, v
        while (
            u > 0
            and climb < 64
            and not (node_context[u] & 63) == 0
            and (node_context[node_parent[u]] & 63) == (node_context[u] & 63)
        ):
            climb += 1
            u = node_parent[u]
        row[f + 23] = climb
        row[f + 24] = own_class[v]
        row[f + 25] = own_class[node_parent[v]]
        row[f + 26] = sum_class[v]
        row[f + 27] = min_class[v]
        row[f + 28] = max_class[v]
        row[f + 29] = near_class[v]
        f += 30
        for bit in range(NUM_CONTEXTS):
            row[f] = (node_context[v] >> bit) & 1
            f += 1
        u = v
        for _ in range(LEVELS):
            if higher[u] < 0:
                above = np.int64(u)
                while above > 0 and tokens[above] <= tokens[u]:
                    above = np.int64(node_parent[above])
                higher[u] = above
            u = higher[u]
            if not is_measured[u]:
                is_measured[u] = True
                node_logs[u, 0], node_logs[u, 1] = _log(tokens[u]), _log(blocks[u])
                node_logs[u, 2] = _log(brothers[groups[u]])
            here = max(tokens[u], np.float32(1))
            row[f] = node_logs[u, 0]
            row[f + 1] = linked[u] / here
            row[f + 2] = good[u] / here
            row[f + 3] = node_logs[u, 1]
            row[f + 4] = tokens[u] / page_tokens
            row[f + 5] = own_class[u]
            row[f + 6] = lex[u] / here
            row[f + 7] = node_logs[u, 2]
            f += 8
        g = path_of[b]
        on_path = max(path_tokens[g], np.float32(1))
        row[f] = path_logs[g, 0]
        row[f + 1] = path_logs[g, 1]
        row[f + 2] = path_linked[g] / on_path
        row[f + 3] = path_good[g] / on_path
        f += 4
        u, climb = v, 0
        while on_way[u] < 0:
            u = node_parent[u]
            climb += 1
        here = max(tokens[u], np.float32(1))
        row[f] = 1 if u == best else 0
        row[f + 1] = node_depth[best] - on_way[u]
        row[f + 2] = climb
        row[f + 3] = tokens[best] / page_tokens
        row[f + 4] = here / page_tokens
        row[f + 5] = linked[u] / here
        row[f + 6] = good[u] / here
        f += 7
        is_heading = H1 <= tag <= H6 or (node_context[v] & HEADING) != 0
        if is_heading:
            since_heading, heading_tag, heading_class = np.float32(0), TAG_GROUP[tag], near_class[v]
            if stat[TITLE] >= 2 and stat[TITLE] / count > 0.6:
                after_title = np.float32(1)
        row[f] = b / np.float32(num_blocks)
        row[f + 1] = before / page_tokens
        row[f + 2] = _log(page_tokens - before)
        row[f + 3] = _log(since_heading)
        row[f + 4] = heading_tag
        row[f + 5] = heading_class
        row[f + 6] = after_title
        row[f + 7] = _log(repeated[v])
        row[f + 8] = distance[v]
        f += 9
        before += stat[TOKENS]
        since_heading += stat[TOKENS]
        for offset in NEIGHBOURS:
            other = b + offset
            if 0 <= other < num_blocks:
                w = block_node[other]
                row[f] = log_tokens[other]
                row[f + 1] = block_linked[other]
                row[f + 2] = 1 if block_good[other] > 0 else 0
                row[f + 3] = stats[other, LEX_SUM] / max(stats[other, TOKENS], np.float32(1))
                row[f + 4] = 1 if path_of[other] == g else 0
                row[f + 5] = 1 if node_parent[w] == node_parent[v] else 0
                row[f + 6] = 1 if (node_context[w] & HEADING) != 0 else 0
            else:
                row[f] = -1
                row[f + 1] = -1
            f += 7
        low, high = max(0, b - 6), min(num_blocks, b + 7)
        within = max(running[high, 0] - running[low, 0], 1.0)
        row[f] = _log(within)
        row[f + 1] = (running[high, 1] - running[low, 1]) / within
        row[f + 2] = (running[high, 2] - running[low, 2]) / within
        row[f + 3] = (running[high, 3] - running[low, 3]) / within
        f += 4
        page_good = max(good[0], np.float32(1))
        row[f] = brothers[family] if family_good[family] > 0 else 0
        row[f + 1] = family_good[family] / page_good
        row[f + 2] = family_log
        row[f + 3] = before_family / page_good
        row[f + 4] = 1 if in_family[v] > 0 else 0
        row[f + 5] = good[in_family[v]] / page_good if in_family[v] > 0 else -1
        f += 6
        row[f] = page_log
        row[f + 1] = linked[0] / page_tokens
        row[f + 2] = good[0] / page_tokens
        row[f + 3] = blocks_log
        row[f + 4] = total_han / page_tokens
        row[f + 5] = largest / page_tokens
        row[f + 6] = tokens[best] / page_tokens
        row[f + 7] = lex[0] / page_tokens
    turn(strip, out, (num_blocks - 1) // STRIP * STRIP, num_blocks)
