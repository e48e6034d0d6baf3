import math
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.core.records.docs import Signals
from sluice.text.signals.catalogue import C4, FUNCTIONS, GIVEN, OF_PAGE, OF_PROSE, OF_TEXT, define
from sluice.text.signals.compute import compute
from sluice.text.signals.text_view import TextView, is_mark


def signal(name, text, language="en"):
    """The value of the definition, which must equal the compiled one."""
    value, fast = (getattr(found, name) for found in (define(text, language), compute(text, language)))
    assert fast == (value if value is None else pytest.approx(value, abs=1e-12)), name
    return value


# signal, language, text, value; the comment is the computation by hand
EXAMPLES = [
    ("n_words", "en", "One, two -- three!", 3),  # the comma, the dashes and the mark are not words
    ("n_words", "en", "don't well-known 1,000 a_b", 6),  # do n't well known 1,000 a_b
    ("n_words", "zh", "价格的问题和质量的问题。", 7),  # 价格 的 问题 和 质量 的 问题
    ("mean_word_length", "en", "a bbb, ccccc ddddddd", 4),  # (1+3+5+7)/4; the median is 4 too, see T6 below
    ("mean_word_length", "zh", "价格的问题和质量的问题。", 11 / 7),
    ("hash_per_word", "en", "#one two # three!", 2 / 6),  # tokens: # one two # three !
    ("ellipsis_per_word", "en", "well... so… yes", 2 / 5),  # well ... so … yes
    ("ellipsis_per_word", "en", "...... a", 2 / 2),  # the run of six is one token and two ellipses
    ("bullet_line_share", "en", "• a\n - b\n\n* c\nd", 2 / 5),  # T5: the empty line counts; * is not a Gopher bullet
    ("bullet_line_share", "zh", "• 甲\n·乙\n\n● 丙\n丁", 1 / 5),  # Gopher's two in every language
    ("list_line_share", "zh", "• 甲\n·乙\n\n● 丙\n丁\n（一）戊\n3、己\n①庚\n1.5倍", 6 / 8),
    ("list_line_share", "en", "1. one\n2) two\n 3.5 kg\n2024 was\n(4) four", 3 / 5),
    ("ellipsis_line_share", "en", "a...\nb… \n\nc", 2 / 4),  # T18: right-stripped; T5: the empty line counts
    ("alphabetic_word_share", "en", "abc 123 x9 !", 2 / 4),
    ("alphabetic_word_share", "zh", "价格123。", 1 / 3),  # Han are letters
    ("lettered_word_share", "en", "abc 123 x9 ! ?", 2 / 3),  # marks are not words
    ("lettered_word_share", "zh", "价格123。", 1 / 2),
    ("n_stop_words", "en", "the the of The dog", 2),  # T7: distinct, case kept
    ("n_stop_words", "zh", "价格的问题和质量的问题。", 2),  # 的 和
    ("n_stop_words", "zh", "2024年3月1日·", 4),  # 年 月 日 ·: as published
    ("n_stop_word_hits", "en", "the the of The dog", 3),  # T7: occurrences
    ("n_stop_word_hits", "zh", "价格的问题和质量的问题。", 3),
    ("n_function_words", "zh", "2024年3月1日·", 0),
    ("n_function_words", "zh", "我们的他們和我們的", 4),  # 我们 的 他們 和; 我們 is 我们 again
    ("n_function_words", "en", "The cat and the dog", 2),  # The is the again
    ("function_word_share", "en", "the cat, and the dog", 3 / 5),
    ("function_word_share", "zh", "价格的问题和质量的问题。", 3 / 7),
    ("median_word_length", "en", "a b cccccccccc", 1),  # T6
    ("median_word_length", "en", "a bb ccc dddd", 2.5),
    ("longest_run_chars", "en", "a bb,cc\ndddd", 5),
    ("unique_word_share", "en", "a b a c, a", 3 / 5),
    ("word_entropy", "en", "a b, a b", math.log(2)),
    ("all_caps_word_share", "en", "NASA and U2 1A Ab 12", 3 / 6),  # NASA U2 1A; 12 has no letter
    ("n_sentences", "en", "One. Two!? “Three.” four... five", 4),  # the dots do not end a sentence
    ("n_sentences", "en", "no end", 1),
    ("n_sentences", "zh", "一。二！三", 3),
    ("javascript_line_share", "en", "JavaScript is off\n\nplain", 1 / 2),
    ("policy_line_share", "en", "Our Privacy Policy\nplain\nwe use coo\u212aies", 2 / 3),  # the Kelvin sign is a k
    ("policy_line_share", "zh", "版权所有 某公司\n正文\n京ICP备1号", 2 / 3),
    (
        "sentence_line_share",
        "zh",
        "我來了，他也來了，很高興\n首頁，關於\n結束。」\n標籤, 分類, 列表\n\n好！真的？",
        3 / 5,
    ),
    (
        "sentence_line_share",
        "zh",
        "那因為用這個和不用這個的場景比較不一樣所以先看\n这是我的博客的文章\n" + "產品" * 12,
        1 / 3,
    ),
    ("sentence_line_share", "en", "Title here\n" + "a" * 96 + ". b c", 1 / 2),  # a paragraph with the end of a sentence
    ("sentence_line_share", "en", "a" * 95 + ". bc\n" + "a" * 96 + ".b c", 0),  # 99 characters; no space after the mark
    ("sentence_line_share", "en", "One, two, three\nDone.", 1 / 2),  # commas of lists are no sign of a sentence
    ("more_line_share", "zh", "新闻 查看更多 \n正文", 1 / 2),
    ("more_line_share", "en", "News. READ MORE\nmore to read", 1 / 2),
    ("fineweb_terminal_line_share", "en", "End.\nNo end\n\nReally? \nThree.”\nFour!", 2 / 5),  # T12, T18
    ("fineweb_terminal_line_share", "zh", "他说：“好。”\n完了！", 1 / 2),
    (
        "char_repetition_share",
        "en",
        "abcdefghijabcdefghij",
        2 / 11,
    ),  # one of ten 10-grams occurs twice; root of 10 is 3
    ("char_repetition_share", "zh", "价格价格价", 2 / 3),  # 价格价 twice, 格价格 once; root of 2 is 1
    ("word_repetition_share", "en", "a b c d e f a b c d e", 2 / 7),  # a b c d e twice
    ("unique_char_share", "en", "aab ", 3 / 4),
    ("digit_share", "en", "ab 12, 3", 3 / 5),
    ("uppercase_share", "en", "Ab C!", 2 / 4),
    ("punctuation_share", "en", "a, b$ c", 2 / 5),
    ("non_alphanumeric_share", "en", "a, b\n_", 2 / 5),
    ("whitespace_share", "en", "a b\n\u3000c", 3 / 6),
    ("parenthesis_share", "zh", "（一）[2]{}", 6 / 8),
    ("curly_bracket_share", "en", "{a}b", 2 / 4),
    ("url_char_share", "en", "see https://a.b/c now", 13 / 21),
    ("url_char_share", "zh", "见www.a.cn。", 8 / 10),
    ("special_char_share", "en", "ab1 _!", 4 / 6),
    ("bracketed_char_share", "zh", "【新品】大卖【a\n】", 2 / 10),  # the second pair is on two lines
    ("fullwidth_share", "zh", "Ａ1２b，", 2 / 4),
    ("garbled_share", "zh", "锟斤拷□\ue000好 的", 5 / 7),
    ("garbled_share", "zh", "很忙的忙聳聡氓颅聴 忙楼猫", 6 / 12),  # 文字, decoded twice; three in a row are words
    ("garbled_share", "en", "cafÃ© â€œ", 4 / 8),  # Ã© and â€ are two each; œ is a letter
    ("lorem_ipsum_share", "en", "Lorem ipsum it", 11 / 14),
    ("c4_sentences", "en", "One is here. Two is, too.\nno end here\ntoo short.\nAn edit was made.[12]", 3),
    ("c4_any_end_sentences", "en", "One is here. Two is, too.\nno end here\ntoo short.", 3),
    ("c4_curly_lines", "en", "a b {c}.\na b {c}\n{}.", 1),  # the second has no end, the third is short
    ("c4_any_end_curly_lines", "en", "a b {c}.\na b {c}\n{}.", 2),
    ("c4_lorem_lines", "en", "Lorem ipsum dolor.\nlorem ipsum dolor", 1),
    ("c4_any_end_lorem_lines", "en", "Lorem ipsum dolor.\nlorem ipsum dolor", 2),
    ("duplicate_line_share", "en", "a\nb\n\na\na", 2 / 4),  # T3: repeats only; split on runs of newlines
    ("duplicate_paragraph_share", "en", "a\nb\n\na\nb\n\nc", 1 / 3),
    ("duplicate_line_char_share", "en", "abc\nde\nabc", 3 / 10),  # T17: newlines in the denominator
    ("duplicate_paragraph_char_share", "en", "ab\nc\n\nab\nc", 4 / 10),
    ("fineweb_duplicate_line_char_share", "en", "abc\nde\nabc", 3 / 8),  # T17: without newlines
    ("terminal_line_share", "en", "End.\nNo end\n\nReally?  \n", 2 / 3),  # T5: empty lines left out; T18: stripped
    ("terminal_line_share", "zh", "他说：“好。”\n标题\n完了！", 2 / 3),  # T12: 。” ends a sentence
    ("short_line_share", "en", "x" * 30 + "\n\n" + "y" * 31, 1 / 2),  # at most 30, empty lines left out
    ("newlines_per_word", "en", "a b\n\nc .", 2 / 4),  # tokens: a b c .
    ("lines_per_word", "en", "a b\n\nc .", 2 / 4),
    ("lines_per_word", "en", "a\n\n\n\nb", 2 / 2),
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
    ("error_page_share", "en", "Page Not Found\nGo home.", 14 / 23),
    ("error_page_share", "zh", "找不到页面不存在。", 8 / 9),  # 找不到页面 and 页面不存在 share two characters
    ("search_page_share", "zh", "为您找到相关结果3个", 8 / 10),
    ("search_page_share", "en", "Search results for x", 18 / 20),
    ("n_farm_domains", "zh", "1a.loan 1A.LOAN www.55229.com a1b2.com me123@qq456.com", 2),  # a1b2 has two digits
    ("n_strewn_titles", "zh", "免费电影,春天小说\n模板，春天小说，免费电影，要检查。\n免费电影,春天小说", 1),
]


