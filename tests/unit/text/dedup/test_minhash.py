import hashlib
import math
import random

import datasketch
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.core.config.dedup import MinHashConfig
from sluice.core.ids import GOLDEN_GAMMA, mix64
from sluice.text.dedup.kernels import minhash as kernels
from sluice.text.dedup.key_text import key_text
from sluice.text.dedup.minhash import band_keys, permutations, signature
from sluice.text.dedup.shingles import jaccard, shingle_hashes, shingle_set, shingles, similarity

DEFAULT = MinHashConfig()


def test_text_with_spaces_has_shingles_of_words_without_punctuation():
    assert shingles("a b, c. d!", 3) == {"a b c", "b c d"}


def test_combining_marks_are_part_of_words():
    assert shingles("हिन्दी में लिखी", 2) == {"हिन्दी में", "में लिखी"}
    assert shingles("தமிழ் மொழி snake_case 5", 1) == {"தமிழ்", "மொழி", "snake_case", "5"}
    assert len(shingle_hashes("हिन्दी में लिखी हुई", 1)) == 4


def test_text_without_spaces_has_shingles_of_characters_across_spaces():
    assert shingles("你好 世界。", 3) == {"你好世", "好世界"} == shingles("你好，世界", 3)
    assert shingles("ひらがな", 3) == {"ひらが", "らがな"}


def test_korean_is_text_with_spaces():
    assert shingles("나는 학교에 간다", 2) == {"나는 학교에", "학교에 간다"}


@pytest.mark.parametrize(("key", "size"), [("", 5), ("a b c d", 5), ("你好世界", 5), ("!!!", 1)])
def test_a_text_shorter_than_a_shingle_has_no_shingle(key, size):
    assert shingles(key, size) == frozenset()


@pytest.mark.parametrize("key", ["a b c d e", "你好世界吗"])
def test_a_text_as_long_as_a_shingle_has_one(key):
    assert len(shingles(key, 5)) == 1


def test_repeated_shingles_count_once():
    assert shingles("a b a b a b", 2) == {"a b", "b a"}


@pytest.mark.parametrize(
    ("a", "b", "value"),
    [("abc", "abc", 1.0), ("abcd", "cdef", 2 / 6), ("ab", "cd", 0.0), ("", "ab", 0.0), ("", "", 0.0)],
)
def test_jaccard_is_the_size_of_intersection_over_union(a, b, value):
    assert jaccard(frozenset(a), frozenset(b)) == value


@settings(derandomize=True, max_examples=200)
@given(st.frozensets(st.text(max_size=2)), st.frozensets(st.text(max_size=2)))
def test_jaccard_equals_a_slow_implementation(a, b):
    union = {*a, *b}
    common = [x for x in union if x in a and x in b]
    assert jaccard(a, b) == (len(common) / len(union) if union else 0)


def sha1_hashes(parts):
    return [int.from_bytes(hashlib.sha1(part.encode()).digest()[:8], "little") for part in parts]


def test_hashes_are_the_first_bytes_of_sha1():
    # printf abc | sha1sum: a9993e364706816a..., little-endian
    assert shingle_hashes("abc", 1).tolist() == [0x6A810647363E99A9]
    assert shingle_hashes("", 1).tolist() == []


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab c的一二d\n_.é\U00020000 ि्ை\u0301\u20e3"), max_size=200), st.integers(1, 7))
def test_hashes_of_a_text_equal_those_of_its_shingles(text, size):
    key = key_text(text)
    assert sorted(shingle_hashes(key, size).tolist()) == sorted(sha1_hashes(shingles(key, size)))


def test_hashes_of_english_and_chinese_are_pinned():
    # an index of earlier crawls contains such hashes: first eight bytes of SHA-1, little-endian
    assert shingle_hashes(key_text("The Quick, brown fox_1 jumps!"), 5).tolist() == sha1_hashes(
        ["the quick brown fox_1 jumps"]
    )
    assert shingle_hashes(key_text("這是測試。Ａ"), 5).tolist() == sha1_hashes(["这是测试a"])


