import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.core.errors import ConfigError
from sluice.text.html.extract import check_extractor, extract_page, extract_text, extractor_identity, tidy

SENTENCE = "The article itself has a sentence of some length, and then another one. "
ARTICLE = "".join(f"<p>{SENTENCE * 4}</p>" for _ in range(4))
MENU = "<nav><ul>" + "".join(f"<li><a href='/{n}'>{n}</a>" for n in ("Home", "Products", "Contact")) + "</ul></nav>"


def test_paragraphs_are_separated_and_list_items_get_bullets():
    html = "<html><body><p>one</p><p>two</p><ul><li>first<li>second<ul><li>deeper</ul></ul>after</body></html>"
    assert extract_text(html, "all") == "one\n\ntwo\n\n• first\n• second\n• deeper\n\nafter"


def test_a_list_item_of_two_paragraphs_has_one_bullet():
    assert extract_text("<ul><li><p>a</p><p>b</p><li>c</ul>", "all") == "• a\nb\n• c"


def test_rows_of_data_tables_are_lines_and_those_of_layout_tables_are_not():
    data = "<table><tr><th>year<th>sum</tr><tr><td>2019<td>3<br>4</tr></table>"
    assert extract_text(data, "all") == "year | sum\n2019 | 3 4"
    layout = "<table><tr><td><p>one</p><p>two</p></td><td>side</td></tr></table>"
    assert extract_text(layout, "all") == "one\n\ntwo\n\nside"


def test_terms_and_their_definitions_are_adjacent():
    assert extract_text("<dl><dt>a<dd>first<dt>b<dd>second</dl><p>c", "all") == "a\nfirst\nb\nsecond\n\nc"


def test_code_keeps_its_spaces_and_lines():
    html = "<p>Like this:</p><pre><code>def f():\n    return  1  \n\n\n\nf()</code></pre>"
    assert extract_text(html, "all") == "Like this:\n\n```\ndef f():\n    return  1\n\n\n\nf()\n```"


def test_line_breaks_are_kept_and_two_of_them_separate_paragraphs():
    assert extract_text("<p>one<br>two<br><br>three</p>", "all") == "one\ntwo\n\nthree"


def test_scripts_styles_forms_and_alternative_texts_are_not_text():
    html = (
        "<body><script>var x</script><style>p{}</style><!-- note -->"
        "<img alt='picture'><form><input value='field'></form><p>the <a href='http://u.test'>link</a></p></body>"
    )
    assert extract_text(html, "all") == "the link"


def test_menus_are_excluded_from_the_main_text_only():
    html = f"<html><body>{MENU}<main>{ARTICLE}</main><footer>Copyright 2019 by us</footer></body></html>"
    assert "Products" in extract_text(html, "all") and "Copyright" in extract_text(html, "all")
    assert extract_text(html, "main").split("\n\n") == [(SENTENCE * 4).strip()] * 4


def test_chinese_articles_are_found_between_menus_in_tables_and_line_breaks():
    lines = [
        "委员会星期二开会，决定在老市政厅旁边建造新的图书馆，预计两年后向公众开放。",
        "市长在会后表示，孩子们可以为它起名字，希望大家都来参加讨论，并提出自己的意见。",
        "据介绍，新馆面积为三千平方米，设有阅览室、报告厅和儿童活动区，可以同时接待五百人。",
        "居民王先生说：“我们等这座图书馆已经等了很多年，现在终于可以在家门口看书了。”",
    ]
    menu = "".join(f"<li><a href='/{n}'>{n}</a></li>" for n in ("首页", "新闻", "体育", "财经", "论坛"))
    body = "<br>".join(f"\u3000\u3000{line}" for line in lines)
    html = (
        f"<div id=nav><ul>{menu}</ul></div><table><tr><td><h1>新馆动工</h1><div class=content>{body}</div></td></tr>"
        "</table><div class=footer>版权所有 <a href='/about'>联系我们</a> 京ICP备12345678号</div>"
    )
    text = extract_text(html, "main")
    assert text.removeprefix("新馆动工\n\n") == "\n".join(lines)


