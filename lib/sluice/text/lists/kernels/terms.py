"""Kernels that find listed terms in a text with a trie of folded code points in one hash table.

Aho-Corasick failure links are not needed: a walk ends after one or two characters nearly everywhere, and is at most as
long as the longest term.
"""

import numpy as np

from sluice.text.jit import array_kernel, inlined, kernel
from sluice.text.lists.kernels.urls import finish
from sluice.text.unicode.kernels.utf8 import code_point, find_slot

MAX_TERM = 64
"""Maximum characters of a term."""
FOLD_SIZE, WORD_SIZE = 0x3001, 0x20000
"""Number of code points covered by the tables of `text.lists.bad_words`."""
FILTER_SIZE = 1 << 16


@inlined
def folded(fold, code):
    """Folds a code point as in terms: no case, no full width, one kind of space."""
    if 0xFF01 <= code <= 0xFF5E:
        code -= 0xFEE0
    return np.int64(fold[code]) if code < FOLD_SIZE else code


@inlined
def is_word_at(is_word, code):
    """Returns 1 for a code point that is part of words, else 0: a number, as branches would be mispredicted."""
    return np.int64(is_word[np.uint64(code)]) if code < WORD_SIZE else np.int64(1)


@inlined
def edge(state, code):
    """Returns the hash key of the edge from a state by a code point."""
    return finish((np.uint64(state) << np.uint64(21)) | np.uint64(code))


@inlined
def mixed(first, second, third):
    """Returns the filter position of up to three code points."""
    return ((first * 31 + second) * 31 + third) & (FILTER_SIZE - 1)


@kernel
def insert(codes, ends, first_id, keys, targets, terms, n_states):
    """Adds terms to a trie; returns the number of its states.

    codes int64: folded code points of all terms; ends int64: end of each. keys, targets: hash table of the edges.
    terms [states] int32: number (>= 1) of the term that ends in a state; 0 for none. Terms are numbered `first_id`,
    `first_id` + 1, …; with a negative `first_id` all get -1. A term that is already present keeps its number.
    """
    mask = np.uint64(len(keys) - 1)
    start = 0
    for t in range(len(ends)):
        state = 0
        for i in range(start, ends[t]):
            key = edge(state, codes[i])
            slot = key & mask
            while keys[slot] != 0 and keys[slot] != key:
                slot = (slot + np.uint64(1)) & mask
            if keys[slot] == 0:
                keys[slot], targets[slot] = key, n_states
                n_states += 1
            state = np.int64(targets[slot])
        start = ends[t]
        if terms[state] == 0:
            terms[state] = first_id + t if first_id > 0 else -1
    return n_states


@kernel
def make_filters(codes, ends, filters):
    """Records how terms begin. filters uint8 [3, 2^16]: terms of one character, of two, and first three characters."""
    start = 0
    for t in range(len(ends)):
        width = min(ends[t] - start, 3)
        if width == 3 and codes[start + 1] == 32:  # in a text it may be followed by more spaces
            width = 2
        second = codes[start + 1] if width > 1 else 0
        third = codes[start + 2] if width > 2 else 0
        filters[width - 1, mixed(codes[start], second, third)] = 1
        start = ends[t]


@array_kernel
def count(text, fold, is_word, filters, keys, targets, terms, n_terms, whole_words):
    """Returns hits, distinct terms hit, characters covered, lines with a hit, and characters of a text in UTF-8.

    With whole_words, a term counts only if it does not begin or end inside a word. A hit inside an occurrence of an
    allowed term (-1 in `terms`) does not count.
    """
    n = len(text)
    seen = np.zeros(n_terms + 1, np.bool_)
    found_term, found_end = np.empty(MAX_TERM, np.int64), np.empty(MAX_TERM, np.int64)
    hits, distinct, covered, lines = 0, 0, 0, 0
    reach, covered_to, is_line_hit = 0, 0, False
    was_word = np.int64(0)
    i, place = 0, 0
    code, width = code_point(text, 0) if n else (np.int64(0), 1)
    symbol = folded(fold, code)
    following = width
    next_code, next_width = code_point(text, following) if following < n else (np.int64(0), 1)
    second = folded(fold, next_code)
    while i < n:
        behind = following + next_width
        third_code, third_width = code_point(text, behind) if behind < n else (np.int64(0), 1)
        third = folded(fold, third_code)
        if code == 10:
            is_line_hit = False
        word = is_word_at(is_word, code) & whole_words
        is_outside = 1 - (word & was_word)
        was_word = word
        may_begin = (
            filters[0, mixed(symbol, 0, 0)]
            | filters[1, mixed(symbol, second, 0)]
            | filters[2, mixed(symbol, second, third)]
        )
        if may_begin & is_outside:
            n_found = 0
            state, depth = 0, 0
            j, end = i, place
            step, step_width = code, width
            while depth < MAX_TERM:
                step_symbol = folded(fold, step)
                slot = find_slot(keys, edge(state, step_symbol))
                if slot < 0:
                    break
                state = np.int64(targets[slot])
                depth += 1
                ends_word = is_word_at(is_word, step) & whole_words
                j, end = j + step_width, end + 1
                step, step_width = code_point(text, j) if j < n else (np.int64(10), 1)
                while step_symbol == 32 and folded(fold, step) == 32:  # a space matches any number of spaces
                    j, end = j + step_width, end + 1
                    step, step_width = code_point(text, j) if j < n else (np.int64(10), 1)
                if terms[state] != 0 and (ends_word & is_word_at(is_word, step)) == 0:
                    if terms[state] < 0:
                        reach = max(reach, end)
                    else:
                        found_term[n_found], found_end[n_found] = terms[state], end
                        n_found += 1
                if j >= n:
                    break
            for k in range(n_found):
                if found_end[k] <= reach:
                    continue
                hits += 1
                distinct += not seen[found_term[k]]
                seen[found_term[k]] = True
                lines += not is_line_hit
                is_line_hit = True
                covered += max(found_end[k] - max(place, covered_to), 0)
                covered_to = max(covered_to, found_end[k])
        i, place, following = following, place + 1, behind
        code, width, symbol = next_code, next_width, second
        next_code, next_width, second = third_code, third_width, third
    return hits, distinct, covered, lines, place