@pytest.mark.parametrize("length", [54, 55, 56, 63, 64, 65, 118, 119, 120, 128, 200])
def test_shingles_around_the_block_size_of_sha1_are_hashed_correctly(length):
    word = "x" * (length - 2)
    assert shingle_hashes(f"{word} y", 2).tolist() == sha1_hashes([f"{word} y"])


LENGTHS = st.lists(st.integers(1, 70), min_size=1, max_size=150)


@settings(derandomize=True, max_examples=30, deadline=None)
@given(LENGTHS)
def test_many_shingles_are_hashed_together_like_single_ones(lengths):
    # more shingles than lanes of a kernel, with all lengths around one block
    words = [chr(97 + i % 26) * length for i, length in enumerate(lengths)]
    assert shingle_hashes(" ".join(words), 1).tolist() == sha1_hashes(dict.fromkeys(words))


def test_a_lone_surrogate_is_in_no_shingle():
    assert shingle_hashes("你\ud800好", 2).tolist() == sha1_hashes(["你好"])


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.sampled_from(["ab ", "你 "]), st.integers(1, 3)
)
def test_hashes_of_arbitrary_text_equal_those_of_its_shingles(text, start, size):
    key = key_text(start + text)
    assert sorted(shingle_hashes(key, size).tolist()) == sorted(sha1_hashes(shingles(key, size)))


def test_a_shingle_set_is_in_ascending_order():
    hashes = shingle_set(" ".join(f"w{i}" for i in range(500)), 5)
    assert len(hashes) == 496
    assert (hashes[1:] > hashes[:-1]).all()


# parts of both, parts of the first only, parts of the second only
PARTS = st.tuples(*[st.lists(st.integers(0, 10**6), max_size=40)] * 3)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(PARTS, st.sampled_from(["w{}", "第{}章"]))
def test_similarity_equals_the_jaccard_of_the_strings(parts, form):
    both, first, second = (" ".join(form.format(i) for i in part) for part in parts)
    a, b = key_text(f"{both} {first}"), key_text(f"{second} {both}")
    assert similarity(shingle_set(a, 3), shingle_set(b, 3)) == jaccard(shingles(a, 3), shingles(b, 3))


def test_similarity_equals_values_computed_by_hand():
    assert similarity(shingle_set("a b c d e f", 2), shingle_set("c d e f g", 2)) == 3 / 6
    assert similarity(shingle_set("a b", 5), shingle_set("a b", 5)) == 0.0
    assert similarity(shingle_set("a b c", 2), shingle_set("a b", 5)) == 0.0


def test_multipliers_are_odd_so_that_they_define_permutations():
    a, b = permutations(128, 1)
    assert (a % 2 == 1).all()
    assert len(set(a.tolist())) == len(set(b.tolist())) == 128


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50),
    st.sampled_from([(16, 8, 1), (4, 2, 1), (8, 8, 7)]),
    st.sampled_from(["affine32", "legacy"]),
)
def test_signatures_equal_datasketch_bit_for_bit(text, shape, scheme):
    bands, rows, seed = shape
    key = key_text("好" + text)  # without spaces, so that there is a shingle
    theirs = datasketch.MinHash(num_perm=bands * rows, seed=seed, scheme=scheme)
    for part in shingles(key, 1):
        theirs.update(part.encode())
    ours = signature(shingle_hashes(key, 1), MinHashConfig(bands=bands, rows=rows, seed=seed, scheme=scheme))
    assert ours.tolist() == [int(value) for value in theirs.hashvalues]


@pytest.mark.parametrize("scheme", ["affine32", "legacy"])
def test_the_signature_of_a_huge_set_equals_datasketch(scheme):
    key = " ".join(f"part{i}" for i in range(10_000))
    theirs = datasketch.MinHash(num_perm=128, scheme=scheme)
    theirs.update_batch([part.encode() for part in shingles(key, 5)])
    ours = signature(shingle_hashes(key, 5), MinHashConfig(scheme=scheme))
    assert ours.tolist() == [int(value) for value in theirs.hashvalues]


