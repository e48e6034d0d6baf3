import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.data.dataset.words import words, words_by_script


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\n", []),
        ("The cat sat.", ["The", "cat", "sat", "."]),
        ("I don't, it’s 'ok'", ["I", "do", "n't", ",", "it", "’s", "'", "ok", "'"]),
        ("O'Neill WON'T n'ts 'd", ["O'Neill", "WO", "N'T", "n'ts", "'d"]),
        ("well-known UTF-8 1990-2000 3.14 foo_bar", "well - known UTF-8 1990 - 2000 3.14 foo_bar".split()),
        ("and/or 24/7 10:30 a:b a@b.c R&D", "and / or 24/7 10:30 a : b a@b.c R&D".split()),
        ("(https://a.b/c?d=e). http://", ["(", "https://a.b/c?d=e", ")", ".", "http", ":", "//"]),
        ("e.g. U.S.A a.b", ["e.g.", "U.S.A", "a.b"]),
        ("Wait... 1,000 -- a,b U.S. (x)", ["Wait", "...", "1,000", "--", "a", ",", "b", "U.S.", "(", "x", ")"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("Привет, мир!", ["Привет", ",", "мир", "!"]),
        ("e\u0301te\u0301", ["e\u0301te\u0301"]),
    ],
)
def test_text_that_is_not_chinese_is_split_into_words(text, expected):
    assert words(text, "en") == expected


def test_chinese_text_is_split_by_jieba():
    pytest.importorskip("jieba")
    assert words("我来到北京清华大学。", "zh") == ["我", "来到", "北京", "清华大学", "。"]
    assert words("", "zh") == []


def test_text_of_unknown_language_is_split_by_its_script():
    pytest.importorskip("jieba")
    assert words_by_script("don't") == ["do", "n't"]
    assert words_by_script("GPT 来到北京") == ["GPT", "来到", "北京"]


@given(st.text(), st.sampled_from(["en", "zh"]))
def test_splitting_removes_white_space_only(text, language):
    pytest.importorskip("jieba")
    assert "".join(words(text, language)) == "".join(text.split())


def test_a_poisoned_jieba_cache_is_ignored_and_nothing_is_printed(tmp_path):
    pytest.importorskip("jieba")
    (tmp_path / "jieba.cache").write_bytes(b"poison")
    code = "from sluice.data.dataset.words import words; print(words('来到北京', 'zh'))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("['来到', '北京']\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["jieba.cache"]
