"""Kernels for the signals of `text.signals.repetition`, for a text that is split into tokens."""

import math

import numpy as np

from sluice.text.jit import array_kernel, kernel
from sluice.text.unicode.characters import SPACE
from sluice.text.unicode.kernels.hashing import number_equals, spread, stretch, table_size

_NEWLINE = 10


@array_kernel
def repeats_of(fingerprints, sizes):
    """Returns the number of fingerprints that occurred before, and the sum of their sizes."""
    n = len(fingerprints)
    firsts, counts = np.empty(n, np.int32), np.empty(n, np.int32)
    different = number_equals(fingerprints, firsts, counts)
    chars = sizes[:n].sum()
    for number in range(different):
        chars -= sizes[firsts[number]]
    return n - different, chars


@kernel
def split_at_newlines(codes, sums, powers, start, end, least, fingerprints, sizes):
    """Finds the parts of [start, end) between runs of at least `least` newlines. Returns their number."""
    count = 0
    part = start
    i = start
    while i < end:
        if codes[i] != _NEWLINE:
            i += 1
            continue
        run = i
        while i < end and codes[i] == _NEWLINE:
            i += 1
        if i - run >= least:
            fingerprints[count] = stretch(sums, powers, part, run)
            sizes[count] = run - part
            count += 1
            part = i
    fingerprints[count] = stretch(sums, powers, part, end)
    sizes[count] = end - part
    return count + 1


@kernel
def solid_lines(codes, flags, sums, powers, fingerprints, sizes):
    """Finds the non-blank lines between newlines. Returns their number."""
    count = 0
    start = 0
    is_blank = True
    for i in range(len(codes) + 1):
        if i < len(codes) and codes[i] != _NEWLINE:
            is_blank = is_blank and flags[i] & SPACE != 0
            continue
        if not is_blank:
            fingerprints[count] = stretch(sums, powers, start, i)
            sizes[count] = i - start
            count += 1
        start = i + 1
        is_blank = True
    return count


@array_kernel
def top_chars(fingerprints, sizes, n, grams):
    """Returns the size of the most frequent n-gram, joined with spaces, times its count; of equals, the first one.

    `grams` [tokens] contains the (n-1)-grams before the call and the n-grams after it.
    """
    count = len(fingerprints) - n + 1
    for i in range(count):
        grams[i] = spread(grams[i]) + fingerprints[i + n - 1]
    firsts, counts = np.empty(count, np.int32), np.empty(count, np.int32)
    different = number_equals(grams[:count], firsts, counts)
    best = 0
    for number in range(different):
        if counts[number] > counts[best]:
            best = number
    chars = n - 1
    for i in range(firsts[best], firsts[best] + n):
        chars += sizes[i]
    return chars * counts[best]


@array_kernel
def duplicate_chars(joined, offsets, powers, n):
    """Counts the characters of n-grams that occurred before, skipping each repeat.

    `joined` [tokens + 1]: polynomials of the tokens concatenated without a separator; `offsets` [tokens + 1]:
    characters before each token.
    """
    num_tokens = len(joined) - 1
    size = table_size(num_tokens)
    keys = np.zeros(size, np.uint64)
    mask = np.uint64(size - 1)
    repeated = 0
    i = 0
    while i + n <= num_tokens:
        length = offsets[i + n] - offsets[i]
        key = spread(joined[i + n] - joined[i] * powers[length])
        slot = key & mask
        while keys[slot] != 0 and keys[slot] != key:
            slot = (slot + np.uint64(1)) & mask
        if keys[slot] == key:
            repeated += length
            i += n
        else:
            keys[slot] = key
            i += 1
    return repeated


@array_kernel
def frequent_char_share(sums, powers, n):
    """Returns ROOTS' share of the most frequent character n-grams; -1 if the text is shorter than one."""
    total = len(sums) - n
    if total < 1:
        return -1.0
    grams = np.empty(total, np.uint64)
    for i in range(total):
        grams[i] = stretch(sums, powers, i, i + n)
    firsts, counts = np.empty(total, np.int32), np.empty(total, np.int32)
    different = number_equals(grams, firsts, counts)
    num_repeated = 0
    for number in range(different):
        firsts[num_repeated] = counts[number]
        num_repeated += counts[number] > 1
    repeated = np.sort(firsts[:num_repeated])
    chars = 0
    for count in repeated[max(0, num_repeated - int(math.sqrt(different))) :]:
        chars += count
    return chars / total


@array_kernel
def measure_repetition(codes, flags, sums, powers, starts, ends, fingerprints, char_n, out):
    """Fills `out` [16] in the order of `signals.REPETITION`.

    `char_n`: the length of ROOTS' character n-grams; 0: its two signals are not computed.
    """
    out[:] = np.nan
    total = len(codes)
    if total == 0:
        return
    parts, sizes = np.empty(total + 1, np.uint64), np.empty(total + 1, np.int64)
    count = split_at_newlines(codes, sums, powers, 0, total, 1, parts, sizes)
    lines, chars = repeats_of(parts[:count], sizes)
    out[0], out[2] = lines / count, chars / total
    first, last = 0, total
    while first < last and flags[first] & SPACE:
        first += 1
    while last > first and flags[last - 1] & SPACE:
        last -= 1
    count = split_at_newlines(codes, sums, powers, first, last, 2, parts, sizes)
    paragraphs, chars = repeats_of(parts[:count], sizes)
    out[1], out[3] = paragraphs / count, chars / total
    num_newlines = 0
    for code in codes:
        num_newlines += code == _NEWLINE
    if total > num_newlines:
        count = solid_lines(codes, flags, sums, powers, parts, sizes)
        out[4] = repeats_of(parts[:count], sizes)[1] / (total - num_newlines)

    n = len(starts)
    lengths = (ends - starts).astype(np.int64)
    grams = fingerprints.copy()
    for size in range(2, 5):
        if n >= size:
            out[3 + size] = top_chars(fingerprints, lengths, size, grams) / total
    joined, offsets = np.zeros(n + 1, np.uint64), np.zeros(n + 1, np.int64)
    for k in range(n):
        joined[k + 1] = joined[k] * powers[lengths[k]] + fingerprints[k]
        offsets[k + 1] = offsets[k] + lengths[k]
    for size in range(5, 11):
        if n >= size:
            out[3 + size] = duplicate_chars(joined, offsets, powers, size) / total
    if char_n == 0:
        return
    share = frequent_char_share(sums, powers, char_n)
    if share >= 0:
        out[14] = share
    if n >= 5:
        for i in range(n - 4):
            grams[i] = spread(grams[i]) + fingerprints[i + 4]  # the 4-grams of above, and one more
        firsts, counts = np.empty(n, np.int32), np.empty(n, np.int32)
        different = number_equals(grams[: n - 4], firsts, counts)
        repeated = 0
        for number in range(different):
            if counts[number] > 1:
                repeated += counts[number]
        out[15] = repeated / (n - 4)
