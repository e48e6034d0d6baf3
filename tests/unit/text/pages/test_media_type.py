"""Which payloads are pages, by their bytes, their Content-Type and the type that the crawler detected."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.text.pages.media_type import (
    IS_HTML,
    IS_MISSING,
    IS_OTHER,
    IS_PLAIN,
    IS_XHTML,
    IS_XML,
    REASONS,
    is_called_html,
    meaning,
    media_type,
)

DOCUMENT = b"<!DOCTYPE html><title>Ferry</title><p>The ferry leaves at seven."
FRAGMENT = b"<SCRIPT SRC=/pop.js></SCRIPT>\n<p>The ferry leaves at seven."
TEXT = b"The ferry leaves at seven.\n\nIt comes back after dark."
XHTML = b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><p>x</p></html>'


@pytest.mark.parametrize(
    ("content_type", "meant"),
    [
        ("text/html", IS_HTML),
        ("TEXT/HTML;CHARSET=UTF-8", IS_HTML),
        ("text/html,text/html", IS_HTML),
        ("text/html, charset=utf-8", IS_HTML),
        ("text/html charset=utf-8", IS_HTML),
        ("text/html: charset=UTF-8", IS_HTML),
        ('"text/html"; charset=utf-8', IS_HTML),
        ("'text/html'", IS_HTML),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", IS_HTML),
        ("*/*, text/html; charset=utf-8", IS_HTML),
        ("text/plain, text/html", IS_HTML),
        ("html", IS_HTML),
        ("text/htm", IS_HTML),
        ("text/x-server-parsed-html", IS_HTML),
        ("application/xhtml+xml; charset=utf-8", IS_XHTML),
        ("application/vnd.wap.xhtml+xml", IS_XHTML),
        ("application/xml", IS_XML),
        ("text/xml;charset=x", IS_XML),
        ("image/svg+xml", IS_XML),
        ("text/plain; format=flowed", IS_PLAIN),
        ("image/png", IS_OTHER),
        ("application/pdf", IS_OTHER),
        ("text/mhtml", IS_OTHER),
        ("*/*, image/png", IS_OTHER),
        ("application/atom+xml;type=html", IS_XML),
        ("", IS_MISSING),
        (None, IS_MISSING),
        ("  ", IS_MISSING),
        ("charset=utf-8", IS_MISSING),
        ("*/*", IS_MISSING),
        ("unknown/unknown", IS_MISSING),
        ("application/octet-stream", IS_MISSING),
        ("binary/octet-stream", IS_MISSING),
        ("application/force-download", IS_MISSING),
        ("no-type", IS_MISSING),
        ("unk", IS_MISSING),
        ("application/http; msgtype=response", IS_MISSING),
        ("application/warc-record", IS_MISSING),
        (",;,", IS_MISSING),
    ],
)
def test_a_content_type_is_read_however_it_is_written(content_type, meant):
    assert meaning(content_type) == meant
    assert is_called_html(content_type, None) == (meant in (IS_HTML, IS_XHTML))
    assert is_called_html(None, content_type) == (meant in (IS_HTML, IS_XHTML))


DECLARED = [None, "", "text/html", "text/plain", "application/xml", "*/*", "image/png", "application/json", "nonsense"]


@pytest.mark.parametrize("declared", DECLARED)
@pytest.mark.parametrize("detected", [None, "text/html", "application/octet-stream"])
def test_a_document_is_a_page_under_every_type(declared, detected):
    assert media_type(DOCUMENT, declared, detected).reason is None


@pytest.mark.parametrize("declared", DECLARED)
@pytest.mark.parametrize("payload", [DOCUMENT, FRAGMENT, TEXT, b""])
def test_a_record_that_the_index_selects_as_html_is_a_page(payload, declared):
    assert media_type(payload, declared, "text/html").reason is None
    assert media_type(payload, declared, "application/xhtml+xml").reason is None


@pytest.mark.parametrize(
    ("payload", "declared", "is_page"),
    [
        (FRAGMENT, "text/html", True),
        (FRAGMENT, "no-type", True),
        (FRAGMENT, None, True),
        (FRAGMENT, "text/plain", False),
        (FRAGMENT, "text/css", False),
        (FRAGMENT, "application/xml", False),
        (TEXT, "text/html", True),
        (TEXT, None, False),
        (TEXT, "text/plain", False),
        (b"", "text/html", True),
        (b"", None, False),
    ],
)
def test_the_type_decides_where_the_bytes_are_not_clear(payload, declared, is_page):
    assert (media_type(payload, declared, None).reason is None) == is_page


FILES = [
    (b"%PDF-1.4 \xe2\xe3", "office_file", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "binary_file", "png"),
    (b"<rss><channel/></rss>", "xml_file", "xml"),
    (b'{"a": 1}', "data_file", "json"),
    (b"var a = {};", "script_file", "javascript"),
]


@pytest.mark.parametrize(("payload", "reason", "kind"), FILES)
def test_a_file_sent_as_html_or_without_a_type_is_named_by_its_kind(payload, reason, kind):
    for declared in ("text/html", None, "application/octet-stream"):
        found = media_type(payload, declared, None)
        assert (found.reason, found.kind, found.is_called_html) == (reason, kind, declared == "text/html")
    assert media_type(payload, None, "text/html")[:3] == (reason, kind, True)


@pytest.mark.parametrize(("payload", "reason", "kind"), FILES)
def test_a_file_with_a_type_of_its_own_is_not_html(payload, reason, kind):
    assert media_type(payload, "image/png", None).reason == "not_html"


@pytest.mark.parametrize(
    ("detected", "reason"),
    [
        ("application/json", "data_file"),
        ("text/csv", "data_file"),
        ("message/rfc822", "data_file"),
        ("application/javascript", "script_file"),
        ("text/x-python", "script_file"),
        ("application/pdf", "office_file"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "office_file"),
        ("image/jpeg", "binary_file"),
        ("application/zip", "binary_file"),
        ("text/plain", None),
        ("application/octet-stream", None),
        ("application/x-something-new", None),
    ],
)
def test_text_sent_as_html_is_what_the_crawler_detected(detected, reason):
    assert media_type(TEXT, "text/html", detected).reason == reason
    assert media_type(FRAGMENT, "text/html", detected).reason is None


@pytest.mark.parametrize(
    ("payload", "declared", "detected", "is_xhtml"),
    [
        (DOCUMENT, "application/xhtml+xml", None, True),
        (XHTML, "text/html", None, True),
        (XHTML, "application/xml", None, True),
        (DOCUMENT, "text/xml", None, True),
        (DOCUMENT, None, "application/xhtml+xml", True),
        (DOCUMENT, "text/html", "application/xhtml+xml", False),  # the index calls every page with that namespace so
        (DOCUMENT, "text/html", "text/html", False),
        (b"<rss/>", "application/xhtml+xml", None, False),
    ],
)
def test_xhtml_is_recognised_by_its_type_or_its_declaration(payload, declared, detected, is_xhtml):
    assert media_type(payload, declared, detected).is_xhtml == is_xhtml


@pytest.mark.parametrize(
    ("payload", "is_text"),
    [(TEXT, True), (b"a & b; c", True), (b"a &amp; b", False), (b"a &#38; b", False), (b"a<br>b", False)],
)
def test_plain_text_sent_as_html_is_marked(payload, is_text):
    assert media_type(payload, "text/html", None).is_text == is_text


def test_every_group_of_files_has_a_reason_with_a_meaning():
    assert len(set(REASONS.values())) == 5
    assert all("HTML" in reason.meaning for reason in REASONS.values())


TYPES = st.one_of(st.none(), st.sampled_from([t for t in DECLARED if t]), st.text(max_size=20))


@settings(derandomize=True, max_examples=500, deadline=None)
@given(st.binary(max_size=99), TYPES, TYPES)
def test_any_payload_under_any_types_has_one_decision(payload, declared, detected):
    found = media_type(payload, declared, detected)
    assert found.reason is None or found.reason.endswith(("_file", "_html"))
    assert found.is_called_html == is_called_html(declared, detected)
    assert found == media_type(payload, declared, detected)
