"""Kernels for the signals of `text.signals.c4`."""

import numpy as np

from sluice.text.jit import array_kernel, kernel
from sluice.text.signals import c4
from sluice.text.signals.kernels.lines import (
    FIRST_POLICY,
    JAVASCRIPT,
    LOREM_IPSUM,
    PHRASES,
    next_line,
    strip_left,
    strip_right,
)
from sluice.text.signals.kernels.words import count_sentences
from sluice.text.unicode.characters import DECIMAL, SPACE
from sluice.text.unicode.kernels.phrases import find_phrases, pair_chains, phrase_table
from sluice.text.words.kernels.spaced import split_words

_NUM_POLICIES = len(c4.POLICY)
_TABLE, _LENGTHS = phrase_table(PHRASES)
_HEADS, _NEXT = pair_chains(PHRASES)
_NOTES, _NOTE_LENGTHS = phrase_table(["[edit]", "[citation needed]"])


@kernel
def citation_end(codes, flags, i, end):
    """Returns the end of a match of `c4.CITATION` at i; i without a match."""
    for number in range(len(_NOTE_LENGTHS)):
        length = _NOTE_LENGTHS[number]
        if i + length <= end:
            k = 0
            while k < length and codes[i + k] == _NOTES[number, k]:
                k += 1
            if k == length:
                return i + length
    k = i + 1
    while k < end and flags[k] & DECIMAL:
        k += 1
    return k + 1 if k < end and codes[k] == 93 else i


@kernel
def without_citations(codes, flags, start, end, fresh_codes, fresh_flags):
    """Copies [start, end) without citation marks. Returns the length of the copy."""
    count = 0
    i = start
    while i < end:
        after = citation_end(codes, flags, i, end) if codes[i] == 91 else i
        if after > i:
            i = after
            continue
        fresh_codes[count] = codes[i]
        fresh_flags[count] = flags[i]
        count += 1
        i += 1
    return count


@kernel
def count_runs(flags, start, end):
    """Counts runs without white space; also returns the length of the longest."""
    count, longest, run = 0, 0, 0
    for i in range(start, end):
        if flags[i] & SPACE:
            run = 0
        else:
            run += 1
            count += run == 1
            longest = max(longest, run)
    return count, longest


@kernel
def has_end(codes, count):
    """Whether a line ends in one of C4's terminal marks."""
    if count == 0:
        return False
    last = codes[count - 1]
    if last == 46:
        return not (count >= 3 and codes[count - 2] == 46 and codes[count - 3] == 46)
    return last == 63 or last == 33 or last == 34 or last == 39


@array_kernel
def count_new_sentences(codes, flags):
    """Counts the sentences of a line that has not been split into tokens."""
    starts, ends = np.empty(len(codes), np.int32), np.empty(len(codes), np.int32)
    count = split_words(codes, flags, starts, ends)
    return count_sentences(codes, flags, starts, ends, 0, count)


@kernel
def has_any(numbers, low, high):
    """Whether `numbers` contains a phrase number in [low, high)."""
    for number in numbers:
        if low <= number < high:
            return True
    return False


@kernel
def has_mark(codes, mark):
    """Whether a character occurs."""
    count = 0
    for code in codes:  # no early exit: several are compared at once
        count += code == mark
    return count > 0


@kernel
def has_citation(codes, flags, start, end):
    """Whether `c4.CITATION` matches anywhere."""
    for i in range(start, end):
        if codes[i] == 91 and citation_end(codes, flags, i, end) > i:
            return True
    return False


@array_kernel
def measure_c4(codes, flags, starts, ends, places, numbers, out):
    """Fills `out` [6] in the order of `signals.C4`; `places` and `numbers` as in `measure_lines`."""
    out[:] = 0.0
    has_square, has_brace = has_mark(codes, 91), has_mark(codes, 123)
    start, token, hit = 0, 0, 0
    while start < len(codes):
        end, after = next_line(codes, flags, start)
        first_token, first_hit = token, hit
        while token < len(starts) and starts[token] < end:
            token += 1
        while hit < len(places) and places[hit] < end:
            hit += 1
        first = strip_left(flags, start, end)
        last = strip_right(flags, first, end)
        start = after
        num_runs, longest = count_runs(flags, first, last)
        if longest > c4.MAX_WORD_CHARS or num_runs < c4.MIN_WORDS:
            continue
        line, line_flags, found = codes[first:last], flags[first:last], numbers[first_hit:hit]
        is_edited = has_square and has_citation(codes, flags, first, last)
        if is_edited:
            line, line_flags = np.empty(last - first, np.uint32), np.empty(last - first, np.uint16)
            count = without_citations(codes, flags, first, last, line, line_flags)
            line, line_flags = line[:count], line_flags[:count]
            new_places, new_numbers = np.empty(count, np.int32), np.empty(count, np.int32)
            num_found = find_phrases(line, _TABLE, _LENGTHS, _HEADS, _NEXT, new_places, new_numbers)
            found = new_numbers[:num_found]
        sentences, curly, lorem = 0, 0, 0
        if has_any(found, LOREM_IPSUM, LOREM_IPSUM + 1):
            lorem = 1
        elif has_any(found, JAVASCRIPT, JAVASCRIPT + 1):
            continue
        elif has_brace and has_mark(line, 123):
            curly = 1
        elif has_any(found, FIRST_POLICY, FIRST_POLICY + _NUM_POLICIES):
            continue
        elif is_edited:
            sentences = count_new_sentences(line, line_flags)
        else:
            sentences = count_sentences(codes, flags, starts, ends, first_token, token)
        for k in range(0 if has_end(line, len(line)) else 3, 6, 3):
            out[k] += sentences
            out[k + 1] += curly
            out[k + 2] += lorem
