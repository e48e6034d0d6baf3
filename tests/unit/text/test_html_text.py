import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.text.html import MAX_DEPTH, extract_text, is_deeper_than, tidy


def test_paragraphs_are_parted_and_list_items_get_bullets():
    html = "<html><body><p>one</p><p>two</p><ul><li>first<li>second</ul></body></html>"
    assert extract_text(html, main_content=False) == "one\n\ntwo\n\n• first\n• second"


def test_scripts_styles_forms_and_alternative_texts_are_no_text():
    html = (
        "<body><script>var x</script><style>p{}</style><noscript>off</noscript><!-- note -->"
        "<img alt='picture'><form><input value='field'></form><p>the <a href='http://u.test'>link</a></p></body>"
    )
    assert extract_text(html, main_content=False) == "the link"


def test_menus_are_left_out_only_when_the_main_content_is_wanted():
    body = "<p>" + "The article itself has a sentence of some length, and then another one. " * 5 + "</p>"
    html = f"<html><body><nav><a href='/'>Home</a> <a href='/x'>Products</a></nav><main>{body}</main></body></html>"
    assert "Products" in extract_text(html, main_content=False)
    assert "Products" not in extract_text(html, main_content=True)
    assert "another one." in extract_text(html, main_content=True)


@pytest.mark.parametrize("html", ["", " ", "<p", "<html></html>", "<!doctype html>", "<script>x</script>"])
@pytest.mark.parametrize("main_content", [True, False])
def test_a_page_without_text_is_an_empty_text(html, main_content):
    assert extract_text(html, main_content=main_content) == ""


def test_entities_are_characters():
    assert extract_text("<p>a &amp; b &#20320;&hellip;</p>", main_content=False) == "a & b 你…"


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("", ""),
        (" \n\t\n ", ""),
        ("  a  \n  b\t\n", "a\nb"),
        ("a\n\n\n\n\nb", "a\n\nb"),
        ("a\r\nb", "a\nb"),
        ("a\x00b\x1fc\x7fd\ufeffe", "abcde"),
        ("你\u3000好\u3000", "你\u3000好"),
        ("a\n \x01 \n\n\nb", "a\n\nb"),
    ],
)
def test_tidying_strips_lines_and_shortens_gaps(text, tidied):
    assert tidy(text) == tidied


@settings(derandomize=True, max_examples=300)
@given(st.text(alphabet=st.one_of(st.sampled_from(" \n\r\t\x00\x0b\x1c\u3000ab"), st.characters()), max_size=60))
def test_tidying_twice_changes_nothing_more(text):
    once = tidy(text)
    assert tidy(once) == once
    assert "\n\n\n" not in once
    assert all(line == line.strip() for line in once.split("\n"))


TAG = st.sampled_from(
    ["<p>", "</p>", "<div>", "<table><tr><td>", "<!--", "-->", "<script>", "</script>", "&#0;", "<", ">"]
)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.lists(st.one_of(TAG, st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8)), max_size=30))
def test_any_soup_gives_tidy_text(parts):
    html = "".join(parts)
    for main_content in (True, False):
        text = extract_text(html, main_content=main_content)
        assert text == tidy(text)


def test_a_huge_page_is_read_to_its_end():
    html = "<p>a word or two</p>" * 20_000 + "<p>the last</p>"
    assert extract_text(html, main_content=False).endswith("the last")


def test_depth_counts_open_tags_that_really_nest():
    assert not is_deeper_than("<div>" * 5, 5)
    assert is_deeper_than("<div>" * 6, 5)
    assert is_deeper_than("<B>" * 6, 5)
    assert not is_deeper_than("<div></div>" * 100, 5)
    assert not is_deeper_than("<p>a<br>b<li>c" * 100, 5)  # the parser closes these


def test_a_page_nested_without_end_costs_its_menus_and_not_the_task():
    html = "<nav>Menu</nav>" + "<div>" * 100 * MAX_DEPTH + "some words"  # 51,200 levels: hours by main-content rules
    assert extract_text(html, main_content=True) == "Menu\nsome words"
