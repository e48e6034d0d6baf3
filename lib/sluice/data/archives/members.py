"""Members of a compressed archive: piecewise decompression, and search for the next member after damage.

A reader can start at any member: a gzip member (RFC 1952) or a zstd frame (RFC 8878), usually one record. ISA-L
decompresses gzip more than twice as fast as zlib.

Memory is bounded: input is read READ_BYTES at a time, output is PIECE_BYTES (zstd: a block of 128 KiB), and LOOK_BACK
bytes of a member are kept to search them for the next member if this one is damaged. Time is linear in the file size:
the bytes of a damaged member are read again, but at most REREADS times the bytes read so far, and one candidate per
PROBE_BYTES bytes is tried. Damage that imitates thousands of members can therefore hide a real one.
"""

import re
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

from isal import isal_zlib

from sluice.core.reasons import Reason

READ_BYTES = 1 << 18  # divides the usual transport chunks: a failed range loses no byte of the previous one
FEED_BYTES = 1 << 14
PIECE_BYTES = 1 << 20
LOOK_BACK = 1 << 20  # damaged deflate data mostly fails within kilobytes
PROBE_BYTES, FREE_PROBES = 256, 1000
REREADS, FREE_REREADS = 4, 1 << 24
BOMB_RATIO = 100  # pages compress 3 to 20 times, logs up to 60; the maximum of deflate is 1032, zstd has none

INFLATE_ERROR: Any = isal_zlib.error  # the stubs call the class an instance
GZIP_MAGIC = b"\x1f\x8b\x08"
NOT_BLANK = re.compile(rb"[^\r\n\0]")


class BrokenMember(Exception):
    """A member cannot be decompressed beyond the offset `end`; `reason` is the reason for the damage."""

    def __init__(self, reason: str, detail: str, end: int) -> None:
        super().__init__(detail)
        self.reason, self.end = reason, end


