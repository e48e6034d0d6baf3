"""Kernels for the first eight bytes of SHA-1 (FIPS 180-4), of one message or of many short ones in parallel."""

import numpy as np
import numpy.typing as npt

from sluice.text.jit import inlined, kernel

LANES = 32
"""Messages hashed in parallel: more than fit in a register, because each round depends on the previous one."""
ONE_BLOCK = 55
"""Maximum length in bytes of a message that fits in one block with its padding."""
BLOCK = 64
"""Bytes per block."""


def _block_words(blocks: list[bytes]) -> npt.NDArray[np.uint32]:
    return np.frombuffer(b"".join(blocks), ">u4").astype(np.uint32).reshape(-1, 16)


# by length of a one-block message: mask of the message bits in the block, and the padding bits
_LENGTHS = range(ONE_BLOCK + 1)
_OWN = _block_words([b"\xff" * n + bytes(BLOCK - n) for n in _LENGTHS])
_PADDING = _block_words([bytes(n) + b"\x80" + bytes(ONE_BLOCK - n) + (8 * n).to_bytes(8, "big") for n in _LENGTHS])


@inlined
def rotate(x, n):
    """Rotates 32 bits to the left (numba computes in 64)."""
    return np.uint32(x << np.uint32(n)) | np.uint32(x >> np.uint32(32 - n))


@inlined
def swapped(x):
    """Reverses the bytes of a 32-bit number."""
    return np.uint32(
        (x >> np.uint32(24))
        | ((x >> np.uint32(8)) & np.uint32(0xFF00))
        | ((x << np.uint32(8)) & np.uint32(0xFF0000))
        | (x << np.uint32(24))
    )


@inlined
def joined(h0, h1):
    """Returns the first two words of a digest as one number, with its bytes in little-endian order."""
    return np.uint64(swapped(h0)) | (np.uint64(swapped(h1)) << np.uint64(32))


@kernel
def sha1_prefix(message, start, end, block, w):
    """Returns the first eight bytes of SHA-1 of message[start:end], read little-endian: datasketch's `sha1_hash64`.

    The lower half is its `sha1_hash32`. `block` [64] uint8 and `w` [80] uint32 are workspace.
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
    return joined(h0, h1)


@kernel
def big_endian_words(data, words):
    """Writes the four bytes at each position as one number; `data` must be three bytes longer than `words`."""
    for i in range(len(words)):
        words[i] = (
            (np.uint32(data[i]) << np.uint32(24))
            | (np.uint32(data[i + 1]) << np.uint32(16))
            | (np.uint32(data[i + 2]) << np.uint32(8))
            | np.uint32(data[i + 3])
        )


@kernel
def put_message(words, start, length, schedule, lane):
    """Writes the padded block of a message of at most `ONE_BLOCK` bytes to a lane of `schedule` [80 * LANES].

    `words` are the message's bytes as returned by `big_endian_words`, and must cover a block after the start. `start`,
    `length` and `lane` are uint64: for signed ones, numba checks for negative values, which takes as long as the rest.
    """
    for k in range(np.uint64(16)):
        schedule[k * np.uint64(LANES) + lane] = (words[start + k * np.uint64(4)] & _OWN[length, k]) | _PADDING[
            length, k
        ]


@inlined
def next_word(state, i, f, constant, schedule):
    """Returns the first word of the state after a round."""
    return np.uint32(rotate(state[i + 4 * LANES], 5) + f + rotate(state[i], 30) + constant + schedule[i])


@kernel
def sha1_prefixes(schedule, state, result):
    """Computes `sha1_prefix` of the messages in all lanes of `schedule`; `state` [85 * LANES] uint32 is workspace.

    Four of the five state words of SHA-1 are rotated earlier values of the first. So the state has one row per round,
    and the inner loops are one instruction for all lanes.
    """
    for i in range(16 * LANES, 80 * LANES):
        schedule[i] = rotate(
            schedule[i - 3 * LANES] ^ schedule[i - 8 * LANES] ^ schedule[i - 14 * LANES] ^ schedule[i - 16 * LANES], 1
        )
    for lane in range(LANES):
        state[lane] = rotate(np.uint32(0xC3D2E1F0), 2)
        state[LANES + lane] = rotate(np.uint32(0x10325476), 2)
        state[2 * LANES + lane] = rotate(np.uint32(0x98BADCFE), 2)
        state[3 * LANES + lane] = 0xEFCDAB89
        state[4 * LANES + lane] = 0x67452301
    for i in range(0, 20 * LANES):
        b, c, d = state[i + 3 * LANES], rotate(state[i + 2 * LANES], 30), rotate(state[i + LANES], 30)
        f = (b & c) | (~b & d)
        state[i + 5 * LANES] = next_word(state, i, f, np.uint32(0x5A827999), schedule)
    for i in range(20 * LANES, 40 * LANES):
        b, c, d = state[i + 3 * LANES], rotate(state[i + 2 * LANES], 30), rotate(state[i + LANES], 30)
        state[i + 5 * LANES] = next_word(state, i, b ^ c ^ d, np.uint32(0x6ED9EBA1), schedule)
    for i in range(40 * LANES, 60 * LANES):
        b, c, d = state[i + 3 * LANES], rotate(state[i + 2 * LANES], 30), rotate(state[i + LANES], 30)
        f = (b & c) | (b & d) | (c & d)
        state[i + 5 * LANES] = next_word(state, i, f, np.uint32(0x8F1BBCDC), schedule)
    for i in range(60 * LANES, 80 * LANES):
        b, c, d = state[i + 3 * LANES], rotate(state[i + 2 * LANES], 30), rotate(state[i + LANES], 30)
        state[i + 5 * LANES] = next_word(state, i, b ^ c ^ d, np.uint32(0xCA62C1D6), schedule)
    for lane in range(LANES):
        result[lane] = joined(
            np.uint32(state[84 * LANES + lane] + np.uint32(0x67452301)),
            np.uint32(state[83 * LANES + lane] + np.uint32(0xEFCDAB89)),
        )
