"""Kernels for the features of the second round of decision trees; columns as in `html.features.SECOND_FEATURES`."""

import numpy as np

from sluice.text.html import tags
from sluice.text.html.kernels.block_stats import LEX_SUM, TOKENS
from sluice.text.html.kernels.groups import group_brothers, group_keys
from sluice.text.jit import array_kernel, kernel

HEADING, H1 = tags.HEADING, tags.NUMBER["h1"]
MIN_SIBLINGS = 3
"""Minimum number of siblings with text, of one kind, that are a group: cards, rows, entries, paragraphs."""
MIN_CARD_BLOCKS = 1.5
"""Minimum blocks per sibling of the page's largest group, so that it consists of cards and not of paragraphs."""
MAX_PRICE_WORDS = 15

# sums over an element and everything below it; in a group, PRICES and PICTURES are numbers of siblings that have any
MASS, CHOSEN, LINKED, PRICES, PICTURES = range(5)
# of a group only: its siblings, those mostly chosen, the sum of their squared masses, its blocks, its first block
SIZE, AGREED, SQUARES, BLOCKS, FIRST_BLOCK = range(5, 10)

CHOICE, MANY, OUTER, PRICE, TOP_HEADING, PAGE, CARDS = 0, 26, 39, 52, 55, 57, 61
"""First columns of the parts of the features."""


@kernel
def has_price(text, start, end):
    """Whether a text has a digit and a sign of currency: $ £ ¥ € ₹ ￥ 元."""
    has_sign, has_digit = False, False
    for i in range(start, end):
        byte = text[i]
        if byte < 128:
            has_digit |= 48 <= byte <= 57
            has_sign |= byte == 36
        elif byte == 0xC2 and i + 1 < end:
            has_sign |= text[i + 1] == 0xA3 or text[i + 1] == 0xA5
        elif byte == 0xE2 and i + 2 < end:
            has_sign |= text[i + 1] == 0x82 and (text[i + 2] == 0xAC or text[i + 2] == 0xB9)
        elif byte == 0xEF and i + 2 < end:
            has_sign |= text[i + 1] == 0xBF and text[i + 2] == 0xA5
        elif byte == 0xE5 and i + 2 < end:
            has_sign |= text[i + 1] == 0x85 and text[i + 2] == 0x83
    return has_sign and has_digit


@array_kernel
def second_features(
    text,
    block_start,
    block_end,
    block_node,
    block_link,
    block_pictures,
    node_parent,
    node_tag,
    node_context,
    node_path,
    node_sign,
    stats,
    first,
    out,
):
    """Fills `out` [features, B] with features derived from the first round's probabilities of all blocks of a page."""
    num_blocks, num_nodes = len(block_node), len(node_parent)
    if num_blocks == 0:
        return
    tokens = np.ascontiguousarray(stats[:, TOKENS])
    prices = np.zeros(num_blocks, np.float32)
    sums = np.zeros((num_nodes, 5), np.float64)
    first_block, num_below = np.full(num_nodes, num_blocks, np.int64), np.zeros(num_nodes, np.int64)
    running = np.zeros((num_blocks + 1, 2), np.float64)
    for b in range(num_blocks):
        v = block_node[b]
        count = tokens[b] + 0.5
        prices[b] = tokens[b] <= MAX_PRICE_WORDS and has_price(text, block_start[b], block_end[b])
        sums[v, MASS] += count
        sums[v, CHOSEN] += count * first[b]
        sums[v, LINKED] += count * min(1.0, block_link[b] / max(1, block_end[b] - block_start[b]))
        sums[v, PRICES] += prices[b]
        sums[v, PICTURES] += block_pictures[b]
        first_block[v] = min(first_block[v], b)
        num_below[v] += 1
        running[b + 1, 0] = running[b, 0] + count
        running[b + 1, 1] = running[b, 1] + count * first[b]
    for v in range(num_nodes - 1, 0, -1):
        u = node_parent[v]
        for k in range(5):
            sums[u, k] += sums[v, k]
        num_below[u] += num_below[v]
        first_block[u] = min(first_block[u], first_block[v])
    kinds, count_kinds = group_brothers(node_parent, node_sign)
    groups = np.zeros((count_kinds, 10), np.float64)
    groups[:, FIRST_BLOCK] = num_blocks
    for v in range(num_nodes):
        if sums[v, MASS] > 0:
            group = groups[kinds[v]]
            for k in range(3):
                group[k] += sums[v, k]
            group[PRICES] += sums[v, PRICES] > 0
            group[PICTURES] += sums[v, PICTURES] > 0
            group[SIZE] += 1
            group[AGREED] += sums[v, CHOSEN] > 0.5 * sums[v, MASS]
            group[SQUARES] += sums[v, MASS] ** 2
            group[BLOCKS] += num_below[v]
            group[FIRST_BLOCK] = min(group[FIRST_BLOCK], first_block[v])
    order = np.argsort(-first, kind="mergesort")
    choice_features(
        block_node, node_parent, node_context, node_path, tokens, first, order, running, sums, kinds, groups, out
    )
    group_features(block_node, node_parent, node_context, stats, first, running, sums, kinds, groups, out)
    page_features(block_node, node_parent, node_tag, tokens, first, order, prices, running, out)


