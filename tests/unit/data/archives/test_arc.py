import io

import pytest

from sluice.data.archives.arc import parse_line
from sluice.data.archives.reader import ArchiveRecord, read_archive
from tests.helpers.archives import http_block, member, starts, tiles

DATE = b"2004-09-25T00:07:41Z"
V2 = b"http://a.test/ 10.0.0.1 20040925000741 text/html 200 QWERTY - 1234 x.arc.gz 567\n"


@pytest.mark.parametrize(
    ("line", "url", "date", "content_type", "length"),
    [
        (b"http://a.test/ 10.0.0.1 20040925000741 text/html 567\n", "http://a.test/", DATE, "text/html", "567"),
        (
            b"http://a.test/a b c 10.0.0.1 20040925000741 text/html 567\n",
            "http://a.test/a b c",
            DATE,
            "text/html",
            "567",
        ),
        (
            b"http://a.test/ 10.0.0.1 20040925000741 text/html; charset=x 5\r\n",
            "http://a.test/",
            DATE,
            "text/html; charset=x",
            "5",
        ),
        (b"dns:a.test 10.0.0.1 20040925000741 text/dns 56\n", "dns:a.test", DATE, "text/dns", "56"),
        (b"http://a.test/ - - - 76\n", "http://a.test/", None, "-", "76"),
        (V2, "http://a.test/", DATE, "text/html", "567"),
    ],
)
def test_header_lines_of_both_versions_are_read(line, url, date, content_type, length):
    found = parse_line(line)
    assert found[b"warc-type"] == b"response"
    assert found[b"warc-target-uri"].decode() == url
    assert found[b"content-type"].decode() == content_type
    assert found[b"content-length"].decode() == length
    assert found.get(b"warc-date") == date


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"HTTP/1.1 200 OK\n",
        b"Content-Type: text/html\n",
        b"http://a.test/ 10.0.0.1 20040925000741 text/html\n",
        b"http://a.test/ 10.0.0.1 20040925000741 text/html -1\n",
        b"http://a.test/ 10.0.0.1 monday text/html 12\n",
        b"a line of text: with 5 words 12\n",
    ],
)
def test_other_lines_are_not_header_lines(line):
    assert parse_line(line) is None


def archive(*bodies, version=1):
    """An ARC file: its own header, then a URL record for each body, each followed by an empty line."""
    fields = b"URL IP-address Archive-date Content-type Archive-length\n"
    text = b"%d 0 test\n" % version + fields
    parts = [b"filedesc://t.arc 0.0.0.0 20080430204825 text/plain %d\n%s\n" % (len(text), text)]
    for i, body in enumerate(bodies):
        block = http_block(body)
        v2 = b" 200 - - 0 t.arc" if version == 2 else b""
        head = b"http://example.test/%d 127.0.0.1 20080430204826 text/html%s %d\n" % (i, v2, len(block))
        parts.append(head + block + b"\n")
    return parts


def read(data):
    items = list(
        read_archive(io.BytesIO(data), len(data), is_wanted=lambda kind, _: kind == "response", max_bytes=9999)
    )
    assert tiles(items, len(data))
    return items


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("compress", [True, False])
def test_an_archive_is_read_with_dates_in_the_format_of_warc(compress, version):
    parts = archive(b"<p>old</p>", b"<p>older</p>", version=version)
    parts = [member(part) for part in parts] if compress else parts
    items = read(b"".join(parts))
    assert [item.record_type for item in items] == ["warcinfo", "response", "response"]
    assert [item.payload for item in items] == [None, b"<p>old</p>", b"<p>older</p>"]
    assert (items[1].url, items[1].date) == ("http://example.test/0", "2008-04-30T20:48:26Z")
    assert (items[1].http_status, items[1].content_type) == ("200 OK", "text/html")
    assert [item.offset for item in items] == starts(parts)[:3]


@pytest.mark.parametrize("compress", [True, False])
def test_a_wrong_length_loses_one_record(compress):
    parts = archive(b"<p>0</p>", b"<p>1</p>", b"<p>2</p>")
    length = b" %d\n" % len(http_block(b"<p>1</p>"))
    assert length in parts[2]
    parts[2] = parts[2].replace(length, b" 20\n")
    parts = [member(part) for part in parts] if compress else parts
    items = read(b"".join(parts))
    found = [item.payload for item in items if isinstance(item, ArchiveRecord)]
    assert found == [None, b"<p>0</p>", b"<p>2</p>"]
    assert [(item.offset, item.length) for item in items if not isinstance(item, ArchiveRecord)] == [
        (starts(parts)[2], len(parts[2]))
    ]


@pytest.mark.parametrize("junk", [b"\0" * 99, b"junk\n", b"http://no.header/ at all\n"])
def test_bytes_between_records_lose_no_record(junk):
    parts = archive(b"<p>0</p>", b"<p>1</p>")
    items = read(parts[0] + parts[1] + junk + parts[2])
    assert [item.payload for item in items if isinstance(item, ArchiveRecord)] == [None, b"<p>0</p>", b"<p>1</p>"]
    assert [item.length for item in items if not isinstance(item, ArchiveRecord)] == [len(junk)]


def test_a_page_without_http_headers_has_the_type_of_its_header_line():
    parts = archive()
    parts.append(b"http://example.test/ 127.0.0.1 19960101000000 text/html 10\n<p>old</p>\n")
    record = read(b"".join(parts))[1]
    assert (record.payload, record.content_type, record.http_status) == (b"<p>old</p>", "text/html", None)
