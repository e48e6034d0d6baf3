"""Reads records at known offsets of an archive; neighbouring records are fetched in one range.

Memory: two ranges, one being parsed and one being fetched, each of at most `chunk_bytes` or one record.
"""

import contextlib
import io
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from sluice.core.config.plan import TransportConfig
from sluice.core.errors import RemoteError
from sluice.core.reasons import Reason
from sluice.data.archives import zstd_frames
from sluice.data.archives.head import begins_record
from sluice.data.archives.items import IsWanted
from sluice.data.archives.members import GZIP_MAGIC
from sluice.data.archives.reader import ArchiveRecord, Damage, read_archive
from sluice.data.storage.ranges import RangeReader

Numbers = NDArray[np.int64]

NO_RECORD = Reason.NO_RECORD
"""Damage: no record begins at an offset given by the index."""
HEAD_BYTES = 4096
FIRST_BYTES = 256  # of text; reading more could hit damage inside the record, which does not mean a wrong offset


@dataclass(frozen=True, slots=True, eq=False)
class WantedRecords:
    """The wanted records of one archive: ascending offsets, lengths in bytes, no overlaps; 16 bytes per record."""

    offsets: Numbers
    lengths: Numbers

    def __len__(self) -> int:
        return len(self.offsets)


@dataclass(frozen=True, slots=True)
class Span:
    """A byte range [start, stop) of a file that contains the wanted records `first` to `last - 1`."""

    start: int
    stop: int
    first: int
    last: int


def coalesce(wanted: WantedRecords, gap_bytes: int, max_bytes: int) -> list[Span]:
    """Groups wanted records into ranges; neighbours at most `gap_bytes` apart share a range.

    No range is longer than `max_bytes`, except for a single longer record.
    """
    spans: list[Span] = []
    ends = wanted.offsets + wanted.lengths
    gaps = np.flatnonzero(wanted.offsets[1:] - ends[:-1] > gap_bytes) + 1
    first = 0
    for last in [*gaps.tolist(), len(wanted)]:
        while first < last:  # a group without large gaps, divided if it is too long
            start = int(wanted.offsets[first])
            fitting = int(np.searchsorted(ends[first:last], start + max_bytes, "right"))
            until = first + max(1, fitting)
            spans.append(Span(start, int(ends[until - 1]), first, until))
            first = until
    return spans


def read_wanted(
    reader: RangeReader,
    wanted: WantedRecords,
    transport: TransportConfig,
    *,
    is_wanted: IsWanted,
    max_bytes: int,
    check_digests: bool = False,
) -> Iterator[ArchiveRecord | Damage]:
    """Yields, for each wanted location in order, its record as `read_archive` would return it, or damage.

    Ordinals count the wanted records. Damage has the wanted length, so that all lengths add up to the sum of
    `wanted.lengths`. If a range remains unreadable, everything not read yet is reported as one damage, `unreadable`.
    """
    place = 0
    try:
        for span, data in _iter_ranges(reader, coalesce(wanted, transport.merge_gap_bytes, transport.chunk_bytes)):
            for place in range(span.first, span.last):
                offset, length = int(wanted.offsets[place]), int(wanted.lengths[place])
                part = data[offset - span.start : offset - span.start + length]
                item = _record_in(part, length, is_wanted, max_bytes, check_digests)
                yield (
                    replace(item, offset=offset, ordinal=place)
                    if isinstance(item, ArchiveRecord)
                    else replace(item, offset=offset)
                )
            place = span.last
    except RemoteError as e:
        yield Damage(int(wanted.offsets[place]), int(wanted.lengths[place:].sum()), Reason.UNREADABLE, str(e))


def _iter_ranges(reader: RangeReader, spans: list[Span]) -> Iterator[tuple[Span, bytes]]:
    """Yields each span with its bytes, while the next one is being fetched."""
    with contextlib.ExitStack() as stack:
        pool = ThreadPoolExecutor(1, "range-ahead")
        stack.callback(pool.shutdown, cancel_futures=True)
        ahead = pool.submit(reader.read, spans[0].start, spans[0].stop) if spans else None
        for i, span in enumerate(spans):
            assert ahead is not None
            data = ahead.result()
            following = spans[i + 1 : i + 2]
            ahead = pool.submit(reader.read, following[0].start, following[0].stop) if following else None
            yield span, data


def _record_in(
    part: bytes, length: int, is_wanted: IsWanted, max_bytes: int, check_digests: bool
) -> ArchiveRecord | Damage:
    """Reads the record at the beginning of `part`, which should be `length` bytes long. Offsets are relative to it."""
    if not part:
        return Damage(0, length, NO_RECORD, "the file ends before this offset")
    if not _begins_record(part):
        return Damage(0, length, NO_RECORD, f"the bytes there begin with {part[:4].hex(' ')}")
    item = next(
        read_archive(io.BytesIO(part), length, is_wanted=is_wanted, max_bytes=max_bytes, check_digests=check_digests)
    )
    if isinstance(item, ArchiveRecord):
        return replace(item, length=length)
    detail = item.detail if isinstance(item, Damage) else f"only {item.kind}"
    return Damage(0, length, item.reason if isinstance(item, Damage) else NO_RECORD, detail)


def _begins_record(part: bytes) -> bool:
    """Whether the bytes begin with a record header, or with a gzip member that does."""
    if part.startswith(zstd_frames.MAGIC):
        return True  # `read_archive` checks the content
    head = part[:HEAD_BYTES]
    if part.startswith(GZIP_MAGIC):
        try:
            head = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, FIRST_BYTES)
        except zlib.error:
            return False
    return begins_record(head)
