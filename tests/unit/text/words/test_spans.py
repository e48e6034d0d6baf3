"""Compiled segmentation equals its definition, `data.dataset.words.words`, and jieba."""

import gzip
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.data.dataset.words import words
from sluice.text.words.spans import fast_words

DATA = Path(os.environ.get("SLUICE_SHARED_DATA", Path(__file__).parents[5] / "shared" / "data"))
COMMON = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \u3000\n", ""),
        ("我来到北京清华大学。", "我 来到 北京 清华大学 。"),
        (
            "小明硕士毕业于中国科学院计算所，后在日本京都大学深造",
            "小明 硕士 毕业 于 中国科学院 计算所 ， 后 在 日本京都大学 深造",
        ),
        ("他来到了网易杭研大厦", "他 来到 了 网易 杭研 大厦"),  # 杭研 is in no dictionary: the hidden Markov model
        ("T恤c++ 3.14% AT&T #a_b.", "T恤 c++ 3.14% AT&T # a _ b ."),
        ("ＡＢ〇𠀀", "Ａ Ｂ 〇 𠀀"),
    ],
)
def test_chinese_text_is_split_into_words(text, expected):
    assert fast_words(text, "zh") == expected.split()


@settings(derandomize=True, max_examples=1500, deadline=None)
@given(st.one_of(st.text(), st.text(st.sampled_from(COMMON + "價格問題 a1.%+#&_-\n0鿕鿖一"))))
def test_chinese_words_equal_those_of_jieba(text):
    assert fast_words(text, "zh") == words(text, "zh")


@settings(derandomize=True, max_examples=2000, deadline=None)
@given(st.one_of(st.text(), st.text(st.sampled_from("ntNT'’sremvldSD .-/:,@&+1290aZhtps;)]é中。\n#_\u0301\u0663"))))
def test_other_words_equal_those_of_the_pattern(text):
    assert fast_words(text, "en") == words(text, "en")


def chinese_texts():
    for path in sorted([*DATA.glob("zh-webtext/*.jsonl.gz"), *DATA.glob("lm/zh-*.gz")]):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line) if path.name.endswith(".jsonl.gz") else {"text": line}
                yield record.get("text") or record.get("raw_content") or ""


@pytest.mark.exhaustive
def test_words_of_a_large_chinese_corpus_equal_the_definition():
    if not DATA.is_dir():
        pytest.skip(f"{DATA} is missing: it contains sixteen million characters of Chinese text")
    chars = 0
    for text in chinese_texts():
        chars += len(text)
        assert fast_words(text, "zh") == words(text, "zh"), text[:100]
    assert chars > 15_000_000
