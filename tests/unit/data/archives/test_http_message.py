import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.data.archives.http_message import Body, HttpHead, decode_body, parse_head
from tests.helpers.archives import chunked, http_block

BODY = "<p>你好 world</p>".encode() * 40
LIMIT = 1 << 20


def raw_deflate(data):
    whole = zlib.compressobj(wbits=-15)
    return whole.compress(data) + whole.flush()


def head(block):
    return parse_head(block, 0, len(block))


def decoded(body, headers, limit=LIMIT):
    block = http_block(body, headers=headers)
    found = head(block)
    return decode_body(block[found.end :], found, limit)


# heads


@pytest.mark.parametrize(
    ("lines", "status", "content_type"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", "200 OK", "text/html"),
        (b"HTTP/1.1 HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", "HTTP/1.1 200 OK", "text/html"),
        (b"HTTP/2 200\r\ncontent-type:text/html\r\n\r\n", "200", "text/html"),
        (b"http/1.0 404 \r\nCONTENT-TYPE :  text/html  \r\n\r\n", "404", "text/html"),
        (b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n", "200 OK", "text/html"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html;\r\n\tcharset=gbk\r\n\r\n", "200 OK", "text/html; charset=gbk"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: a\r\nContent-Type: b\r\n\r\n", "200 OK", "a, b"),
        (b"HTTP/1.1 200 OK\r\nX: \xe9\r\nContent-Type: t\xe9xt\r\n\r\n", "200 OK", "téxt"),
        (b"HTTP/1.1\r\nX-Content-Type: text/html\r\n\r\n", "", None),
        (b"HTTP/1.1 200 OK\r\nno header at all\r\n\r\n", "200 OK", None),
        (b"HTTP 200 OK\r\nContent-Type: text/html\r\n\r\n", "200 OK", "text/html"),
        (b"\r\n\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", "200 OK", "text/html"),
        (b"HTTP/1.1 200 OK\rContent-Type: text/html\rA: b\r\r", "200 OK", "text/html"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\r\nContent-Type: text/html\r\n\r\n", "200 OK", "text/html"),
        (b"HTTP/1.1 200 OK\r\n\r\nServer: x\r\nContent-Type: text/html\r\n\r\n", "200 OK", "text/html"),
        (b"HTTP/1.1 200 OK\r\n" + b"Set-Cookie: abcdef\r\n" * 9000 + b"Content-Type: t\r\n\r\n", "200 OK", "t"),
    ],
)
def test_unusual_heads_are_read(lines, status, content_type):
    found = head(lines + b"body")
    assert (found.status, found.content_type, found.end) == (status, content_type, len(lines))


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nContent-Type: text/css\r\n\r\n"
PROXY = b"HTTP/1.0 200 Connection established\r\n\r\n"
MOVED = b"HTTP/1.1 301 Moved Permanently\r\nLocation: /b\r\nContent-Type: text/plain\r\n\r\n"
FINAL = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n"


@pytest.mark.parametrize("before", [CONTINUE, HINTS, CONTINUE + HINTS, PROXY, PROXY + CONTINUE, MOVED, MOVED + b"\r\n"])
def test_of_several_heads_the_last_counts(before):
    found = head(before + FINAL + b"<p>body")
    assert (found.status, found.content_type, found.end) == ("404 Not Found", "text/html", len(before + FINAL))


@pytest.mark.parametrize("body", [b"HTTP/1.1 is a protocol.", b"HTTP/1.1 200OK", b"text\r\nHTTP/1.1 200 OK\r\n\r\n"])
def test_a_body_that_only_mentions_http_is_not_a_head(body):
    found = head(FINAL + body)
    assert (found.status, found.end) == ("404 Not Found", len(FINAL))


def test_a_hundred_thousand_heads_are_read():
    found = head(CONTINUE * 100_000 + FINAL)
    assert (found.status, found.end) == ("404 Not Found", 100_000 * len(CONTINUE) + len(FINAL))


@pytest.mark.parametrize(
    ("value", "is_part"),
    [
        ("bytes 0-99/100", False),
        ("bytes 0-98/100", True),
        ("bytes 1-99/100", True),
        ("bytes 0-99/*", True),
        ("x", True),
    ],
)
def test_a_content_range_that_is_not_the_whole_is_marked(value, is_part):
    assert head(f"HTTP/1.1 206 Partial Content\r\nContent-Range: {value}\r\n\r\n".encode()).is_part == is_part
    assert not head(FINAL).is_part


def test_a_head_without_end_spans_the_whole_message():
    assert head(b"HTTP/1.1 304 Not Modified\r\nContent-Type: text/html") == HttpHead(
        status="304 Not Modified", content_type="text/html", robots=None, encodings=(), is_chunked=False, end=50
    )


def test_a_head_is_read_up_to_a_maximum_length():
    block = b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 100_000 + b"Content-Type: text/html\r\n\r\nbody"
    assert head(block).content_type is None


@pytest.mark.parametrize("block", [b"", b"HTTP", b"<html>", b"20 text/gemini\r\n", b"SSH-2.0"])
def test_other_data_than_http_has_no_head(block):
    assert head(block) is None


# decoding

ENCODED = [
    (["Content-Encoding: gzip"], gzip.compress(BODY)),
    (["Content-Encoding: GZIP"], gzip.compress(BODY)),
    (["Content-Encoding: x-gzip"], gzip.compress(BODY)),
    (["Content-Encoding: gzip"], gzip.compress(BODY[:50]) + gzip.compress(BODY[50:])),
    (["Content-Encoding: gzip"], gzip.compress(BODY) + b"trailing bytes"),
    (["Content-Encoding: deflate"], zlib.compress(BODY)),
    (["Content-Encoding: deflate"], raw_deflate(BODY)),
    (["Content-Encoding: br"], brotli.compress(BODY)),
    (["Content-Encoding: zstd"], zstandard.compress(BODY)),
    (["Content-Encoding: identity"], BODY),
    (["Content-Encoding: utf-8"], BODY),
    (["Content-Encoding: deflate, gzip"], gzip.compress(zlib.compress(BODY))),
    (["Content-Encoding: deflate", "Content-Encoding: gzip"], gzip.compress(zlib.compress(BODY))),
    (["Transfer-Encoding: chunked"], chunked(BODY[:7], BODY[7:8], BODY[8:])),
    (["Transfer-Encoding: Chunked"], b"0000C8;name=value\r\n" + BODY[:200] + b"\r\n" + chunked(BODY[200:])),
    (["Transfer-Encoding: chunked"], chunked(BODY)[:-2] + b"X-Trailer: 1\r\n\r\n"),
    (["Transfer-Encoding: chunked"], chunked(BODY).replace(b"\r\n", b"\n")),
    (["Transfer-Encoding: chunked", "Content-Encoding: gzip"], chunked(gzip.compress(BODY))),
    (["Transfer-Encoding: chunked", "Content-Encoding: br"], chunked(brotli.compress(BODY))),
]


@pytest.mark.parametrize(("headers", "body"), ENCODED)
def test_transfer_and_content_encodings_are_decoded(headers, body):
    assert decoded(body, headers) == Body(BODY)


CLAIMS = ["gzip", "x-gzip", "deflate", "br", "zstd"]


@pytest.mark.parametrize("headers", [*([f"Content-Encoding: {c}"] for c in CLAIMS), ["Transfer-Encoding: chunked"]])
@pytest.mark.parametrize("body", [BODY, b"plain words", b"", b"   <!doctype html>"])
def test_a_body_that_does_not_start_in_its_declared_encoding_is_returned_unchanged(headers, body):
    assert decoded(body, headers) == Body(body)


def test_a_renamed_encoding_header_is_ignored():
    assert decoded(BODY, ["X-Crawl-Content-Encoding: gzip", "X-Crawl-Transfer-Encoding: chunked"]) == Body(BODY)


BROKEN = [
    (["Content-Encoding: gzip"], gzip.compress(BODY)[:-9], "EOFError"),
    (["Content-Encoding: gzip"], gzip.compress(BODY)[:-8] + b"12345678", "error"),
    (["Content-Encoding: deflate"], zlib.compress(BODY)[:-9], "EOFError"),
    (["Content-Encoding: deflate"], raw_deflate(BODY)[:-5], "EOFError"),
    (["Content-Encoding: br"], brotli.compress(BODY)[:-5], "EOFError"),
    (["Content-Encoding: br"], brotli.compress(BODY)[:20] + b"\xff" * 20, "error"),
    (["Content-Encoding: zstd"], zstandard.compress(BODY)[:-5], "EOFError"),
    (["Content-Encoding: zstd"], zstandard.compress(BODY)[:10] + b"\xff" * 99, "ValueError"),
    (["Transfer-Encoding: chunked"], chunked(BODY[:99], BODY[99:])[:-20], "EOFError"),
    (["Transfer-Encoding: chunked"], chunked(BODY[:99], BODY[99:])[:-8], "EOFError"),
    (["Transfer-Encoding: chunked"], chunked(BODY[:99])[:-5] + b"<p>no chunk</p>", "ValueError"),
    (["Transfer-Encoding: chunked", "Content-Encoding: gzip"], chunked(gzip.compress(BODY))[:-9], "EOFError"),
]


@pytest.mark.parametrize(("headers", "body", "error"), BROKEN)
def test_a_body_that_becomes_invalid_while_decoding_is_an_error(headers, body, error):
    assert decoded(body, headers) == Body(b"", error=error)


def gzip_with(flags, fields):
    """A gzip member with optional header fields and without its checksum and length."""
    begin = b"\x1f\x8b\x08" + bytes([flags]) + bytes(6) + fields
    check = (zlib.crc32(begin) & 0xFFFF).to_bytes(2, "little") if flags & 2 else b""
    return begin + check + raw_deflate(BODY)


UNTERMINATED = [
    *((["Content-Encoding: gzip"], gzip.compress(BODY)[:-cut]) for cut in range(1, 9)),
    (["Content-Encoding: gzip"], gzip.compress(BODY[:50]) + gzip.compress(BODY[50:])[:-8]),
    (["Content-Encoding: gzip"], gzip_with(4, b"\x03\x00abc")),
    (["Content-Encoding: gzip"], gzip_with(8 + 16, b"name\0comment\0")),
    (["Content-Encoding: gzip"], gzip_with(2, b"")),
    *((["Content-Encoding: deflate"], zlib.compress(BODY)[:-cut]) for cut in range(1, 5)),
    *((["Transfer-Encoding: chunked"], chunked(BODY[:99], BODY[99:])[:-cut]) for cut in (4, 5, 6, 7)),
    (["Transfer-Encoding: chunked"], chunked(BODY)[:-5] + b"1f"),
    (["Transfer-Encoding: chunked", "Content-Encoding: gzip"], chunked(gzip.compress(BODY))[:-5]),
    (["Transfer-Encoding: chunked", "Content-Encoding: gzip"], chunked(gzip.compress(BODY)[:-8])[:-7]),
]


@pytest.mark.parametrize(("headers", "body"), UNTERMINATED)
def test_a_body_that_lacks_only_its_end_is_decoded_and_marked(headers, body):
    assert decoded(body, headers) == Body(BODY, is_unterminated=True)


@pytest.mark.parametrize("header", ["Transfer-Encoding: gzip, chunked", "Transfer-Encoding: gzip\r\nTE: chunked"])
def test_a_compressed_transfer_is_decoded(header):
    body = gzip.compress(BODY)
    assert decoded(chunked(body) if "gzip, chunked" in header else body, [header]) == Body(BODY)


@pytest.mark.parametrize(("headers", "body"), ENCODED)
def test_a_body_above_the_limit_is_cut(headers, body):
    assert decoded(body, headers, 100) == Body(BODY[:100], is_cut=True)


@pytest.mark.parametrize(("headers", "body"), ENCODED)
def test_a_body_of_exactly_the_limit_is_complete(headers, body):
    assert decoded(body, headers, len(BODY)) == Body(BODY)


@pytest.mark.parametrize(
    ("claim", "bomb"),
    [
        ("gzip", gzip.compress(bytes(50_000_000))),
        ("deflate", zlib.compress(bytes(50_000_000))),
        ("br", brotli.compress(bytes(50_000_000), quality=4)),
        ("zstd", zstandard.compress(bytes(50_000_000))),
    ],
)
def test_a_zip_bomb_is_cut_without_inflating_it(claim, bomb):
    import tracemalloc

    tracemalloc.start()
    found = decoded(bomb, [f"Content-Encoding: {claim}"], 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == Body(bytes(1000), is_cut=True)
    assert peak < 1_000_000


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.sampled_from(ENCODED), st.floats(0, 1, exclude_max=True), st.integers(0, 255))
def test_a_changed_byte_raises_no_error(case, where, value):
    headers, body = case
    damaged = bytearray(body)
    damaged[int(where * len(body))] = value
    assert isinstance(decoded(bytes(damaged), headers), Body)
