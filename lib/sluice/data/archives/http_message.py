"""HTTP messages as stored by crawlers: parsing of the relevant headers and decoding of bodies.

Crawlers disagree. Common Crawl stores decoded bodies and renames the headers (`X-Crawl-Content-Encoding`), others keep
the transmitted bytes, others decode but keep the headers. So a declared encoding that contradicts the first bytes is
ignored. A body that fails after decoding partly is an error; a page is never truncated silently.
"""

import io
import re
import sys
import zlib
from collections.abc import Callable

import brotli
import msgspec
import zstandard

from sluice.core.reasons import Reason
from sluice.data.archives import zstd_frames
from sluice.data.archives.members import GZIP_MAGIC, BrokenMember, MemberSource

MAX_HEAD = 1 << 16
HEAD_END = re.compile(rb"\n\r?\n")
FOLD = re.compile(rb"\r?\n[ \t]+")  # obsolete line folding, RFC 9112 5.2
FIELD = re.compile(rb"\n(content-type|content-encoding|transfer-encoding|x-robots-tag)[ \t]*:([^\r\n]*)", re.IGNORECASE)
CHUNK = re.compile(rb"[ \t]{0,8}([0-9a-fA-F]{1,15})[ \t]{0,64}(?:;[^\r\n]*)?\r?\n")
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
ERRORS = (zlib.error, brotli.error, EOFError, ValueError)  # they have no common base class


class HttpHead(msgspec.Struct, frozen=True):
    """Status line without the protocol, the headers needed to read the body, and the offset of the body."""

    status: str
    content_type: str | None
    robots: str | None
    """X-Robots-Tag headers, joined by commas."""
    encodings: tuple[str, ...]
    is_chunked: bool
    end: int


class Body(msgspec.Struct, frozen=True):
    """A body of limited size, whether it was truncated, and the type of the error if decoding failed.

    `data` is None for a body that was not requested.
    """

    data: bytes | None
    is_cut: bool = False
    error: str | None = None


def parse_head(data: bytes, start: int, stop: int) -> HttpHead | None:
    """Parses the head of a response in `data`; None if it is not an HTTP message. `end` is the offset of the body.

    Accepts unusual casing, folded lines, bare line feeds and a missing reason phrase.
    """
    if data[start : start + 5].upper() != b"HTTP/":
        return None
    end = HEAD_END.search(data, start, min(stop, start + MAX_HEAD))
    head = data[start : end.start() if end else min(stop, start + MAX_HEAD)]
    if b"\n " in head or b"\n\t" in head:
        head = FOLD.sub(b" ", head)
    fields: dict[bytes, list[str]] = {}
    for name, value in FIELD.findall(head):
        fields.setdefault(name.lower(), []).append(text_of(value.strip()))
    return HttpHead(
        status=text_of(head[:1024].partition(b"\n")[0].partition(b" ")[2].strip()),
        content_type=fields[b"content-type"][0] if b"content-type" in fields else None,
        robots=", ".join(fields[b"x-robots-tag"]) if b"x-robots-tag" in fields else None,
        encodings=_tokens(fields[b"content-encoding"]) if b"content-encoding" in fields else (),
        is_chunked=b"transfer-encoding" in fields and "chunked" in _tokens(fields[b"transfer-encoding"]),
        end=end.end() if end else stop,
    )


