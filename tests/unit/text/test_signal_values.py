import math
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.core.records import Signals
from sluice.text.signals import FUNCTIONS, compute
from sluice.text.view import TextView, is_punctuation


def signal(name, text, language="en"):
    return getattr(compute(text, language), name)


# One line each: signal, language, text, value; the comment is the sum on paper.
EXAMPLES = [
    ("n_words", "en", "One, two -- three!", 3),  # the comma, the dashes and the mark are no words
    ("n_words", "en", "don't well-known 1,000 a_b", 4),
    ("n_words", "zh", "价格的问题和质量的问题。", 7),  # 价格 的 问题 和 质量 的 问题
    ("mean_word_length", "en", "a bbb, ccccc ddddddd", 4),  # (1+3+5+7)/4; the median is 4 too, see T6 below
    ("mean_word_length", "zh", "价格的问题和质量的问题。", 11 / 7),
    ("hash_per_word", "en", "#one two # three!", 2 / 6),  # tokens: # one two # three !
    ("ellipsis_per_word", "en", "well... so… yes", 2 / 5),  # well ... so … yes
    ("ellipsis_per_word", "en", "...... a", 2 / 2),  # the run of six is one token and two ellipses
    ("bullet_line_share", "en", "• a\n - b\n\n* c\nd", 2 / 5),  # T5: the empty line counts; * is no Gopher bullet
    ("bullet_line_share", "zh", "• 甲\n·乙\n\n● 丙\n丁", 3 / 5),
    ("ellipsis_line_share", "en", "a...\nb… \n\nc", 2 / 4),  # T18: right-stripped; T5: the empty line counts
    ("alphabetic_word_share", "en", "abc 123 x9 !", 2 / 4),
    ("alphabetic_word_share", "zh", "价格123。", 1 / 3),  # Han are letters
    ("n_stop_words", "en", "the the of The dog", 2),  # T7: distinct, case kept
    ("n_stop_words", "zh", "价格的问题和质量的问题。", 2),  # 的 和
    ("duplicate_line_share", "en", "a\nb\n\na\na", 2 / 4),  # T3: repeats only; split on runs of newlines
    ("duplicate_paragraph_share", "en", "a\nb\n\na\nb\n\nc", 1 / 3),
    ("duplicate_line_char_share", "en", "abc\nde\nabc", 3 / 10),  # T17: newlines in the denominator
    ("duplicate_paragraph_char_share", "en", "ab\nc\n\nab\nc", 4 / 10),
    ("fineweb_duplicate_line_char_share", "en", "abc\nde\nabc", 3 / 8),  # T17: without newlines
    ("terminal_line_share", "en", "End.\nNo end\n\nReally?  \n", 2 / 3),  # T5: empty lines left out; T18: stripped
    ("terminal_line_share", "zh", "他说：“好。”\n标题\n完了！", 2 / 3),  # T12: 。” ends a sentence
    ("short_line_share", "en", "x" * 30 + "\n\n" + "y" * 31, 1 / 2),  # at most 30, empty lines left out
    ("newlines_per_word", "en", "a b\n\nc .", 2 / 4),  # tokens: a b c .
    ("mean_line_chars", "zh", "一二三\n\n四五六七八", 4),
    ("han_share", "zh", "中文 ab\n", 2 / 4),
    ("han_share", "en", "plain", 0),
    ("char_entropy", "en", "aabb", math.log(2)),  # T15: nats
    ("char_entropy", "en", "abcd", 1.3862943611198906),  # ln 4; 2 in bits
    ("top_2gram_share", "en", "a b a b c", 6 / 9),  # "a b" is 3 long, twice, in 9 characters
    ("top_3gram_share", "en", "a b c a b c", 10 / 11),
    ("top_4gram_share", "en", "a b c d", 7 / 7),  # T2: once is enough in a short text
    ("duplicate_5gram_share", "en", "a b c d e a b c d e", 5 / 19),
    ("duplicate_6gram_share", "en", "a b c d e f a b c d e f", 6 / 23),
    ("duplicate_7gram_share", "en", "a b c d e f g a b c d e f g", 7 / 27),
    ("duplicate_8gram_share", "en", "a b c d e f g h a b c d e f g h", 8 / 31),
    ("duplicate_9gram_share", "en", "a b c d e f g h i a b c d e f g h i", 9 / 35),
    ("duplicate_10gram_share", "en", "a b c d e f g h i j a b c d e f g h i j", 10 / 39),
]


