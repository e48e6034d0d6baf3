"""Kernels for fingerprints of parts of a text, and for numbering equal ones.

The fingerprint of a part is a polynomial over its code points modulo 2^64. After one pass over the text, each costs one
multiplication. The probability that two different parts of a document with n parts have the same fingerprint is below
n^2 / 2^65: for 10,000 words, about once in 10^11 documents.
"""

import numpy as np

from sluice.text.jit import array_kernel, inlined, kernel

BASE = np.uint64(0xD6E8FEB86659FD93)
"""Base of the polynomial: odd, without structure (Stafford's mixing constants)."""
_SCALE = np.uint64(0xBF58476D1CE4E5B9)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


@inlined
def letter(code):
    """Returns the coefficient of a code point in the polynomial; never 0, so that length matters."""
    return (np.uint64(code) + np.uint64(1)) * _SCALE


@kernel
def sum_up(codes, sums, powers):
    """Computes the polynomials of all prefixes, [n + 1], and the powers of the base, [n + 1]."""
    sums[0] = 0
    powers[0] = 1
    for i in range(len(codes)):
        sums[i + 1] = sums[i] * BASE + letter(codes[i])
        powers[i + 1] = powers[i] * BASE


@inlined
def stretch(sums, powers, start, end):
    """Returns the fingerprint of [start, end)."""
    return sums[end] - sums[start] * powers[end - start]


@kernel
def hash_of(codes):
    """Returns the fingerprint of a whole text."""
    value = np.uint64(0)
    for code in codes:
        value = value * BASE + letter(code)
    return value


@inlined
def spread(value):
    """Mixes a fingerprint to a table key: every bit depends on all bits, and it is never 0, which marks a free slot."""
    value = (value ^ (value >> np.uint64(32))) * _SPREAD
    value = value ^ (value >> np.uint64(29))
    return value if value != 0 else np.uint64(1)


@kernel
def table_size(n):
    """Returns the size of an open-addressing table for n keys: a power of two, at most half full."""
    size = 8
    while size < 2 * n:
        size *= 2
    return size


@array_kernel
def number_equals(fingerprints, firsts, counts):
    """Numbers fingerprints by equality, in order of first occurrence. Returns the number of distinct ones.

    Writes the position of the first occurrence and the count of each number to `firsts`, `counts` [n].
    """
    n = len(fingerprints)
    size = table_size(n)
    places = np.zeros(size, np.int32)  # first positions, from 1: a third of the size of a table with keys
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
    """Returns the number of a fingerprint in a table from `make_table`, or -1."""
    key = spread(fingerprint)
    mask = np.uint64(len(keys) - 1)
    slot = key & mask
    while keys[slot] != 0:
        if keys[slot] == key:
            return numbers[slot]
        slot = (slot + np.uint64(1)) & mask
    return np.int32(-1)


@array_kernel
def make_table(fingerprints, values):
    """Builds an open-addressing table from distinct fingerprints to int32 values. Returns its keys and numbers."""
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
    """Returns the Shannon entropy in nats of counts in order of first occurrence."""
    result = 0.0
    for number in range(different):
        share = counts[number] / total
        result -= share * np.log(share)
    return result
