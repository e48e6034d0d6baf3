"""Kernels for jieba's segmentation (fxsj/jieba 0.42, reimplemented) over code points.

A run of Han, ASCII letters, digits and `+#&._%-` is split along the most probable path of dictionary words. Rows of
single characters in the result are processed by a hidden Markov model with the states begin, middle, end and single.
Sums are in jieba's order, and ties are resolved as for Python's tuples: to the later end, to the later letter.
"""

import math

import numpy as np

from sluice.text.jit import array_kernel, inlined, kernel
from sluice.text.unicode.characters import SPACE

FIRST_HAN, LAST_HAN = 0x4E00, 0x9FD5
NUM_HAN = LAST_HAN - FIRST_HAN + 1
"""Number of ideographs that jieba knows; it treats later ones as marks."""

STATES = "BEMS"
"""Begin, end, middle, single, in the order in which ties are resolved."""
_BEGIN, _END, _MIDDLE, _SINGLE = range(4)

# The two states that may come before each, in the same order, and the position of their transition in `model`.
_BEFORE = np.array([(_END, _SINGLE), (_BEGIN, _MIDDLE), (_BEGIN, _MIDDLE), (_END, _SINGLE)])
_TRANSITIONS, _UNKNOWN = 4, 12

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@inlined
def slot_of(key, mask):
    """Returns the first slot to try in a table of mask + 1 slots."""
    return ((key * _MULTIPLIER) >> np.uint64(32)) & mask


@kernel
def insert_children(keys, children, new_keys, new_children):
    """Fills an empty open-addressing table; keys must not be 0."""
    mask = np.uint64(len(keys) - 1)
    for i in range(len(new_keys)):
        slot = slot_of(new_keys[i], mask)
        while keys[slot] != 0:
            slot = (slot + np.uint64(1)) & mask
        keys[slot] = new_keys[i]
        children[slot] = new_children[i]


@inlined
def child_of(keys, children, node, code):
    """Returns the child of a node by a code point, or 0."""
    key = (np.uint64(node) << np.uint64(21)) | np.uint64(code)
    mask = np.uint64(len(keys) - 1)
    slot = slot_of(key, mask)
    while keys[slot] != 0:
        if keys[slot] == key:
            return children[slot]
        slot = (slot + np.uint64(1)) & mask
    return np.int32(0)


@inlined
def is_han(code):
    """Whether jieba treats a character as an ideograph."""
    return FIRST_HAN <= code <= LAST_HAN


@inlined
def is_alphanumeric(code):
    """Whether a code point is an ASCII letter or digit."""
    return 48 <= code <= 57 or 97 <= (code | 32) <= 122


@inlined
def is_in_block(code):
    """Whether jieba looks a character up in its dictionary: Han, ASCII letters and digits, and + # & . _ % -"""
    return (
        is_han(code)
        or (code < 128 and is_alphanumeric(code))
        or code == 43
        or code == 35
        or code == 38
        or code == 46
        or code == 95
        or code == 37
        or code == 45
    )


@kernel
def find_path(codes, start, stop, roots, keys, children, weights, unknown, scores, nexts):
    """Writes the end of the best word at each position of [start, stop) to `nexts`."""
    scores[stop] = 0.0
    for i in range(stop - 1, start - 1, -1):
        best = -math.inf
        end = -1
        node = roots[codes[i]]
        k = i
        while node != 0:
            weight = weights[node]
            if not math.isnan(weight):
                score = weight + scores[k + 1]
                if end < 0 or score >= best:
                    best = score
                    end = k + 1
            k += 1
            if k == stop:
                break
            node = child_of(keys, children, node, codes[k])
        if end < 0:
            best = unknown + scores[i + 1]
            end = i + 1
        scores[i] = best
        nexts[i] = end


@kernel
def is_word(codes, start, stop, roots, keys, children, weights):
    """Whether [start, stop) is a single word of the dictionary."""
    node = roots[codes[start]]
    for k in range(start + 1, stop):
        if node == 0:
            return False
        node = child_of(keys, children, node, codes[k])
    return node != 0 and not math.isnan(weights[node])