@pytest.mark.parametrize(("name", "language", "text", "value"), EXAMPLES)
def test_a_signal_has_the_value_worked_out_by_hand(name, language, text, value):
    assert signal(name, text, language) == pytest.approx(value)


def test_every_signal_has_an_example():
    assert {name for name, *_ in EXAMPLES} == set(Signals.__struct_fields__)


def test_unspaced_text_can_pass_one_in_top_ngrams():
    # T1: 价格，价格，价格 is 价格 ， 价格 ， 价格; the 2-gram "价格 ，" is 4 with its joiner, twice, in 8 characters
    assert signal("top_2gram_share", "价格，价格，价格", "zh") == pytest.approx(8 / 8)


def test_the_mean_of_word_lengths_is_no_median():
    # T6: lengths 1, 1, 10: mean 4, median 1
    assert signal("mean_word_length", "a b cccccccccc") == pytest.approx(4)


def test_a_duplicate_line_is_a_repeat_and_not_every_copy():
    # T3: three equal lines are two repeats of three, not three copies of three
    assert signal("duplicate_line_share", "x\nx\nx") == pytest.approx(2 / 3)


def test_a_line_that_ends_in_an_opening_or_no_mark_ends_no_sentence():
    assert signal("terminal_line_share", "a”\n”\nb,\nc—\nd (e)") == 0


UNDEFINED_IN_NO_TEXT = set(Signals.__struct_fields__) - {"n_words", "n_stop_words"}


@pytest.mark.parametrize("language", ["en", "zh", "de"])
def test_an_empty_text_leaves_every_measure_undefined_and_counts_at_zero(language):
    found = msgspec.structs.asdict(compute("", language))
    assert {name for name, value in found.items() if value is None} >= UNDEFINED_IN_NO_TEXT
    assert found["n_words"] == 0
    assert found["n_stop_words"] == (None if language == "de" else 0)


def test_a_text_without_words_leaves_the_mean_of_words_undefined():
    assert signal("mean_word_length", "!!! ...") is None
    assert signal("n_words", "!!! ...") == 0


def test_a_text_shorter_than_an_ngram_leaves_it_undefined():
    found = compute("one two three", "en")
    assert found.top_3gram_share is not None
    assert found.top_4gram_share is None
    assert found.duplicate_5gram_share is None


def test_a_language_without_stop_words_has_none_undefined_rather_than_zero():
    assert signal("n_stop_words", "le chat est la", "fr") is None


@pytest.mark.parametrize(
    ("token", "answer"), [("...", True), ("。", True), ("$", True), ("a.", False), ("1", False), ("你", False)]
)
def test_marks_and_symbols_are_punctuation(token, answer):
    assert is_punctuation(token) == answer


def test_views_differ_in_what_a_line_is():
    view = TextView(" a\n\nb \n\n\n\nc\n", "en")
    assert view.all_lines == [" a", "", "b ", "", "", "", "c"]
    assert view.lines == [" a", "b ", "c"]
    assert view.blocks == ["a", "b ", "c"]
    assert view.paragraphs == ["a", "b ", "c"]


ANY_TEXT = st.text(alphabet=st.one_of(st.characters(), st.sampled_from(" \n\r\u2028.#…-•的和中文ab")), max_size=80)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(ANY_TEXT, st.sampled_from(["en", "zh", "ja", ""]))
def test_any_text_gives_finite_values_and_the_same_twice(text, language):
    found = compute(text, language)
    for name, value in msgspec.structs.asdict(found).items():
        assert value is None or (math.isfinite(value) and value >= -1e-9), (name, value)
    assert compute(text, language) == found


@settings(derandomize=True, max_examples=200, deadline=None)
@given(ANY_TEXT)
def test_shares_of_a_whole_stay_within_it(text):
    found = msgspec.structs.asdict(compute(text, "en"))
    for name, value in found.items():
        if value is not None and name.endswith("_share") and not name.startswith("top_"):
            assert value <= 1 + 1e-9, name


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text(alphabet="abc你 ", min_size=1))
def test_entropy_equals_the_slow_one(text):
    probabilities = [n / len(text) for n in Counter(text).values()]
    assert compute(text, "en").char_entropy == pytest.approx(-sum(p * math.log(p) for p in probabilities), abs=1e-12)


def test_there_is_a_function_for_each_field_and_no_other():
    assert set(FUNCTIONS) == set(Signals.__struct_fields__)
