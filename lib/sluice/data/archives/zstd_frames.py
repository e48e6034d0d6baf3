"""zstd frames as members of an archive (RFC 8878; IIPC, Zstandard Compression for WARC Files 1.0).

Frames are read block by block, so that their ends are known exactly and a piece of text is at most 128 KiB. The
decompressor itself neither reports how much input it consumed nor respects an output limit.
"""

import re

import zstandard

from sluice.core.reasons import Reason
from sluice.data.archives.members import LOOK_BACK, BrokenMember, MemberSource, check_for_bomb

MAGIC = b"\x28\xb5\x2f\xfd"
DICTIONARY_MAGIC = b"\x5d\x2a\x4d\x18"
MAX_DICTIONARY = 1 << 24
MAX_WINDOW = 1 << 27  # what `zstd` decodes by default


class Zstd:
    """zstd frames, valid if they decode and their checksum, if present, matches.

    A dictionary frame at the beginning of the file applies to all following frames. Other skippable frames are skipped.
    """

    magic = re.compile(rb"\x28\xb5\x2f\xfd")

    def __init__(self, max_bytes: int) -> None:
        """A frame of more than `max_bytes` of text and BOMB_RATIO times its size is treated as a zip bomb."""
        self._max_bytes = max_bytes
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)

    def begins(self, head: bytes) -> bool:
        """Whether `head` begins a zstd frame, skippable or not."""
        return begins_frame(head)

    def open(self, source: MemberSource, start: int) -> "ZstdFrame | SkippableFrame":
        """Opens the frame at an offset."""
        head = bytes(source.view(start, 8, start))
        if is_skippable(head):
            if start == 0 and head.startswith(DICTIONARY_MAGIC):
                self._decompressor = load_dictionary(source, head)
            return SkippableFrame(source, start, head)
        return ZstdFrame(source, start, self._max_bytes, self._decompressor)

    def probe(self, source: MemberSource, start: int) -> bytes:
        """Returns the text of the first block."""
        try:
            return ZstdFrame(source, start, self._max_bytes, self._decompressor).read()
        except BrokenMember:
            return b""


class SkippableFrame:
    """A frame without text."""

    def __init__(self, source: MemberSource, start: int, head: bytes) -> None:
        self._source = source
        self.start, self.end = start, start + 8 + int.from_bytes(head[4:8], "little")
        self.kind = "dictionary" if start == 0 and head.startswith(DICTIONARY_MAGIC) else "skippable_frame"

    def read(self) -> bytes:
        """Returns b"". A length that does not lead to another frame is an error, so that it cannot skip records."""
        found = self._source.peek(self.end - 1, 9)  # its last byte, and what follows
        if not found or (len(found) > 1 and not begins_frame(found[1:])):
            raise BrokenMember(Reason.BAD_MEMBER, "a skippable frame is not followed by another frame", self.start + 8)
        return b""


class ZstdFrame:
    """A zstd frame being read block by block, so that its end is known and a block is at most 128 KiB of text."""

    kind = "empty_member"

    def __init__(
        self, source: MemberSource, start: int, max_bytes: int, decompressor: "zstandard.ZstdDecompressor"
    ) -> None:
        self.start = self.end = start
        self._source = source
        self._max_bytes = max_bytes
        self._num_bytes = 0
        self._decoder = decompressor.decompressobj()
        self._has_checksum = False
        self._is_last = False

    def read(self) -> bytes:
        """Returns the next block of text; b"" at the end."""
        while not self._is_last:
            length = self._frame_header_length() if self.end == self.start else 0
            head = int.from_bytes(self._view(length, 3), "little")
            self._is_last, kind, size = bool(head & 1), head >> 1 & 3, head >> 3  # RFC 8878 3.1.1.2
            length += 3 + (1 if kind == 1 else size)
            length += 4 if self._is_last and self._has_checksum else 0
            data = self._view(0, length)
            try:
                piece = self._decoder.decompress(data)
            except zstandard.ZstdError as e:
                raise BrokenMember(Reason.BAD_MEMBER, str(e), self.end) from e
            if self._decoder.eof != self._is_last:
                raise BrokenMember(Reason.BAD_MEMBER, "a zstd frame does not end where its last block does", self.end)
            self.end += length
            if piece:
                self._num_bytes += len(piece)
                check_for_bomb(self, self._num_bytes, self._max_bytes)
                return piece
        return b""

    def _frame_header_length(self) -> int:
        """Length in bytes of magic, descriptor, window, dictionary id and content size (RFC 8878 3.1.1.1)."""
        descriptor = self._view(4, 1)[0]
        is_single = bool(descriptor & 0x20)
        self._has_checksum = bool(descriptor & 4)
        return 5 + (not is_single) + (0, 1, 2, 4)[descriptor & 3] + (is_single, 2, 4, 8)[descriptor >> 6]

    def _view(self, at: int, count: int) -> memoryview:
        found = self._source.view(self.end + at, count, max(self.start, self.end - LOOK_BACK))
        if len(found) < count:
            raise BrokenMember(Reason.TRUNCATED, "the file ends within a zstd frame", self.end)
        return found


def begins_frame(head: bytes) -> bool:
    """Whether `head`, 8 bytes, begins a frame."""
    return head.startswith(MAGIC) or is_skippable(head)


def is_skippable(head: bytes) -> bool:
    """Whether `head` begins a skippable frame (RFC 8878 3.1.2)."""
    return head[1:4] == DICTIONARY_MAGIC[1:] and 0x50 <= head[0] <= 0x5F and len(head) >= 8


def load_dictionary(source: MemberSource, head: bytes) -> "zstandard.ZstdDecompressor":
    """Returns a decompressor with the dictionary frame at the beginning of the file, which may be compressed."""
    size = int.from_bytes(head[4:8], "little")
    if size > MAX_DICTIONARY:
        raise BrokenMember(Reason.BAD_MEMBER, f"the dictionary has {size} bytes; the limit is {MAX_DICTIONARY}", 8)
    data = bytes(source.view(8, size, 0))
    try:
        if data.startswith(MAGIC):
            with zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).stream_reader(data) as reader:
                data = reader.read(MAX_DICTIONARY)
        dictionary = zstandard.ZstdCompressionDict(data)
        return zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=MAX_WINDOW)
    except zstandard.ZstdError as e:
        raise BrokenMember(Reason.BAD_MEMBER, f"the dictionary cannot be used: {e}", 8) from e
