"""Shingles of a key text, their SHA-1 hashes and the MinHash signature, without a Python object for any of them."""

import numpy as np

from sluice.text.characters import ALNUM
from sluice.text.jit import kernel
from sluice.text.kernels.characters import put_code_point
from sluice.text.kernels.hashing import number_equals, stretch, sum_up
from sluice.text.kernels.sha1 import LANES, ONE_BLOCK, big_endian_words, put_message, sha1_word, sha1_words

_SPACE, _UNDERSCORE = 32, 95


@kernel
def pack_units(codes, flags, is_unspaced, packed, offsets):
    """The units of shingles one after the other: characters but white space, or words with a space after each.

    Unit k is `packed[offsets[k]:offsets[k + 1]]`, `offsets` being one longer than the units; their number.
    """
    count, length, i = 0, 0, 0
    offsets[0] = 0
    while i < len(codes):
        if is_unspaced:
            if codes[i] != _SPACE:
                packed[length] = codes[i]
                length += 1
                count += 1
                offsets[count] = length
            i += 1
            continue
        if not flags[i] & ALNUM and codes[i] != _UNDERSCORE:
            i += 1
            continue
        while i < len(codes) and (flags[i] & ALNUM or codes[i] == _UNDERSCORE):
            packed[length] = codes[i]
            length += 1
            i += 1
        packed[length] = _SPACE
        length += 1
        count += 1
        offsets[count] = length
    return count


@kernel
def hash_shingles(codes, flags, size, is_unspaced):
    """SHA-1 words of the different shingles of `size` units, in the order of their first occurrence, [n] uint32."""
    packed, offsets = np.empty(2 * len(codes) + 1, np.uint32), np.empty(len(codes) + 2, np.int64)
    num_units = pack_units(codes, flags, is_unspaced, packed, offsets)
    total = num_units - size + 1
    if total < 1:
        return np.empty(0, np.uint32)
    tail = 0 if is_unspaced else 1  # the space after the last word
    packed = packed[: offsets[num_units]]
    sums, powers = np.empty(len(packed) + 1, np.uint64), np.empty(len(packed) + 1, np.uint64)
    sum_up(packed, sums, powers)
    prints = np.empty(total, np.uint64)
    for k in range(total):
        prints[k] = stretch(sums, powers, offsets[k], offsets[k + size] - tail)
    firsts, counts = np.empty(total, np.int32), np.empty(total, np.int32)
    different = number_equals(prints, firsts, counts)

    utf8, places = np.empty(4 * len(packed), np.uint8), np.empty(len(packed) + 1, np.int64)
    places[0] = 0
    for i in range(len(packed)):
        places[i + 1] = put_code_point(utf8, places[i], packed[i])
    spans = np.empty((different, 2), np.int64)
    for number in range(different):
        k = firsts[number]
        spans[number, 0], spans[number, 1] = places[offsets[k]], places[offsets[k + size] - tail]
    return sha1_of_spans(utf8[: places[len(packed)]], spans)


@kernel
def sha1_of_spans(data, spans):
    """SHA-1 words of stretches of data, [n, 2] starts and ends. Short ones, nearly all, go through together."""
    words = np.empty(len(data), np.uint32)
    big_endian_words(data, words)
    hashes = np.empty(len(spans), np.uint32)
    schedule, state, found = (
        np.zeros(80 * LANES, np.uint32),
        np.empty(85 * LANES, np.uint32),
        np.empty(LANES, np.uint32),
    )
    numbers = np.empty(LANES, np.int64)
    block, w = np.empty(64, np.uint8), np.empty(80, np.uint32)
    waiting = 0
    for number in range(len(spans)):
        start, end = spans[number]
        if end - start > ONE_BLOCK:
            hashes[number] = sha1_word(data, start, end, block, w)
            continue
        put_message(words, start, end, schedule, waiting)
        numbers[waiting] = number
        waiting += 1
        if waiting == LANES:
            sha1_words(schedule, state, found)
            for lane in range(LANES):
                hashes[numbers[lane]] = found[lane]
            waiting = 0
    if waiting > 0:
        sha1_words(schedule, state, found)
        for lane in range(waiting):
            hashes[numbers[lane]] = found[lane]
    return hashes


@kernel
def sign(hashes, a, b, result):
    """Smallest value of each permutation over the hashes, into `result`; see `minhash.signature`."""
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
