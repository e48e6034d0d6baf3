"""Records in the text of an archive, WARC or ARC, and the damage between them.

A Content-Length is believed when a record, an empty line or the end follows, so that taking in a line end does no harm.
Otherwise the record is damage, and the search for the next one begins right behind its first byte: a length that is too
large swallows nothing.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

import msgspec

from sluice.data import arc, digests, httpbody
from sluice.data.archive_text import PlainText, Text
from sluice.data.members import NOT_BLANK

MAX_HEAD = 1 << 16
USUAL_HEAD = 1 << 12
MAX_LINE_ENDS = 1 << 12
VERSION = re.compile(rb"WARC/\d{1,2}\.\d{1,3}[ \t]{0,8}\r?\n(?=[a-z][a-z0-9-]{0,60}[ \t]{0,8}:)", re.IGNORECASE)
HEAD_STOP = re.compile(rb"\n(?:\r?\n|(?i:WARC)/\d)|WARC/\d{1,2}\.\d{1,3}[ \t]{0,8}\r?\n")
"""What ends a header: an empty line or, should it have none, the next version line."""
NEXT_HEAD = re.compile(rb"(?i:WARC)/\d|(?<=\n)[A-Za-z][A-Za-z0-9+.-]{0,20}:")
FIELD = re.compile(
    rb"\n(warc-type|warc-target-uri|warc-date|content-length|content-type|warc-block-digest|warc-payload-digest)"
    rb"[ \t]*:([^\r\n]*)",
    re.IGNORECASE,
)
LINE_ENDS = re.compile(rb"[\r\n]*")
BLANK = re.compile(rb"[\r\n\0]*")
EMPTY_LINE = b"\r\n\r\n"
NEXT_HEAD_BYTES = 24
MAX_AHEAD = MAX_LINE_ENDS + arc.MAX_LINE
PEEK_WARC, PEEK_ARC = 64, 1024
COUNTED = ("content_length", "digest")
"""Damage to a record that is there: it takes an ordinal, so that ids do not depend on what is checked."""

IsWanted = Callable[[str, str | None], bool]


class ArchiveRecord(msgspec.Struct, frozen=True):
    """One whole record.

    `content_type` and `http_status` (the status line without its protocol) are those of the HTTP message for a
    response; of other records the content type is their own. `payload` is there when it was wanted: the body without
    its encodings, or the block of a record that is no HTTP message.
    """

    ordinal: int
    offset: int
    length: int
    record_type: str
    url: str | None = None
    date: str | None = None
    http_status: str | None = None
    content_type: str | None = None
    payload: bytes | None = None
    payload_error: str | None = None
    is_cut: bool = False
    """The payload is larger than the cap, so only its beginning is here."""
    is_selected: bool = True
    """Its offset was asked for; else only its type is known."""


class Damage(msgspec.Struct, frozen=True):
    """A stretch of bytes that gave no record."""

    offset: int
    length: int
    reason: str
    detail: str | None = None


class Filler(msgspec.Struct, frozen=True):
    """A stretch of bytes that need give none: line ends and zeros at the end, an empty member, a zstd dictionary."""

    offset: int
    length: int
    kind: str


class Fault(Exception):
    """What stands at `at` is not a whole record."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class RecordReader:
    """Reads the records of one file, text by text, and numbers them."""

    def __init__(
        self, *, is_wanted: IsWanted, max_bytes: int, wanted: Sequence[int] | None, check_digests: bool
    ) -> None:
        self._is_wanted = is_wanted
        self._max_bytes = max_bytes
        self._wanted = wanted
        self._check_digests = check_digests
        self._max_block = 2 * max_bytes + MAX_HEAD  # encodings and chunk headers may make a block larger than its body
        self._ordinal = 0
        self._is_arc = False

    def read(self, text: Text) -> Iterator[ArchiveRecord | Damage | Filler]:
        """Everything up to the end of the text, in order. Raises Broken in the middle of a member that is."""
        while text.need(USUAL_HEAD):
            start = text.offset
            try:
                yield self._record(text)
                self._ordinal += 1
            except Fault as fault:
                passed = self._damage(text, start, fault)
                yield passed
                self._ordinal += isinstance(passed, Damage) and passed.reason in COUNTED

    def holds_record(self, head: bytes) -> bool:
        """Whether a header line begins some line of these bytes."""
        for match in NEXT_HEAD.finditer(head):
            if VERSION.match(head, match.start()):
                return True
            if arc.parse_line(_line(head, match.start())):
                self._is_arc = True
                return True
        return False

    def begins_record(self, data: bytes, at: int = 0) -> bool:
        """Whether a WARC version line or an ARC header line stands there, perhaps after line ends."""
        at = LINE_ENDS.match(data, at).end()  # type: ignore[union-attr]
        return VERSION.match(data, at) is not None or arc.parse_line(_line(data, at)) is not None

    def _record(self, text: Text) -> ArchiveRecord:
        """The record at `at`; moves behind it and its line ends. Raises Fault, in most cases without moving."""
        start = text.offset
        fields, head_size = self._head(text)
        length = self._measure(text, fields, head_size)
        is_whole = length <= self._max_block
        line_ends = self._line_ends(text, head_size + length) if is_whole else 0
        data, first = text.data, text.at + head_size
        if is_whole:
            text.at = first + length + line_ends
        else:
            self._pass(text, head_size + length)
        offset, size = text.place(start)
        kind = httpbody.text_of(fields.get(b"warc-type", b"unknown").strip()).lower()
        if self._wanted is not None and not _is_in(self._wanted, offset):
            return ArchiveRecord(self._ordinal, offset, size, kind, is_selected=False)
        stop = first + min(length, self._max_block)
        http = httpbody.parse_head(data, first, stop) if kind == "response" else None
        if self._check_digests and is_whole:
            _check_digests(fields, kind, data[first:stop], http, first)
        content_type = http.content_type if http else _text(fields, b"content-type")
        body = httpbody.Body(None)
        if self._is_wanted(kind, content_type):
            if http:
                body = httpbody.decode_body(data[http.end : stop], http, self._max_bytes)
            else:
                body = httpbody.Body(data[first : min(stop, first + self._max_bytes)], length > self._max_bytes)
            if not is_whole:
                body = httpbody.Body(body.data, is_cut=True)
        return ArchiveRecord(
            self._ordinal,
            offset,
            size,
            kind,
            url=_url(fields),
            date=_text(fields, b"warc-date"),
            http_status=http.status if http else None,
            content_type=content_type,
            payload=body.data,
            payload_error=body.error,
            is_cut=body.is_cut,
        )

    def _head(self, text: Text) -> tuple[dict[bytes, bytes], int]:
        """The headers that matter, names in lower case, and the length of the head with what ends it."""
        begin = _skip_line_ends(text)
        if VERSION.match(text.data, begin):
            end = HEAD_STOP.search(text.data, begin + len(b"WARC/"), begin + MAX_HEAD)
            if not end:
                have = text.need_across(begin - text.at + MAX_HEAD)
                begin = _skip_line_ends(text)
                end = HEAD_STOP.search(text.data, begin + len(b"WARC/"), begin + MAX_HEAD)
                if not end and have >= MAX_HEAD:
                    raise Fault("header", f"no empty line ends the header within {MAX_HEAD} bytes")
                if not end:
                    raise Fault("truncated", "the text ends within a header")
            if end[0].strip():
                raise Fault("header", "the next record begins before an empty line ends the header")
            head = text.data[begin : end.start()]
            if b"\n " in head or b"\n\t" in head:
                head = httpbody.FOLD.sub(b" ", head)
            return {name.lower(): value for name, value in reversed(FIELD.findall(head))}, end.end() - text.at
        text.need(MAX_LINE_ENDS + arc.MAX_LINE)
        begin = _skip_line_ends(text)
        line = _line(text.data, begin)
        if fields := arc.parse_line(line):
            self._is_arc = True
            return fields, begin + len(line) - text.at
        what = "begins with" if text.offset == 0 else "goes on with"
        reason = "gap" if text.is_plain or text.offset else "bad_member"
        raise Fault(reason, f"the text {what} {text.data[begin : begin + 12]!r}, not with a record")

    def _measure(self, text: Text, fields: dict[bytes, bytes], head_size: int) -> int:
        """The length of the block, of which `_max_block` bytes are at hand then. Raises Fault when it is wrong."""
        claim = fields.get(b"content-length", b"").strip()
        if claim.isdigit() and len(claim) < 19:
            length = int(claim)
        elif text.is_plain or claim:
            raise Fault("content_length", f"the record has no Content-Length but {httpbody.text_of(claim[:40])!r}")
        else:  # the member says where it ends
            have = text.need(head_size + self._max_block)
            if not text.is_over:
                raise Fault(
                    "content_length", "the record has no Content-Length, and its member is too large to guess it"
                )
            block = text.data[text.at + head_size : text.at + have]
            return len(block.removesuffix(EMPTY_LINE))
        size = head_size + length
        if isinstance(text, PlainText):
            missing = text.offset + size - text.size
            if missing > 0:
                raise Fault("truncated", f"the record lacks {missing} bytes of its Content-Length")
            if length > self._max_block:
                ahead = text.peek(text.offset + size, PEEK_ARC if self._is_arc else PEEK_WARC)
                self._count_line_ends(ahead, is_plain=True)
        held = head_size + min(length, self._max_block)
        have = text.need(held + 8)
        have = text.need_across(held) if have < held else have
        if have < held:
            reason = "truncated" if text.is_plain else "content_length"
            raise Fault(reason, f"the record lacks {size - have} bytes of its Content-Length")
        return length

    def _line_ends(self, text: Text, size: int) -> int:
        """How many bytes of line ends follow a record of that size. Raises Fault when something else does."""
        tail = text.at + size
        if text.data.startswith(b"\r\n\r\nWARC/", tail) or (text.is_over and text.data[tail : tail + 5] == EMPTY_LINE):
            return 4
        text.need(size + MAX_AHEAD)
        tail = text.at + size
        return self._count_line_ends(text.data[tail : tail + MAX_AHEAD], is_plain=text.is_plain)

    def _count_line_ends(self, ahead: bytes, *, is_plain: bool) -> int:
        """The same of the MAX_AHEAD bytes behind a record, of fewer at the end of the text."""
        pattern = LINE_ENDS if is_plain else BLANK
        count = pattern.match(ahead, 0, MAX_LINE_ENDS).end()  # type: ignore[union-attr]
        if count == len(ahead) or self.begins_record(ahead, count):
            return count
        if is_plain and ahead.count(b"\n", 0, count) >= (1 if self._is_arc else 2):
            return count  # ended as a record should be: what follows is a gap
        raise Fault("content_length", f"{bytes(ahead[:8])!r} follows the Content-Length, not a record")

    def _pass(self, text: Text, size: int) -> None:
        """Moves behind a record too large to be held and its line ends."""
        missing = size - text.skip(size)
        if missing:
            raise Fault("content_length", f"the record lacks {missing} bytes of its Content-Length")
        line_ends = self._line_ends(text, 0)  # may move the window, and `at` with it
        text.at += line_ends

    def _damage(self, text: Text, start: int, fault: Fault) -> Damage | Filler:
        """Moves to the next record, or to the end; what was passed."""
        if fault.reason == "gap" and not text.search(NOT_BLANK, 0):
            return Filler(*text.place(start), "padding")
        if text.offset == start and fault.reason != "gap":
            text.at += 1  # the head that stands there is the one that was refused
        while text.search(NEXT_HEAD, NEXT_HEAD_BYTES) and not self._is_at_record(text):
            text.at += 1
        reason = fault.reason
        if reason == "truncated" and not text.is_done:
            reason = "content_length"  # another record stands in what it claims
        return Damage(*text.place(start), reason, str(fault))

    def _is_at_record(self, text: Text) -> bool:
        if text.need(arc.MAX_LINE) == 0:
            return False
        if VERSION.match(text.data, text.at):
            return True
        return self._is_arc and arc.parse_line(_line(text.data, text.at)) is not None


