import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from resiliparse.parse.html import HTMLTree

from sluice.text.html import tags
from sluice.text.html.kernels.tag import read_tag
from sluice.text.html.markup import JSON_MARK, MAX_DEPTH, META_MARK, TIME_MARK, TITLE_MARK, parse
from sluice.text.unicode.fnv import fnv
from tests.helpers.blocks import blocks, texts


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("", []),
        ("  \n ", []),
        ("words without a tag", [("", "words without a tag")]),
        ("<div>a <b>bold</b>, <a href=x>link</a></div>", [("div", "a bold, link")]),
        ("a\n\n  b&nbsp;&nbsp;c", [("", "a b c")]),
        ("<p>one<p>two<div>three</div>four", [("p", "one"), ("p", "two"), ("div", "three"), ("", "four")]),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", [("li", "a"), ("li", "b"), ("li", "c")]),
        ("<dl><dt>t<dd>d<dt>u</dl>", [("dt", "t"), ("dd", "d"), ("dt", "u")]),
        ("<table><tr><td>a<td>b<tr><th>c</table>d", [("td", "a"), ("td", "b"), ("th", "c"), ("", "d")]),
        ("<p>a<br>b<br/><br>c</p>", [("p", "a\nb"), ("p", "c")]),
        ("<h1>title</h2>after", [("h1", "title"), ("", "after")]),
        ("a<hr>b", [("", "a"), ("", "b")]),
        ("<P CLASS=x>up</P>", [("p", "up")]),
        ("<pre>\n  a\n    b\n</pre>", [("pre", "  a\n    b")]),
        ("<p>\u3000\u3000段落<br>\u3000\u3000第二\u3000行\u3000</p>", [("p", "段落\n第二\u3000行")]),
        ("<my-card>a</my-card><my-card>b</my-card>", [("", "a"), ("", "b")]),
        ("<span>a</span><span>b</span>", [("", "ab")]),
    ],
)
def test_blocks_correspond_to_the_lines_of_a_browser(html, expected):
    assert blocks(html) == expected


@pytest.mark.parametrize(
    "html",
    [
        "<script>if (a < b) document.write('<p>no</p>')</script>x",
        "<style>p > a {}</style>x",
        "<SCRIPT>no</sCript >x",
        "<title>no</title>x",
        "<textarea><p>no</textarea>x",
        "<svg><text>no</text></svg>x",
        "<select><option>no</select>x",
        "<!-- <p>no</p> -->x",
        "<!-->x",
        "<!doctype html>x",
        "<?php no ?>x",
        "</ no>x",
        "<template><p>no</template>x",
        "<template><template>no</template>no</template>x",
        "<svg><svg></svg><text>no</text></svg>x",
        "<!--->x",
        "<noscript><iframe src='a'/></noscript>x",
        "<noscript><!-- no </noscript>x",
        "<noscript><style>no</noscript>x",
        "<noscript><textarea></noscript>x",
        "<noscript><table><tr><td></noscript>x",
    ],
)
def test_content_that_is_not_text_is_excluded(html):
    assert texts(html) == ["x"]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<script src='a'/>x<style/>y<iframe src='b'/>z<textarea/>w", "xyzw"),
        ("a<![CDATA[1 & 2 <b> x < y]]>b", "a1 & 2 <b> x < yb"),
        ("<![CDATA[]]>a", "a"),
    ],
)
def test_an_xhtml_page_has_empty_elements_and_text_without_markup(html, expected):
    assert texts(f"<p>{html}</p>", is_xml=True) == [expected]


def test_an_html_page_has_no_text_without_markup_and_only_unclosed_elements_are_empty():
    assert texts("<p>a<script src='a'/>b") == ["ab"]
    assert texts("<p>a<script src='a'/>b<script></script>c") == ["ac"]
    assert texts("a<![CDATA[1 > 2]]>b") == ["a 2]]>b"]


