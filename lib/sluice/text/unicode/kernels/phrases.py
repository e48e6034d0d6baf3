"""Kernels that search for fixed phrases, in any ASCII case."""

import numpy as np

from sluice.text.jit import inlined, kernel


def phrase_table(phrases):
    """Returns lower-case phrases, [phrases, longest] uint32, and their lengths for `phrase_at` and `ends_in_phrase`."""
    lengths = np.array([len(phrase) for phrase in phrases], np.int32)
    table = np.zeros((len(phrases), lengths.max()), np.uint32)
    for i, phrase in enumerate(phrases):
        table[i, : len(phrase)] = [ord(char) for char in phrase]
    return table, lengths


def first_pairs(phrases):
    """Returns which pairs of low bytes can begin a phrase, [65,536] bool: a cheap test before `phrase_at`."""
    first = np.zeros(1 << 16, np.bool_)
    for phrase in phrases:
        first[(ord(phrase[0]) & 255) << 8 | ord(phrase[1]) & 255] = True
    return first


@inlined
def lower(code):
    """Converts ASCII to lower case, and the Kelvin sign, whose lower case is k."""
    if code == 0x212A:
        return np.uint32(107)
    return code | np.uint32(32) if 65 <= code <= 90 else code


@kernel
def is_phrase(codes, i, end, phrase, length):
    """Whether a phrase is at i, ending before `end`."""
    if i + length > end:
        return False
    for k in range(length):
        if lower(codes[i + k]) != phrase[k]:
            return False
    return True


@kernel
def phrase_at(codes, i, end, table, lengths):
    """Returns the number of the first phrase that matches at i, or -1."""
    code = lower(codes[i])
    for number in range(len(lengths)):
        if table[number, 0] == code and is_phrase(codes, i, end, table[number], lengths[number]):
            return number
    return -1


@kernel
def find_phrases(codes, table, lengths, first, places, numbers):
    """Finds all phrases: positions and numbers, ascending. Returns their count, at most `len(places)`."""
    count = 0
    if len(codes) < 2:
        return count
    before = lower(codes[0]) & np.uint32(255)
    for i in range(len(codes) - 1):
        after = lower(codes[i + 1]) & np.uint32(255)
        if first[before << np.uint32(8) | after] and count < len(places):
            number = phrase_at(codes, i, len(codes), table, lengths)
            if number >= 0:
                places[count] = i
                numbers[count] = number
                count += 1
        before = after
    return count


@kernel
def ends_in_phrase(codes, start, end, table, lengths):
    """Whether [start, end) ends in one of the phrases."""
    for number in range(len(lengths)):
        begin = end - lengths[number]
        if begin >= start and is_phrase(codes, begin, end, table[number], lengths[number]):
            return True
    return False