def test_the_main_text_of_a_page_with_one_long_list_is_that_list():
    rows = "".join(f"<li><a href='/{n}.html'>第{n}章 名字</a></li>" for n in range(1, 200))
    html = f"<div><a href='/'>首页</a></div><ul>{rows}</ul><div><a href='/x'>上一页</a></div>"
    lines = extract_text(html, "main").split("\n")
    assert lines[0] == "• 第1章 名字" and len([line for line in lines if line.startswith("• 第")]) == 199


@pytest.mark.parametrize("html", ["", " ", "<p", "<html></html>", "<!doctype html>", "<script>x</script>"])
@pytest.mark.parametrize("extractor", ["main", "all"])
def test_a_page_without_text_has_an_empty_text(html, extractor):
    assert extract_text(html, extractor) == ""


def test_facts_are_returned_with_the_text():
    page = extract_page(
        b"<title>A &amp; B</title><meta property='article:published_time' content='2019-03-05T01:02:03Z'><p>x"
    )
    assert (page.facts.title, page.facts.author, page.facts.published) == ("A & B", None, "2019-03-05")


def test_trafilatura_can_be_selected():
    pytest.importorskip("trafilatura")
    html = f"<html><body>{MENU}<article>{ARTICLE}</article></body></html>"
    text = extract_text(html, "trafilatura")
    assert SENTENCE.strip() in text and "Products" not in text


def test_trafilatura_without_its_package_is_an_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    with pytest.raises(ConfigError, match=r"extractor = trafilatura, but .*pip install 'sluice\[trafilatura\]'"):
        extract_text("<p>x", "trafilatura")


def test_an_extractor_that_is_not_installed_is_an_error_before_the_first_page(monkeypatch):
    check_extractor("main")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="not installed"):
        check_extractor("trafilatura")


def test_the_identity_of_the_extractor_includes_its_model():
    assert extractor_identity("all") == "all"
    assert re.fullmatch("main [0-9a-f]{64}", extractor_identity("main"))


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("", ""),
        (" \n\t\n ", ""),
        ("  a  \n  b\t\n", "a\n  b"),
        ("a\n\n\n\n\nb", "a\n\nb"),
        ("a\r\nb", "a\nb"),
        ("你\u3000好\u3000", "你\u3000好"),
        ("a\n  \n\n\nb", "a\n\nb"),
    ],
)
def test_tidying_shortens_gaps_and_ends_of_lines(text, tidied):
    assert tidy(text) == tidied


def test_control_characters_and_byte_order_marks_are_removed():
    assert extract_text("<p>a\x00b\x1fc\x7fd\ufeffe&#xFEFF;f\ufffeg</p>", "all") == "abcdefg"


@settings(derandomize=True, max_examples=300)
@given(st.text(alphabet=st.one_of(st.sampled_from(" \n\r\t\x0b\x1c\u3000ab"), st.characters()), max_size=60))
def test_tidying_is_idempotent(text):
    once = tidy(text)
    assert tidy(once) == once
    assert "\n\n\n" not in once
    assert all(line == line.rstrip() for line in once.split("\n"))


TAG = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<div>",
        "<table><tr><td>",
        "<!--",
        "-->",
        "<script>",
        "</script>",
        "&#0;",
        "<",
        ">",
        "<li>",
        "<pre>",
    ]
)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.lists(st.one_of(TAG, st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8)), max_size=30))
def test_random_markup_gives_tidy_text_and_main_text_is_a_part_of_it(parts):
    html = "".join(parts)
    whole, main = extract_text(html, "all"), extract_text(html, "main")
    for text in (whole, main):
        assert text.strip("\n") == text and all(line.rstrip(" \t\u3000") == line for line in text.split("\n"))
        assert "```" in text or "\n\n\n" not in text
    assert set(main.split()) <= set(whole.split()) | {"|", "•"}


def test_a_huge_page_is_read_completely():
    html = "<p>a word or two</p>" * 50_000 + "<p>the last</p>"  # more blocks than the model scores: all text is kept
    assert extract_text(html, "main").endswith("the last")
    assert extract_text(html, "main") == extract_text(html, "all")


def test_the_time_for_a_deeply_nested_page_is_linear_in_its_length():
    html = "<nav>Menu</nav>" + "<div>" * 200_000 + "some words"
    assert extract_text(html, "all") == "Menu\n\nsome words"