def test_text_that_scripts_and_browsers_show_is_read():
    assert texts("<template shadowrootmode=open><p>a</p></template>b") == ["a", "b"]
    assert texts("<svg><foreignObject><p>a</p></foreignObject><text>no</text></svg>b") == ["a", "b"]
    assert texts("<code style='display:none'><!-- <ul><li>a<li>b</ul> --></code>c<!-- no -->") == ["a", "b", "c"]


PIECES = [
    "<!--",
    "-->",
    "--!>",
    "<!-->",
    "<!--->",
    "<!",
    ">",
    "-",
    "!",
    "<a href=",
    '"',
    "'",
    " ",
    "/",
    "=",
    "<b>",
    "x",
]


@settings(max_examples=500)
@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_comments_and_quotes_are_read_as_lexbor_reads_them(pieces):
    html = "<p>begin " + "".join(pieces)
    ours = "".join("".join(texts(html)).split())
    tree = HTMLTree.parse(html)
    assert ours == "".join(tree.body.text.split())


def test_noscript_text_is_kept_and_marked():
    markup = parse(b"<noscript><p>the posts</p></noscript><p>x</p>")
    assert [bool(markup.node_context[n] & tags.NOSCRIPT) for n in markup.block_node] == [True, False]


@pytest.mark.parametrize(
    ("reference", "char"),
    [
        ("&amp;", "&"),
        ("&copy", "©"),
        ("&copyx", "©x"),
        ("&hellip;", "…"),
        ("&nosuch;", "&nosuch;"),
        ("&#20320;", "你"),
        ("&#x4F60;", "你"),
        ("&#x4f60", "你"),
        ("&#128;", "€"),
        ("&#0;", "\ufffd"),
        ("&#xD800;", "\ufffd"),
        ("&#99999999999;", "\ufffd"),
        ("&nGt;", "\u226b\u20d2"),
        ("&", "&"),
        ("&;", "&;"),
        ("&#;", "&#;"),
        ("&notin;", "∉"),
        ("&notit;", "¬it;"),
        ("a &lt;b&gt; c", "a <b> c"),
    ],
)
def test_character_references_are_decoded_as_in_browsers(reference, char):
    assert texts(f"<p>{reference}</p>") == [char]


def test_all_named_references_equal_those_of_the_standard_library():
    from html.entities import html5

    for name, value in html5.items():
        if value.strip() and value not in "\u00ad\u200b\u2060":  # break opportunities are not text
            assert "".join(texts(f"<pre>x&{name}</pre>")) == f"x{value}".rstrip("\n\t\u00a0 "), name


@pytest.mark.parametrize(
    ("html", "linked"),
    [
        ("<p>ab <a href=x>cd</a> ef</p>", [2]),
        ("<a href=x><p>ab</p></a><p>cd</p>", [2, 0]),
        ("<a>ab<a>cd</a>ef", [4]),
        ("<p><a>ab</p><p>cd</a>ef</p>", [2, 0]),
        ("<div><a>ab<div>cd</a>ef</div>gh</div>", [2, 2, 0]),
        ("<a><table><tr><td>ab</td></tr></table></a>cd", [2, 0]),
    ],
)
def test_bytes_in_links_are_counted(html, linked):
    assert parse(html.encode()).block_link.tolist() == linked


def slow_end_of_tag(data):
    """Position after the tag that begins at 0 with `<a`, and whether it closes itself: the states of WHATWG 13.2.5."""
    state, quote, k = "name", "", 2
    while k < len(data):
        char = chr(data[k])
        if state == "quoted":
            if char == quote:
                state = "after quoted"
        elif char == ">":
            return k + 1, state == "slash"
        elif state == "unquoted":
            state = "space" if char in " \n" else state
        elif state == "equals":
            if char in "\"'":
                state, quote = "quoted", char
            elif char not in " \n":
                state = "unquoted"
        elif char == "/":
            state = "slash"
        elif char in " \n":
            # white space after a name does not end the attribute: `a =b`
            state = "after name" if state in ("attribute", "after name") else "space"
        elif char == "=" and state in ("attribute", "after name"):
            state = "equals"
        elif state != "name":
            state = "attribute"
        k += 1
    return len(data), False


