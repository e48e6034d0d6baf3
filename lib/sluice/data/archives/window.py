"""The text of an archive through a window that moves forward: a plain file, or what a compressed member holds."""

import re
from collections.abc import Callable

from sluice.data.archives.members import READ_BYTES, Codec, Member, MemberSource

Place = tuple[int, int]


class Text:
    """Text that comes in pieces. `data[at:]` is in memory; `offset` counts from the beginning of the text."""

    is_plain = False

    def __init__(self, more: Callable[[], bytes]) -> None:
        self._more = more
        self._forgotten = 0
        self.data = b""
        self.at = 0
        self.is_over = False

    @property
    def offset(self) -> int:
        """Where `at` is."""
        return self._forgotten + self.at

    @property
    def is_done(self) -> bool:
        """Whether nothing follows `at`; False as long as that is not known."""
        return self.is_over and self.at >= len(self.data)

    def need(self, count: int) -> int:
        """Reads until `count` bytes are in memory, or the text ends; returns their number. Drops bytes before `at`."""
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
        self.data = b"".join(parts)  # of one part: that part, no copy
        return have

    def need_across(self, count: int) -> int:
        """The same, also from the next member if a record continues there."""
        return self.need(count)

    def skip(self, count: int) -> int:
        """Moves forward; by less only when the text ends. Returns by how many bytes."""
        left = count
        while left:
            step = min(left, self.need_across(1))
            if not step:
                break
            self.at += step
            left -= step
        return count - left

    def search(self, pattern: re.Pattern[bytes], keep: int) -> bool:
        """Moves to the next match, or to the end; leaves `keep` bytes for a match that is not yet whole."""
        while True:
            if match := pattern.search(self.data, self.at):
                self.at = match.start()
                return True
            self.at = max(self.at, len(self.data) - keep)
            if self.is_over or self.need(keep + 1) <= keep:
                self.at = len(self.data)
                return False

    def place(self, start: int) -> Place:
        """Offset and length in the file of what lies between a place in the text and `at`."""
        raise NotImplementedError


class PlainText(Text):
    """A file that is not compressed."""

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
        """Bytes far ahead, without moving there."""
        return self._source.peek(offset, count)

    def place(self, start: int) -> Place:
        """As it is."""
        return start, self.offset - start


class MemberText(Text):
    """The text of a member. All its records have its offset, where one must begin to inflate; the last has its length.

    A record that is not whole at the end continues in the next member, unless that begins with a record itself.
    """

    def __init__(self, source: MemberSource, codec: Codec, member: Member, is_record: Callable[[bytes], bool]) -> None:
        super().__init__(member.read)
        self._source, self._codec, self._member, self._is_record = source, codec, member, is_record
        self._start = member.start

    @property
    def end(self) -> int:
        """Offset of the first byte of the file that has not been inflated."""
        return self._member.end

    def need_across(self, count: int) -> int:
        """From the next members too."""
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
        """Length of the member for the last of its records, else of its beginning."""
        return self._start, self._member.end - self._start if self.is_done else 0
