"""Records in the text of an archive, WARC or ARC, and damage between them.

A Content-Length is accepted if a record, an empty line or the end follows, so that including a line end does no harm.
Otherwise the record is damage, and the search for the next one starts after its first byte, so that a length that is
too large skips no record.
"""

import contextlib
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from sluice.core.reasons import Reason
from sluice.data.archives import arc, digests, http_message
from sluice.data.archives.head import (
    LINE_ENDS,
    MAX_HEAD,
    MAX_LINE_ENDS,
    USUAL_HEAD,
    VERSION,
    Fault,
    Head,
    begins_record,
    line_at,
    read_head,
)
from sluice.data.archives.items import ArchiveRecord, Damage, Filler, IsWanted
from sluice.data.archives.members import NOT_BLANK
from sluice.data.archives.window import PlainText, Text

NEXT_HEAD = re.compile(rb"(?i:WARC)/\d|(?<=\n)[A-Za-z][A-Za-z0-9+.-]{0,20}:")
NEXT_HEAD_BYTES = 24
BLANK = re.compile(rb"[\r\n\0]*")
EMPTY_LINE = b"\r\n\r\n"
MAX_AHEAD = MAX_LINE_ENDS + arc.MAX_LINE
PEEK_WARC, PEEK_ARC = 64, 1024
MAY_HOLD_HTTP = ("response", "resource")
COUNTED = (Reason.CONTENT_LENGTH, Reason.DIGEST)
"""Damage to an existing record. It gets an ordinal, so that ids do not depend on which checks are enabled."""


