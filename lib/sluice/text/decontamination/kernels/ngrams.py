"""Kernels that find the units of a normalised text, and benchmark n-grams among them."""

import numpy as np

from sluice.text.jit import array_kernel, inlined, kernel
from sluice.text.unicode.kernels.code_points import look_up
from sluice.text.unicode.kernels.hashing import BASE, find_number, letter, spread, table_size
from sluice.text.unicode.kernels.utf8 import code_point

NONE, PART, WHOLE = 0, 1, 2
"""Kinds of characters: not in a unit, part of a word, a unit of its own."""


@kernel
def find_units(text, rows, kinds, starts, ends, prints):
    """Finds the units of a normalised UTF-8 text: start, end and fingerprint, [bytes] each. Returns their number."""
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


@inlined
def slide(value, prints, k, length, leading):
    """Computes the polynomial (`text.unicode.kernels.hashing`) of units [k, k + length) from the previous n-gram's."""
    if k > 0:
        value -= letter(prints[k - 1]) * leading
    return value * BASE + letter(prints[k + length - 1])


@kernel
def begin(prints, length):
    """Returns the start value of `slide` (needs at least `length` units), and BASE to the power of length - 1."""
    value, leading = np.uint64(0), np.uint64(1)
    for k in range(length - 1):
        value = value * BASE + letter(prints[k])
        leading *= BASE
    return value, leading


@array_kernel
def grams_of(prints, length):
    """Returns the fingerprints of all n-grams of `length` units, [units - length + 1] uint64."""
    total = max(len(prints) - length + 1, 0)
    grams = np.empty(total, np.uint64)
    if total > 0:
        value, leading = begin(prints, length)
        for k in range(total):
            value = slide(value, prints, k, length, leading)
            grams[k] = value
    return grams


@array_kernel
def make_filter(grams):
    """Builds a filter with at least 16 bits per n-gram. Unlike the table, it fits in the cache."""
    bits = np.zeros(table_size(8 * len(grams) + 32) // 64, np.uint64)
    mask = np.uint64(64 * len(bits) - 1)
    for gram in grams:
        place = (spread(gram) >> np.uint64(_FILTER_SHIFT)) & mask
        bits[place >> np.uint64(6)] |= np.uint64(1) << (place & np.uint64(63))
    return bits


_FILTER_SHIFT = 24
"""Selects bits other than the lowest ones, which `find_number` uses for the slot in the table."""


@array_kernel
def find_entries(prints, lengths, bits, keys, numbers, starts, postings, needs, epoch, seen, counts, touched, found):
    """Finds index entries of which a document, given its unit fingerprints, contains enough distinct n-grams.

    lengths [l]: n-gram lengths. bits: filter; keys, numbers: n-gram table. starts [n-grams + 1], postings: entries of
    each n-gram. needs [entries]. Workspace: seen [n-grams], without `epoch` in it; counts [entries], zero before and
    after; touched [entries]. Writes entry numbers to found [entries]. Returns their count, and the start positions of
    index n-grams in the document (by length, ascending) with their numbers.
    """
    n = len(prints)
    mask = np.uint64(64 * len(bits) - 1)
    places, hits = np.empty(64, np.int64), np.empty(64, np.int32)
    num_hits = num_touched = 0
    for length in lengths:
        if length > n:
            continue
        gram, leading = begin(prints, length)
        for k in range(n - length + 1):
            gram = slide(gram, prints, k, length, leading)
            place = (spread(gram) >> np.uint64(_FILTER_SHIFT)) & mask
            if not (bits[place >> np.uint64(6)] >> (place & np.uint64(63))) & np.uint64(1):
                continue
            number = find_number(keys, numbers, gram)
            if number < 0:
                continue
            if num_hits == len(places):
                places, hits = np.append(places, places), np.append(hits, hits)
            places[num_hits], hits[num_hits] = k, number
            num_hits += 1
            if seen[number] == epoch:
                continue
            seen[number] = epoch
            for posting in range(starts[number], starts[number + 1]):
                entry = postings[posting]
                if counts[entry] == 0:
                    touched[num_touched] = entry
                    num_touched += 1
                counts[entry] += 1
    num_found = 0
    for turn in range(num_touched):
        entry = touched[turn]
        if counts[entry] >= needs[entry]:
            found[num_found] = entry
            num_found += 1
        counts[entry] = 0
    return num_found, places[:num_hits], hits[:num_hits]


@kernel
def find_whole(prints, length, whole):
    """Returns the first unit at which `length` units have the fingerprint `whole`, or -1."""
    if length > len(prints):
        return -1
    value, leading = begin(prints, length)
    for k in range(len(prints) - length + 1):
        value = slide(value, prints, k, length, leading)
        if value == whole:
            return k
    return -1


@array_kernel
def best_stretch(places, hits, grams, length, span):
    """Returns the largest number of `grams` within `span` units of a document, and their first and last + 1 unit.

    places, hits [h]: start positions and numbers of n-grams, ascending by n-gram and position. Of several passages,
    returns the first, trimmed at both ends.
    """
    total = 0
    for gram in grams:
        total += np.searchsorted(hits, gram, "right") - np.searchsorted(hits, gram, "left")
    own_places, own = np.empty(total, np.int64), np.empty(total, np.int64)
    count = 0
    for number in range(len(grams)):
        for hit in range(np.searchsorted(hits, grams[number], "left"), np.searchsorted(hits, grams[number], "right")):
            own_places[count], own[count] = places[hit], number
            count += 1
    order = np.argsort(own_places)
    counts = np.zeros(len(grams), np.int64)
    best = different = left = first = last = 0
    for right in range(total):
        place, number = own_places[order[right]], own[order[right]]
        different += counts[number] == 0
        counts[number] += 1
        while place + length - own_places[order[left]] > span or counts[own[order[left]]] > 1:
            counts[own[order[left]]] -= 1
            different -= counts[own[order[left]]] == 0
            left += 1
        if different > best:
            best, first, last = different, own_places[order[left]], place + length
    return best, first, last
