"""The array implementation of Kneser-Ney against one with dictionaries, written from the equations."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.train.evaluation.ngram import NGram

V = 5
START = -9


def plain(streams: list[list[int]], order: int, context: list[int], word: int) -> float:
    """P(word | context) computed from the equations."""
    lower = 1 / V
    for k in range(1, order + 1):
        if len(context) < k - 1:
            break
        if k == order:
            counts = Counter(tuple(s[i : i + k]) for s in streams for i in range(len(s) - k + 1))
        else:
            before = defaultdict(set)
            for s in streams:
                for i in range(len(s) - k + 1):
                    before[tuple(s[i : i + k])].add(s[i - 1] if i else START)
            counts = Counter({gram: len(words) for gram, words in before.items()})
        n = Counter(counts.values())
        discount = {0: 0.0, 1: 0.5, 2: 1.0, 3: 1.5}
        if all(n[i] for i in (1, 2, 3, 4)):
            y = n[1] / (n[1] + 2 * n[2])
            estimated = {i: i - (i + 1) * y * n[i + 1] / n[i] for i in (1, 2, 3)}
            if all(0 < d <= i for i, d in estimated.items()):
                discount |= estimated
        h = tuple(context[len(context) - k + 1 :])
        followers = {gram[-1]: c for gram, c in counts.items() if gram[:-1] == h}
        total = sum(followers.values())
        if not total:
            continue
        gamma = sum(discount[min(c, 3)] for c in followers.values()) / total
        c = followers.get(word, 0)
        lower = max(c - discount[min(c, 3)], 0) / total + gamma * lower
    return lower


STREAMS = st.lists(st.lists(st.integers(0, V - 1), min_size=1, max_size=30), min_size=1, max_size=3)


@given(STREAMS, st.lists(st.integers(0, V - 1), min_size=2, max_size=8), st.integers(1, 4))
def test_the_arrays_follow_the_equations(streams: list[list[int]], scored: list[int], order: int) -> None:
    model = NGram([np.array(s) for s in streams], order, V)
    found = np.exp(model.log_probabilities(np.array(scored)))
    expected = [plain(streams, order, scored[:i], scored[i]) for i in range(1, len(scored))]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert found.min() > 0


@given(STREAMS, st.lists(st.integers(0, V - 1), min_size=3, max_size=3))
def test_probabilities_of_all_words_sum_to_one(streams: list[list[int]], context: list[int]) -> None:
    model = NGram([np.array(s) for s in streams], 3, V)
    total = sum(np.exp(model.log_probabilities(np.array([*context, word]))[-1]) for word in range(V))
    assert total == pytest.approx(1, abs=1e-12)


def test_a_repeated_pattern_is_learnt() -> None:
    stream = np.array([0, 1, 2, 3] * 50)
    model = NGram([stream], 3, V)
    assert np.exp(model.log_probabilities(stream)[3:]).min() > 0.95
