"""The charsets that the beginning of a page declares, as the HTML standard finds them."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.text.charset import prescan
from sluice.text.charset.prescan import SCAN_BYTES, declared_labels


def labels(page):
    return list(declared_labels(page if isinstance(page, bytes) else page.encode()))


@pytest.mark.parametrize(
    "page",
    [
        "<meta charset=gbk>",
        '<META CHARSET = "GBK">',
        "<meta charset='gbk' />",
        "<meta/charset=gbk>",
        "<meta charset=gbk",
        '<meta http-equiv="Content-Type" content="text/html; charset=gbk">',
        "<meta content='text/html;charset=gbk;x=y' http-equiv=content-type>",
        "<meta http-equiv=content-type content=\"charset charset = 'gbk'\">",
        '<meta charset="gbk" charset="big5">',
        '<!DOCTYPE html><html lang=zh><head><link href="a>b"><meta charset=gbk>',
        "<!-- <meta charset=big5> --><meta charset=gbk>",
        "<!--><meta charset=gbk>-->",
        "<!-- a --><!-- b > --><meta charset=gbk>",
        '<script>var s = "<meta charset=big5>";</script><meta charset=gbk>',
        "<SCRIPT>if (a<b) x</SCRIPT ><meta charset=gbk>",
        "<title><meta charset=big5></title><meta charset=gbk>",
        "<style><meta charset=big5></style><meta charset=gbk>",
        "<noscript><meta charset=big5></noscript><meta charset=gbk>",
        '<a title="<meta charset=big5>"><meta charset=gbk>',
        "<p don't><meta charset=gbk>",
        '</p title="<meta charset=big5>"><meta charset=gbk>',
        '<meta name=description content="text; charset=big5"><meta charset=gbk>',
        "<meta data-charset=big5 charset=gbk>",
        "<metadata charset=big5><meta charset=gbk>",
        "<scripted><meta charset=gbk>",
        "<?php echo '<meta charset=big5' ?><meta charset=gbk>",
        '<!foo "<meta charset=big5"><meta charset=gbk>',
        '<?xml version="1.0" encoding="gbk"?><html>',
        "\n<?xml version='1.0' encoding = 'GBK' ?>",
    ],
)
def test_a_declaration_is_found_and_nothing_else(page):
    assert labels(page) == ["gbk"]


@pytest.mark.parametrize(
    "page",
    [
        "",
        "charset=gbk",
        "<!-- <meta charset=gbk>",
        "<script><meta charset=gbk>",
        "<title>x<meta charset=gbk>",
        '<meta content="text/html; charset=gbk">',
        '<meta http-equiv=refresh content="0; charset=gbk">',
        '<meta http-equiv=content-type content="charset">',
        "<meta charset>",
        '<meta title="a charset=gbk>',
        "< meta charset=gbk>",
        '<html><?xml version="1.0" encoding="gbk"?>',
        " " * SCAN_BYTES + "<meta charset=gbk>",
    ],
)
def test_text_that_is_not_a_declaration_is_ignored(page):
    assert labels(page) == []


def test_all_declarations_are_returned_in_order():
    page = "<?xml version='1.0' encoding='a1'?><meta charset=b2><meta http-equiv=content-type content='charset=c3'>"
    assert labels(page) == ["b2", "c3", "a1"]


def reference(page):
    """The labels of `meta charset=…` in a page of plain tags without raw text, by a search that ignores comments."""
    text = re.sub(r"<!--.*?(?:-->|\Z)", "", page, flags=re.DOTALL)
    return re.findall(r"<meta charset=(\w+)>", text)


PARTS = [
    "<meta charset=gbk>",
    "<meta charset=big5>",
    "<!-- ",
    " -->",
    "<p>",
    "</p>",
    "<a b='c'>",
    "text ",
    "\n",
    "<br/>",
]


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=30).map("".join))
def test_the_result_equals_a_search_outside_comments(page):
    assert labels(page) == reference(page)


@settings(derandomize=True, max_examples=500, deadline=None)
@given(st.text(alphabet="<>!-=/\"' metascriptharx?;0", max_size=80))
def test_any_text_is_scanned_without_an_error(page):
    labels(page)


@pytest.mark.parametrize(
    "unit",
    ["<meta", "<meta ", "<meta charset=", "<a b='", "<!--", "<!", "<script ", "</x ", '<meta a="', "<", "= ", "<?xml "],
)
def test_eight_megabytes_of_one_mark_are_scanned_without_an_error(unit, monkeypatch):
    monkeypatch.setattr(prescan, "SCAN_BYTES", 1 << 30)
    labels("charset" + unit * (8_000_000 // len(unit)))
