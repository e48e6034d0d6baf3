"""Kernels for fastText's prediction: rows of a line's words and n-grams, their mean, and the labels' probabilities.

Sums are float32 and in fastText's order, so that results equal its own up to the last bits.
"""

import math

import numpy as np

from sluice.text.jit import array_kernel, inlined, kernel

FNV_BASIS, FNV_PRIME = np.uint32(2166136261), np.uint32(16777619)
NGRAM_FACTOR = np.uint64(116049371)
TINY = 1e-5
"""Constant that fastText adds before every logarithm (loss.cc, std_log)."""

LINE_END = np.frombuffer(b"</s>", np.uint8)
LABEL_MARK = np.frombuffer(b"__label__", np.uint8)
SPACES = np.zeros(256, np.bool_)
SPACES[[0, 9, 10, 11, 12, 13, 32]] = True
"""Bytes that end a word (dictionary.cc, readWord)."""
MAX_SIGMOID, SIGMOID_STEPS = np.float32(8), 512
BLOCK = 128
"""Characters hashed at once if they have one byte each."""
BEGIN, END = np.uint8(ord("<")), np.uint8(ord(">"))


@inlined
def add_byte(h, byte):
    """Adds a byte to an FNV-1a hash, with fastText's signed characters."""
    return np.uint32((h ^ np.uint32(np.int32(np.int8(byte)))) * FNV_PRIME)


@kernel
def word_hash(data, start, end):
    """Hashes a word."""
    h = FNV_BASIS
    for i in range(start, end):
        h = add_byte(h, data[i])
    return h


