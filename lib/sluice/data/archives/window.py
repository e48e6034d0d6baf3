"""The text of an archive through a forward-moving window: a plain file or the content of compressed members."""

import re
from collections.abc import Callable

from sluice.data.archives.members import READ_BYTES, Codec, Member, MemberSource

Place = tuple[int, int]


class Text:
    """Text that is read in pieces. `data[at:]` is buffered; `offset` counts from the beginning of the text."""

    is_plain = False

    def __init__(self, more: Callable[[], bytes]) -> None:
        self._more = more
        self._forgotten = 0
        self.data = b""
        self.at = 0
        self.is_over = False

    @property
    def offset(self) -> int:
        """Offset of the byte at `at`."""
        return self._forgotten + self.at

    @property
    def is_done(self) -> bool:
        """Whether `at` is the end of the text; False as long as that is unknown."""
        return self.is_over and self.at >= len(self.data)

    def need(self, count: int) -> int:
        """Buffers `count` bytes, or fewer at the end of the text, and returns their number. Drops bytes before `at`."""
        have = len(self.data) - self.at
        if have >= count or self.is_over:
            return have
        parts = [self.data[self.at :]] if have else []
        while have < count:
            piece = self._more()
            if not piece:
                self.is_over = True
                break
            parts.append(piece)
            have += len(piece)
        self._forgotten += self.at
        self.at = 0
        self.data = b"".join(parts)  # joining a single part does not copy
        return have

    def need_across(self, count: int) -> int:
        """Like `need`, but also reads from the next member if a record continues there."""
        return self.need(count)

    def skip(self, count: int) -> int:
        """Moves forward by `count` bytes, or to the end of the text. Returns the number of bytes skipped."""
        left = count
        while left:
            step = min(left, self.need_across(1))
            if not step:
                break
            self.at += step
            left -= step
        return count - left

    def search(self, pattern: re.Pattern[bytes], keep: int) -> bool:
        """Moves to the next match, or to the end. Keeps `keep` bytes for a match that is still incomplete."""
        while True:
            if match := pattern.search(self.data, self.at):
                self.at = match.start()
                return True
            self.at = max(self.at, len(self.data) - keep)
            if self.is_over or self.need(keep + 1) <= keep:
                self.at = len(self.data)
                return False

    def place(self, start: int) -> Place:
        """Offset and length, in the file, of the text from offset `start` to `at`."""
        raise NotImplementedError


class PlainText(Text):
    """The text of an uncompressed file."""

    is_plain = True

    def __init__(self, source: MemberSource, size: int) -> None:
        super().__init__(self._read)
        self._source, self.size = source, size
        self._end = 0

    def _read(self) -> bytes:
        part = bytes(self._source.part(self._end, READ_BYTES, self._end))
        self._end += len(part)
        return part

    def peek(self, offset: int, count: int) -> bytes:
        """Reads bytes far ahead without moving the window."""
        return self._source.peek(offset, count)

    def place(self, start: int) -> Place:
        """Offset and length; text and file offsets are the same."""
        return start, self.offset - start


class MemberText(Text):
    """The text of a member.

    All its records have the member's offset, where decompression must start; the last one has the member's length. A
    record that is incomplete at the end continues in the next member, unless that member begins with a record.
    """

    def __init__(self, source: MemberSource, codec: Codec, member: Member, is_record: Callable[[bytes], bool]) -> None:
        super().__init__(member.read)
        self._source, self._codec, self._member, self._is_record = source, codec, member, is_record
        self._start = member.start

    @property
    def end(self) -> int:
        """Offset of the first byte of the file that has not been decompressed."""
        return self._member.end

    def need_across(self, count: int) -> int:
        """Like `need`, but also reads from the next members."""
        while (have := self.need(count)) < count and self._join():
            pass
        return have

    def _join(self) -> bool:
        begin = self._codec.probe(self._source, self._member.end)
        if not begin or self._is_record(begin):
            return False
        self._member = self._codec.open(self._source, self._member.end)
        self._more = self._member.read
        self.is_over = False
        return True

    def place(self, start: int) -> Place:
        """Offset of the member; its length for the last record in it, otherwise 0."""
        return self._start, self._member.end - self._start if self.is_done else 0
