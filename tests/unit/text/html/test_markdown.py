"""Markdown of pages: values by hand, and what markdown-it-py reads in it."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sluice.core.config.extract import EditConfig
from sluice.core.errors import ConfigError
from sluice.text.cleaning.clean import cut_lines
from sluice.text.html.extract import check_extractor, extract_page
from sluice.text.html.markdown import of_text
from sluice.text.html.markdown_inline import CODE, EMPHASIS, LINK, STRONG, Mark, line_markdown
from tests.helpers.commonmark import read, tree

URL = "https://site.test/docs/page.html"


def page(html, links_from=None):
    return extract_page(html.encode(), "all", text_format="markdown", links_from=links_from)


def markdown(html, links_from=None):
    return page(html, links_from).markdown.text()


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ("<h1>One</h1><h3>Two</h3><p>Text.</p>", "# One\n\n### Two\n\nText."),
        ("<h2><a href=/x>One</a> C #</h2>", "## One C \\#"),
        ("<p>one<br>two</p><p>three</p>", "one\\\ntwo\n\nthree"),
        ("<ul><li>a<li>b<ul><li>c</ul><li>d</ul>", "- a\n- b\n  - c\n- d"),
        ("<ol start=9><li>a<li>b<ol type=a><li>c</ol></ol>", "9. a\n10. b\n    1. c"),
        ("<ol><li>a<ol start=5><li>b</ol></ol>", "1. a\n\n   5. b"),
        ("<ul><li>a</ul><ul><li>b</ul>", "- a\n* b"),
        ("<ol><li>a<li>2. b</ol>", "1. a\n\n2\\. b"),
        ("<ol><li>a</ol><ol><li>b</ol>", "1. a\n1) b"),
        ("<ul><li><p>a<p>b<li>c</ul>", "- a\n\n  b\n- c"),
        ("<ul><li><h3>a</h3>b</ul>", "- ### a\n\n  b"),
        ("<dl><dt>a<dd>b</dl>", "a\n\nb"),
        ("<pre>a\n  *b*\n\n# c</pre>", "```\na\n  *b*\n\n# c\n```"),
        ("<ol><li>do<pre>x\ny</pre></ol>", "1. do\n\n   ```\n   x\n   y\n   ```"),
        ("<pre>```\nx\n```</pre>", "````\n```\nx\n```\n````"),
        (
            "<table><tr><th>a<th>b|c<tr><td><code>d|e</code><td><b>f</b></table>",
            "| a | b\\|c |\n| --- | --- |\n| `d\\|e` | **f** |",
        ),
        ("<table><tr><th>a<th>b<tr><td><td>c</table>", "| a | b |\n| --- | --- |\n| | c |"),
        ("<table><tr><th>a<tr><td>b<td>c<td><i>d</i></table>", "| a | | |\n| --- | --- | --- |\n| b | c | *d* |"),
    ],
)
def test_blocks_have_the_form_that_commonmark_gives_them(html, wanted):
    assert markdown(html) == wanted


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ("<p>a <b>b</b> <em>c</em> <code>d</code></p>", "a **b** *c* `d`"),
        ("<p><strong> a </strong>b</p>", "**a** b"),
        ("<p><b>a</b><b>b</b></p>", "**ab**"),
        ("<p><b><i>a</i> b</b></p>", "***a* b**"),
        ("<p><b>a<br>b</b></p>", "**a**\\\n**b**"),
        ("<b><p>a</p><p>b</p></b>", "**a**\n\n**b**"),
        ("<p>中<b>文</b>字</p>", "中**文**字"),
        ("<p>说<b>“好”</b>吗</p>", "说“好”吗"),  # delimiters there would be read as asterisks
        ("<p>说 <b>“好”</b> 吗</p>", "说 **“好”** 吗"),
        ("<p><code>a`b</code> <code>`c</code></p>", "``a`b`` `` `c ``"),
        ("<p>`<code>a</code>`</p>", "\\`a\\`"),
        ("<pre><code>a</code>\n</pre>b <b>c</b>", "```\na\n```\n\nb **c**"),
        ("<h2>a<a href=#x><b>#</b></a></h2><p>b c</p>", "## a\n\nb c"),  # the anchor is no text
    ],
)
def test_inline_elements_have_delimiters_where_commonmark_reads_them(html, wanted):
    assert markdown(html) == wanted


@pytest.mark.parametrize(
    "text",
    [
        *(
            "1. a",
            "2) a",
            "# a",
            "#",
            "- a",
            "+ a",
            "> a",
            "===",
            "---",
            "* * *",
            "- - -",
            "a\\",
            "[x]: y",
            "[ ] a",
            "| - |",
        ),
        *(
            "a_b _c_ __d__",
            "2 * 3",
            "*a*",
            "a*b*",
            "&amp; &",
            "<a> <!-- < 3",
            "`a`",
            "~~a~~",
            "a ~ b",
            "[a](b)",
            "![a](b)",
        ),
        *("\\* \\a", "www.a.b/_c_", "$x_1$"),
    ],
)
def test_text_that_looks_like_markdown_is_read_as_it_is(text):
    assert read(line_markdown(text, [])) == text
    assert read(of_text(text).text()) == text


@pytest.mark.parametrize(
    "text",
    ["a", "a_b", "2 * 3 = 6", "C# and F#", "a & b", "3 < 4", "[1] note", "10~20", "$5", "1.5", "a-b", "“中文”（x）"],
)
def test_plain_text_has_no_backslashes(text):
    assert line_markdown(text, []) == text


@pytest.mark.parametrize(
    ("href", "wanted"),
    [
        ("/a?b=1&amp;c=2", "[x](<https://site.test/a?b=1&c=2>)"),
        ("b.html#c", "[x](<https://site.test/docs/b.html#c>)"),
        ("//other.test/", "[x](<https://other.test/>)"),
        ("https://a.test/b (c)&lt;d>", "[x](<https://a.test/b%20(c)%3Cd%3E>)"),
        ("a&amp;copy;b", "[x](<https://site.test/docs/a&amp;copy;b>)"),
        ("#top", "x"),
        ("javascript:go()", "x"),
        ("mailto:a@b.test", "x"),
        ("http://[bad", "x"),
        ("", "x"),
    ],
)
def test_links_have_whole_addresses_of_pages(href, wanted):
    assert markdown(f'<p><a class="y>z" href="{href}">x</a></p>', URL) == wanted


def test_links_are_text_unless_wanted_and_follow_base():
    assert markdown("<p><a href=/a>x</a></p>") == "x"
    assert markdown('<base href="//cdn.test/d/"><p><a href=a>x[1]</a></p>', URL) == "[x\\[1\\]](<https://cdn.test/d/a>)"
    assert markdown("<p>Hi!<a href=/a>x</a></p>", URL) == "Hi\\![x](<https://site.test/a>)"


def test_the_plain_text_is_the_same_as_without_markdown():
    html = "<h1>a</h1><ul><li>b <b>c</b></ul><table><tr><td><td>d<tr><td>e | f<td>g</table><pre>h</pre>"
    assert page(html).text == extract_page(html.encode(), "all").text


def test_edits_of_the_text_are_edits_of_the_markdown():
    html = (
        "<h2>Head</h2><ul><li>keep <b>this</b><li>Read more...<li>last one here</ul>"
        "<p>one [1]<br>two</p><table><tr><th>a<th>b<tr><td>c<td>d</table>"
    )
    whole = page(html)
    clean = cut_lines(whole.text, EditConfig())
    assert "Read more" not in clean.view.text
    edited = whole.markdown.edited(clean.view.text, clean.numbers)
    assert edited.startswith("## Head\n\n- keep **this**\n- last one here\n\none")
    masked = whole.text.replace("this", "<EMAIL>").replace("| d", "| <PHONE>")
    assert "- keep \\<EMAIL>\n" in whole.markdown.edited(masked, None)
    assert "| c | \\<PHONE> |" in whole.markdown.edited(masked, None)
    other_lines = "one\ntwo"
    assert whole.markdown.edited(other_lines, None) == "one\\\ntwo"


def test_trafilatura_cannot_write_markdown():
    with pytest.raises(ConfigError, match=r"extract\.format = markdown needs the structure of the page"):
        check_extractor("trafilatura", "markdown")


CHARS = st.text(st.sampled_from("ab1 *_`~[]()<>&;!#+-.|\\\"'$中文，。“”x:/\u3000é"), max_size=40)
MARKS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.sampled_from([STRONG, EMPHASIS, CODE, LINK])), max_size=6
)


@given(CHARS, MARKS, st.booleans())
@example("*a*", [(0, 3, STRONG)], False)
@example("a!b", [(2, 3, LINK)], False)
@example("a`b", [(2, 3, CODE)], False)
@example("**", [(0, 1, STRONG), (1, 2, EMPHASIS)], False)
def test_any_line_with_any_marks_is_read_as_its_text(text, places, is_cell):
    text = " ".join(text.split())
    marks = [Mark(*sorted((a, b)), kind, "http://a.b/c") for a, b, kind in places]
    marks = [mark._replace(end=min(mark.end, len(text))) for mark in marks if mark.start < len(text)]
    links = [mark for mark in marks if mark.kind == LINK][:1]
    line = line_markdown(text, [mark for mark in marks if mark.kind != LINK] + links, is_cell=is_cell)
    whole = f"| h |\n| --- |\n| {line} |" if is_cell else line
    assert read(whole) == (f"h {text}".strip() if is_cell else text)


def test_marks_are_read_as_such():
    line = line_markdown("one two three", [Mark(0, 7, STRONG), Mark(4, 7, EMPHASIS), Mark(8, 13, CODE)])
    assert tree(line) == "<p><strong>one <em>two</em></strong> <code>three</code></p>\n"


@pytest.mark.parametrize(
    "unit",
    [
        "<b>x</b> y <i>z</i> <code>q</code> <a href=/a>l</a> ",
        "<b><i><em><strong>x",
        "<ul><li>x",
        "*_`[!~<a> ",
        "<tr><td>a <b>b</b><td>c",
    ],
)
def test_markdown_takes_linear_time_and_space(unit):
    def seconds(size):
        html = ("<table>" if "td" in unit else "<p>") + unit * (size // len(unit))
        start = time.process_time()
        text = markdown(html, URL)
        assert len(text) < 8 * len(html)
        return time.process_time() - start

    seconds(1000)
    assert seconds(800_000) < 16 * seconds(200_000) + 0.5