@array_kernel
def word_table(names, offsets):
    """Builds an open-addressing table of word numbers by hash, at most half full; -1 marks free slots."""
    size = 8
    while size < 2 * len(offsets):
        size *= 2
    table = np.full(size, -1, np.int32)
    for number in range(len(offsets) - 1):
        slot = word_hash(names, offsets[number], offsets[number + 1]) & (size - 1)
        while table[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        table[slot] = number
    return table


@kernel
def find_word(names, offsets, table, data, start, end, h):
    """Returns the number of a word, or -1 if it is not in the model."""
    mask = len(table) - 1
    slot = np.int64(h) & mask
    while table[slot] >= 0:
        number = table[slot]
        if is_same(data, start, end, names[offsets[number] : offsets[number + 1]]):
            return np.int64(number)
        slot = (slot + 1) & mask
    return np.int64(-1)


@kernel
def is_same(data, start, end, word):
    """Whether data[start:end] equals `word`."""
    if end - start != len(word):
        return False
    for k in range(len(word)):
        if data[start + k] != word[k]:
            return False
    return True


@inlined
def is_known(bucket, known):
    """Returns 1 if a pruned model has kept a bucket, else 0."""
    return np.int64((known[bucket >> np.uint64(6)] >> (bucket & np.uint64(63))) & np.uint64(1))


@kernel
def set_apart(data, has_parts, apart, chars, starts, ends):
    """Writes the words of a line as `<word><word>`, as fastText forms n-grams. Returns numbers of words and characters.

    Writes the positions of characters in `apart`, and its end, to `chars`, and those of words in `data` to `starts` and
    `ends`. The last word is the empty end of line, unless the line itself contains its end marker. Without `has_parts`,
    only `starts` and `ends` are written.
    """
    size = num_chars = num_words = i = 0
    is_open = True
    while is_open:
        while i < len(data) and SPACES[data[i]]:
            i += 1
        start = i
        while i < len(data) and not SPACES[data[i]]:
            i += 1
        starts[num_words] = start
        ends[num_words] = i
        num_words += 1
        is_open = i > start and not is_same(data, start, i, LINE_END)
        if is_open and has_parts:
            apart[size] = BEGIN
            chars[num_chars] = size
            num_chars += 1
            size += 1
            for k in range(start, i):
                apart[size] = data[k]
                chars[num_chars] = size
                num_chars += data[k] & 0xC0 != 0x80
                size += 1
            apart[size] = END
            chars[num_chars] = size
            num_chars += 1
            size += 1
    if has_parts:
        chars[num_chars] = size
    return num_words, num_chars


@kernel
def extend(before, data, now):
    """Extends hashes by one byte."""
    for i in range(len(now)):
        now[i] = add_byte(before[i], data[i])


@kernel
def hash_parts(apart, chars, num_chars, buckets, parts):
    """Computes buckets of character n-grams: `parts[n - 1, i]` for the n characters from i. [n, characters] uint32.

    N-grams that extend beyond the end are skipped. The inner loop is over positions, so that several are hashed at
    once.
    """
    for n in range(len(parts)):
        if n == 0:
            parts[0] = FNV_BASIS
        for first in range(0, num_chars - n, BLOCK):
            last = min(first + BLOCK, num_chars - n)
            before, now = parts[max(n - 1, 0), first:last], parts[n, first:last]
            start = chars[first + n]
            if chars[last + n] - start == last - first:  # one byte each: usual, even if a text has a few others
                extend(before, apart[start : start + last - first], now)
            else:
                for i in range(last - first):
                    h = before[i]
                    for k in range(chars[first + i + n], chars[first + i + n + 1]):
                        h = add_byte(h, apart[k])
                    now[i] = h
    inverse = 1.0 / buckets
    for n in range(len(parts)):
        now = parts[n]
        for i in range(num_chars - n):
            # the remainder without a division; the quotient may be one off
            rest = np.float64(now[i]) - np.floor(np.float64(now[i]) * inverse) * buckets
            rest = rest + buckets if rest < 0 else rest
            rest = rest - buckets if rest >= buckets else rest
            now[i] = np.uint32(np.int64(rest))


@array_kernel
def find_rows(data, dictionary):
    """Returns the rows of the input matrix for a line in UTF-8 without its end, in fastText's order. [n] int32.

    First words, known and unknown, each with its character n-grams, then word n-grams; the line end counts as a word.
    """
    names, offsets, table, min_n, max_n, word_ngrams, buckets, known, places = dictionary
    num_known = len(offsets) - 1
    has_parts = max_n > 0
    apart_bytes = 3 * len(data) + 2 if has_parts else 0
    apart, chars = np.empty(apart_bytes, np.uint8), np.empty(apart_bytes, np.int32)
    starts, ends = np.empty(len(data) + 1, np.int32), np.empty(len(data) + 1, np.int32)
    num_words, num_chars = set_apart(data, has_parts, apart, chars, starts, ends)
    parts = np.empty((max(0, max_n), num_chars), np.uint32)
    if has_parts:
        hash_parts(apart, chars, num_chars, buckets, parts)
    # stores buckets first, and words as -1 - number: an overwritten store costs less than a branch
    found = np.empty(max(0, max_n) * num_chars + word_ngrams * num_words + 1, np.int32)
    hashes = np.empty(num_words, np.uint64)
    count = tokens = last = 0
    for k in range(num_words):
        start, end = starts[k], ends[k]
        first = last
        if end == start or is_same(data, start, end, LINE_END):
            h = word_hash(LINE_END, 0, len(LINE_END))
            number = find_word(names, offsets, table, LINE_END, 0, len(LINE_END), h)
        else:
            h = word_hash(data, start, end)
            number = find_word(names, offsets, table, data, start, end, h)
            if has_parts:
                size = chars[first] + end - start + 2
                while chars[last] < size:
                    last += 1
            if number < 0 and is_same(data, start, min(end, start + len(LABEL_MARK)), LABEL_MARK):
                continue
        hashes[tokens] = np.uint64(np.int64(np.int32(h)))
        tokens += 1
        found[count] = -1 - number
        count += number >= 0
        for i in range(first, last):
            for n in range(max(min_n, 2 if i == first or i == last - 1 else 1), min(max_n, last - i) + 1):
                bucket = np.uint64(parts[n - 1, i])
                found[count] = bucket
                count += is_known(bucket, known) if len(known) else 1
    for i in range(tokens):
        h64 = hashes[i]
        for j in range(i + 1, min(tokens, i + word_ngrams)):
            h64 = h64 * NGRAM_FACTOR + hashes[j]
            bucket = h64 % np.uint64(buckets)
            found[count] = bucket
            count += is_known(bucket, known) if len(known) else 1
    for i in range(count):
        bucket = found[i]
        found[i] = -1 - bucket if bucket < 0 else num_known + (places[bucket] if len(places) else bucket)
    return found[:count]


@array_kernel
def mean_row(rows, inputs):
    """Returns the hidden vector of a line: the mean of its rows. [dim] float32."""
    dim = inputs.shape[1]
    hidden = np.zeros(dim, np.float32)
    for row in rows:
        for d in range(dim):
            hidden[d] += inputs[row, d]
    scale = np.float32(1.0 / len(rows))
    for d in range(dim):
        hidden[d] *= scale
    return hidden


@inlined
def product(outputs, row, hidden):
    """Returns the dot product of a row of the output matrix and the hidden vector."""
    total = np.float32(0)
    for d in range(len(hidden)):
        total += outputs[row, d] * hidden[d]
    return total


@inlined
def logarithm(x):
    """Computes fastText's logarithm, as float32."""
    return np.float32(math.log(np.float64(x) + TINY))


@array_kernel
def softmax(scores):
    """Converts dot products to probabilities of labels, in place."""
    top = scores.max()
    total = np.float32(0)
    for label in range(len(scores)):
        scores[label] = math.exp(scores[label] - top)
        total += scores[label]
    for label in range(len(scores)):
        scores[label] /= total


@kernel
def sigmoids(scores):
    """Like `softmax`, with labels scored independently; fastText uses a table of 512 steps (loss.cc)."""
    for label in range(len(scores)):
        x = scores[label]
        step = np.int64((x + MAX_SIGMOID) * np.float32(SIGMOID_STEPS) / MAX_SIGMOID / np.float32(2))
        at = np.float32(2 * MAX_SIGMOID * step / SIGMOID_STEPS) - MAX_SIGMOID
        scores[label] = 0 if x < -MAX_SIGMOID else 1 if x > MAX_SIGMOID else 1.0 / (1.0 + math.exp(-at))


@array_kernel
def probabilities(outputs, hidden, is_softmax):
    """Returns the probabilities of all labels. [labels] float32."""
    scores = np.empty(len(outputs), np.float32)
    for label in range(len(outputs)):
        scores[label] = product(outputs, label, hidden)
    if is_softmax:
        softmax(scores)
    else:
        sigmoids(scores)
    return scores


@kernel
def best_label(scores):
    """Returns the most probable label and the logarithm of its probability; of equal ones the last, as in fastText."""
    best, top = 0, logarithm(scores[0])
    for label in range(1, len(scores)):
        score = logarithm(scores[label])
        if score >= top:
            best, top = label, score
    return best, top


@array_kernel
def best_leaf(outputs, hidden, children):
    """Like `best_label`, for hierarchical softmax; `children` [labels - 1, 2] are the inner nodes of `huffman_tree`.

    A node's logarithm is the sum of its parent's and its branch's. The search is left-first and prunes nodes that are
    already less probable than the best leaf, as fastText's does.
    """
    num_labels = len(outputs)
    nodes, scores = np.empty(2 * num_labels, np.int64), np.empty(2 * num_labels, np.float32)
    nodes[0], scores[0], waiting = 2 * num_labels - 2, 0, 1
    best, top = np.int64(-1), np.float32(0)
    while waiting:
        waiting -= 1
        node, score = nodes[waiting], scores[waiting]
        if best >= 0 and score < top:
            continue
        if node < num_labels:
            best, top = node, score
            continue
        inner = node - num_labels
        right = np.float32(1.0 / (np.float32(1.0) + math.exp(-product(outputs, inner, hidden))))
        nodes[waiting], scores[waiting] = children[inner, 1], score + logarithm(right)
        nodes[waiting + 1], scores[waiting + 1] = children[inner, 0], score + logarithm(np.float32(1.0) - right)
        waiting += 2
    return best, top


@array_kernel
def leaf_probabilities(outputs, hidden, children):
    """Like `probabilities`, for hierarchical softmax; `children` as in `best_leaf`."""
    num_labels = len(outputs)
    scores = np.ones(2 * num_labels - 1, np.float32)
    for node in range(2 * num_labels - 2, num_labels - 1, -1):  # a node's parent comes after it
        inner = node - num_labels
        right = np.float32(1.0 / (np.float32(1.0) + math.exp(-product(outputs, inner, hidden))))
        scores[children[inner, 0]] = scores[node] * (np.float32(1.0) - right)
        scores[children[inner, 1]] = scores[node] * right
    return scores[:num_labels]


@array_kernel
def huffman_tree(counts):
    """Returns children of the inner nodes of fastText's label tree (loss.cc, buildTree), for descending label counts.

    [labels - 1, 2] int32. Leaves are the labels; inner nodes follow them; the last node is the root.
    """
    size = len(counts)
    weights = np.full(2 * size - 1, np.int64(10) ** 15)
    weights[:size] = counts
    children = np.empty((size - 1, 2), np.int32)
    leaf, node = size - 1, size
    for i in range(size, 2 * size - 1):
        for side in range(2):
            if leaf >= 0 and weights[leaf] < weights[node]:
                children[i - size, side] = leaf
                leaf -= 1
            else:
                children[i - size, side] = node
                node += 1
        weights[i] = weights[children[i - size, 0]] + weights[children[i - size, 1]]
    return children


@array_kernel
def predict(data, dictionary, inputs, outputs, children, is_softmax):
    """Returns the most probable label of a line in UTF-8 and the log of its probability; -1 if no row is known."""
    rows = find_rows(data, dictionary)
    if len(rows) == 0:
        return np.int64(-1), np.float32(0)
    hidden = mean_row(rows, inputs)
    if len(children):
        return best_leaf(outputs, hidden, children)
    return best_label(probabilities(outputs, hidden, is_softmax))
