"""Reads every record of a web archive with its exact location, and reports all other bytes: WARC, WET, WAT, ARC.

Files may be plain, or gzip- or zstd-compressed, per record or as a whole. After damage, the reader continues at the
next record, so one changed byte costs one record. Truncation, bytes between records, a wrong Content-Length and a
damaged member, which warcio and FastWARC do not report, are returned as values. Neither library is used for reading:
warcio stops at the first damage and reports no lengths, FastWARC does not support ARC. warcio is used to write
(`scripts/data/make_sample.py`, tests) and as the reference in tests and `scripts/bench/archives.py`.

Limits: a file cut between two records looks complete if `size` is the length of the remaining part. In plain files
and zstd frames without checksum, a changed byte inside a block is detected only by the record's digest, if requested.
If several records share a member, those before the point where damage is detected have already been yielded, and the
last of them may already be wrong.
"""

import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from sluice.core.reasons import Reason
from sluice.data.archives.head import begins_record
from sluice.data.archives.items import ArchiveRecord, Damage, Filler, IsWanted, Item
from sluice.data.archives.members import NOT_BLANK, BrokenMember, Codec, Gzip, MemberSource, find_member, search_start
from sluice.data.archives.records import MAX_AHEAD, RecordReader
from sluice.data.archives.window import MemberText, PlainText
from sluice.data.archives.zstd_frames import Zstd

__all__ = ["ArchiveRecord", "Damage", "Filler", "Item", "read_archive"]

HEAD_BYTES = 1 << 20
INFLATED_PAGES = 64
"""A member may be a bomb (`members.check_for_bomb`) if it exceeds this multiple of `max_bytes` and MIN_INFLATED."""
MIN_INFLATED = 1 << 26
FOREIGN = {b"BZh": "bzip2", b"\x04\x22\x4d\x18": "lz4", b"PK\x03\x04": "zip", b"\xfd7zXZ": "xz"}


def read_archive(
    stream: BinaryIO,
    size: int,
    *,
    is_wanted: IsWanted,
    max_bytes: int,
    wanted: Sequence[int] | None = None,
    check_digests: bool = False,
) -> Iterator[Item]:
    """Yields all records in order, unreadable ranges, and filler; their lengths add up to `size`.

    `stream` must be at its beginning; `size` is the expected length of the file in bytes. `is_wanted(record_type,
    content_type)` decides whose payloads are read, up to `max_bytes` each. `wanted` (sorted) restricts reading to
    records at these offsets: others are only counted, and an offset without a record yields Damage of length 0.
    `check_digests` turns records with a wrong digest into damage, except those too large for memory. Errors of the
    stream propagate.
    """
    reader = RecordReader(is_wanted=is_wanted, max_bytes=max_bytes, wanted=wanted, check_digests=check_digests)
    source = MemberSource(stream, size)
    items = _read(source, size, reader, max(INFLATED_PAGES * max_bytes, MIN_INFLATED))
    yield from items if wanted is None else _with_misses(items, wanted)


def _read(source: MemberSource, size: int, reader: RecordReader, max_inflated: int) -> Iterator[Item]:
    if size == 0:
        yield Damage(0, 0, Reason.EMPTY_FILE)
        return
    head = bytes(source.part(0, MAX_AHEAD, 0))
    codecs: list[Codec] = [Gzip(max_inflated), Zstd(max_inflated)]
    codec = next((codec for codec in codecs if codec.begins(head)), None)
    is_plain = codec is None and begins_record(head)
    name = next((name for magic, name in FOREIGN.items() if head.startswith(magic)), None)
    if codec is None and not is_plain and name is None:  # the damage may be at the beginning
        head = bytes(source.view(0, HEAD_BYTES, 0))
        is_plain = reader.holds_record(head)
        codec = None if is_plain else next((codec for codec in codecs if _holds_member(head, codec)), None)
    if codec:
        yield from _read_members(source, codec, reader)
    elif is_plain:
        yield from reader.read(PlainText(source, size))
    elif head:
        what = f"the file is {name}" if name else f"the file begins with {head[:4].hex(' ')}"
        length = size if source.end >= min(size, HEAD_BYTES) else source.end
        yield Damage(0, length, Reason.UNSUPPORTED_FORMAT, f"{what}; expected WARC or ARC, plain, gzip or zstd")
        if length == size:
            return
    if source.end < size:
        yield Damage(source.end, size - source.end, Reason.TRUNCATED, f"the file ends at {source.end} of {size} bytes")


def _holds_member(head: bytes, codec: Codec) -> bool:
    return find_member(MemberSource(io.BytesIO(head), len(head)), codec, 0, begins_record) is not None


def _read_members(source: MemberSource, codec: Codec, reader: RecordReader) -> Iterator[Item]:
    """Reads all members. After damage, continues at the next one whose text begins with a record."""
    at = 0
    while head := bytes(source.view(at, 8, at)):
        if not codec.begins(head):
            begin = source.search(NOT_BLANK, at)
            if begin is None:
                yield Filler(at, source.end - at, "padding")
                return
            found = find_member(source, codec, begin, begins_record)
            stop = source.end if found is None else found
            yield Damage(at, stop - at, Reason.GAP, f"{head[:4].hex(' ')} does not begin a member")
        else:
            try:
                member = codec.open(source, at)
                text = MemberText(source, codec, member, begins_record)
                yield from reader.read(text)
                stop = text.end
                if text.offset == 0:
                    yield Filler(at, stop - at, member.kind)
            except BrokenMember as e:
                found = find_member(source, codec, search_start(source, at, e.end), begins_record)
                stop = source.end if found is None else found
                reason = Reason.BAD_MEMBER if e.reason == Reason.TRUNCATED and found is not None else e.reason
                yield Damage(at, stop - at, reason, str(e))
        at = stop


def _with_misses(items: Iterator[Item], wanted: Sequence[int]) -> Iterator[Item]:
    """Yields the items and, before each record, the wanted offsets that were skipped because no record begins there."""
    left = iter(wanted)
    offset = next(left, None)
    for item in items:
        while isinstance(item, ArchiveRecord) and offset is not None and offset <= item.offset:
            if offset < item.offset:
                yield _miss(offset)
            offset = next(left, None)
        yield item
    while offset is not None:
        yield _miss(offset)
        offset = next(left, None)


def _miss(offset: int) -> Damage:
    return Damage(offset, 0, Reason.NO_RECORD, "no record begins at this offset, which the index names")
