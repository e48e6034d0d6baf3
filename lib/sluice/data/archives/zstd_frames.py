"""zstd frames as members of an archive (RFC 8878; IIPC, Zstandard Compression for WARC Files 1.0).

Frames are walked block by block: so their ends are known exactly, and a piece of text is never more than 128 KiB, for
the decompressor itself neither reports how much it read nor keeps to a limit.
"""

import re

import zstandard

from sluice.core.reasons import Reason
from sluice.data.archives.members import LOOK_BACK, BrokenMember, MemberSource, check_for_bomb

MAGIC = b"\x28\xb5\x2f\xfd"
DICTIONARY_MAGIC = b"\x5d\x2a\x4d\x18"
MAX_DICTIONARY = 1 << 24
MAX_WINDOW = 1 << 27  # what `zstd` decodes unasked


class Zstd:
    """zstd frames, sound when they decode and, where the writer added one, their checksum is right.

    A dictionary frame at the beginning of the file serves all frames behind it; other skippable frames are passed over.
    """

    magic = re.compile(rb"\x28\xb5\x2f\xfd")

    def __init__(self, max_bytes: int) -> None:
        """A frame of more than `max_bytes` of text, and BOMB_RATIO times its size, is taken for a bomb."""
        self._max_bytes = max_bytes
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)

    def begins(self, head: bytes) -> bool:
        """Whether the first bytes are those of a zstd frame or a skippable one."""
        return begins_frame(head)

    def open(self, source: MemberSource, start: int) -> "ZstdFrame | SkippableFrame":
        """The frame at an offset."""
        head = bytes(source.view(start, 8, start))
        if is_skippable(head):
            if start == 0 and head.startswith(DICTIONARY_MAGIC):
                self._decompressor = load_dictionary(source, head)
            return SkippableFrame(source, start, head)
        return ZstdFrame(source, start, self._max_bytes, self._decompressor)

    def probe(self, source: MemberSource, start: int) -> bytes:
        """The text of the first block."""
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
        """Nothing; a length that leads to no other frame is not believed, lest it swallow records."""
        found = self._source.peek(self.end - 1, 9)  # its last byte, and what follows
        if not found or (len(found) > 1 and not begins_frame(found[1:])):
            raise BrokenMember(
                Reason.BAD_MEMBER, "a skippable frame does not end where another one begins", self.start + 8
            )
        return b""


class ZstdFrame:
    """A zstd frame while it is read, block by block: so its end is known, and no block is more than 128 KiB of text."""

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
        """The next block of text."""
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
        """RFC 8878 3.1.1.1: magic, descriptor, window, dictionary id, content size."""
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
    """Whether the first 8 bytes of something are those of a frame."""
    return head.startswith(MAGIC) or is_skippable(head)


def is_skippable(head: bytes) -> bool:
    """Whether a skippable frame (RFC 8878 3.1.2) begins there."""
    return head[1:4] == DICTIONARY_MAGIC[1:] and 0x50 <= head[0] <= 0x5F and len(head) >= 8


def load_dictionary(source: MemberSource, head: bytes) -> "zstandard.ZstdDecompressor":
    """A decompressor with the dictionary of the frame at the beginning of the file, which may itself be compressed."""
    size = int.from_bytes(head[4:8], "little")
    if size > MAX_DICTIONARY:
        raise BrokenMember(Reason.BAD_MEMBER, f"a dictionary of {size} bytes; at most {MAX_DICTIONARY} are taken", 8)
    data = bytes(source.view(8, size, 0))
    try:
        if data.startswith(MAGIC):
            with zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).stream_reader(data) as reader:
                data = reader.read(MAX_DICTIONARY)
        dictionary = zstandard.ZstdCompressionDict(data)
        return zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=MAX_WINDOW)
    except zstandard.ZstdError as e:
        raise BrokenMember(Reason.BAD_MEMBER, f"the dictionary cannot be used: {e}", 8) from e