@settings(max_examples=500)
@given(st.lists(st.sampled_from([b"=", b'"', b"'", b">", b"b", b" ", b"\n", b"/"])).map(b"".join))
def test_the_end_of_a_tag_equals_that_of_a_plain_loop(rest):
    data = b"<a" + rest
    *_, after, closes_itself = read_tag(np.frombuffer(data, np.uint8), 0, len(data))
    assert (after, closes_itself) == slow_end_of_tag(data)


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            ["a", "Bc", " ", "  ", "é", "价", "\u3000", "\ufeff", "\ufffe", "\x01", "\x7f", "\n", "\t", "\xa0"]
        )
        | st.sampled_from(["<b>", "</b>", "<a>", "</a>", "<pre>", "</pre>", "<p>", "<br>"])
    )
)
def test_literal_text_and_character_references_give_equal_blocks(pieces):
    """References are decoded one by one, literal text is copied in runs."""
    written = parse("".join(pieces).encode())
    slow = parse("".join(p if "<" in p else "".join(f"&#{ord(char)};" for char in p) for p in pieces).encode())
    for name in ("text", "block_start", "block_end", "block_node", "block_link", "block_bold", "block_breaks"):
        assert getattr(written, name).tolist() == getattr(slow, name).tolist(), name


def test_elements_have_the_features_of_their_ancestors():
    markup = parse(
        b"<nav><ul><li>a</ul></nav><article><div hidden><p>b</p></div><div style='color:red; DISPLAY : none'>c"
    )
    first, second, third = (markup.node_context[n] for n in markup.block_node)
    assert first & tags.NAV and first & tags.LIST and first & tags.ITEM and not first & tags.ARTICLE
    assert second & tags.ARTICLE and second & tags.HIDDEN and second & tags.PARAGRAPH
    assert third & tags.HIDDEN and not third & tags.NAV


def test_class_names_are_split_into_words_and_also_kept():
    markup = parse(b'<div class="postBody entry-content-12" id="Main"><p>x')
    expected = [fnv(word) for word in (b"post", b"body", b"postbody", b"entry", b"content", b"entry-content-", b"main")]
    assert markup.word_hash.tolist() == expected
    assert set(markup.word_node.tolist()) == {1}


def test_siblings_whose_classes_differ_in_numbers_have_equal_signatures():
    markup = parse(b'<ul><li class="post-1 odd">a<li class="post-22 even">b<li class="ad">c</ul>')
    a, b, c = (markup.node_sign[n] for n in markup.block_node)
    assert a == b != c


def test_positions_of_metadata_are_recorded():
    html = b"<title>T</title><meta name=a content=b><script type='application/ld+json'>{}</script><time datetime=x>y"
    markup = parse(html)
    kinds = {int(kind): html[start:end] for kind, start, end in markup.marks}
    assert kinds == {
        TITLE_MARK: b"T",
        META_MARK: b"<meta name=a content=b>",
        JSON_MARK: b"{}",
        TIME_MARK: b"<time datetime=x>",
    }


def test_a_deeply_nested_page_is_flattened():
    markup = parse(
        b"<nav>Menu</nav>" + b"<div>" * 100 * MAX_DEPTH + b"<p>some words</p>" + b"</div>" * 100 * MAX_DEPTH + b"end"
    )
    assert markup.text.tobytes() == b"Menusome wordsend"
    assert markup.node_depth.max() <= MAX_DEPTH + 1