def signals_of(text, language="zh"):
    return msgspec.structs.asdict(compute(text, language))


@pytest.mark.parametrize(("name", "language", "text", "value"), EXAMPLES)
def test_a_signal_has_the_value_computed_by_hand(name, language, text, value):
    assert signal(name, text, language) == pytest.approx(value)


def test_every_signal_has_an_example():
    assert {name for name, *_ in EXAMPLES} == {*OF_TEXT, *OF_PAGE}


@pytest.mark.parametrize(
    ("name", "language", "prose", "value"),
    [
        ("duplicate_line_share", "en", "x\ny\nx", 1 / 3),
        ("fineweb_duplicate_line_char_share", "en", "abc\nde\nabc", 3 / 8),
        ("han_share", "zh", "中文 ab", 2 / 4),
        ("lines_per_word", "en", "a b\n\nc .", 2 / 4),
        ("terminal_line_share", "en", "End.\nNo end", 1 / 2),
        ("non_alphanumeric_share", "en", "ab, c.", 2 / 6),
        ("top_2gram_share", "en", "a b a b c", 6 / 9),
    ],
)
def test_signals_of_prose_leave_out_code_and_tables(name, language, prose, value):
    code, table = "```\nx = 1;\nx = 1;\n```", "a | b\n- | -\n- | -"
    assert signal(f"prose_{name}", prose, language) == pytest.approx(value)
    for text in (f"{code}\n\n{prose}", f"{prose}\n\n{code}\n\n{table}", f"{table}\n\n{prose}"):
        assert signal(f"prose_{name}", text, language) == pytest.approx(value)
    assert signal(f"prose_{name}", code, language) is None


