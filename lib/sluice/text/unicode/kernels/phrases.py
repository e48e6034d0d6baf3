"""Kernels that search for fixed phrases, in any ASCII case."""

import numpy as np

from sluice.text.jit import inlined, kernel


def phrase_table(phrases):
    """Returns lower-case phrases, [phrases, longest] uint32, and their lengths: for the kernels below."""
    lengths = np.array([len(phrase) for phrase in phrases], np.int32)
    table = np.zeros((len(phrases), lengths.max()), np.uint32)
    for i, phrase in enumerate(phrases):
        table[i, : len(phrase)] = [ord(char) for char in phrase]
    return table, lengths


def pair_chains(phrases):
    """Returns which phrases can begin with a pair of low bytes, for `find_phrases`.

    The number of the first such phrase, [65,536] int16, and of the next one after each phrase, [phrases] int16; -1 for
    none. Characters that begin no phrase cost one look into the table.
    """
    heads, following = np.full(1 << 16, -1, np.int16), np.full(len(phrases), -1, np.int16)
    for number in reversed(range(len(phrases))):
        pair = (ord(phrases[number][0]) & 255) << 8 | ord(phrases[number][1]) & 255
        following[number] = heads[pair]
        heads[pair] = number
    return heads, following


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
def find_phrases(codes, table, lengths, heads, following, places, numbers):
    """Finds all phrases: positions and numbers, ascending; one phrase per position, that with the lowest number.

    Returns their count, at most `len(places)`.
    """
    count = 0
    if len(codes) < 2:
        return count
    before = lower(codes[0]) & np.uint32(255)
    for i in range(len(codes) - 1):
        after = lower(codes[i + 1]) & np.uint32(255)
        number = heads[before << np.uint32(8) | after]
        while number >= 0 and not is_phrase(codes, i, len(codes), table[number], lengths[number]):
            number = following[number]
        if number >= 0 and count < len(places):
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
