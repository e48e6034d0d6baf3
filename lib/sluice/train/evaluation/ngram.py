"""An n-gram model with interpolated modified Kneser-Ney smoothing: the baseline for networks.

Chen & Goodman 1999; equations for orders k = 1 … n, where h' is h without its first word:

    P_k(w | h) = max(c(hw) - D_k(c(hw)), 0) / c(h·) + γ_k(h) P_{k-1}(w | h'),   P_0 = 1 / V
    γ_k(h) = (D_k(1) N_1(h·) + D_k(2) N_2(h·) + D_k(3) N_3+(h·)) / c(h·)
    D_k(i) = i - (i + 1) Y n_{i+1} / n_i,   Y = n_1 / (n_1 + 2 n_2),   n_i: k-grams with c = i

At order n, c counts occurrences; below n, c(hw) is the number of different words seen before hw. Counts come from the
training streams of the network, including document ends, and every target of a split is scored once.

The implementation is exact and uses arrays without hashing: each k-gram has a dense number, found by the number of its
first k - 1 words and its last word.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
MISSING = -1
FALLBACK = (0.5, 1.0, 1.5)
"""Discounts for an order with too few counts to estimate them, as in KenLM (`--discount_fallback`)."""


@dataclass(frozen=True, slots=True)
class NGramOrder:
    """The k-grams of one length. The last entry of each array represents unknown k-grams (index MISSING)."""

    keys: Array
    """Sorted; number of the first k - 1 words times V, plus the last word. The index is the number of the k-gram."""
    counts: Array
    """c of each k-gram."""
    discounts: Array
    """D(0) = 0, D(1), D(2) and D(3), which is for three or more."""
    totals: Array
    """c(h·) by the number of h."""
    gammas: Array
    """γ(h)."""


class NGram:
    """An n-gram model counted from token streams.

    `streams` are independent 1-d arrays of ids below `vocab_size`.
    """

    def __init__(self, streams: Sequence[Array], order: int, vocab_size: int) -> None:
        self.vocab_size = vocab_size
        self.orders: list[NGramOrder] = []
        tokens = np.concatenate(streams).astype(np.int64)
        ends = np.repeat(np.cumsum([len(stream) for stream in streams]), [len(stream) for stream in streams])
        starts = np.zeros(len(tokens), bool)
        starts[np.cumsum([0, *(len(stream) for stream in streams[:-1])])] = True
        numbers = [np.zeros(len(tokens), np.int64)]  # by k: number of the k-gram that starts at each position
        all_keys = []
        for k in range(1, order + 1):
            at = np.arange(len(tokens))
            fits = at + k <= ends
            last = tokens[np.minimum(at + k - 1, len(tokens) - 1)]
            key = np.where(fits, numbers[-1] * vocab_size + last, MISSING)
            keys, number = np.unique(key[fits], return_inverse=True)
            mine = np.full(len(tokens), MISSING)
            mine[fits] = number
            numbers.append(mine)
            all_keys.append(keys)
        for k in range(1, order + 1):
            of_numbers = numbers[k] if k == order else _continuations(numbers[k], numbers[k + 1], starts)
            counts = np.bincount(of_numbers[of_numbers != MISSING], minlength=len(all_keys[k - 1]))
            contexts = 1 if k == 1 else len(all_keys[k - 2])
            self.orders.append(_order(all_keys[k - 1], counts, contexts, vocab_size))

    def log_probabilities(self, stream: Array) -> Array:
        """Return the log probability in nats of every token of a stream but the first, given the tokens before it."""
        tokens = stream.astype(np.int64)
        size = len(tokens)
        probability = np.full(size, 1 / self.vocab_size)
        before = np.zeros(size, np.int64)  # number of the k - 1 words before each token, or MISSING
        grams: list[Array] = [np.zeros(size + 1, np.int64)]
        for k, order in enumerate(self.orders, 1):
            # numbers of the k-grams that end at each token
            context = before if k == 1 else np.concatenate([[MISSING], grams[k - 1][:-1]])
            found = _find(order.keys, np.where(context == MISSING, MISSING, context * self.vocab_size + tokens))
            counts, total = order.counts[found], order.totals[context]
            kept = np.maximum(counts - order.discounts[np.minimum(counts, 3)], 0)
            smoothed = kept / np.maximum(total, 1) + order.gammas[context] * probability
            probability = np.where(total > 0, smoothed, probability)
            grams.append(found)
        result: Array = np.log(probability[1:])
        return result


def _continuations(numbers: Array, longer: Array, starts: Array) -> Array:
    """Return k-gram numbers, once per distinct preceding word, from (k+1)-grams. A stream start counts as a word."""
    _, first = np.unique(longer, return_index=True)  # one position of each different (k+1)-gram
    first = first[longer[first] != MISSING]
    return np.concatenate([numbers[first + 1], np.unique(numbers[starts])])


def _order(keys: Array, counts: Array, contexts: int, vocab_size: int) -> NGramOrder:
    of = [int((counts == i).sum()) for i in range(5)]
    discounts = _discounts(of)
    context = keys // vocab_size
    totals = np.bincount(context, counts, contexts).astype(np.int64)
    taken = np.bincount(context, np.array(discounts)[np.minimum(counts, 3)], contexts)
    gammas = taken / np.maximum(totals, 1)
    nothing = np.iinfo(np.int64).max
    return NGramOrder(
        np.append(keys, nothing), np.append(counts, 0), np.array(discounts), np.append(totals, 0), np.append(gammas, 0)
    )


def _discounts(of: list[int]) -> list[float]:
    """Compute D(0), D(1), D(2), D(3) from the number of k-grams with each count."""
    if min(of[1:]) > 0:
        share = of[1] / (of[1] + 2 * of[2])
        found = [i - (i + 1) * share * of[i + 1] / of[i] for i in (1, 2, 3)]
        if all(0 < discount <= i for i, discount in enumerate(found, 1)):
            return [0.0, *found]
    return [0.0, *FALLBACK]


def _find(keys: Array, wanted: Array) -> Array:
    """Return the index of each wanted key, or MISSING."""
    at = np.searchsorted(keys, wanted)
    return np.where(keys[at] == wanted, at, MISSING)
