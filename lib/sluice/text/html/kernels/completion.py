"""Kernels that complete a choice of blocks: headings of chosen text, terms of chosen definitions; no text twice."""

import numpy as np

from sluice.text.html import tags
from sluice.text.html.kernels.groups import group_keys
from sluice.text.html.kernels.scopes import DD, DT
from sluice.text.jit import kernel
from sluice.text.unicode.kernels.utf8 import FNV_START, hash_on

MAX_HEADINGS = 3
"""Maximum number of headings in a row that belong to the text after them."""
MIN_REPEATED = 12
"""Minimum words of a block that is left out if an earlier one is equal."""

_ASIDE = tags.NAV | tags.FOOTER | tags.ASIDE | tags.DIALOG | tags.BANNER | tags.HIDDEN
_STRUCTURED = tags.CELL | tags.PRE


@kernel
def with_headings(chosen, block_node, block_start, block_end, block_link, node_tag, node_context, tokens, max_tokens):
    """Returns the chosen blocks and the headings directly before them."""
    result = chosen.copy()
    for b in range(len(chosen) - 2, -1, -1):
        v = block_node[b]
        is_heading = node_context[v] & tags.HEADING != 0
        if (
            result[b]
            or not is_heading
            or node_context[v] & _ASIDE
            or tokens[b] > max_tokens
            or 2 * block_link[b] > block_end[b] - block_start[b]
        ):
            continue
        result[b] = result[b + 1] and not node_context[block_node[b + 1]] & _ASIDE
    return result


@kernel
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


@kernel
def without_repeats(chosen, text, block_start, block_end, block_node, node_context, tokens):
    """Returns the chosen blocks without those that repeat an earlier one, except short ones, code and cells."""
    keys = np.empty(len(chosen), np.uint64)
    for b in range(len(chosen)):
        keys[b] = FNV_START + np.uint64(b)
        if chosen[b] and tokens[b] >= MIN_REPEATED and not node_context[block_node[b]] & _STRUCTURED:
            keys[b] = hash_on(FNV_START, text, block_start[b], block_end[b] - block_start[b])
    groups, count = group_keys(keys)
    seen = np.zeros(count, np.bool_)
    result = chosen.copy()
    for b in range(len(chosen)):
        if chosen[b] and seen[groups[b]]:
            result[b] = False
        seen[groups[b]] = seen[groups[b]] or chosen[b]
    return result
