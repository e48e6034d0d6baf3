"""Preformatted text, tables and lists: lines, line numbers, empty cells, numbers of items."""

import pytest

from sluice.text.html.extract import extract_text
from tests.helpers.blocks import texts

LINES = ["def road(stones):", "    total = 0", "", "    return total"]
CODE = "\n".join(LINES)
FENCED = f"```\n{CODE}\n```"
NBSP = "\n".join(line.replace(" ", "&nbsp;") for line in LINES)
NUMBERS = "\n".join(str(number) for number in range(1, 5))


def lines_of(tag, *, end="", **attributes):
    names = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return "".join(f"<{tag}{names}>{line}{end}</{tag}>" for line in LINES)


@pytest.mark.parametrize(
    "html",
    [
        f"<pre>{CODE}</pre>",
        f"<pre><code>\n{CODE}\n</code></pre>",
        f"<pre>{CODE}\n\n</pre>".replace("\n", "\r\n"),
        f"<pre>{NBSP}</pre>",
        f"<pre>{NBSP}</pre>".replace("\n", "<br>"),
        f"<pre>{lines_of('div', end=chr(10))}</pre>",
        f"<pre>{lines_of('span', end=chr(10))}</pre>",
        "<pre>" + lines_of("div").replace("<div></div>", "<div><br></div>") + "</pre>",
        f"<pre>{lines_of('span', end=chr(10), style='display:block')}</pre>",
        f"<pre><ol>{lines_of('li', end=chr(10))}</ol></pre>",
        f"<listing>{CODE}</listing>",
        f"<xmp>{CODE}</xmp>",
        f"<pre><button>Copy</button>{CODE}</pre>",
        f"<div><button class=copy-btn>Copy</button><pre>{CODE}</pre></div>",
        f"<table><tr><td>{'<pre>' + CODE + '</pre>'}</td></tr></table>",
        f"<ul><li><pre>{CODE}</pre></ul>",
        "<pre>" + "".join(f"<span class=lineno>{n + 1}</span>{line}\n" for n, line in enumerate(LINES)) + "</pre>",
        "<pre>"
        + "".join(f"<a class=jxr_linenumber href=#L{n + 1}>{n + 1}</a>{line}\n" for n, line in enumerate(LINES))
        + "</pre>",
        f"<table><tr><td class=gutter><pre>{NUMBERS}</pre></td><td class=code><pre>{CODE}</pre></td></tr></table>",
        f"<table><tr><td><div class=linenodiv><pre>{NUMBERS}</pre></div></td><td><pre>{CODE}</pre></td></tr></table>",
        f"<table><tr><td><pre>{NUMBERS}</pre></td><td><pre>{CODE}</pre></td></tr></table>",
        f"<div class=blockcode><div><ol>{lines_of('li', end='<br />')}</ol></div><em onclick='copycode()'>复制代码</em>"
        "</div>".replace("<li><br /></li>", "<li> <br /></li>"),
    ],
)
def test_code_keeps_its_lines_and_indentation_in_a_fence(html):
    assert extract_text(f"<p>a</p>{html}<p>b</p>", "all") == f"a\n\n{FENCED}\n\nb"


def test_lines_of_code_in_rows_of_a_table_are_one_code():
    rows = "".join(
        f"<tr><td class=blob-num data-line-number={n}></td><td class=blob-code>{line}</td></tr>"
        for n, line in enumerate(("if a:", "    b()", "c()"))
    )
    assert extract_text(f"<table>{rows}</table>", "all") == "```\nif a:\n    b()\nc()\n```"


def test_two_codes_have_two_fences_and_backticks_get_a_longer_one():
    assert extract_text("<pre>a</pre><pre>b</pre>", "all") == "```\na\n```\n\n```\nb\n```"
    assert extract_text("<pre>a\n```\nb</pre>", "all") == "````\na\n```\nb\n````"


def test_a_pre_without_an_end_tag_does_not_take_the_page():
    assert extract_text("<pre>a\n  b<p>c<p>d", "all") == "a\n  b\n\nc\n\nd"


@pytest.mark.parametrize("style", ["pre", "pre-wrap", "pre-line", "break-spaces"])
def test_lines_of_a_style_that_keeps_white_space_are_kept_without_a_fence(style):
    assert extract_text(f"<div style='white-space: {style}'>a\nb</div>", "all") == "a\nb"


def test_numbers_in_code_that_are_not_beside_it_stay():
    assert texts("<pre>1\n2\n3</pre>") == ["1\n2\n3"]
    assert texts("<pre><span class=lineno>x1</span>y</pre>") == ["x1y"]


