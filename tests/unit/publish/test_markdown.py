"""Texts in a card are shown literally: rendered by a CommonMark parser, they are the texts themselves."""

import re

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sluice.publish.markdown import code, count, escape, fenced, table

TEXT = st.text(st.one_of(st.sampled_from("\\`*_{}[]<>()#+-.!|~$&:@/='\" \n\tab中<br>"), st.characters(codec="utf-8")))


def shown(text):
    """The text as a program shows it: one line, printable."""
    return "".join(char if char.isprintable() else "\ufffd" for char in " ".join(text.split()))


def cells(markdown):
    """The text of the cells of all tables, as rendered by the parser of GitHub's dialect, without their markup."""
    found, is_cell = [], False
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(markdown):
        if token.type in ("td_open", "td_close"):
            is_cell = token.type == "td_open"
        elif is_cell and token.type == "inline":
            kinds = {child.type for child in token.children}
            assert kinds <= {"text", "text_special", "code_inline"}, kinds
            found.append("".join(child.content for child in token.children))
    return found


@given(TEXT)
def test_escaped_text_in_a_cell_is_shown_as_it_is(text):
    assert cells(table(("a", "b"), [(escape(text), "x")])) == [shown(text), "x"]


@given(TEXT)
def test_code_in_a_cell_is_shown_as_it_is(text):
    assert cells(table(("a", "b"), [(code(text), "x")])) == [shown(text), "x"]


@given(TEXT)
def test_a_fence_contains_the_whole_text(text):
    text = text.replace("\r", "").replace("\0", "")
    (token,) = MarkdownIt().parse(fenced(text, "yaml"))
    assert token.type == "fence" and token.info == "yaml"
    assert token.content.rstrip() == text.rstrip()


def test_numbers_have_separators_and_unknown_ones_a_dash():
    assert (count(1234567), count(0), count(None)) == ("1,234,567", "0", "–")


def test_a_column_whose_name_ends_in_a_hash_is_aligned_to_the_right():
    assert table(("a", "n#"), [("x", "1")]) == "| a | n |\n| --- | ---: |\n| x | 1 |"


def test_escaped_text_keeps_letters_and_common_punctuation_readable():
    assert escape("CC-MAIN-2024-10, 100%.") == "CC-MAIN-2024-10, 100%."
    assert re.fullmatch(r"\\<b\\>x\\</b\\>", escape("<b>x</b>"))
