"""HTTP messages as stored by crawlers: parsing of the relevant headers and decoding of bodies.

Crawlers disagree. Common Crawl stores decoded bodies and renames the headers (`X-Crawl-Content-Encoding`), others keep
the transmitted bytes, others decode but keep the headers. So a declared encoding that contradicts the first bytes is
ignored. A body that fails after decoding partly is an error; a page is never truncated silently. A body that only lacks
its end (the last chunk, the checksum) is complete as far as its bytes show, and is marked.
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

MAX_HEAD = 1 << 18
"""Longer heads are not searched for their end. Browsers stop at 256 KiB too."""
BEGIN = re.compile(rb"[\r\n]{0,64}(?=HTTP(?:/|[ \t]+[1-5]\d\d))", re.IGNORECASE)
NEXT_HEAD = re.compile(rb"[\r\n]{0,64}(?=HTTP/\d(?:\.\d)?[ \t]+[1-5]\d\d[ \t\r\n])", re.IGNORECASE)
HEAD_END = re.compile(rb"\n\r?\n|\r\r(?!\n)")
FIRST_FIELD = re.compile(
    rb"(?:content-[a-z]{1,20}|transfer-encoding|date|server|set-cookie|cache-control|connection|last-modified|expires|"
    rb"vary|etag|location|pragma|x-[a-z-]{1,40})[ \t]*:",
    re.IGNORECASE,
)
FOLD = re.compile(rb"\r?\n[ \t]+")  # obsolete line folding, RFC 9112 5.2
FIELD = re.compile(
    rb"[\r\n](content-type|content-encoding|content-range|transfer-encoding|x-robots-tag)[ \t]*:([^\r\n]*)",
    re.IGNORECASE,
)
WHOLE_RANGE = re.compile(r"bytes[ =:]+0-(\d{1,15})/(\d{1,15})$", re.IGNORECASE)
CHUNK = re.compile(rb"[ \t]{0,8}([0-9a-fA-F]{1,15})[ \t]{0,64}(?:;[^\r\n]*)?\r?\n")
CUT_CHUNK = re.compile(rb"\r?[ \t]{0,8}(?:[0-9a-fA-F]{1,15}[ \t]{0,64}(?:;[^\r\n]*)?)?\r?")
"""The beginning of a chunk's first line, at the end of a body."""
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
GZIP_EXTRA, GZIP_NAME, GZIP_COMMENT, GZIP_CHECK = 4, 8, 16, 2  # bits of the fourth byte, RFC 1952 2.3.1
ERRORS = (zlib.error, brotli.error, EOFError, ValueError)  # they have no common base class


class HttpHead(msgspec.Struct, frozen=True):
    """Status line without the protocol, the headers needed to read the body, and the offset of the body."""

    status: str
    content_type: str | None
    """Content-Type headers, joined by commas (RFC 9110 5.3)."""
    robots: str | None
    """X-Robots-Tag headers, joined by commas."""
    encodings: tuple[str, ...]
    """Content encodings in the order in which they were applied, then transfer encodings except `chunked`."""
    is_chunked: bool
    end: int
    is_part: bool = False
    """True for a Content-Range other than the whole."""


class Body(msgspec.Struct, frozen=True):
    """A body of limited size, whether it was truncated, and the type of the error if decoding failed.

    `data` is None for a body that was not requested.
    """

    data: bytes | None
    is_cut: bool = False
    error: str | None = None
    is_unterminated: bool = False
    """True if the last chunk or the checksum at the end is missing, and no other byte."""


