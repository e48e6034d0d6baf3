"""Draws of training documents: order, limit in bytes, exact number of tokens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.ablation.draw import MAX_TOKENS, Draw, choose_tokens, cut
from sluice.core.errors import InputError
from sluice.core.ids import mix64

documents = st.dictionaries(st.integers(0, 2**64 - 1), st.text("ab汉", min_size=1, max_size=9), max_size=30)


def drawn(keyed, seeds, max_bytes):
    draw = Draw(seeds, max_bytes)
    for key, text in keyed.items():
        draw.add(key, text)
    keys = list(keyed)
    return draw, {seed: [keys[number] for number in draw.numbers(seed)] for seed in seeds}


@given(documents, st.integers(1, 60))
def test_a_draw_has_the_first_documents_in_hash_order_that_reach_the_limit(keyed, max_bytes):
    draw, found = drawn(keyed, (3, 8), max_bytes)
    for seed, keys in found.items():
        expected, size = [], 0
        for key in sorted(keyed, key=lambda key: mix64(key, seed)):
            if size >= max_bytes:
                break
            expected.append(key)
            size += len(keyed[key].encode())
        assert keys == expected
    wanted = {key for keys in found.values() for key in keys}
    assert {list(keyed)[number] for number in draw.texts} == wanted  # nothing else stays in memory
    assert draw.num_documents == len(keyed)


@given(documents, st.sets(st.integers(0, 29)))
def test_documents_that_remain_in_another_variant_are_drawn_in_the_same_order(keyed, removed):
    rest = {key: text for i, (key, text) in enumerate(keyed.items()) if i not in removed}
    _, before = drawn(keyed, (1,), 10**6)
    _, after = drawn(rest, (1,), 10**6)
    assert after[1] == [key for key in before[1] if key in rest]


def test_seeds_draw_different_documents():
    _, found = drawn(dict.fromkeys(range(1000), "text"), (1, 2), 400)
    assert len(found[1]) == len(found[2]) == 100
    assert len(set(found[1]) & set(found[2])) < 30


@given(st.lists(st.integers(0, 12), max_size=20), st.data())
def test_a_cut_has_exactly_the_wanted_tokens(lengths, data):
    ids = [np.arange(length, dtype=np.int32) for length in lengths]
    total = sum(lengths) + len(lengths)
    tokens = data.draw(st.integers(1, total + 5))
    if tokens > total:
        with pytest.raises(InputError, match=f"have {total} of"):
            cut(ids, tokens)
        return
    found = cut(ids, tokens)
    assert sum(len(document) + 1 for document in found) == tokens
    for document, whole in zip(found[:-1], ids, strict=False):
        assert document.tolist() == whole.tolist()
    assert found[-1].tolist() == ids[len(found) - 1][: len(found[-1])].tolist()


def test_too_many_tokens_are_refused_with_the_largest_possible_number():
    available = {"raw": 9000, "+ rules": 1234, "+ dedup": 2000}
    assert choose_tokens(1234, available) == 1234
    with pytest.raises(InputError) as e:
        choose_tokens(1235, available)
    assert "ablate.tokens = 1,235, but the variant '+ rules' has only 1,234 tokens" in str(e.value)
    assert "raw: 9,000" in str(e.value) and "at most 1234" in str(e.value)


def test_without_a_number_four_fifths_of_the_smallest_variant_are_drawn():
    assert choose_tokens(None, {"a": 1000, "b": 500}) == 400
    assert choose_tokens(None, {"a": 10 * MAX_TOKENS}) == MAX_TOKENS
