"""Shingles of a key text, their SHA-1 hashes and the MinHash signature, without a Python object for any of them."""

import numpy as np

from sluice.text.characters import ALNUM
from sluice.text.jit import inlined, kernel
from sluice.text.kernels.characters import put_code_point
from sluice.text.kernels.hashing import number_equals, stretch, sum_up

_SPACE, _UNDERSCORE = 32, 95


@inlined
def rotate(x, n):
    """Rotation of 32 bits to the left (numba computes in 64)."""
    return np.uint32(x << np.uint32(n)) | np.uint32(x >> np.uint32(32 - n))


@kernel
def sha1_word(message, start, end, block, w):
    """First four bytes of SHA-1 of message[start:end], read little-endian: datasketch's `sha1_hash32` (FIPS 180-4).

    `block` [64] uint8 and `w` [80] uint32 are working space.
    """
    h0, h1, h2 = np.uint32(0x67452301), np.uint32(0xEFCDAB89), np.uint32(0x98BADCFE)
    h3, h4 = np.uint32(0x10325476), np.uint32(0xC3D2E1F0)
    length = end - start
    num_blocks = (length + 9 + 63) // 64
    for number in range(num_blocks):
        at = start + 64 * number
        taken = min(64, max(0, end - at))
        for i in range(taken):
            block[i] = message[at + i]
        if taken < 64:
            for i in range(taken, 64):
                block[i] = 0
            if end >= at:
                block[end - at] = 0x80
            if number == num_blocks - 1:
                bits = np.uint64(8 * length)
                for i in range(8):
                    block[63 - i] = np.uint8((bits >> np.uint64(8 * i)) & np.uint64(255))
        for i in range(16):
            w[i] = (
                (np.uint32(block[4 * i]) << np.uint32(24))
                | (np.uint32(block[4 * i + 1]) << np.uint32(16))
                | (np.uint32(block[4 * i + 2]) << np.uint32(8))
                | np.uint32(block[4 * i + 3])
            )
        for i in range(16, 80):
            w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1)
        a, b, c, d, e = h0, h1, h2, h3, h4
        for i in range(0, 20):
            t = np.uint32(rotate(a, 5) + ((b & c) | (~b & d)) + e + np.uint32(0x5A827999) + w[i])
            a, b, c, d, e = t, a, rotate(b, 30), c, d
        for i in range(20, 40):
            t = np.uint32(rotate(a, 5) + (b ^ c ^ d) + e + np.uint32(0x6ED9EBA1) + w[i])
            a, b, c, d, e = t, a, rotate(b, 30), c, d
        for i in range(40, 60):
            t = np.uint32(rotate(a, 5) + ((b & c) | (b & d) | (c & d)) + e + np.uint32(0x8F1BBCDC) + w[i])
            a, b, c, d, e = t, a, rotate(b, 30), c, d
        for i in range(60, 80):
            t = np.uint32(rotate(a, 5) + (b ^ c ^ d) + e + np.uint32(0xCA62C1D6) + w[i])
            a, b, c, d, e = t, a, rotate(b, 30), c, d
        h0, h1, h2, h3, h4 = (
            np.uint32(h0 + a),
            np.uint32(h1 + b),
            np.uint32(h2 + c),
            np.uint32(h3 + d),
            np.uint32(h4 + e),
        )
    return np.uint32(
        (h0 >> np.uint32(24))
        | ((h0 >> np.uint32(8)) & np.uint32(0xFF00))
        | ((h0 << np.uint32(8)) & np.uint32(0xFF0000))
        | (h0 << np.uint32(24))
    )


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
    block, w = np.empty(64, np.uint8), np.empty(80, np.uint32)
    hashes = np.empty(different, np.uint32)
    for number in range(different):
        k = firsts[number]
        hashes[number] = sha1_word(utf8, places[offsets[k]], places[offsets[k + size] - tail], block, w)
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