class RecordReader:
    """Reads and numbers the records of one file, text by text."""

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
        """Yields all items up to the end of the text. Raises BrokenMember in the middle of a damaged member."""
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
        """Whether these bytes contain a record header at the beginning of a line."""
        for match in NEXT_HEAD.finditer(head):
            if VERSION.match(head, match.start()):
                return True
            if arc.parse_line(line_at(head, match.start())):
                self._is_arc = True
                return True
        return False

    def _record(self, text: Text) -> ArchiveRecord:
        """Reads the record at `at` and moves past it and its line ends. Raises Fault, usually without moving."""
        start = text.offset
        head = read_head(text)
        self._is_arc |= head.is_arc
        length = self._measure(text, head)
        is_whole = length <= self._max_block
        line_ends = self._line_ends(text, head.size + length) if is_whole else 0
        data, first = text.data, text.at + head.size
        if is_whole:
            text.at = first + length + line_ends
        else:
            self._pass(text, head.size + length)
        offset, size = text.place(start)
        kind = head.record_type
        if self._wanted is not None and not _is_in(self._wanted, offset):
            return ArchiveRecord(self._ordinal, offset, size, kind, is_selected=False)
        stop = first + min(length, self._max_block)
        http = http_message.parse_head(data, first, stop) if kind in MAY_HOLD_HTTP else None
        if self._check_digests and is_whole:
            _check_digests(head, data[first:stop], http, first)
        content_type = http.content_type if http else head.text(b"content-type")
        body = http_message.Body(None)
        if self._is_wanted(kind, content_type):
            if http:
                body = http_message.decode_body(data[http.end : stop], http, self._max_bytes)
            else:
                body = http_message.Body(data[first : min(stop, first + self._max_bytes)], length > self._max_bytes)
            if not is_whole:
                body = http_message.Body(body.data, is_cut=True)
        return ArchiveRecord(
            self._ordinal,
            offset,
            size,
            kind,
            url=head.url,
            date=head.text(b"warc-date"),
            http_status=http.status if http else None,
            content_type=content_type,
            identified_type=head.text(b"warc-identified-payload-type"),
            robots_header=http.robots if http else None,
            payload=body.data,
            payload_error=body.error,
            is_cut=body.is_cut,
            is_unterminated=body.is_unterminated,
            is_part=http is not None and http.is_part,
        )

    def _measure(self, text: Text, head: Head) -> int:
        """Returns the length of the block after loading up to `_max_block` bytes. Raises Fault for a wrong length."""
        claim = head.fields.get(b"content-length", b"").strip()
        if claim.isdigit() and len(claim) < 19:
            length = int(claim)
        elif text.is_plain or claim:
            raise Fault(
                Reason.CONTENT_LENGTH,
                f"the record has no valid Content-Length, but {http_message.text_of(claim[:40])!r}",
            )
        else:  # the end of the member determines the length
            have = text.need(head.size + self._max_block)
            if not text.is_over:
                raise Fault(
                    Reason.CONTENT_LENGTH, "the record has no Content-Length, and its member is too large to infer it"
                )
            block = text.data[text.at + head.size : text.at + have]
            return len(block.removesuffix(EMPTY_LINE))
        size = head.size + length
        if isinstance(text, PlainText):
            missing = text.offset + size - text.size
            if missing > 0:
                raise Fault(Reason.TRUNCATED, f"the record is {missing} bytes shorter than its Content-Length")
            if length > self._max_block:
                ahead = text.peek(text.offset + size, PEEK_ARC if self._is_arc else PEEK_WARC)
                self._count_line_ends(ahead, is_plain=True)
        held = head.size + min(length, self._max_block)
        have = text.need(held + 8)
        have = text.need_across(held) if have < held else have
        if have < held:
            reason = Reason.TRUNCATED if text.is_plain else Reason.CONTENT_LENGTH
            raise Fault(reason, f"the record is {size - have} bytes shorter than its Content-Length")
        return length

    def _line_ends(self, text: Text, size: int) -> int:
        """Counts the bytes of line ends after a record of `size` bytes. Raises Fault if anything else follows."""
        tail = text.at + size
        if text.data.startswith(b"\r\n\r\nWARC/", tail) or (text.is_over and text.data[tail : tail + 5] == EMPTY_LINE):
            return 4
        text.need(size + MAX_AHEAD)
        tail = text.at + size
        return self._count_line_ends(text.data[tail : tail + MAX_AHEAD], is_plain=text.is_plain)

    def _count_line_ends(self, ahead: bytes, *, is_plain: bool) -> int:
        """Counts line-end bytes in `ahead`: the MAX_AHEAD bytes after a record, or fewer at the end of the text."""
        pattern = LINE_ENDS if is_plain else BLANK
        count = pattern.match(ahead, 0, MAX_LINE_ENDS).end()  # type: ignore[union-attr]
        if count == len(ahead) or begins_record(ahead, count):
            return count
        if is_plain and ahead.count(b"\n", 0, count) >= (1 if self._is_arc else 2):
            return count  # correctly terminated record: the following bytes are a gap
        raise Fault(Reason.CONTENT_LENGTH, f"{bytes(ahead[:8])!r} follows the Content-Length, not a record")

    def _pass(self, text: Text, size: int) -> None:
        """Moves past a record that is too large for memory, and past its line ends."""
        missing = size - text.skip(size)
        if missing:
            raise Fault(Reason.CONTENT_LENGTH, f"the record is {missing} bytes shorter than its Content-Length")
        line_ends = self._line_ends(text, 0)  # may move the window, and `at` with it
        text.at += line_ends

    def _damage(self, text: Text, start: int, fault: Fault) -> Damage | Filler:
        """Moves to the next record or to the end, and returns the skipped range."""
        if fault.reason == Reason.GAP and not text.search(NOT_BLANK, 0):
            return Filler(*text.place(start), "padding")
        is_found = (text.offset > start or fault.reason == Reason.GAP) and self._is_at_record(text)
        if text.offset == start:
            text.at += 1  # the head at this position was rejected
        while not is_found and text.search(NEXT_HEAD, NEXT_HEAD_BYTES):
            is_found = self._is_at_record(text)
            text.at += not is_found
        reason = fault.reason
        if reason == Reason.TRUNCATED and not text.is_done:
            reason = Reason.CONTENT_LENGTH  # another record is inside the declared length
        return Damage(*text.place(start), reason, str(fault))

    def _is_at_record(self, text: Text) -> bool:
        if text.need(arc.MAX_LINE) == 0:
            return False
        if VERSION.match(text.data, text.at):
            return True
        return self._is_arc and arc.parse_line(line_at(text.data, text.at)) is not None


def _is_in(offsets: Sequence[int], offset: int) -> bool:
    at = bisect_left(offsets, offset)
    return at < len(offsets) and offsets[at] == offset


def _check_digests(head: Head, block: bytes, http: http_message.HttpHead | None, start: int) -> None:
    """Raises Fault if a digest of the record does not match.

    The payload digest is used only if there is no block digest. Some writers compute it with the transfer encoding and
    some without; both are accepted. The payload of a resource is its block, which may itself be an HTTP message.
    """
    if claim := head.text(b"warc-block-digest"):
        variants: tuple[bytes, ...] = (block,)
    elif head.record_type != "revisit" and (claim := head.text(b"warc-payload-digest")):  # a revisit has another's
        payload = block[http.end - start :] if http else block
        variants = (payload, block) if head.record_type == "resource" else (payload,)
        if http and http.is_chunked:
            with contextlib.suppress(*http_message.ERRORS):
                variants = (*variants, http_message.dechunk(payload))
    else:
        return
    if not digests.is_match(claim, *variants):
        raise Fault(Reason.DIGEST, f"the content does not match {claim[:100]}")