def test_signals_of_prose_are_undefined_for_a_text_that_is_mostly_code():
    code = "```\n" + "x = 1;\n" * 80 + "```"
    for name in OF_PROSE:
        assert signal(f"prose_{name}", f"Run this:\n\n{code}") is None
    assert signal("duplicate_line_share", f"Run this:\n\n{code}") == 80 / 83  # 79 lines and a fence, of 83
    assert signal("prose_sentence_line_share", f"Run this:\n\n{code}\n\n{'It runs until it stops. ' * 20}") == 1


def test_every_signal_of_prose_is_that_of_the_text_without_code_and_tables():
    text = "One.\nTwo 二。\n\n```\n\n\n```\n\nThree."
    whole, prose = signals_of(text), signals_of("One.\nTwo 二。\n\nThree.")
    for name in OF_PROSE:
        assert whole[f"prose_{name}"] == prose[name] == prose[f"prose_{name}"], name


def test_the_top_ngram_share_of_text_without_spaces_can_exceed_one():
    # T1: 价格，价格，价格 is 价格 ， 价格 ， 价格; the 2-gram "价格 ，" is 4 with its joiner, twice, in 8 characters
    assert signal("top_2gram_share", "价格，价格，价格", "zh") == pytest.approx(8 / 8)


def test_the_mean_of_word_lengths_is_not_the_median():
    # T6: lengths 1, 1, 10: mean 4, median 1
    assert signal("mean_word_length", "a b cccccccccc") == pytest.approx(4)


