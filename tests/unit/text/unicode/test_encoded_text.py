from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.core.config.dedup import MinHashConfig
from sluice.core.config.extract import BadWordsConfig, EditConfig, PiiConfig
from sluice.text.cleaning.edit_lines import edit
from sluice.text.cleaning.mask_pii import mask
from sluice.text.dedup.signing import sign_text
from sluice.text.language.chinese_variant import chinese_variant
from sluice.text.language.identify import main_script
from sluice.text.lists.bad_words import BadWordLists
from sluice.text.quality.score import word_line
from sluice.text.signals.compute import compute
from sluice.text.unicode import characters
from sluice.text.unicode.encoded_text import EncodedText
from sluice.text.words import spans

ANY_TEXT = st.text(
    st.one_of(st.characters(), st.characters(categories=["Cs"]), st.sampled_from("a é中𠮷\n\ud800\udfff"))
)


@given(ANY_TEXT)
def test_every_form_equals_the_direct_computation(text):
    view = EncodedText(text)
    assert view.text == text
    assert view.utf8 == text.encode("utf-8", "replace")
    assert view.wtf8 == text.encode("utf-8", "surrogatepass")
    assert view.codes.tolist() == [ord(char) for char in text]
    assert view.flags.tolist() == [characters.flags_of(char) for char in text]


@given(ANY_TEXT, st.integers(0, 12))
def test_a_beginning_is_a_view_of_the_cut_text(text, count):
    view = EncodedText(text)
    start = view.first(count)
    assert start.text == text[:count]
    assert start.utf8 == text[:count].encode("utf-8", "replace")
    assert (start is view) == (len(text) <= count)


def test_lone_surrogates_are_question_marks_or_kept():
    view = EncodedText("a\ud800b")
    assert view.utf8 == b"a?b"
    assert view.wtf8 == b"a\xed\xa0\x80b"
    assert view.codes.tolist() == [97, 0xD800, 98]


def test_an_empty_text_has_empty_forms():
    view = EncodedText("")
    assert view.utf8 == view.wtf8 == b""
    assert (view.codes.dtype, view.flags.dtype) == (np.uint32, np.uint16)
    assert len(view.codes) == len(view.flags) == 0


def test_each_form_is_computed_once():
    view = EncodedText("中文")
    assert view.utf8 is view.utf8 is view.wtf8
    assert view.codes is view.codes
    assert view.flags is view.flags


def test_a_view_of_a_view_is_the_same_view():
    view = EncodedText("a")
    assert EncodedText.of(view) is view
    assert EncodedText.of("a").text == "a"


def test_a_result_is_kept_per_function_and_argument():
    calls = []

    def count(view, char):
        calls.append(char)
        return view.text.count(char)

    def place(view, char):
        return view.text.find(char)

    view = EncodedText("abba")
    assert [view.once(count, "a"), view.once(count, "b"), view.once(count, "a")] == [2, 2, 2]
    assert view.once(place, "b") == 1
    assert calls == ["a", "b"]


def test_code_points_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        EncodedText("a").codes[0] = 98


@given(ANY_TEXT, st.sampled_from(["en", "zh", "ja"]))
def test_functions_answer_alike_for_a_text_and_for_one_view_that_all_share(text, language):
    bad_words = BadWordLists.of(BadWordsConfig())
    view = EncodedText(text)
    for function in (
        partial(edit, options=EditConfig()),
        partial(mask, options=PiiConfig()),
        main_script,
        partial(chinese_variant, language=language),
        partial(bad_words.measure, language=language),
        partial(compute, language=language),
        lambda given: [places.tolist() for places in spans.word_spans(given, language)],
        partial(word_line, language=language),
        partial(sign_text, minhash=MinHashConfig()),
    ):
        assert function(view) == function(text)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_one_view_is_segmented_once(monkeypatch, language):
    segmented = []
    kernels = {name: getattr(spans, name) for name in ("segment", "split_words")}
    for name, kernel in kernels.items():
        monkeypatch.setattr(spans, name, lambda *a, kernel=kernel: segmented.append(language) or kernel(*a))
    view = EncodedText("一二三 one two three")
    compute(view, language)
    word_line(view, language)
    assert segmented == [language]
