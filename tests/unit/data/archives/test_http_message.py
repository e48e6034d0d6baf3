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
        (b"HTTP/1.1 200 OK\r\nContent-Type: a\r\nContent-Type: b\r\n\r\n", "200 OK", "a"),
        (b"HTTP/1.1 200 OK\r\nX: \xe9\r\nContent-Type: t\xe9xt\r\n\r\n", "200 OK", "téxt"),
        (b"HTTP/1.1\r\nX-Content-Type: text/html\r\n\r\n", "", None),
        (b"HTTP/1.1 200 OK\r\nno header at all\r\n\r\n", "200 OK", None),
    ],
)
def test_unusual_heads_are_read(lines, status, content_type):
    found = head(lines + b"body")
    assert (found.status, found.content_type, found.end) == (status, content_type, len(lines))


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
    (["Content-Encoding: gzip"], gzip.compress(BODY)[:-3], "EOFError"),
    (["Content-Encoding: gzip"], gzip.compress(BODY)[:-8] + b"12345678", "error"),
    (["Content-Encoding: deflate"], zlib.compress(BODY)[:-9], "EOFError"),
    (["Content-Encoding: deflate"], raw_deflate(BODY)[:-5], "EOFError"),
    (["Content-Encoding: br"], brotli.compress(BODY)[:-5], "EOFError"),
    (["Content-Encoding: br"], brotli.compress(BODY)[:20] + b"\xff" * 20, "error"),
    (["Content-Encoding: zstd"], zstandard.compress(BODY)[:-5], "EOFError"),
    (["Content-Encoding: zstd"], zstandard.compress(BODY)[:10] + b"\xff" * 99, "ValueError"),
    (["Transfer-Encoding: chunked"], chunked(BODY[:99], BODY[99:])[:-20], "EOFError"),
    (["Transfer-Encoding: chunked"], chunked(BODY[:99], BODY[99:])[:-5], "EOFError"),
    (["Transfer-Encoding: chunked"], chunked(BODY[:99])[:-5] + b"<p>no chunk</p>", "ValueError"),
    (["Transfer-Encoding: chunked", "Content-Encoding: gzip"], chunked(gzip.compress(BODY))[:-9], "EOFError"),
]


@pytest.mark.parametrize(("headers", "body", "error"), BROKEN)
def test_a_body_that_becomes_invalid_while_decoding_is_an_error(headers, body, error):
    assert decoded(body, headers) == Body(b"", error=error)


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
