"""Overlap of held-out and training texts, against sets of n-grams in Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.text.decontamination.overlap import MIN_GRAMS, NGRAM, PASSAGE, HeldOutIndex

WORDS = [f"word{i}" for i in range(5000)]
ZH = "".join(chr(0x4E00 + 7 * i) for i in range(400))


def text(start, stop):
    return " ".join(WORDS[start:stop])


def search(training, *held_out, share=0.5):
    index = HeldOutIndex(held_out, share)
    found = np.zeros(index.num_grams, np.bool_)
    return [(o.text, o.kind, round(o.share, 3)) for o in index.search(training, found)], found


def test_the_same_text_is_found_whatever_its_case_and_width():
    found, _ = search("Ｓhort Text.", "unrelated", "short  text.")
    assert found == [(1, "equal", 1.0)]


def test_traditional_and_simplified_characters_are_the_same_text():
    assert search("水的沸點是多少", "水的沸点是多少")[0] == [(0, "equal", 1.0)]


def test_a_copied_passage_of_a_long_text_is_found():
    held_out = text(0, 2000)
    training = f"{text(3000, 3400)} {text(600, 900)} {text(3400, 3800)}"
    found, marked = search(training, text(4000, 4500), held_out)
    assert [row[:2] for row in found] == [(1, "passage")]
    assert marked.sum() == 300 - NGRAM + 1


def test_less_than_the_share_of_a_passage_is_not_found_but_marked():
    held_out = text(0, 200)  # one passage of 188 n-grams
    found, marked = search(f"{text(3000, 3400)} {text(50, 130)}", held_out)
    assert found == []
    assert marked.sum() == 80 - NGRAM + 1
    assert search(f"{text(3000, 3400)} {text(50, 160)}", held_out)[0] == [(0, "passage", round(98 / 188, 3))]


def test_a_training_text_that_is_part_of_a_held_out_text_is_found():
    held_out = text(0, 200)
    assert search(text(60, 110), held_out)[0] == [(0, "part", 1.0)]
    few = text(60, 60 + NGRAM - 2 + MIN_GRAMS)
    assert search(few, held_out)[0] == []


def test_chinese_is_compared_by_characters():
    assert search(f"另外的文字{ZH[:200]}不同的结尾", ZH)[0][0][:2] == (0, "passage")
    assert search(ZH[:60], "其他" + ZH)[0] == [(0, "part", 1.0)]


def test_short_and_empty_texts_are_searched_for_only_as_a_whole():
    assert search("", "", "one two three")[0] == [(0, "equal", 1.0)]
    assert search("one two three four", "one two three")[0] == []


def test_counts_are_per_text():
    index = HeldOutIndex([text(0, 20), text(10, 40), "short"], 0.5)
    found = np.zeros(index.num_grams, np.bool_)
    index.search(text(3000, 3100) + " " + text(7, 25), found)
    # n-grams 7 and 10 to 12 of words 7 to 24: the first text has 0 to 7, the second 10 to 27
    assert index.counts(found) == [(1, 8), (3, 18), (0, 0)]


def grams(words):
    return {tuple(words[i : i + NGRAM]) for i in range(len(words) - NGRAM + 1)}


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 80)), min_size=1, max_size=4), st.integers(0, 60))
def test_shares_equal_those_of_sets_of_n_grams(pieces, shift):
    held_out = WORDS[:90]
    training = [f"before{i}" for i in range(shift)]
    for place, (start, length) in enumerate(pieces):
        training += [*WORDS[start : min(start + length, 90)], f"between{place}"]
    ours, theirs = grams(held_out), grams(training)
    common = ours & theirs
    assert len(ours) <= PASSAGE
    expected = []
    if len(common) >= 0.5 * len(ours):
        expected = [(0, "passage", round(len(common) / len(ours), 3))]
    elif len(theirs) >= MIN_GRAMS and len(common) >= 0.5 * len(theirs):
        expected = [(0, "part", round(len(common) / len(theirs), 3))]
    assert search(" ".join(training), " ".join(held_out))[0] == expected


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_the_share_is_a_setting(share):
    training = f"{text(3000, 3400)} {text(0, 100)}"
    assert bool(search(training, text(0, 200), share=share)[0]) == (share == 0.2)
