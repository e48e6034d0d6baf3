"""Members of a compressed archive: inflated piece by piece, and the next one found after damage.

A member is where a reader may begin: a gzip member (RFC 1952) or a zstd frame (RFC 8878), mostly one record. ISA-L
inflates gzip at more than twice the speed of zlib.

Memory is bounded: READ_BYTES come in at a time, PIECE_BYTES (of zstd a block, 128 KiB) go out, and LOOK_BACK
bytes of a member are kept, to search them for the next one should this one prove broken. Time is linear in the file:
bytes behind the beginning of a broken member are read again, but no more than REREADS times all that was read, and one
candidate in PROBE_BYTES bytes is tried. Damage that imitates members by the thousand can therefore cost a true one.
"""

import re
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

from isal import isal_zlib

from sluice.core.reasons import Reason

READ_BYTES = 1 << 18  # divides the usual transport chunks: a range that fails costs no byte of the one before it
FEED_BYTES = 1 << 14
PIECE_BYTES = 1 << 20
LOOK_BACK = 1 << 20  # damaged deflate fails within kilobytes, mostly
PROBE_BYTES, FREE_PROBES = 256, 1000
REREADS, FREE_REREADS = 4, 1 << 24
BOMB_RATIO = 100  # pages shrink 3 to 20 times, logs up to 60; deflate cannot exceed 1032, zstd can

INFLATE_ERROR: Any = isal_zlib.error  # the stubs call the class an instance
GZIP_MAGIC = b"\x1f\x8b\x08"
NOT_BLANK = re.compile(rb"[^\r\n\0]")


class BrokenMember(Exception):
    """A member cannot be inflated beyond the offset `end`; `reason` is that of the damage."""

    def __init__(self, reason: str, detail: str, end: int) -> None:
        super().__init__(detail)
        self.reason, self.end = reason, end


class MemberSource:
    """The first `size` bytes of a stream through a window that moves forward. Raises what the stream raises."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self.size = stream, size
        # one call for what is there: read() would lose it, should the connection fail for good before it has all
        self._read_some = getattr(stream, "read1", stream.read)
        self._buffer = b""
        self.begin = 0
        """Offset of the first byte that is not yet forgotten."""
        self.probes = self.reread = 0

    @property
    def end(self) -> int:
        """Offset of the first byte that has not been read."""
        return self.begin + len(self._buffer)

    def view(self, at: int, count: int, keep: int) -> memoryview:
        """`count` bytes from offset `at`, fewer only at the end of the file. Bytes before `keep` may be forgotten."""
        while at + count > self.end and self._fill(keep):
            pass
        return memoryview(self._buffer)[max(at - self.begin, 0) : at - self.begin + count]

    def part(self, at: int, count: int, keep: int) -> memoryview:
        """The same, fewer also where the next bytes have not been read yet, but at least one."""
        while at >= self.end and self._fill(keep):
            pass
        return memoryview(self._buffer)[max(at - self.begin, 0) : at - self.begin + count]

    def search(self, pattern: re.Pattern[bytes], at: int) -> int | None:
        """The offset of the first match from `at` on, of a pattern of at most four bytes; forgets what lies before."""
        while True:
            if match := pattern.search(self._buffer, at - self.begin):
                return self.begin + match.start()
            at = max(at, self.end - 3)
            if not self._fill(at):
                return None

    def peek(self, at: int, count: int) -> bytes:
        """Bytes far ahead, without moving there."""
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
    """One member while it is read."""

    start: int
    end: int
    """Offset of the first byte behind what has been inflated; behind the member when `read` has given b""."""
    kind: str
    """The item to yield if the member contains no text."""

    def read(self) -> bytes:
        """The next piece of text; b"" when the member has come to its sound end. Raises BrokenMember."""
        ...


class Codec(Protocol):
    """A way of compressing members."""

    magic: re.Pattern[bytes]
    """How a member with text begins."""

    def begins(self, head: bytes) -> bool:
        """Whether the first 8 bytes of something are those of a member, with text or without."""
        ...

    def open(self, source: MemberSource, start: int) -> Member:
        """The member that begins at an offset. Raises BrokenMember."""
        ...

    def probe(self, source: MemberSource, start: int) -> bytes:
        """The first bytes of text of a possible member; b"" if it is not a member."""
        ...


class Gzip:
    """gzip members, sound when their checksum is."""

    magic = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]")  # the upper bits of the flags are reserved, RFC 1952 2.3.1.2

    def __init__(self, max_bytes: int) -> None:
        """A member of more than `max_bytes` of text, and BOMB_RATIO times its size, is taken for a bomb."""
        self._max_bytes = max_bytes

    def begins(self, head: bytes) -> bool:
        """Whether the first bytes are those of a gzip member."""
        return self.magic.match(head) is not None

    def open(self, source: MemberSource, start: int) -> "GzipMember":
        """The member at an offset."""
        return GzipMember(source, start, self._max_bytes)

    def probe(self, source: MemberSource, start: int) -> bytes:
        """At most 2 KiB of text from at most 2 KiB of file."""
        try:
            return isal_zlib.decompressobj(31).decompress(source.view(start, 2048, start), 2048)
        except INFLATE_ERROR:
            return b""


class GzipMember:
    """A gzip member while it is read."""

    kind = "empty_member"

    def __init__(self, source: MemberSource, start: int, max_bytes: int) -> None:
        self.start = self.end = start
        self._source = source
        self._max_bytes = max_bytes
        self._num_bytes = 0
        self._inflater = isal_zlib.decompressobj(31)

    def read(self) -> bytes:
        """The next piece of text."""
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
    """Raises BrokenMember for a member that inflates far beyond any page and any log."""
    size = member.end - member.start
    if num_bytes > max_bytes and num_bytes > BOMB_RATIO * size:
        raise BrokenMember(Reason.ZIP_BOMB, f"{size} bytes inflate to {num_bytes} and more", member.end)


def find_member(source: MemberSource, codec: Codec, at: int, is_record: Callable[[bytes], bool]) -> int | None:
    """The offset of the first member, at `at` or later, whose text begins with a record; None without one."""
    while (found := source.search(codec.magic, at)) is not None:
        if source.probes < FREE_PROBES + found // PROBE_BYTES:
            source.probes += 1
            if is_record(codec.probe(source, found)):
                return found
        at = found + 1
    return None


def search_start(source: MemberSource, start: int, end: int) -> int:
    """Where to look for the next member after one that broke at `end`: behind its first byte, as it may have run on.

    Behind all of it when that was done too often.
    """
    if source.reread > FREE_REREADS + REREADS * end:
        return end + 1
    begin = max(start + 1, source.begin)
    source.reread += max(end - begin, 0)
    return begin