class MissingEnd(EOFError):
    """`body` holds all bytes of a message, but the mark of its end is missing."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body


def parse_head(data: bytes, start: int, stop: int) -> HttpHead | None:
    """Parses the head of a response in `data`; None if it is not an HTTP message. `end` is the offset of the body.

    If another head follows, that one is used: after `100 Continue`, `103 Early Hints`, a proxy's `200 Connection
    established`, and redirects that curl follows (RFC 9110 15.2). Accepts empty lines before the status line, a missing
    version or reason phrase, unusual casing, folded lines, and any of the line ends LF, CR LF and CR.
    """
    found = None
    while begin := (NEXT_HEAD if found else BEGIN).match(data, start, stop):
        found = _parse_one(data, begin.end(), stop)
        start = found.end
    return found


def _parse_one(data: bytes, start: int, stop: int) -> HttpHead:
    limit = min(stop, start + MAX_HEAD)
    end = HEAD_END.search(data, start, limit)
    head = data[start : end.start() if end else limit]
    if end and b"\n" not in head and FIRST_FIELD.match(data, end.end(), limit):
        # an empty line between the status line and the fields
        end = HEAD_END.search(data, end.end(), limit)
        head = data[start : end.start() if end else limit]
    if b"\n " in head or b"\n\t" in head:
        head = FOLD.sub(b" ", head)
    fields: dict[bytes, list[str]] = {}
    for name, value in FIELD.findall(head):
        fields.setdefault(name.lower(), []).append(text_of(value.strip()))
    transfer = _tokens(fields[b"transfer-encoding"]) if b"transfer-encoding" in fields else ()
    content = _tokens(fields[b"content-encoding"]) if b"content-encoding" in fields else ()
    return HttpHead(
        status=text_of(head[:1024].splitlines()[0].partition(b" ")[2].strip()),
        content_type=", ".join(fields[b"content-type"]) if b"content-type" in fields else None,
        robots=", ".join(fields[b"x-robots-tag"]) if b"x-robots-tag" in fields else None,
        encodings=content + tuple(coding for coding in transfer if coding != "chunked"),
        is_chunked="chunked" in transfer,
        end=end.end() if end else stop,
        is_part=b"content-range" in fields and not _is_whole(fields[b"content-range"][0]),
    )


def _is_whole(content_range: str) -> bool:
    """Whether a Content-Range covers the whole representation: `bytes 0-99/100`."""
    match = WHOLE_RANGE.match(content_range)
    return match is not None and int(match[1]) + 1 == int(match[2])


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
    steps: list[Callable[[bytes, int], bytes]] = [DECODERS[coding] for coding in head.encodings if coding in DECODERS]
    if head.is_chunked:
        steps.append(lambda body, _: dechunk(body))
    is_unterminated = False
    for decode in reversed(steps):
        try:
            body = decode(body, max_bytes + 1)
        except MissingEnd as e:
            body, is_unterminated = e.body, True
        except ERRORS as e:
            return Body(b"", error=type(e).__name__)
    return Body(body[:max_bytes], is_cut=len(body) > max_bytes, is_unterminated=is_unterminated)


def dechunk(body: bytes) -> bytes:
    """Joins the chunks of a chunked body (RFC 9112 7.1).

    Returns a body that does not begin with a chunk length unchanged. Raises MissingEnd if the body ends between two
    chunks, EOFError if it ends within one, and ValueError if the next chunk does not begin where expected.
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
    raise MissingEnd(b"".join(parts)) if CUT_CHUNK.fullmatch(body, at) else ValueError


def gunzip(body: bytes, limit: int) -> bytes:
    """Returns up to `limit` bytes of the gzip members of a body. Ignores trailing data, as browsers do.

    Raises MissingEnd if only the checksum and the length after the last member are missing, EOFError if more is.
    """
    if not body.startswith(GZIP_MAGIC):
        return body
    parts: list[bytes] = []
    while body.startswith(GZIP_MAGIC) and limit > 0:
        inflater = zlib.decompressobj(31)
        parts.append(inflater.decompress(body, limit))
        limit -= len(parts[-1])
        if not inflater.eof and limit > 0:
            raise MissingEnd(b"".join(parts)) if _is_deflated(body[_gzip_head(body) :]) else EOFError
        body = inflater.unused_data
    return b"".join(parts)


def _gzip_head(member: bytes) -> int:
    """Returns the length of a member's header (RFC 1952 2.3); the length of the member if the header has no end."""
    flags, at = member[3:4] or b"\0", 10
    if flags[0] & GZIP_EXTRA:
        at += 2 + int.from_bytes(member[at : at + 2], "little")
    for flag in (GZIP_NAME, GZIP_COMMENT):
        if flags[0] & flag:
            at = member.find(b"\0", at) + 1 or len(member)
    return at + 2 * bool(flags[0] & GZIP_CHECK)


def _is_deflated(data: bytes) -> bool:
    """Whether the bytes begin with a complete stream of raw deflate data. Decompresses it."""
    inflater = zlib.decompressobj(-15)
    try:
        inflater.decompress(data)
    except zlib.error:
        return False
    return inflater.eof


def inflate(body: bytes, limit: int) -> bytes:
    """Returns up to `limit` bytes of a `deflate` body: zlib format (RFC 9110 8.4.1.2), or raw as some servers send.

    Raises MissingEnd if only the checksum is missing, EOFError if more is.
    """
    is_zlib = len(body) > 1 and body[0] & 15 == 8 and int.from_bytes(body[:2]) % 31 == 0
    inflater = zlib.decompressobj(15 if is_zlib else -15)
    try:
        found = inflater.decompress(body, limit)
        if not inflater.eof and len(found) < limit:
            raise MissingEnd(found) if is_zlib and _is_deflated(body[2:]) else EOFError
    except MissingEnd:
        raise
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
