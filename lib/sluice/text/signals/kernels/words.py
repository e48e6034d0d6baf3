"""Kernels for the signals of `text.signals.words`, for a text that is split into tokens."""

import numpy as np

from sluice.text.jit import array_kernel, inlined, kernel
from sluice.text.unicode.characters import GOPHER_MARK, LETTER, LOWER, PUNCTUATION, SPACE, TERMINAL, UPPER
from sluice.text.unicode.kernels.hashing import entropy_of, find_number, number_equals

_UNDEFINED = np.nan


@inlined
def all_have(flags, start, end, wanted):
    """Whether every character of [start, end) has at least one of the flags `wanted`."""
    for i in range(start, end):
        if not flags[i] & wanted:
            return False
    return True


@inlined
def flags_of_all(flags, start, end):
    """Returns the flags that at least one character of [start, end) has, and the flags that all have."""
    some, every = flags[start], flags[start]
    for i in range(start + 1, end):
        some |= flags[i]
        every &= flags[i]
    return some, every


@kernel
def is_terminal(codes, start, end):
    """Whether a token that begins with a terminal mark ends a sentence; see `is_terminal` in `signals.words`."""
    if end - start > 1 and codes[start] == 46:
        return False
    for i in range(start + 1, end):
        if codes[i] != codes[start]:
            return False
    return True


@kernel
def count_sentences(codes, flags, starts, ends, first, last):
    """Counts the sentences of tokens [first, last); see `word_signals.count_sentences`."""
    count = 1 if last > first else 0
    has_ended = False
    for k in range(first, last):
        if flags[starts[k]] & TERMINAL and is_terminal(codes, starts[k], ends[k]):
            has_ended = True
        elif has_ended and not all_have(flags, starts[k], ends[k], PUNCTUATION):
            count += 1
            has_ended = False
    return count


@kernel
def longest_run(flags):
    """Returns the length of the longest run without white space."""
    longest = 0
    run = 0
    for flag in flags:
        run = 0 if flag & SPACE else run + 1
        longest = max(longest, run)
    return longest


@array_kernel
def median(sizes, counts, total):
    """Returns the median of `total` integers, given as distinct values with counts."""
    histogram = np.zeros(sizes.max() + 1, np.int64)
    for k in range(len(sizes)):
        histogram[sizes[k]] += counts[k]
    low = -1
    passed = 0
    for size in range(len(histogram)):
        passed += histogram[size]
        if low < 0 and 2 * passed >= total:
            low = size
        if 2 * passed > total:
            return (low + size) / 2
    return float(low)


@kernel
def count_symbols(codes):
    """Counts `#`, and ellipses: three full stops, not overlapping, or the ellipsis character."""
    hashes = 0
    ellipses = 0
    dots = 0
    for code in codes:
        dots = dots + 1 if code == 46 else 0
        if dots == 3:
            ellipses += 1
            dots = 0
        if code == 35:
            hashes += 1
        elif code == 0x2026:
            ellipses += 1
    return hashes, ellipses


@array_kernel
def measure_words(codes, flags, starts, ends, fingerprints, stops, functions, is_unspaced, out):
    """Fills `out` [16] in the order of `signals.WORDS`.

    `fingerprints` [tokens] uint64. `stops` and `functions` are tables (`hashing.make_table`) of the words of the
    language, without keys if there is no list. Anything equal for equal tokens is computed once.
    """
    n = len(starts)
    firsts, counts = np.empty(n, np.int32), np.empty(n, np.int32)
    different = number_equals(fingerprints, firsts, counts)
    sizes, word_counts = np.zeros(different, np.int64), np.zeros(different, np.int32)  # of words
    stop_seen = np.zeros(len(stops[0]), np.bool_)
    function_seen = np.zeros(len(functions[0]), np.bool_)
    num_words, num_unique, chars, letters, lettered, caps = 0, 0, 0, 0, 0, 0
    stop_hits, num_stops, function_hits, num_functions = 0, 0, 0, 0
    for token in range(different):
        first, count = firsts[token], counts[token]
        start, end = starts[first], ends[first]
        some, every = flags_of_all(flags, start, end)
        is_word = not every & GOPHER_MARK
        if some & LETTER:
            letters += count
        if len(stops[0]) > 0:
            number = find_number(stops[0], stops[1], fingerprints[first])
            if number >= 0:
                stop_hits += count
                num_stops += not stop_seen[number]
                stop_seen[number] = True
        if len(functions[0]) > 0:
            number = find_number(functions[0], functions[1], fingerprints[first])
            if number >= 0:
                function_hits += count if is_word else 0
                num_functions += not function_seen[number]
                function_seen[number] = True
        if is_word:
            sizes[num_unique] = end - start
            word_counts[num_unique] = count
            num_unique += 1
            num_words += count
            chars += count * (end - start)
            if some & LETTER:
                lettered += count
            if some & UPPER and not some & LOWER:
                caps += count
    hashes, ellipses = count_symbols(codes)
    out[:] = _UNDEFINED
    out[0] = num_words
    if len(codes) > 0 and not is_unspaced:
        out[3] = longest_run(flags)
    if n > 0:
        out[4] = hashes / n
        out[5] = ellipses / n
        out[6] = letters / n
    if len(stops[0]) > 0:
        out[7] = num_stops
        out[8] = stop_hits
    if len(functions[0]) > 0:
        out[9] = num_functions
    if num_words > 0:
        out[1] = chars / num_words
        out[2] = median(sizes[:num_unique], word_counts, num_words)
        if len(functions[0]) > 0:
            out[10] = function_hits / num_words
        out[11] = num_unique / num_words
        out[12] = entropy_of(word_counts, num_unique, num_words)
        out[13] = caps / num_words
        out[15] = lettered / num_words
    out[14] = count_sentences(codes, flags, starts, ends, 0, n)