def test_duplicate_lines_are_repeats_without_the_first_copy():
    # T3: three equal lines are two repeats of three, not three copies of three
    assert signal("duplicate_line_share", "x\nx\nx") == pytest.approx(2 / 3)


def test_a_line_with_an_opening_or_no_final_mark_does_not_end_a_sentence():
    assert signal("terminal_line_share", "a”\n”\nb,\nc—\nd (e)") == 0


def test_c4_signals_treat_lines_as_in_the_paper():
    policy, script = "We use cookies on this site.", "Please switch on JavaScript now."
    assert signal("c4_sentences", f"{policy}\n{script}\nThis line stays here.") == 1
    assert signal("c4_sentences", 'Not an end here...\nA quote ends it."') == 1
    assert signal("c4_sentences", "x" * 1001 + " is too long.\n" + "x" * 1000 + " is not.") == 1
    assert signal("c4_sentences", "One is 1.[1] Two is 2.[edit] It needs this.[citation needed]") == 3
    assert signal("c4_sentences", "很长的一句话。", "zh") is None  # T9


def test_word_signals_are_undefined_without_segmentation():
    for name in ("n_words", "mean_word_length", "top_2gram_share", "newlines_per_word", "n_sentences", "c4_sentences"):
        assert signal(name, "これは日本語の文章です。", "ja") is None
    assert signal("terminal_line_share", "これは日本語の文章です。", "ja") == 1


COUNTS = {"n_words", "n_stop_words", "n_stop_word_hits", "n_function_words", "n_sentences", *C4, *OF_PAGE}
UNDEFINED_IN_NO_TEXT = set(FUNCTIONS) - COUNTS


@pytest.mark.parametrize("language", ["en", "zh", "de"])
def test_an_empty_text_has_undefined_measures_and_zero_counts(language):
    found = msgspec.structs.asdict(compute("", language))
    assert {name for name, value in found.items() if value is None} >= UNDEFINED_IN_NO_TEXT
    assert found["n_words"] == 0
    assert found["n_stop_words"] == (None if language == "de" else 0)


def test_the_mean_word_length_of_a_text_without_words_is_undefined():
    assert signal("mean_word_length", "!!! ...") is None
    assert signal("n_words", "!!! ...") == 0


