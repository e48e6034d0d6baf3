"""Units of a key text, and the n-grams of benchmarks among them."""

import numpy as np

from sluice.text.jit import inlined, kernel
from sluice.text.kernels.characters import code_point
from sluice.text.kernels.code_points import look_up
from sluice.text.kernels.hashing import BASE, find_number, letter, spread, stretch, sum_up, table_size

NONE, PART, WHOLE = 0, 1, 2
"""Kinds of characters: no unit, part of a word, a unit by itself."""


@kernel
def find_units(text, rows, kinds, starts, ends, prints):
    """Units of a key text in UTF-8: begin and end in bytes, fingerprint, [bytes] each; their number."""
    n = len(text)
    ascii_kinds = kinds[rows[0]]
    count = i = 0
    begin = -1
    value = np.uint64(0)  # of the word so far
    while i < n:
        if text[i] < 0x80:
            code, width = np.int64(text[i]), 1
            kind = ascii_kinds[text[i]]
        else:
            code, width = code_point(text, i)
            kind = look_up(code, rows, kinds)
        if kind == PART:
            if begin < 0:
                begin = i
                value = np.uint64(0)
            value = value * BASE + letter(code)
        else:
            if begin >= 0:
                starts[count], ends[count], prints[count] = begin, i, spread(value)
                count += 1
                begin = -1
            if kind == WHOLE:
                starts[count], ends[count], prints[count] = i, i + width, spread(letter(code))
                count += 1
        i += width
    if begin >= 0:
        starts[count], ends[count], prints[count] = begin, n, spread(value)
        count += 1
    return count


@kernel
def grams_of(prints, length):
    """Fingerprints of all n-grams of `length` units, [units - length + 1] uint64."""
    n = len(prints)
    total = max(n - length + 1, 0)
    sums, powers = np.empty(n + 1, np.uint64), np.empty(n + 1, np.uint64)
    sum_up(prints, sums, powers)
    grams = np.empty(total, np.uint64)
    for k in range(total):
        grams[k] = stretch(sums, powers, k, k + length)
    return grams


@kernel
def make_filter(grams):
    """One bit for each n-gram in a table of at least 16 for each: it stays in the cache where the table does not."""
    bits = np.zeros(table_size(8 * len(grams) + 32) // 64, np.uint64)
    mask = np.uint64(64 * len(bits) - 1)
    for gram in grams:
        place = (spread(gram) >> np.uint64(_FILTER_SHIFT)) & mask
        bits[place >> np.uint64(6)] |= np.uint64(1) << (place & np.uint64(63))
    return bits


_FILTER_SHIFT = 24
"""Other bits than those of the slot in the table, which `find_number` takes from the lowest."""


@kernel
def find_entries(prints, lengths, bits, keys, numbers, starts, postings, needs, epoch, seen, counts, touched, found):
    """Entries of an index of which a document, by the fingerprints of its units, holds enough different n-grams.

    lengths [l]: of n-grams. bits: filter, and keys, numbers: table of n-grams. starts [n-grams + 1], postings: entries
    of each. needs [entries]. Workspace: seen [n-grams], which holds no epoch so far; counts [entries], 0 before and
    after; touched [entries]. The numbers of entries go into found [entries]; how many.
    """
    n = len(prints)
    sums, powers = np.empty(n + 1, np.uint64), np.empty(n + 1, np.uint64)
    sum_up(prints, sums, powers)
    mask = np.uint64(64 * len(bits) - 1)
    num_touched = 0
    for length in lengths:
        for k in range(n - length + 1):
            gram = stretch(sums, powers, k, k + length)
            place = (spread(gram) >> np.uint64(_FILTER_SHIFT)) & mask
            if not (bits[place >> np.uint64(6)] >> (place & np.uint64(63))) & np.uint64(1):
                continue
            number = find_number(keys, numbers, gram)
            if number < 0 or seen[number] == epoch:
                continue
            seen[number] = epoch
            for posting in range(starts[number], starts[number + 1]):
                entry = postings[posting]
                if counts[entry] == 0:
                    touched[num_touched] = entry
                    num_touched += 1
                counts[entry] += 1
    num_found = 0
    for place in range(num_touched):
        entry = touched[place]
        if counts[entry] >= needs[entry]:
            found[num_found] = entry
            num_found += 1
        counts[entry] = 0
    return num_found


@kernel
def find_whole(prints, length, whole):
    """The first unit from which on `length` units have the fingerprint `whole`, -1 without."""
    grams = grams_of(prints, length)
    for k in range(len(grams)):
        if grams[k] == whole:
            return k
    return -1


@inlined
def holds(postings, start, end, entry):
    """Whether an entry is among postings[start:end], which ascend."""
    low, high = start, end
    while low < high:
        middle = (low + high) // 2
        if postings[middle] < entry:
            low = middle + 1
        else:
            high = middle
    return low < end and postings[low] == entry


@kernel
def best_stretch(prints, length, keys, numbers, starts, postings, entry, span, counts):
    """Most different n-grams of an entry within `span` units of a document; the first and last + 1 unit of them.

    counts [n-grams]: workspace, 0 before and after. The first of several stretches, and none of its ends in vain.
    """
    n = len(prints)
    grams = grams_of(prints, length)
    places, hits = np.empty(len(grams), np.int64), np.empty(len(grams), np.int64)
    num_hits = 0
    for k in range(len(grams)):
        gram = find_number(keys, numbers, grams[k])
        if gram >= 0 and holds(postings, starts[gram], starts[gram + 1], entry):
            places[num_hits], hits[num_hits] = k, gram
            num_hits += 1
    best = different = left = 0
    first, last = 0, n
    for right in range(num_hits):
        different += counts[hits[right]] == 0
        counts[hits[right]] += 1
        while places[right] + length - places[left] > span or counts[hits[left]] > 1:
            counts[hits[left]] -= 1
            different -= counts[hits[left]] == 0
            left += 1
        if different > best:
            best, first, last = different, places[left], places[right] + length
    for k in range(num_hits):
        counts[hits[k]] = 0
    return best, first, last
