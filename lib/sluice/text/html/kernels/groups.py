"""Kernels that group equal keys, and elements of one kind under one parent."""

import numpy as np

from sluice.text.jit import array_kernel
from sluice.text.unicode.kernels.utf8 import FNV_PRIME


@array_kernel
def group_keys(keys):
    """Returns the number of each key's group, in order of first occurrence, and the number of groups."""
    size = 64
    while size < 2 * len(keys) + 8:
        size *= 2
    mask = np.uint64(size - 1)
    table = np.full(size, -1, np.int32)
    groups = np.empty(len(keys), np.int32)
    heads = np.empty(len(keys), np.uint64)
    count = 0
    for i in range(len(keys)):
        mixed = keys[i] * np.uint64(0x9E3779B97F4A7C15)
        slot = (mixed ^ (mixed >> np.uint64(29))) & mask
        while table[slot] >= 0 and heads[table[slot]] != keys[i]:
            slot = (slot + np.uint64(1)) & mask
        if table[slot] < 0:
            table[slot] = count
            heads[count] = keys[i]
            count += 1
        groups[i] = table[slot]
    return groups, count


@array_kernel
def group_brothers(node_parent, node_sign):
    """Like `group_keys`, for elements: those with the same parent and sign are a group."""
    keys = np.empty(len(node_parent), np.uint64)
    for v in range(len(node_parent)):
        keys[v] = (np.uint64(node_parent[v] + 1) * FNV_PRIME) ^ node_sign[v]
    return group_keys(keys)
