"""Fingerprints of stretches of text, and numbering of equal ones.

A stretch is a polynomial over its code points modulo 2^64, so that any stretch costs one multiplication once the text
is summed up. Two different stretches of one document of n are taken for equal with a chance below n^2 / 2^65: for
10,000 words about one in 10^11 documents.
"""

import numpy as np

from sluice.text.jit import inlined, kernel

BASE = np.uint64(0xD6E8FEB86659FD93)
"""Odd, without structure (Stafford's mixing constants)."""
_SCALE = np.uint64(0xBF58476D1CE4E5B9)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


@inlined
def letter(code):
    """The coefficient of a code point in the polynomial: never 0, so that length matters."""
    return (np.uint64(code) + np.uint64(1)) * _SCALE


@kernel
def sum_up(codes, sums, powers):
    """Polynomials of all beginnings, [n + 1], and powers of the base, [n + 1]."""
    sums[0] = 0
    powers[0] = 1
    for i in range(len(codes)):
        sums[i + 1] = sums[i] * BASE + letter(codes[i])
        powers[i + 1] = powers[i] * BASE


@inlined
def stretch(sums, powers, start, end):
    """Fingerprint of [start, end)."""
    return sums[end] - sums[start] * powers[end - start]


@kernel
def hash_of(codes):
    """Fingerprint of a whole text."""
    value = np.uint64(0)
    for code in codes:
        value = value * BASE + letter(code)
    return value


@inlined
def spread(value):
    """A fingerprint as a key of a table: all bits depend on all, and it is never 0, which marks an empty place."""
    value = (value ^ (value >> np.uint64(32))) * _SPREAD
    value = value ^ (value >> np.uint64(29))
    return value if value != 0 else np.uint64(1)


@kernel
def table_size(n):
    """Places of an open-addressing table for n keys: a power of two, at most half full."""
    size = 8
    while size < 2 * n:
        size *= 2
    return size


@kernel
def number_equals(fingerprints, firsts, counts):
    """Numbers equal fingerprints in the order of their first occurrence; how many different ones there are.

    `firsts`, `counts` [n]: place of the first and number of all, by number.
    """
    n = len(fingerprints)
    size = table_size(n)
    places = np.zeros(size, np.int32)  # of the first, from 1: a table of these alone is a third of one with the keys
    mask = np.uint64(size - 1)
    for i in range(n):
        fingerprint = fingerprints[i]
        slot = spread(fingerprint) & mask
        place = places[slot]
        while place != 0 and fingerprints[place - 1] != fingerprint:
            slot = (slot + np.uint64(1)) & mask
            place = places[slot]
        if place == 0:
            places[slot] = i + 1
            counts[i] = 1
        else:
            counts[i] = 0
            counts[place - 1] += 1
    different = 0
    for i in range(n):
        firsts[different] = i
        counts[different] = counts[i]
        different += counts[i] != 0
    return different


@kernel
def find_number(keys, numbers, fingerprint):
    """Number of a fingerprint in a table made by `make_table`, -1 without."""
    key = spread(fingerprint)
    mask = np.uint64(len(keys) - 1)
    slot = key & mask
    while keys[slot] != 0:
        if keys[slot] == key:
            return numbers[slot]
        slot = (slot + np.uint64(1)) & mask
    return np.int32(-1)


@kernel
def make_table(fingerprints, values):
    """An open-addressing table from fingerprints, all different, to values int32: its keys and its numbers."""
    size = table_size(len(fingerprints))
    keys = np.zeros(size, np.uint64)
    numbers = np.zeros(size, np.int32)
    mask = np.uint64(size - 1)
    for i in range(len(fingerprints)):
        key = spread(fingerprints[i])
        slot = key & mask
        while keys[slot] != 0:
            slot = (slot + np.uint64(1)) & mask
        keys[slot] = key
        numbers[slot] = values[i]
    return keys, numbers


@kernel
def entropy_of(counts, different, total):
    """Shannon entropy in nats of counts in the order of first occurrence."""
    result = 0.0
    for number in range(different):
        share = counts[number] / total
        result -= share * np.log(share)
    return result
