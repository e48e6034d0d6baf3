"""Kernels that count words and characters in each block, and hash the words."""

import numpy as np

from sluice.text.jit import array_kernel, inlined
from sluice.text.unicode.kernels.utf8 import (
    DIGIT,
    FNV_PRIME,
    FNV_START,
    LETTER,
    MARK,
    SPACE,
    code_point,
    find_value,
    hash_on,
    is_end,
    kind_of,
)
from sluice.text.unicode.kernels.utf8 import HAN as HAN_KIND

# columns of the counts
CHARACTERS, TOKENS, HAN, DIGITS, UPPER, LETTERS, MARKS, ENDS, COMMAS, FIRST, LAST, LEX_SUM, LEX_MIN, LEX_MAX, TITLE = (
    range(15)
)
NUM_STATS = 15


@array_kernel
def block_stats(text, starts, ends, title_keys, word_keys, word_values):
    """Returns counts per block [B, NUM_STATS], in characters and words. A Han character or kana counts as a word."""
    stats = np.zeros((len(starts), NUM_STATS), np.float32)
    for b in range(len(starts)):
        i, end = starts[b], ends[b]
        row = stats[b]
        word = FNV_START
        width_in_word = 0
        previous_han = np.uint64(0)
        lowest, highest, total, in_title = np.float32(0), np.float32(0), np.float32(0), 0
        first, last = 0, 0
        while i <= end:
            if i < end:
                code, width = code_point(text, i)
                kind = kind_of(code)
                row[CHARACTERS] += 1
            else:
                code, width, kind = np.int64(32), 1, SPACE
            if width_in_word > 0 and kind != LETTER and kind != DIGIT:
                row[TOKENS] += 1
                score = find_value(word_keys, word_values, word)
                total += score
                lowest, highest = min(lowest, score), max(highest, score)
                if find_value(title_keys, title_keys, word) != 0:
                    in_title += 1
                word, width_in_word = FNV_START, 0
            if kind == LETTER or kind == DIGIT:
                word = hash_on(word, text, i, width)
                width_in_word += 1
                if kind == DIGIT:
                    row[DIGITS] += 1
                else:
                    row[LETTERS] += 1
                    row[UPPER] += 65 <= code <= 90
            elif kind == HAN_KIND:
                row[TOKENS] += 1
                row[HAN] += 1
                row[LETTERS] += 1
                single = hash_on(FNV_START, text, i, width)
                if find_value(title_keys, title_keys, single) != 0:
                    in_title += 1
                if previous_han != 0:
                    score = find_value(word_keys, word_values, (previous_han * FNV_PRIME) ^ single)
                    total += score
                    lowest, highest = min(lowest, score), max(highest, score)
                previous_han = single
            elif kind == MARK:
                row[MARKS] += 1
                row[ENDS] += is_end(code)
                row[COMMAS] += code == 44 or code == 0xFF0C or code == 0x3001
            if kind != HAN_KIND:
                previous_han = np.uint64(0)
            if i < end and kind != SPACE:
                if first == 0:
                    first = (
                        1
                        if 65 <= code <= 90
                        else (2 if 97 <= code <= 122 else (3 if kind == DIGIT else (4 if kind == HAN_KIND else 5)))
                    )
                last = 1 if is_end(code) else (2 if code == 58 or code == 0xFF1A else (3 if kind != MARK else 4))
            i += width
        row[FIRST], row[LAST] = first, last
        row[LEX_SUM], row[LEX_MIN], row[LEX_MAX] = total, lowest, highest
        row[TITLE] = in_title
    return stats


@array_kernel
def word_hashes(text, starts, ends):
    """Returns block and hash of every word and of every pair of adjacent Han characters."""
    size = 0
    for b in range(len(starts)):
        size += ends[b] - starts[b] + 1
    blocks, hashes = np.empty(size, np.int32), np.empty(size, np.uint64)
    count = 0
    for b in range(len(starts)):
        i, end = starts[b], ends[b]
        word, in_word = FNV_START, False
        previous = np.uint64(0)
        while i <= end:
            code, width = code_point(text, i) if i < end else (np.int64(32), 1)
            kind = kind_of(code)
            if in_word and kind != LETTER and kind != DIGIT:
                blocks[count], hashes[count] = b, word
                count += 1
                word, in_word = FNV_START, False
            if kind == LETTER or kind == DIGIT:
                in_word = True
                word = hash_on(word, text, i, width)
            single = np.uint64(0)
            if kind == HAN_KIND:
                single = hash_on(FNV_START, text, i, width)
                if previous != 0:
                    blocks[count], hashes[count] = b, (previous * FNV_PRIME) ^ single
                    count += 1
            previous = single
            i += width
    return blocks[:count], hashes[:count]


@inlined
def _add_key(keys, key):
    """Adds a key to a hash table of keys, unless it is present."""
    mask = np.uint64(len(keys) - 1)
    slot = key & mask
    while keys[slot] != 0 and keys[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    keys[slot] = key


@array_kernel
def title_table(text):
    """Returns a hash table (uint64 keys) of the words and Han characters of a title."""
    size = 64
    while size < 2 * len(text) + 8:
        size *= 2
    keys = np.zeros(size, np.uint64)
    i, end = 0, len(text)
    word, in_word = FNV_START, False
    while i <= end:
        code, width = code_point(text, i) if i < end else (np.int64(32), 1)
        kind = kind_of(code)
        if in_word and kind != LETTER and kind != DIGIT:
            _add_key(keys, word)
            word, in_word = FNV_START, False
        if kind == LETTER or kind == DIGIT:
            in_word = True
            word = hash_on(word, text, i, width)
        elif kind == HAN_KIND:
            _add_key(keys, hash_on(FNV_START, text, i, width))
        i += width
    return keys
