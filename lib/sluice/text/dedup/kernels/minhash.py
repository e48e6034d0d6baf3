"""Kernels for shingles of a normalised text, their SHA-1 hashes and the MinHash signature, without Python objects."""

import numpy as np

from sluice.text.dedup.kernels.sha1 import (
    BLOCK,
    LANES,
    ONE_BLOCK,
    big_endian_words,
    put_message,
    sha1_prefix,
    sha1_prefixes,
)
from sluice.text.jit import array_kernel, kernel
from sluice.text.unicode.characters import WORD
from sluice.text.unicode.kernels.code_points import look_up
from sluice.text.unicode.kernels.hashing import BASE, letter, number_equals, spread, stretch, sum_up
from sluice.text.unicode.kernels.utf8 import code_point, put_code_point

_SPACE = 32
MERSENNE = np.uint64((1 << 61) - 1)
_AFTER = BLOCK + 3
"""Bytes read after the packed units; their values do not matter."""


@kernel
def pack_characters(text, rows, flags, packed, offsets, prints):
    """Packs the letters, digits and marks of a normalised UTF-8 text contiguously. Returns their number.

    Unit k is `packed[offsets[k]:offsets[k + 1]]`; `offsets` has one more entry than there are units; `prints[k]` is its
    fingerprint.
    """
    count = length = i = 0
    offsets[0] = 0
    while i < len(text):
        code, width = code_point(text, i)
        if look_up(code, rows, flags) & WORD:
            length = put_code_point(packed, length, code)
            prints[count] = spread(letter(code))
            count += 1
            offsets[count] = length
        i += width
    return count


@kernel
def pack_words(text, rows, flags, packed, offsets, prints):
    """Like `pack_characters`, for words, each followed by a space."""
    ascii_flags = flags[rows[0]]
    count = length = i = start = 0
    offsets[0] = 0
    value = np.uint64(0)  # of the word so far
    while i < len(text):
        if text[i] < 0x80:
            code, width = np.int64(text[i]), 1
            flag = ascii_flags[text[i]]
        else:
            code, width = code_point(text, i)
            flag = look_up(code, rows, flags)
        if flag & WORD:
            if code < 0x80:
                packed[length] = code
                length += 1
            else:
                length = put_code_point(packed, length, code)
            value = value * BASE + letter(code)
        elif length > start:
            packed[length] = _SPACE
            length += 1
            prints[count] = spread(value)
            value = np.uint64(0)
            count += 1
            start = length
            offsets[count] = start
        i += width
    if length > start:
        packed[length] = _SPACE
        prints[count] = spread(value)
        count += 1
        offsets[count] = length + 1
    return count


@array_kernel
def hash_shingles(text, rows, flags, size, is_unspaced):
    """Returns the first eight bytes of SHA-1 of distinct shingles of `size` units, by first occurrence, [n] uint64.

    `text` is a normalised text in UTF-8; `rows`, `flags` are the table of `text.unicode.characters`.
    """
    n = len(text)
    packed, offsets, units = (
        np.empty(2 * n + 1 + _AFTER, np.uint8),
        np.empty(n + 2, np.int32),
        np.empty(n + 1, np.uint64),
    )
    if is_unspaced:
        num_units = pack_characters(text, rows, flags, packed, offsets, units)
    else:
        num_units = pack_words(text, rows, flags, packed, offsets, units)
    total = num_units - size + 1
    if total < 1:
        return np.empty(0, np.uint64)
    tail = 0 if is_unspaced else 1  # the space after the last word
    sums, powers = np.empty(num_units + 1, np.uint64), np.empty(num_units + 1, np.uint64)
    sum_up(units[:num_units], sums, powers)
    prints = np.empty(total, np.uint64)
    for k in range(total):
        prints[k] = stretch(sums, powers, k, k + size)
    firsts, counts = np.empty(total, np.int32), np.empty(total, np.int32)
    different = number_equals(prints, firsts, counts)
    starts, ends = np.empty(different, np.int64), np.empty(different, np.int64)
    for number in range(different):
        k = firsts[number]
        starts[number], ends[number] = offsets[k], offsets[k + size] - tail
    return sha1_of_spans(packed[: offsets[num_units] + _AFTER], starts, ends)


@array_kernel
def sha1_of_spans(data, starts, ends):
    """Returns the first eight bytes of SHA-1 of spans of `data`, [n] uint64. Short spans are hashed together.

    `data` must extend `_AFTER` bytes beyond the last span.
    """
    words = np.empty(len(data) - 3, np.uint32)
    big_endian_words(data, words)
    hashes = np.empty(len(starts), np.uint64)
    schedule, state, found = (
        np.zeros(80 * LANES, np.uint32),
        np.empty(85 * LANES, np.uint32),
        np.empty(LANES, np.uint64),
    )
    numbers = np.empty(LANES, np.int64)
    block, w = np.empty(64, np.uint8), np.empty(80, np.uint32)
    waiting = 0
    for number in range(len(starts)):
        start, end = starts[number], ends[number]
        if end - start > ONE_BLOCK:
            hashes[number] = sha1_prefix(data, start, end, block, w)
            continue
        put_message(words, np.uint64(start), np.uint64(end - start), schedule, np.uint64(waiting))
        numbers[waiting] = number
        waiting += 1
        if waiting == LANES:
            sha1_prefixes(schedule, state, found)
            for lane in range(LANES):
                hashes[numbers[lane]] = found[lane]
            waiting = 0
    if waiting > 0:
        sha1_prefixes(schedule, state, found)
        for lane in range(waiting):
            hashes[numbers[lane]] = found[lane]
    return hashes


@kernel
def sign(hashes, a, b, result):
    """Writes the minimum of each permutation over the hashes to `result`; see `minhash.signature`."""
    result[:] = 0xFFFFFFFF
    for h in hashes:
        h = h ^ (h >> np.uint32(16))
        h = np.uint32(h * np.uint32(0x85EBCA6B))
        h = h ^ (h >> np.uint32(13))
        h = np.uint32(h * np.uint32(0xC2B2AE35))
        h = h ^ (h >> np.uint32(16))
        for i in range(len(a)):
            value = np.uint32(h * a[i] + b[i])
            if value < result[i]:
                result[i] = value


@kernel
def sign_legacy(hashes, a, b, result):
    """Like `sign`, in datasketch's scheme before 2.0: the low 32 bits of (a h + b mod 2^64) mod 2^61 - 1.

    `a`, `b` [permutations] uint64. The product wraps before the modulus is computed, as in NumPy.
    """
    result[:] = 0xFFFFFFFF
    for h in hashes:
        for i in range(len(a)):
            value = np.uint64(h) * a[i] + b[i]
            value = (value & MERSENNE) + (value >> np.uint64(61))
            value = value - MERSENNE if value >= MERSENNE else value
            low = np.uint32(value & np.uint64(0xFFFFFFFF))
            if low < result[i]:
                result[i] = low