@kernel
def tag_run(codes, start, stop, emissions, model, tagging, backs, states):
    """Runs Viterbi over a run of Han: writes the state of each character to `states`."""
    scores, fresh = tagging[0], tagging[1]
    for state in range(4):
        scores[state] = model[state] + emissions[state, codes[start] - FIRST_HAN]
    for i in range(start + 1, stop):
        for state in range(4):
            emission = emissions[state, codes[i] - FIRST_HAN]
            first, second = _BEFORE[state]
            a = scores[first] + model[_TRANSITIONS + 2 * state] + emission
            b = scores[second] + model[_TRANSITIONS + 2 * state + 1] + emission
            if b >= a:
                fresh[state] = b
                backs[i, state] = second
            else:
                fresh[state] = a
                backs[i, state] = first
        for state in range(4):
            scores[state] = fresh[state]
    state = _SINGLE if scores[_SINGLE] >= scores[_END] else _END
    for i in range(stop - 1, start - 1, -1):
        states[i] = state
        state = backs[i, state]


@kernel
def emit_run(codes, start, stop, emissions, model, tagging, backs, states, starts, ends, count):
    """Adds the words of a run of Han by the hidden Markov model. Returns the new number of tokens."""
    tag_run(codes, start, stop, emissions, model, tagging, backs, states)
    begin = start
    done = start
    for i in range(start, stop):
        state = states[i]
        if state == _BEGIN:
            begin = i
        elif state == _END or state == _SINGLE:
            starts[count] = begin if state == _END else i
            ends[count] = i + 1
            count += 1
            done = i + 1
    if done < stop:
        starts[count] = done
        ends[count] = stop
        count += 1
    return count


@kernel
def emit_other(codes, start, stop, starts, ends, count):
    """Adds the tokens of a run without Han: numbers and names (3.14%, abc), and whole parts between them."""
    i = start
    rest = start
    while i < stop:
        if not is_alphanumeric(codes[i]):
            i += 1
            continue
        if rest < i:
            starts[count] = rest
            ends[count] = i
            count += 1
        starts[count] = i
        while i < stop and is_alphanumeric(codes[i]):
            i += 1
        if i + 1 < stop and codes[i] == 46 and 48 <= codes[i + 1] <= 57:
            i += 1
            while i < stop and 48 <= codes[i] <= 57:
                i += 1
        if i < stop and codes[i] == 37:
            i += 1
        ends[count] = i
        count += 1
        rest = i
    if rest < stop:
        starts[count] = rest
        ends[count] = stop
        count += 1
    return count


@kernel
def emit_singles(
    codes, start, stop, roots, keys, children, weights, emissions, model, tagging, backs, states, starts, ends, count
):
    """Adds the words of a row of single characters: themselves, or the model's result. Returns the new token count."""
    if stop - start == 1 or is_word(codes, start, stop, roots, keys, children, weights):
        for i in range(start, stop):
            starts[count] = i
            ends[count] = i + 1
            count += 1
        return count
    i = start
    while i < stop:
        end = i + 1
        while end < stop and is_han(codes[end]) == is_han(codes[i]):
            end += 1
        if is_han(codes[i]):
            count = emit_run(codes, i, end, emissions, model, tagging, backs, states, starts, ends, count)
        else:
            count = emit_other(codes, i, end, starts, ends, count)
        i = end
    return count


@array_kernel
def segment(codes, flags, roots, keys, children, weights, emissions, model, starts, ends):
    """Writes the bounds of all tokens except white space to `starts` and `ends`, both as long as the text.

    Returns their number. The tables are those of `segmenter.jieba_tables`.
    """
    n = len(codes)
    scores = np.empty(n + 1)
    nexts = np.empty(n, np.int32)
    backs = np.empty((n, 4), np.int8)
    states = np.empty(n, np.int8)
    tagging = np.empty((2, 4))  # scores of the states of one character and the next
    count = 0
    i = 0
    while i < n:
        if not is_in_block(codes[i]):
            if not flags[i] & SPACE:
                starts[count] = i
                ends[count] = i + 1
                count += 1
            i += 1
            continue
        stop = i + 1
        while stop < n and is_in_block(codes[stop]):
            stop += 1
        find_path(codes, i, stop, roots, keys, children, weights, model[_UNKNOWN], scores, nexts)
        singles = i  # start of the current row of single characters
        while i < stop:
            end = nexts[i]
            if end - i > 1:
                if singles < i:
                    count = emit_singles(
                        codes, singles, i, roots, keys, children, weights, emissions, model, tagging, backs, states,
                        starts, ends, count,
                    )  # fmt: skip
                starts[count] = i
                ends[count] = end
                count += 1
                singles = end
            i = end
        if singles < stop:
            count = emit_singles(
                codes, singles, stop, roots, keys, children, weights, emissions, model, tagging, backs, states, starts,
                ends, count,
            )  # fmt: skip
    return count
