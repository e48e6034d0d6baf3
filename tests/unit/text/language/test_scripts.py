import unicodedata

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.text.language.kernels import scripts as kernels
from sluice.text.language.scripts import LAST_LETTER, SCRIPTS, UNICODE_NAMES, script_table, scripts_of
from sluice.text.unicode.code_points import make_table

CHARS = st.characters(exclude_categories=["Cs"])
LETTERS = st.sampled_from("aé字假かナ한яعไαא" + "\n .1")


def value(table, code):
    return int(table.values[table.rows[code >> 8], code & 255])


def script_of(char):
    """The script of a character, by the slow definition."""
    if not char.isalpha():
        return "Zyyy"
    return UNICODE_NAMES.get(unicodedata.name(char, "").partition(" ")[0].partition("-")[0], "Zzzz")


@settings(derandomize=True, max_examples=30, deadline=None)  # each example builds a table of 1.1 million code points
@given(st.dictionaries(st.integers(0, 0x10FFFF), st.integers(1, 255), max_size=50), st.integers(0, 0x10FFFF))
def test_a_table_returns_known_values_and_0_for_others(known, other):
    table = make_table(known, np.uint8)
    assert {code: value(table, code) for code in known} == known
    assert value(table, other) == known.get(other, 0)


def test_every_letter_has_the_script_of_its_name():
    table = script_table()
    assert [SCRIPTS[value(table, ord(char))] for char in "aÀ字𠀀かナ한яعไαאहবA1 。々🙂"] == (
        "Latn Latn Hani Hani Jpan Jpan Hang Cyrl Arab Thai Grek Hebr Deva Zzzz Latn Zyyy Zyyy Zyyy Zzzz Zyyy".split()
    )
    assert not any(chr(code).isalpha() for code in range(LAST_LETTER + 1, 0x110000))


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.text(CHARS | LETTERS, max_size=200))
def test_letters_are_counted_by_script(text):
    counts = kernels.count_scripts(np.frombuffer(text.encode(), np.uint8), *script_table())
    assert counts.tolist() == [[script_of(char) for char in text].count(script) for script in SCRIPTS]


def test_a_language_has_the_scripts_in_which_it_is_written():
    assert scripts_of("zh") == ("Hani",)
    assert scripts_of("ja") == ("Hani", "Jpan")
    assert scripts_of("de") == ("Latn",)
    assert scripts_of("sr") == ("Cyrl", "Latn")


def test_the_script_of_a_label_takes_precedence_over_the_usual_ones():
    assert scripts_of("sr", "Latn") == ("Latn",)
    assert scripts_of("zh", "Hant") == ("Hani",)
    assert scripts_of("ko", "Kore") == ("Hang", "Hani")
    assert scripts_of("bn", "Beng") == ("Zzzz",)


def oracle(text, own, is_certain, min_weight=30, min_own_share=0.8, min_kana_share=0.1):
    judged = foreign = 0
    undecided = []
    for line in text.split("\n"):
        scripts = [script_of(char) for char in line]
        letters = sum(script != "Zyyy" for script in scripts)
        kana, han = scripts.count("Jpan"), scripts.count("Hani")
        if letters + 2 * (kana + han + scripts.count("Hang")) < min_weight:
            continue
        if kana >= min_kana_share * (kana + han) and not {"Hani", "Jpan"} <= own:
            scripts = ["Jpan" if script == "Hani" else script for script in scripts]
        own_letters = sum(script in own for script in scripts)
        judged += letters
        if own_letters < (1 - min_own_share) * letters:
            foreign += letters
        elif own_letters >= min_own_share * letters and not is_certain:
            undecided.append((line, letters))
    return judged, foreign, undecided


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    st.lists(st.text(LETTERS | CHARS, max_size=60), max_size=8).map("\n".join),
    st.sampled_from([{"Hani"}, {"Hani", "Jpan"}, {"Latn"}, {"Cyrl", "Latn"}, {"Hang", "Hani"}]),
    st.booleans(),
)
def test_lines_are_classified_by_their_letters(text, own, is_certain):
    data = text.encode()
    mask = np.array([script in own for script in SCRIPTS])
    judged, foreign, undecided = kernels.judge_lines(
        np.frombuffer(data, np.uint8), *script_table(), mask, is_certain, 30, 0.8, 0.1
    )
    lines = [(data[start:end].decode(), letters) for start, end, letters in undecided.tolist()]
    assert (judged, foreign, lines) == oracle(text, own, is_certain)