@array_kernel
def choice_features(
    block_node, node_parent, node_context, node_path, tokens, first, order, running, sums, kinds, groups, out
):
    """Columns from CHOICE: probabilities of the blocks around a block."""
    num_blocks = len(block_node)
    paths = np.empty(num_blocks, np.uint64)
    first_sure, last_sure = num_blocks, -1
    for b in range(num_blocks):
        paths[b] = node_path[block_node[b]]
        if first[b] > 0.5:
            first_sure = min(first_sure, b)
            last_sure = b
    path_of, count_paths = group_keys(paths)
    path_mass, path_chosen = np.zeros(count_paths), np.zeros(count_paths)
    for b in range(num_blocks):
        path_mass[path_of[b]] += tokens[b] + 0.5
        path_chosen[path_of[b]] += (tokens[b] + 0.5) * first[b]
    total = max(running[num_blocks, 1], 1e-6)
    best_above, best_below = np.zeros(num_blocks + 1), np.zeros(num_blocks + 1)
    for b in range(num_blocks):
        best_above[b + 1] = max(best_above[b], first[b])
    for b in range(num_blocks - 1, -1, -1):
        best_below[b] = max(best_below[b + 1], first[b])
    rank = np.empty(num_blocks, np.int64)
    for i in range(num_blocks):
        rank[order[i]] = i
    heading = -1.0
    for b in range(num_blocks):
        v = block_node[b]
        row = out[:, b]
        row[0] = first[b]
        row[1] = running[b, 1] / max(running[b, 0], 1)
        row[2] = (running[num_blocks, 1] - running[b + 1, 1]) / max(running[num_blocks, 0] - running[b + 1, 0], 1)
        row[3] = path_chosen[path_of[b]] / path_mass[path_of[b]]
        row[4] = total / running[num_blocks, 0]
        row[5] = running[b, 1] / total
        row[6] = rank[b] / num_blocks
        row[7] = b - first_sure
        row[8] = last_sure - b
        row[9] = heading
        if (node_context[v] & HEADING) != 0:
            heading = first[b]
        u = v
        family = -1.0
        while u > 0:
            group = groups[kinds[u]]
            if group[SIZE] >= MIN_SIBLINGS:
                family = group[CHOSEN] / group[MASS]
                break
            u = node_parent[u]
        row[10] = family
        u = v
        for level in range(5):
            held = sums[u, MASS]
            while u > 0 and sums[u, MASS] <= held:
                u = node_parent[u]
            row[11 + level] = sums[u, CHOSEN] / sums[u, MASS]
        for place, reach in ((16, 3), (17, 8)):
            low, high = max(0, b - reach), min(num_blocks, b + reach + 1)
            others = running[high, 0] - running[low, 0] - tokens[b] - 0.5
            row[place] = (running[high, 1] - running[low, 1] - (tokens[b] + 0.5) * first[b]) / max(others, 0.5)
        row[18] = best_above[b]
        row[19] = best_below[b + 1]
        for place in range(6):
            other = b + (place - 3 if place < 3 else place - 2)
            row[20 + place] = first[other] if 0 <= other < num_blocks else -1