def test_a_legacy_signature_equals_a_value_computed_by_hand():
    # the product wraps: (2^61 - 2) 100 + 3 = 12 x 2^64 + 2^63 - 197, of which 2^63 - 197 remains, and that is
    # 4 p + 4 - 197 = 3 p + 2^61 - 194 with p = 2^61 - 1; the low 32 bits of 2^61 - 194 are 2^32 - 194
    result = np.empty(1, np.uint32)
    kernels.sign_legacy(np.array([100], np.uint32), np.array([2**61 - 2], np.uint64), np.array([3], np.uint64), result)
    assert result[0] == 2**32 - 194


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=30))
def test_a_signature_has_the_smallest_value_of_each_permutation(hashes):
    a, b = permutations(8, 1)

    def fmix(h):
        h ^= h >> 16
        h = h * 0x85EBCA6B % 2**32
        h ^= h >> 13
        h = h * 0xC2B2AE35 % 2**32
        return h ^ h >> 16

    expected = [min((int(a[i]) * fmix(h) + int(b[i])) % 2**32 for h in hashes) for i in range(8)]
    assert signature(np.array(hashes, np.uint64), MinHashConfig(bands=4, rows=2)).tolist() == expected


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_the_estimated_similarity_is_within_four_sigma(share):
    rng = random.Random(7)
    n, pairs = 128, 30
    for pair in range(pairs):
        common = {f"{pair} c {rng.random()}" for _ in range(int(400 * share))}
        rest = 400 - len(common)
        a = frozenset(common | {f"{pair} a {i}" for i in range(rest // 2)})
        b = frozenset(common | {f"{pair} b {i}" for i in range(rest - rest // 2)})
        exact = jaccard(a, b)
        assert exact == pytest.approx(share)
        one, other = (np.array(sha1_hashes(parts), np.uint64) for parts in (a, b))
        estimate = np.mean(signature(one, DEFAULT) == signature(other, DEFAULT))
        assert abs(estimate - exact) <= 4 * math.sqrt(exact * (1 - exact) / n)


ROWS = st.lists(st.lists(st.integers(0, 2), min_size=6, max_size=6), min_size=1, max_size=12)


@settings(derandomize=True, max_examples=200)
@given(ROWS)
def test_band_keys_are_equal_if_and_only_if_the_rows_are_equal(table):
    keys = band_keys(np.array(table, np.uint32), MinHashConfig(bands=3, rows=2))
    assert keys.shape == (len(table), 3)
    assert keys.dtype == np.int64
    for band in range(3):
        for i, one in enumerate(table):
            for j, other in enumerate(table):
                same = one[2 * band : 2 * band + 2] == other[2 * band : 2 * band + 2]
                assert (keys[i, band] == keys[j, band]) == same


def test_equal_rows_in_different_bands_have_different_keys():
    keys = band_keys(np.array([[5, 6, 5, 6, 5, 6]], np.uint32), MinHashConfig(bands=3, rows=2))
    assert len(set(keys[0].tolist())) == 3


def test_band_keys_equal_a_slow_implementation():
    # one key: start at (band + 1) gamma; for each row xor, mix like SplitMix64, add gamma
    rng = random.Random(3)
    table = [[rng.getrandbits(32) for _ in range(8)] for _ in range(5)]
    keys = band_keys(np.array(table, np.uint32), MinHashConfig(bands=2, rows=4)).view(np.uint64)
    for i, row in enumerate(table):
        for band in range(2):
            key = (band + 1) * GOLDEN_GAMMA % 2**64
            for value in row[4 * band : 4 * band + 4]:
                key = (mix64((key ^ value) - GOLDEN_GAMMA, 0) + GOLDEN_GAMMA) % 2**64  # mix64 adds one gamma itself
            assert int(keys[i, band]) == key


def test_an_empty_table_has_no_band_keys():
    assert band_keys(np.empty((0, 128), np.uint32), DEFAULT).shape == (0, 16)
