"""Counts of letters equal those of a slow reader, and the sets of characters are as documented."""

import itertools
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.text.language.chinese_variant import CANTONESE_ONLY
from sluice.text.language.letters import (
    PALOCHKAS,
    WESTERN_MARKS,
    WU_CHARACTERS,
    LetterCounts,
    chinese_only,
    count_letters,
    japanese_only,
)

CHINESE, JAPANESE = chinese_only(), japanese_only()


def is_high(char):
    return ("\x80" <= char < "\u0250" and char not in "\xa0\xad") or char in WESTERN_MARKS


def script(char):
    if not char.isalpha():
        return None
    first = unicodedata.name(char, "").partition(" ")[0].partition("-")[0]
    return {"CJK": "han", "HIRAGANA": "kana", "KATAKANA": "kana", "HANGUL": "hangul"}.get(first, "others")


def count_slowly(text):
    counts = dict.fromkeys(LetterCounts._fields, 0)
    for char in text:
        if script(char):
            counts[script(char)] += 1
        counts["latin"] += char.isalpha() and unicodedata.name(char, "").split("-")[0].split(" ")[0] == "LATIN"
        counts["chinese_only"] += char in CHINESE
        counts["japanese_only"] += char in JAPANESE
        counts["cantonese"] += char in CANTONESE_ONLY
        counts["wu"] += char in WU_CHARACTERS
        counts["western"] += is_high(char) or (char.isascii() and char.isalpha())
        counts["cased"] += is_cased(char)
        counts["private"] += "\ue000" <= char <= "\uf8ff"
    for a, b in itertools.pairwise(text):
        counts["swaps"] += is_cased(a) and is_cased(b) and a.islower() and b.isupper()
        if is_high(a) and is_high(b):
            counts["pairs"] += a == "\ufffd" if a == b else a.isalpha() or b.isalpha()
    return LetterCounts(**counts)


def is_cased(char):
    is_judged = not char.isascii() and script(char) == "others" and ord(char) not in PALOCHKAS
    return is_judged and (char.isupper() or char.islower())


CHARS = st.sampled_from("aZ é É ñ ß ½ » \xa0\xad 们們駅の가ㅎ嘅搿яЯӀІ\u200b…—\ufffd\ue000\uf8ff1ａ") | st.characters(
    exclude_categories=["Cs", "Co", "Cn"]
)


@settings(derandomize=True, max_examples=500, deadline=None)
@given(st.text(CHARS, max_size=60))
def test_counts_equal_those_of_a_slow_reader(text):
    assert count_letters(text) == count_slowly(text)


def test_counts_of_a_sentence_worked_out_by_hand():
    counts = count_letters("们這學駅食 Ab の가 ÀéÉ½")
    assert counts == LetterCounts(
        han=5, kana=1, hangul=1, latin=5, others=5, chinese_only=2, japanese_only=1, cantonese=0, wu=0, western=6,
        pairs=3, cased=3, swaps=1, private=0,
    )  # fmt: skip


@pytest.mark.parametrize("char", "们这说时你很為們說學國")
def test_characters_that_only_chinese_uses(char):
    assert (char in CHINESE) == (char != "為")  # 為 is common in Japanese names


@pytest.mark.parametrize("char", "駅図売込働県畑峠沢")
def test_characters_that_only_japanese_uses(char):
    assert char in JAPANESE


def test_characters_of_both_languages_are_in_neither_set():
    assert not {*"学国会来日本東京都書館動語電車気円"} & CHINESE
    assert not {*"学国会来日本東京都書館動語電車"} & JAPANESE
    assert not CHINESE & JAPANESE


@pytest.mark.parametrize(
    ("text", "is_east_asian"),
    [("中文abc", True), ("中ab", True), ("中abcd", False), ("", False), ("가나abcdefg", False)],
)
def test_an_ideograph_counts_as_three_letters(text, is_east_asian):
    assert count_letters(text).is_east_asian == is_east_asian