def text_of(value: bytes) -> str:
    """Decodes a header value as UTF-8 or, if invalid, Latin-1."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _tokens(values: list[str]) -> tuple[str, ...]:
    return tuple(token.strip().lower() for value in values for token in value.split(","))


def decode_body(body: bytes, head: HttpHead, max_bytes: int) -> Body:
    """Decodes transfer and content encodings of a body. Memory is proportional to `len(body)` and `max_bytes`."""
    try:
        if head.is_chunked:
            body = dechunk(body)
        for encoding in reversed(head.encodings):
            if decode := DECODERS.get(encoding):
                body = decode(body, max_bytes + 1)
    except ERRORS as e:
        return Body(b"", error=type(e).__name__)
    return Body(body[:max_bytes], is_cut=len(body) > max_bytes)


def dechunk(body: bytes) -> bytes:
    """Joins the chunks of a chunked body (RFC 9112 7.1).

    Returns a body that does not begin with a chunk length unchanged. Raises EOFError if chunks are missing, and
    ValueError if the next chunk does not begin where expected.
    """
    parts: list[bytes] = []
    at = 0
    while head := CHUNK.match(body, at):
        size = int(head[1], 16)
        if size == 0:
            return b"".join(parts)
        at = head.end() + size
        if at > len(body):
            raise EOFError
        parts.append(body[head.end() : at])
        at += 2 if body.startswith(b"\r\n", at) else body.startswith(b"\n", at)
    if not parts:
        return body
    raise EOFError if at >= len(body) else ValueError


def gunzip(body: bytes, limit: int) -> bytes:
    """Returns up to `limit` bytes of the gzip members of a body. Ignores trailing data, as browsers do."""
    if not body.startswith(GZIP_MAGIC):
        return body
    parts: list[bytes] = []
    while body.startswith(GZIP_MAGIC) and limit > 0:
        inflater = zlib.decompressobj(31)
        parts.append(inflater.decompress(body, limit))
        limit -= len(parts[-1])
        if not inflater.eof and limit > 0:
            raise EOFError
        body = inflater.unused_data
    return b"".join(parts)


def inflate(body: bytes, limit: int) -> bytes:
    """Returns up to `limit` bytes of a `deflate` body: zlib format (RFC 9110 8.4.1.2), or raw as some servers send."""
    is_zlib = len(body) > 1 and body[0] & 15 == 8 and int.from_bytes(body[:2]) % 31 == 0
    inflater = zlib.decompressobj(15 if is_zlib else -15)
    try:
        found = inflater.decompress(body, limit)
        if not inflater.eof and len(found) < limit:
            raise EOFError
    except (zlib.error, EOFError):
        if is_text(body):
            return body
        raise
    return found


def unbrotli(body: bytes, limit: int) -> bytes:
    """Returns at least `limit` bytes, or the complete body, of a `br` body (RFC 7932)."""
    decoder = brotli.Decompressor()
    parts: list[bytes] = []
    data = body
    try:
        while limit > 0 and not decoder.is_finished():
            parts.append(decoder.process(data, output_buffer_limit=limit))
            limit -= len(parts[-1])
            if not parts[-1] and decoder.can_accept_more_data() and not decoder.is_finished():
                raise EOFError
            data = b""
    except (brotli.error, EOFError):
        if is_text(body):
            return body
        raise
    return b"".join(parts)


def unzstd(body: bytes, limit: int) -> bytes:
    """Returns up to `limit` bytes of a `zstd` body (RFC 8878)."""
    if not body.startswith(zstd_frames.MAGIC):
        return body
    decompressor = zstandard.ZstdDecompressor(max_window_size=zstd_frames.MAX_WINDOW)
    frame = zstd_frames.ZstdFrame(MemberSource(io.BytesIO(body), len(body)), 0, sys.maxsize, decompressor)
    parts: list[bytes] = []
    try:
        while limit > 0 and (part := frame.read()):
            parts.append(part[:limit])
            limit -= len(part)
    except BrokenMember as e:
        raise (EOFError if e.reason == Reason.TRUNCATED else ValueError) from e
    return b"".join(parts)


def is_text(body: bytes) -> bool:
    """Whether a body begins like text although it should be compressed in a format without magic bytes."""
    return not CONTROL.search(body, 0, 512)


DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": gunzip,
    "x-gzip": gunzip,  # an alias, RFC 9110 8.4.1.3
    "deflate": inflate,
    "br": unbrotli,
    "zstd": unzstd,
}