def test_ngram_signals_of_a_text_shorter_than_the_ngram_are_undefined():
    found = compute("one two three", "en")
    assert found.top_3gram_share is not None
    assert found.top_4gram_share is None
    assert found.duplicate_5gram_share is None


def test_stop_word_signals_of_a_language_without_stop_words_are_undefined():
    assert signal("n_stop_words", "le chat est la", "fr") is None


@pytest.mark.parametrize(
    ("token", "answer"),
    [("...", True), ("。", True), ("$", True), ("１", True), ("a.", False), ("1", False), ("你", False), ("★", False)],
)
def test_punctuation_marks_equal_those_of_datatrove(token, answer):
    assert is_mark(token) == answer  # with cc_net's full-width one


def test_text_views_have_different_definitions_of_a_line():
    view = TextView(" a\n\nb \n\n\n\nc\n", "en")
    assert view.all_lines == [" a", "", "b ", "", "", "", "c"]
    assert view.lines == [" a", "b ", "c"]
    assert view.blocks == [" a", "b ", "c", ""]
    assert view.paragraphs == ["a", "b ", "c"]


ANY_TEXT = st.text(alphabet=st.one_of(st.characters(), st.sampled_from(" \n\r\u2028.#…-•的和中文ab")), max_size=80)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(ANY_TEXT, st.sampled_from(["en", "zh", "ja", ""]))
def test_signals_of_any_text_are_finite_and_reproducible(text, language):
    found = compute(text, language)
    for name, value in msgspec.structs.asdict(found).items():
        assert value is None or (math.isfinite(value) and value >= -1e-9), (name, value)
    assert compute(text, language) == found


@settings(derandomize=True, max_examples=200, deadline=None)
@given(ANY_TEXT)
def test_shares_are_at_most_one(text):
    found = msgspec.structs.asdict(compute(text, "en"))
    for name, value in found.items():
        if value is not None and name.endswith("_share") and "top_" not in name:
            assert value <= 1 + 1e-9, name


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text(alphabet="abc你 ", min_size=1))
def test_entropy_equals_a_slow_implementation(text):
    probabilities = [n / len(text) for n in Counter(text).values()]
    assert compute(text, "en").char_entropy == pytest.approx(-sum(p * math.log(p) for p in probabilities), abs=1e-12)


PIECES = [
    *("the ", "of ", "\n", "\n\n", "\r\n", " ", "lorem ipsum", "JavaScript", "[12]", "[edit]", "[citation needed]"),
    *(
        "privacy policy",
        "use coo\u212aies",
        "page not found",
        "找不到页面",
        "页面不存在",
        "不存在或已",
        "相关结果",
        "three words here.",
        "...",
        "…",
        "!!!",
        "一、",
        "(1)",
        "1. ",
        "1.5",
        "① ",
        "展开",
    ),
    *(
        "read more",
        "http://x.y/z",
        "www.",
        "www.a",
        "锟斤拷锟斤拷",
        "烫烫烫",
        "Ã©",
        "ABC ",
        "i.e. ",
        "版权所有",
        "{",
        "我们",
        "我們",
    ),
    *(
        "的",
        "年",
        "a b c d e ",
        "a b c d e f g h i j k ",
        "中国人民",
        "，",
        "“好。”",
        "don't",
        "\u2028",
        "\x1c",
        "x" * 1001,
    ),
]
ROUGH = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.one_of(ANY_TEXT, ROUGH), st.sampled_from(["en", "zh", "ja", "fr"]))
def test_the_compiled_signals_equal_their_definitions(text, language):
    slow, fast = (msgspec.structs.asdict(found) for found in (define(text, language), compute(text, language)))
    for name, value in slow.items():
        assert fast[name] == (value if value is None else pytest.approx(value, rel=1e-12, abs=1e-12)), name


def test_functions_and_fields_are_in_the_same_order():
    assert [*FUNCTIONS, *GIVEN] == list(Signals.__struct_fields__)
