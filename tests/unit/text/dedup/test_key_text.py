import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sluice.text.dedup.key_text import define_key, key_text
from sluice.text.language.chinese_variant import load_sections


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("  Two   words\n\n more ", "two words more"),
        ("ＡＢＣ１２３", "abc123"),  # full width
        ("ｶﾀｶﾅ", "カタカナ"),  # half width
        ("Straße ﬁne", "strasse fine"),
        ("e\u0301", "é"),
        ("全角\u3000空格", "全角 空格"),
        ("這裡說的後臺與麵條", "这里说的后台与面条"),  # traditional
        ("ＧＢＫ　與ＵＴＦ８", "gbk 与utf8"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_the_key_folds_width_case_and_white_space(text, key):
    assert key_text(text) == key


@settings(derandomize=True, max_examples=300)
@given(st.text())
def test_white_space_never_changes_the_key(text):
    assert key_text("\n " + text.replace(" ", " \t\n") + "\u3000") == key_text(text)


FOLDED = load_sections()["fold"]
SIMPLIFIED = dict(zip(FOLDED[::2], FOLDED[1::2], strict=True))


def slow_key(text):
    """An independent implementation: normalized, folded, runs of white space replaced by one space."""
    key = ""
    for char in unicodedata.normalize("NFKC", text).casefold():
        char = SIMPLIFIED.get(char, char)
        if not char.isspace():
            key += char
        elif key and key[-1] != " ":
            key += " "
    return key.strip(" ")


LETTERS = st.sampled_from(
    "aB ßé…ﬁ½™\u00a0\u0301\u0327\u1100\u1161\u11a8가\u3099かﾞカｶ全Ａ\ufdfa\u0345ΣςİıＩ\n\x1c\u2028\U0001d400裡臺說\uf9e9"
)


@settings(derandomize=True, max_examples=600, deadline=None)
@given(st.one_of(st.text(), st.text(LETTERS, max_size=40)))
@example("\ufdfa" * 50)  # one character becomes eighteen
@example("é" * 50 + "\ufdfa")
@example("… " * 60)
@example("Ⱥ" * 400)  # two bytes become three
@example("½" * 50 + "\u3000")
def test_the_compiled_key_equals_the_definition(text):
    assert key_text(text) == define_key(text) == slow_key(text)


def test_every_character_is_folded_as_in_the_definition():
    # between letters, after a letter that takes marks, and after a space
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000 or 0x40000 <= code < 0xE0000 or code >= 0xE1000:
            continue
        text = f"xe{chr(code)}{chr(code)} y {chr(code)}z"
        assert key_text(text) == define_key(text), hex(code)


def test_a_lone_surrogate_is_kept():
    assert key_text("a \ud800  B") == "a \ud800 b"
