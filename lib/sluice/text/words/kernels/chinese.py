"""jieba's segmentation (fxsj/jieba 0.42, read and written afresh) over code points.

A run of Han, ASCII letters, digits and `+#&._%-` is cut along the most probable path through its dictionary words; what
comes out as single characters in a row goes through a hidden Markov model with the states begin, middle, end and
single. The sums have jieba's order, and ties fall as Python's tuples do: to the later end, to the later letter.
"""

import math

import numpy as np

from sluice.text.jit import inlined, kernel
from sluice.text.unicode.characters import SPACE

FIRST_HAN, LAST_HAN = 0x4E00, 0x9FD5
NUM_HAN = LAST_HAN - FIRST_HAN + 1
"""The ideographs that jieba knows; later ones are marks to it."""

STATES = "BEMS"
"""Begin, end, middle, single: in the order in which ties are broken."""
_BEGIN, _END, _MIDDLE, _SINGLE = range(4)

# The two states that may come before each, in the same order, and the position of their transition in `model`.
_BEFORE = np.array([(_END, _SINGLE), (_BEGIN, _MIDDLE), (_BEGIN, _MIDDLE), (_END, _SINGLE)])
_TRANSITIONS, _UNKNOWN = 4, 12

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@inlined
def slot_of(key, mask):
    """First place to look at in a table of mask + 1 places."""
    return ((key * _MULTIPLIER) >> np.uint64(32)) & mask


@kernel
def insert_children(keys, children, new_keys, new_children):
    """Fills an empty open-addressing table; keys are not 0."""
    mask = np.uint64(len(keys) - 1)
    for i in range(len(new_keys)):
        slot = slot_of(new_keys[i], mask)
        while keys[slot] != 0:
            slot = (slot + np.uint64(1)) & mask
        keys[slot] = new_keys[i]
        children[slot] = new_children[i]


@inlined
def child_of(keys, children, node, code):
    """The child of a node by a code point, 0 without one."""
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
    """Whether jieba takes a character for an ideograph."""
    return FIRST_HAN <= code <= LAST_HAN


@inlined
def is_alphanumeric(code):
    """ASCII letters and digits."""
    return 48 <= code <= 57 or 97 <= (code | 32) <= 122


@inlined
def is_in_block(code):
    """Whether jieba looks a character up: Han, ASCII letters and digits, and + # & . _ % -"""
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
    """End of the best word at each place of [start, stop), into `nexts`."""
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
    """Whether all of [start, stop) is one word of the dictionary."""
    node = roots[codes[start]]
    for k in range(start + 1, stop):
        if node == 0:
            return False
        node = child_of(keys, children, node, codes[k])
    return node != 0 and not math.isnan(weights[node])


@kernel
def tag_run(codes, start, stop, emissions, model, backs, states):
    """Viterbi over a run of Han: the state of each character, into `states`."""
    scores = np.empty(4)
    fresh = np.empty(4)
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
        scores[:] = fresh
    state = _SINGLE if scores[_SINGLE] >= scores[_END] else _END
    for i in range(stop - 1, start - 1, -1):
        states[i] = state
        state = backs[i, state]


@kernel
def emit_run(codes, start, stop, emissions, model, backs, states, starts, ends, count):
    """The words of a run of Han by the hidden Markov model; the number of tokens after them."""
    tag_run(codes, start, stop, emissions, model, backs, states)
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
    """The words of a run without Han: numbers and names (3.14%, abc), and what stands between them in one piece."""
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
    codes, start, stop, roots, keys, children, weights, emissions, model, backs, states, starts, ends, count
):
    """The words of a row of single characters: themselves, or what the model makes of them."""
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
            count = emit_run(codes, i, end, emissions, model, backs, states, starts, ends, count)
        else:
            count = emit_other(codes, i, end, starts, ends, count)
        i = end
    return count


@kernel
def segment(codes, flags, roots, keys, children, weights, emissions, model, starts, ends):
    """Bounds of all tokens but white space into `starts` and `ends`, both as long as the text; their number.

    The tables are those of `segmenter.jieba_tables`.
    """
    n = len(codes)
    scores = np.empty(n + 1)
    nexts = np.empty(n, np.int32)
    backs = np.empty((n, 4), np.int8)
    states = np.empty(n, np.int8)
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
        singles = i  # where a row of single characters began
        while i < stop:
            end = nexts[i]
            if end - i > 1:
                if singles < i:
                    count = emit_singles(
                        codes, singles, i, roots, keys, children, weights, emissions, model, backs, states, starts,
                        ends, count,
                    )  # fmt: skip
                starts[count] = i
                ends[count] = end
                count += 1
                singles = end
            i = end
        if singles < stop:
            count = emit_singles(
                codes, singles, stop, roots, keys, children, weights, emissions, model, backs, states, starts, ends,
                count,
            )  # fmt: skip
    return count