@array_kernel
def group_features(block_node, node_parent, node_context, stats, first, running, sums, kinds, groups, out):
    """Columns from MANY and OUTER: the groups around a block that have the most siblings and that are outermost.

    Columns from CARDS: the page's group of cards with the most words.
    """
    num_blocks, num_nodes, num_groups = len(block_node), len(node_parent), len(groups)
    total = running[num_blocks, 0]
    heading_before = np.empty(num_blocks + 1, np.int64)
    heading = -1
    for b in range(num_blocks + 1):
        heading_before[b] = heading
        if b < num_blocks and (node_context[block_node[b]] & HEADING) != 0:
            heading = b
    cards = -1
    for g in range(num_groups):
        size = groups[g, SIZE]
        if size >= MIN_SIBLINGS and groups[g, BLOCKS] >= MIN_CARD_BLOCKS * size:
            if cards < 0 or groups[g, MASS] > groups[cards, MASS]:
                cards = g
    many, outer = np.zeros(num_nodes, np.int64), np.zeros(num_nodes, np.int64)
    is_card = np.zeros(num_nodes, np.bool_)
    for v in range(1, num_nodes):
        u, g = node_parent[v], kinds[v]
        many[v], outer[v], is_card[v] = many[u], outer[u], is_card[u]
        if g == cards:
            is_card[v] = True
        if sums[v, MASS] > 0 and groups[g, SIZE] >= MIN_SIBLINGS:
            if outer[u] == 0:
                outer[v] = v
            if many[u] == 0 or groups[g, SIZE] >= groups[kinds[many[u]], SIZE]:
                many[v] = v
    values = np.full((num_groups + 1, 13), -1, np.float32)  # the last: no group
    for g in range(num_groups):
        group = groups[g]
        size, mass = group[SIZE], group[MASS]
        if size < MIN_SIBLINGS:
            continue
        start, mean = int(group[FIRST_BLOCK]), mass / size
        value = values[g]
        value[0], value[1], value[2], value[3] = np.log1p(size), mass / total, group[CHOSEN] / mass, np.log1p(mean)
        value[4], value[5], value[6] = group[PRICES] / size, group[LINKED] / mass, group[PICTURES] / size
        value[7], value[8] = running[start, 0] / total, group[AGREED] / size
        value[9] = np.sqrt(max(0.0, group[SQUARES] / size - mean * mean)) / mean
        heading = heading_before[start]
        value[11] = 0
        if heading >= 0:
            value[10] = first[heading]
            value[11] = stats[heading, LEX_SUM] / max(stats[heading, TOKENS], np.float32(1))
            value[12] = np.log1p(running[start, 0] - running[heading, 0])
    # column by column: a write to every column for each block would load each cache line again
    group_of = np.empty(num_blocks, np.int64)
    for part in range(2):
        for b in range(num_blocks):
            member = many[block_node[b]] if part == 0 else outer[block_node[b]]
            group_of[b] = kinds[member] if member > 0 else num_groups
        for k in range(13):
            column = out[(MANY if part == 0 else OUTER) + k]
            for b in range(num_blocks):
                column[b] = values[group_of[b], k]
    if cards >= 0:
        out[CARDS] = groups[cards, MASS] / total
        out[CARDS + 1] = groups[cards, PRICES] / groups[cards, SIZE]
        out[CARDS + 2] = groups[cards, LINKED] / groups[cards, MASS]
        out[CARDS + 3] = groups[cards, CHOSEN] / groups[cards, MASS]
        for b in range(num_blocks):
            out[CARDS + 4, b] = is_card[block_node[b]]


@array_kernel
def page_features(block_node, node_parent, node_tag, tokens, first, order, prices, running, out):
    """Columns from PRICE, TOP_HEADING and PAGE: prices, the first <h1>, and how sure the first round is of the page."""
    num_blocks = len(block_node)
    top = -1
    for b in range(num_blocks):
        u = block_node[b]
        for _ in range(3):
            if top < 0 and node_tag[u] == H1:
                top = b
            u = node_parent[u]
    likely, unsure, highest, num_chosen, num_prices = 0.0, 0.0, np.float32(0), 0, 0.0
    for b in range(num_blocks):
        likely += first[b] * tokens[b]
        unsure += first[b] * (1 - first[b]) * tokens[b]
        highest = max(highest, first[b])
        num_chosen += first[b] > 0.5
        num_prices += prices[b]
    hits, taken, best = 0.0, 0.0, 0.0
    for i in range(num_blocks):
        hits += first[order[i]] * tokens[order[i]]
        taken += tokens[order[i]]
        best = max(best, 2 * hits / (taken + likely + 1e-9))
    total = running[num_blocks, 0]
    out[PRICE] = prices
    out[PRICE + 1] = np.log1p(num_prices)
    out[PRICE + 2] = num_prices / num_blocks
    if top >= 0:
        for b in range(num_blocks):
            out[TOP_HEADING, b] = (running[b, 0] - running[top, 0]) / total
    out[TOP_HEADING + 1] = first[top] if top >= 0 else np.float32(-1)
    out[PAGE] = highest
    out[PAGE + 1] = unsure / max(likely, 1e-6)
    out[PAGE + 2] = best
    out[PAGE + 3] = np.log1p(num_chosen)
