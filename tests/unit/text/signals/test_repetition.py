from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.text.signals import repetition

# Slow reference implementations, written from filters.md 1.2.


def slow_top_ngram(tokens, n, total):
    grams = [" ".join(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]
    best = max(grams.count(gram) for gram in grams)
    first = next(gram for gram in grams if grams.count(gram) == best)
    return len(first) * best / total


def slow_duplicate_ngram(tokens, n, total):
    seen, chars, i = [], 0, 0
    while i + n <= len(tokens):
        gram = "".join(tokens[i : i + n])
        if gram in seen:
            chars += len(gram)
            i += n
        else:
            seen.append(gram)
            i += 1
    return chars / total


TOKENS = st.lists(st.sampled_from(["a", "b", "cc", "，", "你好"]), min_size=1, max_size=40)


@settings(derandomize=True, max_examples=400, deadline=None)
@given(TOKENS, st.integers(1, 10))
def test_ngram_signals_equal_the_slow_reference(tokens, n):
    total = len("".join(tokens)) + 3
    if len(tokens) < n:
        assert repetition.top_ngram_share(tokens, n, total) is None
        assert repetition.duplicate_ngram_share(tokens, n, total) is None
    else:
        assert repetition.top_ngram_share(tokens, n, total) == pytest.approx(slow_top_ngram(tokens, n, total))
        assert repetition.duplicate_ngram_share(tokens, n, total) == pytest.approx(
            slow_duplicate_ngram(tokens, n, total)
        )


@settings(derandomize=True, max_examples=300)
@given(st.lists(st.sampled_from(["x", "yy", "zzz", "你"]), min_size=1))
def test_repeat_signals_equal_plain_counting(parts):
    extra = {part: n - 1 for part, n in Counter(parts).items()}
    assert repetition.repeated_share(parts) == pytest.approx(sum(extra.values()) / len(parts))
    assert repetition.repeated_char_share(parts, 100) == pytest.approx(
        sum(len(part) * n for part, n in extra.items()) / 100
    )


def test_the_top_ngram_share_counts_joining_spaces_and_overlaps_and_can_exceed_one():
    # five one-character tokens without spaces; "中 中" is 3 long and occurs 4 times, in 5 characters
    assert repetition.top_ngram_share(["中"] * 5, 2, 5) == pytest.approx(12 / 5)


def test_the_top_ngram_of_a_short_text_counts_a_single_occurrence():
    # "a b" occurs once, 3 of the 3 characters
    assert repetition.top_ngram_share(["a", "b"], 2, 3) == 1.0


def test_the_first_of_several_top_ngrams_is_used():
    # "a b" (3 long) and "long er" (7 long) both occur twice; the first to occur counts: 3 x 2 of 22
    assert repetition.top_ngram_share(["a", "b", "long", "er", "a", "b", "x", "long", "er"], 2, 22) == pytest.approx(
        6 / 22
    )


def test_duplicate_ngrams_are_joined_without_spaces_and_do_not_overlap():
    # (1,1) new; (1,1) at 1 is a repeat, 2 characters, step over two; (1,1) at 3 a repeat, 2 characters: 4 of 5
    assert repetition.duplicate_ngram_share(["1"] * 5, 2, 5) == pytest.approx(4 / 5)
    # "ab"+"c" and "a"+"bc" are one n-gram
    assert repetition.duplicate_ngram_share(["ab", "c", "a", "bc"], 2, 6) == pytest.approx(3 / 6)


def test_only_repeats_count_not_the_first_occurrence():
    # x x x: two of three repeat
    assert repetition.repeated_share(["x", "x", "x"]) == pytest.approx(2 / 3)
    assert repetition.repeated_char_share(["xx", "y", "xx"], 10) == pytest.approx(2 / 10)


def test_signals_of_an_empty_text_are_none():
    assert repetition.repeated_share([]) is None
    assert repetition.repeated_char_share([], 0) is None
    assert repetition.top_ngram_share([], 2, 0) is None
    assert repetition.top_ngram_share(["a"], 2, 1) is None
    assert repetition.duplicate_ngram_share(["a"] * 4, 5, 9) is None
