"""Kernel for the features of the second round of decision trees; columns as in `html.features.SECOND_FEATURES`."""

import numpy as np

from sluice.text.html import tags
from sluice.text.html.kernels.groups import group_brothers, group_keys
from sluice.text.jit import array_kernel

HEADING = tags.HEADING


@array_kernel
def second_features(block_node, node_parent, node_context, node_path, node_sign, tokens, first, out):
    """Fills `out` [features, B] with features derived from the first round's probabilities of all blocks of a page."""
    num_blocks, num_nodes = len(block_node), len(node_parent)
    mass = np.zeros(num_nodes, np.float64)
    chosen = np.zeros(num_nodes, np.float64)
    running = np.zeros((num_blocks + 1, 2), np.float64)
    paths = np.empty(num_blocks, np.uint64)
    first_sure, last_sure = num_blocks, -1
    for b in range(num_blocks):
        v = block_node[b]
        count = tokens[b] + 0.5
        mass[v] += count
        chosen[v] += count * first[b]
        running[b + 1, 0] = running[b, 0] + count
        running[b + 1, 1] = running[b, 1] + count * first[b]
        paths[b] = node_path[v]
        if first[b] > 0.5:
            first_sure = min(first_sure, b)
            last_sure = b
    for v in range(num_nodes - 1, 0, -1):
        mass[node_parent[v]] += mass[v]
        chosen[node_parent[v]] += chosen[v]
    groups, count_groups = group_keys(paths)
    path_mass, path_chosen = np.zeros(count_groups), np.zeros(count_groups)
    for b in range(num_blocks):
        path_mass[groups[b]] += tokens[b] + 0.5
        path_chosen[groups[b]] += (tokens[b] + 0.5) * first[b]
    total = max(running[num_blocks, 1], 1e-6)
    kinds, count_kinds = group_brothers(node_parent, node_sign)
    kind_size, kind_mass, kind_chosen = np.zeros(count_kinds), np.zeros(count_kinds), np.zeros(count_kinds)
    for v in range(num_nodes):
        if mass[v] > 0:
            kind_size[kinds[v]] += 1
            kind_mass[kinds[v]] += mass[v]
            kind_chosen[kinds[v]] += chosen[v]
    best_above, best_below = np.zeros(num_blocks + 1), np.zeros(num_blocks + 1)
    for b in range(num_blocks):
        best_above[b + 1] = max(best_above[b], first[b])
    for b in range(num_blocks - 1, -1, -1):
        best_below[b] = max(best_below[b + 1], first[b])
    rank = np.argsort(np.argsort(-first, kind="mergesort"), kind="mergesort")
    heading = -1.0
    for b in range(num_blocks):
        v = block_node[b]
        row = out[:, b]
        row[0] = first[b]
        row[1] = running[b, 1] / max(running[b, 0], 1)
        row[2] = (running[num_blocks, 1] - running[b + 1, 1]) / max(running[num_blocks, 0] - running[b + 1, 0], 1)
        row[3] = path_chosen[groups[b]] / path_mass[groups[b]]
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
            k = kinds[u]
            if kind_size[k] >= 3:
                family = kind_chosen[k] / kind_mass[k]
                break
            u = node_parent[u]
        row[10] = family
        u = v
        for level in range(5):
            held = mass[u]
            while u > 0 and mass[u] <= held:
                u = node_parent[u]
            row[11 + level] = chosen[u] / mass[u]
        for place, reach in ((16, 3), (17, 8)):
            low, high = max(0, b - reach), min(num_blocks, b + reach + 1)
            others = running[high, 0] - running[low, 0] - tokens[b] - 0.5
            row[place] = (running[high, 1] - running[low, 1] - (tokens[b] + 0.5) * first[b]) / max(others, 0.5)
        row[18] = best_above[b]
        row[19] = best_below[b + 1]
        for place in range(6):
            other = b + (place - 3 if place < 3 else place - 2)
            row[20 + place] = first[other] if 0 <= other < num_blocks else -1