EMPTY_CELLS = "<table><tr><th>Year<th>Milk<th>Wool<tr><td>2018<td><td>7<tr><td>2019<td>33<td>&nbsp;</table>"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (EMPTY_CELLS, "Year | Milk | Wool\n2018 |  | 7\n2019 | 33 |"),
        ("<table><tr><td><th>a<th>b<tr><th>x<td>1<td>2</table>", "| a | b\nx | 1 | 2"),
        ("<table><tr><th colspan=2>Milk<th>Wool<tr><td>1<td>2<td>3</table>", "Milk |  | Wool\n1 | 2 | 3"),
        ("<table><tr><td rowspan=2>2018<td>a<tr><td>b<tr><td>2019<td>c</table>", "2018 | a\n2018 | b\n2019 | c"),
        ("<table><tr><td>a<td rowspan=2>x<tr><td>b</table>", "a | x\nb | x"),
        ("<table><tr><td><p>A<td><p>B<p>(l)<tr><td>1<td>2</table>", "A | B (l)\n1 | 2"),
        ("<table><tr><td>A<td><ul><li>x<li>y</ul><tr><td>1<td>2</table>", "A | x y\n1 | 2"),
        ("<table><caption>Title</caption><tr><td>A<td>B<tr><td>1<td>2</table>", "Title\n\nA | B\n1 | 2"),
        ("<table><tr><td>A<td>b<br>c<tr><td>1<td>2</table>", "A | b c\n1 | 2"),
        ("<table><tr><td>a<td>b<tr><td><td><tr><td>c<td>d</table>", "a | b\nc | d"),
        ("<table><tr><td>a</table>", "a"),
    ],
)
def test_rows_of_a_data_table_have_every_column(html, expected):
    assert extract_text(html, "all") == expected


def test_a_table_for_layout_has_no_rows():
    article = "The article is in a cell. " * 40
    html = f"<table><tr><td>menu<td><p>{article}<p>{article}<p>{article}<p>{article}<tr><td>a<td>b</table>"
    assert " | " not in extract_text(html, "all")
    nested = "<table><tr><td>A<td><table><tr><td>x<td>1<tr><td>y<td>2</table></table>"
    assert extract_text(nested, "all") == "A\n\nx | 1\ny | 2"
    code = "<table><tr><th>Name<th>Example<tr><td>if<td><pre>if a:\n  b</pre></table>"
    assert extract_text(code, "all") == "Name\n\nExample\n\nif\n\n```\nif a:\n  b\n```"


def test_a_data_table_is_kept_whole_or_not_at_all():
    sentence = "The committee met on Tuesday and decided that the new library would be built by the town hall. "
    rows = "".join(f"<tr><td>Stone Hill {n}<td>-<td>{n}<td>x</tr>" for n in range(12))
    table = f"<table><tr><th>#<th>W<th>Team<th>-</tr>{rows}</table>"
    text = extract_text(f"<article><h1>League</h1><p>{sentence * 6}</p>{table}<p>{sentence * 6}</p></article>")
    found = [line for line in text.split("\n") if " | " in line]
    assert len(found) in (0, 13) and all(line.count(" | ") == 3 for line in found)


def test_columns_and_rows_that_a_cell_claims_are_bounded():
    """A few bytes of source must not become many rows of text."""
    cell = "<td colspan=9999 rowspan=9999>x"
    assert len(extract_text(f"<table><tr><th>a<th>b{f'<tr>{cell}' * 300}</table>", "all")) < 30_000


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<ol><li>a<li>b</ol>", "1. a\n2. b"),
        ("<ol start=3><li>a<li value=9>b<li>c</ol>", "3. a\n9. b\n10. c"),
        ("<ol type=a><li>x<ol type=I><li>y<li>z</ol><li>w</ol>", "a. x\nI. y\nII. z\nb. w"),
        ("<ol reversed start=3><li>a<li>b</ol>", "3. a\n2. b"),
        ("<ol start=-1><li>a<li>b<li>c</ol>", "-1. a\n0. b\n1. c"),
        ("<ol type=i start=38><li>a<li>b<li>c</ol>", "xxxviii. a\nxxxix. b\n40. c"),
        ("<ul><li>a</ul><ol><li>b</ol>", "• a\n1. b"),
        # a number that the text has, too, is there once
        ("<ol><li>1. 甲<li>2、乙<li>3) c<li>4．丁<li>5）戊", "1. 甲\n2、乙\n3) c\n4．丁\n5）戊"),
        ("<ol><li>1.1 a<li>1. b<li>3 c<li>44. d<li>5", "1.1 a\n2. 1. b\n3. 3 c\n4. 44. d\n5. 5"),
        ("<li>a<li>b", "• a\n• b"),
    ],
)
def test_items_of_ordered_lists_have_their_numbers(html, expected):
    assert extract_text(html, "all") == expected


def test_terms_of_a_definition_list_belong_to_their_definitions():
    definition = "A way over water, which the farmers of the valley built of stone two hundred years ago."
    pairs = "".join(f"<dt>B{n}<dd>{definition} It is number {n}." for n in range(4))
    lines = extract_text(f"<article><h1>Words</h1><dl>{pairs}</dl></article>").split("\n")
    assert [line for line in lines if len(line) == 2] == ["B0", "B1", "B2", "B3"]