@pytest.mark.parametrize(
    "part", [b"<svg>", b"<b>", b"</b>", b"<!--", b"<a>", b"<p><a>", b"&#", b"<td>", b'<x y="', b"<li><b>", b"<"]
)
def test_adversarial_pages_of_megabytes_are_read_completely(part):
    """The pages have millions of elements: work that is not linear in the length would not finish."""
    markup = parse(part * (4_000_000 // len(part)) + b"<p>x")
    assert len(markup.text) <= 8_100_000


SOUP = st.sampled_from(
    "<p> </p> <div> </div> <a href=x> </a> <b> </b> <table> <tr> <td> </td> </table> <ul> <li> </ul> <br> <!-- --> "
    "<script> </script> <svg> </svg> <pre> </pre> <h1> </h3> &amp; &#0; &nGt; & < > </ = \" ' <x-y z= "
    "<meta <title> </title> <select> <noscript> <time datetime= <img/> "
    "你好 \u3000 \u00a0 \x00 \x85 é 𝒳 \ufeff \n".split(" ")
)


@settings(derandomize=True, max_examples=500, deadline=None)
@given(st.lists(st.one_of(SOUP, st.text(max_size=6), st.binary(max_size=4)), max_size=40))
def test_random_markup_gives_blocks_in_order_inside_the_page(parts):
    html = b"".join(part if isinstance(part, bytes) else part.encode("utf-8", "replace") for part in parts)
    markup = parse(html)
    assert (markup.block_start < markup.block_end).all()
    assert (markup.block_end[:-1] <= markup.block_start[1:]).all()
    assert (markup.node_parent[1:] < np.arange(1, len(markup.node_parent))).all()
    assert (markup.block_node < len(markup.node_parent)).all()
    assert len(markup.text) <= 2 * len(html) + 64
    for row in (markup.block_link, markup.block_bold):
        assert (row >= 0).all() and (row <= markup.block_end - markup.block_start + 8).all()


FUZZ = """
import random
from sluice.text.html.extract import extract_page
from sluice.text.html.markup import parse
parts = {parts!r}
chance = random.Random(7)
for turn in range(4000):
    html = "".join(chance.choice(parts) for _ in range(chance.randrange(60)))
    extract_page(html[chance.randrange(4):].encode(), "main")
    parse(bytes(chance.randrange(256) for _ in range(chance.randrange(80))))
print("done")
"""


@pytest.mark.exhaustive
def test_kernels_do_not_index_outside_their_arrays(tmp_path):
    """Runs the kernels with bounds checks, which compiled code omits, on random markup in a separate process."""
    parts = "<p> </p> <div\tclass=a-b> </div> <a> </a> <table> <tr> <td> </table> <li> <br> <!-- -->".split(" ")
    parts += ["<script>", "</script>", "<noscript>", "</noscript>", "<math>", "</math>", "<msup>", "<mrow>", "</mrow>"]
    parts += [
        "<sup>",
        "</sup>",
        "<q>",
        "</q>",
        "<ruby>",
        "<rt>",
        "<svg>",
        "<foreignObject>",
        "</foreignObject>",
        "</svg>",
    ]
    parts += ["<td colspan=3 rowspan=9>", "<th rowspan=2>", "<ol start=7 type=i>", "<li value=-3>", "<code hidden>"]
    parts += [
        "<span class=lineno>",
        "</span>",
        "<td class=gutter>",
        "<script type=math/tex>",
        "<img class=tex alt='x^2'>",
    ]
    parts += [
        "<xmp>",
        "</xmp>",
        "<![CDATA[",
        "]]>",
        "1",
        "\n",
        "\u00a0",
        "\u200b",
        "<annotation encoding=application/x-tex>",
    ]
    parts += [
        "&nGt;",
        "&#x10FFFF;",
        "<",
        ">",
        "</",
        "&",
        "word ",
        "你好。",
        "a, b. ",
        "<pre>",
        "</pre>",
        "<h1>T</h1>",
        "<title>",
        "\x00",
        '"',
        "<x y='",
    ]
    environment = os.environ | {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", FUZZ.format(parts=parts)],
        env=environment | {"PYTHONPATH": str(Path(__file__).parents[4] / "lib")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout == "done\n", done.stderr[-2000:]
