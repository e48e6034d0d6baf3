import re
import sys
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sluice.text.dedup.key_text import count_ignorable, define_key, key_text
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
        ("en\u00adgi\u00adneers", "engineers"),  # soft hyphens
        ("\ufeff图\u200b书\u2060馆", "图书馆"),
        ("a\u200b b", "a b"),
        ("می\u200cخواهم", "میخواهم"),
        ("👩\u200d🔬 ❤\ufe0f", "👩🔬 ❤"),
        ("e\u00ad\u0301 e\u034f\u0301", "é é"),  # removed before composition
        ("\u00ad \u200b", ""),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_the_key_folds_width_case_white_space_and_ignorable_characters(text, key):
    assert key_text(text) == key


@settings(derandomize=True, max_examples=300)
@given(st.text())
def test_white_space_never_changes_the_key(text):
    assert key_text("\n " + text.replace(" ", " \t\n") + "\u3000") == key_text(text)


FOLDED = load_sections()["fold"]
SIMPLIFIED = dict(zip(FOLDED[::2], FOLDED[1::2], strict=True))


# Default_Ignorable_Code_Point, as the regex of ICU and others would have it
IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def slow_key(text):
    """An independent implementation: normalized, folded, runs of white space replaced by one space."""
    key = ""
    text = "".join(char for char in text if not IGNORABLE.fullmatch(char))
    for char in unicodedata.normalize("NFKC", text).casefold():
        char = SIMPLIFIED.get(char, char)
        if not char.isspace():
            key += char
        elif key and key[-1] != " ":
            key += " "
    return key.strip(" ")


LETTERS = st.sampled_from(
    "aB ßé…ﬁ½™\u00a0\u0301\u0327\u1100\u1161\u11a8가\u3099かﾞカｶ全Ａ\ufdfa\u0345ΣςİıＩ"
    "\u00ad\u200b\u200d\ufe0f\u3164\n\x1c\u2028\U0001d400裡臺說\uf9e9"
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


IGNORED = ["\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\ufe0f", "\u034f", "\u202c"]


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab c文字。é1カ")), st.lists(st.tuples(st.integers(0, 60), st.sampled_from(IGNORED))))
def test_ignorable_characters_never_change_the_key(text, inserted):
    other = text
    for place, char in inserted:
        other = other[:place] + char + other[place:]
    assert key_text(other) == key_text(text)


@settings(derandomize=True, max_examples=300)
@given(st.text(st.sampled_from("a中é\u0301\u00ad\u200b\ufe0f\U000e0041\ufffd\ud800")))
def test_ignorable_characters_are_counted(text):
    assert count_ignorable(text) == len(IGNORABLE.findall(text))


def test_every_ignorable_character_is_counted():
    for code in range(sys.maxunicode + 1):
        assert count_ignorable(chr(code)) == bool(IGNORABLE.fullmatch(chr(code))), hex(code)


def test_normalisation_creates_no_ignorable_character():
    created = {chr(code) for code in range(0x110000) if IGNORABLE.search(unicodedata.normalize("NFKC", chr(code)))}
    assert all(map(IGNORABLE.fullmatch, created))


def test_the_key_of_text_without_ignorable_characters_is_as_before():
    plain = "Two  Words, ＡＢＣ and Straße.\n這裡說的後臺與麵條，２０２４年。"
    assert key_text(plain) == "two words, abc and strasse. 这里说的后台与面条,2024年。"