def _skip_line_ends(text: Text) -> int:
    return LINE_ENDS.match(text.data, text.at, text.at + MAX_LINE_ENDS).end()  # type: ignore[union-attr]


def _line(data: bytes, at: int) -> bytes:
    """The line there with its end; b"" when it does not end within `arc.MAX_LINE`."""
    return data[at : data.find(b"\n", at, at + arc.MAX_LINE) + 1]


def _is_in(offsets: Sequence[int], offset: int) -> bool:
    at = bisect_left(offsets, offset)
    return at < len(offsets) and offsets[at] == offset


def _text(fields: dict[bytes, bytes], name: bytes) -> str | None:
    return httpbody.text_of(fields[name].strip()) if name in fields else None


def _url(fields: dict[bytes, bytes]) -> str | None:
    url = _text(fields, b"warc-target-uri")
    return url[1:-1] if url and url[0] == "<" and url[-1] == ">" else url  # WARC/1.0's grammar, written by wget


def _check_digests(
    fields: dict[bytes, bytes], kind: str, block: bytes, http: httpbody.HttpHead | None, start: int
) -> None:
    """Raises Fault when a digest of the record does not match; the payload's counts only where the block has none.

    Some writers digest the payload with its transfer encoding and some without, so both will do.
    """
    if claim := _text(fields, b"warc-block-digest"):
        variants: tuple[bytes, ...] = (block,)
    elif kind != "revisit" and (claim := _text(fields, b"warc-payload-digest")):  # a revisit has that of another record
        payload = block[http.end - start :] if http else block
        try:
            variants = (payload, httpbody.dechunk(payload)) if http and http.is_chunked else (payload,)
        except httpbody.ERRORS:
            variants = (payload,)
    else:
        return
    if not digests.is_match(claim, *variants):
        raise Fault("digest", f"the content does not match {claim[:100]}")