class MemberSource:
    """The first `size` bytes of a stream through a forward-moving window. Errors of the stream propagate."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self.size = stream, size
        # one call for what is available: read() would lose those bytes if the connection failed before it had all
        self._read_some = getattr(stream, "read1", stream.read)
        self._buffer = b""
        self.begin = 0
        """Offset of the first byte that is still buffered."""
        self.probes = self.reread = 0

    @property
    def end(self) -> int:
        """Offset of the first byte that has not been read."""
        return self.begin + len(self._buffer)

    def view(self, at: int, count: int, keep: int) -> memoryview:
        """Returns `count` bytes at offset `at`; fewer only at the end of the file. May drop bytes before `keep`."""
        while at + count > self.end and self._fill(keep):
            pass
        return memoryview(self._buffer)[max(at - self.begin, 0) : at - self.begin + count]

    def part(self, at: int, count: int, keep: int) -> memoryview:
        """Like `view`, but may return fewer bytes (at least one) if the next bytes are not buffered yet."""
        while at >= self.end and self._fill(keep):
            pass
        return memoryview(self._buffer)[max(at - self.begin, 0) : at - self.begin + count]

    def search(self, pattern: re.Pattern[bytes], at: int) -> int | None:
        """Offset of the first match at `at` or later of a pattern of at most four bytes; drops the bytes before it."""
        while True:
            if match := pattern.search(self._buffer, at - self.begin):
                return self.begin + match.start()
            at = max(at, self.end - 3)
            if not self._fill(at):
                return None

    def peek(self, at: int, count: int) -> bytes:
        """Reads bytes far ahead without moving the window."""
        self._stream.seek(at)
        found = self._stream.read(max(0, min(count, self.size - at)))
        self._stream.seek(self.end)
        return found

    def _fill(self, keep: int) -> bool:
        part: bytes = self._read_some(min(READ_BYTES, self.size - self.end))
        keep = min(max(keep, self.begin), self.end)
        self._buffer = self._buffer[keep - self.begin :] + part
        self.begin = keep
        return part != b""


class Member(Protocol):
    """One member being read."""

    start: int
    end: int
    """Offset of the first byte after the input consumed so far; after `read` has returned b"", the end of the
    member."""
    kind: str
    """The item to yield if the member contains no text."""

    def read(self) -> bytes:
        """Returns the next piece of text; b"" after the end of an intact member. Raises BrokenMember."""
        ...


class Codec(Protocol):
    """A compression format of members."""

    magic: re.Pattern[bytes]
    """Matches the beginning of a member with text."""

    def begins(self, head: bytes) -> bool:
        """Whether `head`, 8 bytes, begins a member, with or without text."""
        ...

    def open(self, source: MemberSource, start: int) -> Member:
        """Opens the member at an offset. Raises BrokenMember."""
        ...

    def probe(self, source: MemberSource, start: int) -> bytes:
        """Returns the first bytes of text of a possible member; b"" if it is not a member."""
        ...


class Gzip:
    """gzip members, validated by their checksums."""

    magic = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]")  # the upper bits of the flags are reserved, RFC 1952 2.3.1.2

    def __init__(self, max_bytes: int) -> None:
        """A member of more than `max_bytes` of text and BOMB_RATIO times its size is treated as a zip bomb."""
        self._max_bytes = max_bytes

    def begins(self, head: bytes) -> bool:
        """Whether `head` begins a gzip member."""
        return self.magic.match(head) is not None

    def open(self, source: MemberSource, start: int) -> "GzipMember":
        """Opens the member at an offset."""
        return GzipMember(source, start, self._max_bytes)

    def probe(self, source: MemberSource, start: int) -> bytes:
        """Returns at most 2 KiB of text, from at most 2 KiB of the file."""
        try:
            return isal_zlib.decompressobj(31).decompress(source.view(start, 2048, start), 2048)
        except INFLATE_ERROR:
            return b""


class GzipMember:
    """A gzip member being read."""

    kind = "empty_member"

    def __init__(self, source: MemberSource, start: int, max_bytes: int) -> None:
        self.start = self.end = start
        self._source = source
        self._max_bytes = max_bytes
        self._num_bytes = 0
        self._inflater = isal_zlib.decompressobj(31)

    def read(self) -> bytes:
        """Returns the next piece of text; b"" at the end."""
        inflater = self._inflater
        while not inflater.eof:
            data = self._source.part(self.end, FEED_BYTES, max(self.start, self.end - LOOK_BACK))
            if not data:
                raise BrokenMember(Reason.TRUNCATED, "the file ends within a gzip member", self.end)
            try:
                piece = inflater.decompress(data, PIECE_BYTES)
            except INFLATE_ERROR as e:
                raise BrokenMember(Reason.BAD_MEMBER, str(e), self.end) from e
            # at the end, unconsumed_tail may repeat unused_data (CPython 3.11 to 3.13)
            self.end += len(data) - len(inflater.unused_data if inflater.eof else inflater.unconsumed_tail)
            if piece:
                self._num_bytes += len(piece)
                check_for_bomb(self, self._num_bytes, self._max_bytes)
                return piece
        return b""


def check_for_bomb(member: Member, num_bytes: int, max_bytes: int) -> None:
    """Raises BrokenMember if a member decompresses to far more than any page or log."""
    size = member.end - member.start
    if num_bytes > max_bytes and num_bytes > BOMB_RATIO * size:
        raise BrokenMember(Reason.ZIP_BOMB, f"{size} bytes decompress to {num_bytes} bytes or more", member.end)


def find_member(source: MemberSource, codec: Codec, at: int, is_record: Callable[[bytes], bool]) -> int | None:
    """Offset of the first member, at `at` or later, whose text begins with a record; None without such a member."""
    while (found := source.search(codec.magic, at)) is not None:
        if source.probes < FREE_PROBES + found // PROBE_BYTES:
            source.probes += 1
            if is_record(codec.probe(source, found)):
                return found
        at = found + 1
    return None


def search_start(source: MemberSource, start: int, end: int) -> int:
    """Where to search for the next member after one that failed at `end`.

    Normally after its first byte, because the damaged member may have extended into the next one. After all of it if
    too many bytes have been read again already.
    """
    if source.reread > FREE_REREADS + REREADS * end:
        return end + 1
    begin = max(start + 1, source.begin)
    source.reread += max(end - begin, 0)
    return begin
