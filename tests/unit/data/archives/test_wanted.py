"""Wanted offsets are combined to ranges, and their records are read."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.core.config.plan import TransportConfig
from sluice.core.errors import RemoteError
from sluice.data import storage
from sluice.data.archives.reader import ArchiveRecord, Damage, read_archive
from sluice.data.archives.wanted import Span, WantedRecords, coalesce, read_wanted
from tests.helpers.archives import member, page, starts, warc_record

TIGHT = TransportConfig(merge_gap_bytes=10, chunk_bytes=1000)


def places(*pairs):
    return WantedRecords(np.array([o for o, _ in pairs], np.int64), np.array([n for _, n in pairs], np.int64))


# ranges


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], []),
        ([(7, 3)], [Span(7, 10, 0, 1)]),
        ([(0, 5), (5, 5)], [Span(0, 10, 0, 2)]),
        ([(0, 5), (15, 5)], [Span(0, 20, 0, 2)]),  # a gap of 10
        ([(0, 5), (16, 5)], [Span(0, 5, 0, 1), Span(16, 21, 1, 2)]),  # a gap of 11
        ([(0, 60), (60, 30), (90, 20)], [Span(0, 90, 0, 2), Span(90, 110, 2, 3)]),  # at most 100 bytes
        ([(0, 400), (400, 10)], [Span(0, 400, 0, 1), Span(400, 410, 1, 2)]),  # except one longer record
    ],
)
def test_neighbouring_records_share_a_range_up_to_a_maximum_gap_and_length(pairs, expected):
    assert coalesce(places(*pairs), 10, 100) == expected


@settings(derandomize=True, max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 400)), max_size=40), st.integers(0, 200), st.integers(1, 900)
)
def test_ranges_cover_every_wanted_byte_once_within_gap_and_length(steps, gap, longest):
    pairs, end = [], 0
    for skip, length in steps:
        pairs.append((end + skip, length))
        end += skip + length
    spans = coalesce(places(*pairs), gap, longest)
    assert [i for span in spans for i in range(span.first, span.last)] == list(range(len(pairs)))
    for span in spans:
        own = pairs[span.first : span.last]
        assert (span.start, span.stop) == (own[0][0], own[-1][0] + own[-1][1])
        assert len(own) == 1 or span.stop - span.start <= longest
        for (offset, length), (following, _) in itertools.pairwise(own):
            assert following - offset - length <= gap
    for one, other in itertools.pairwise(spans):
        assert one.stop <= other.start
        together = pairs[other.first][0] + pairs[other.first][1] - one.start
        assert other.start - one.stop > gap or together > longest  # no more ranges than needed


# records


def archive(*, is_gzip=True):
    records = [
        warc_record(b"software: hand\r\n", kind="warcinfo", url=None),
        page(b"<p>one</p>", url="http://one.test/"),
        warc_record(b"GET / HTTP/1.1\r\n\r\n", kind="request"),
        page(b"<p>two</p>" * 30, url="http://two.test/"),
        page(b"<p>three</p>", url="http://three.test/"),
    ]
    return [member(record) if is_gzip else record for record in records]


def is_page(record_type, content_type):
    return record_type == "response" and content_type == "text/html"


def at(tmp_path, data, wanted, transport=TIGHT):
    path = tmp_path / "a.warc.gz"
    path.write_bytes(data)
    reader = storage.open_ranges(str(path), transport)
    try:
        return list(read_wanted(reader, wanted, transport, is_wanted=is_page, max_bytes=1 << 20))
    finally:
        reader.close()


@pytest.mark.parametrize("is_gzip", [True, False])
@pytest.mark.parametrize("gap", [0, 1 << 20])
def test_records_at_wanted_offsets_equal_those_of_a_full_read(tmp_path, is_gzip, gap):
    parts = archive(is_gzip=is_gzip)
    offsets = starts(parts)
    found = at(
        tmp_path,
        b"".join(parts),
        places(*((offsets[i], len(parts[i])) for i in (1, 3, 4))),
        TransportConfig(merge_gap_bytes=gap),
    )
    with open(tmp_path / "a.warc.gz", "rb") as stream:
        scanned = list(read_archive(stream, offsets[-1], is_wanted=is_page, max_bytes=1 << 20))
    assert [r.url for r in found] == ["http://one.test/", "http://two.test/", "http://three.test/"]
    for record, number in zip(found, (1, 3, 4), strict=True):
        expected = scanned[number]
        assert (record.offset, record.length, record.payload, record.date, record.http_status) == (
            expected.offset,
            expected.length,
            expected.payload,
            expected.date,
            expected.http_status,
        )


def test_offsets_without_a_record_are_damage_and_reading_continues(tmp_path):
    parts = archive()
    offsets = starts(parts)
    size = offsets[-1]
    wanted = places(
        (offsets[1] + 3, 20),  # in the middle of a member
        (offsets[3], len(parts[3])),
        (size - 4, 9),  # at its last four bytes, and beyond
        (size + 1000, 50),
    )
    found = at(tmp_path, b"".join(parts), wanted)
    assert [(d.offset, d.length, getattr(d, "reason", None)) for d in found] == [
        (offsets[1] + 3, 20, "no_record"),
        (offsets[3], len(parts[3]), None),
        (size - 4, 9, "no_record"),
        (size + 1000, 50, "no_record"),
    ]
    assert found[3].detail == "the file ends before this offset"
    assert sum(item.length for item in found) == sum(wanted.lengths)


def test_a_member_without_a_record_is_damage(tmp_path):
    other = member(b"a page without any header of an archive")
    (found,) = at(tmp_path, other, places((0, len(other))))
    assert (found.offset, found.length, found.reason) == (0, len(other), "no_record")


def test_a_too_short_length_is_truncated_and_a_flipped_byte_is_bad_member(tmp_path):
    parts = archive()
    offsets = starts(parts)
    flipped = bytearray(parts[3])
    flipped[len(flipped) // 2 + 20] ^= 0xFF
    parts[3] = bytes(flipped)
    found = at(tmp_path, b"".join(parts), places((offsets[1], len(parts[1]) - 12), (offsets[3], len(parts[3]))))
    assert [type(item) for item in found] == [Damage, Damage]
    assert [(item.offset, item.length) for item in found] == [
        (offsets[1], len(parts[1]) - 12),
        (offsets[3], len(parts[3])),
    ]
    assert {item.reason for item in found} <= {"truncated", "bad_member"}


def test_a_too_long_length_returns_the_first_record_only(tmp_path):
    parts = archive()
    offsets = starts(parts)
    (found,) = at(tmp_path, b"".join(parts), places((offsets[3], len(parts[3]) + 30)))
    assert isinstance(found, ArchiveRecord)
    assert (found.url, found.offset) == ("http://two.test/", offsets[3])


def test_an_unreadable_range_loses_all_its_unread_records(tmp_path):
    parts = archive()
    offsets = starts(parts)
    data = b"".join(parts)

    class Failing:
        size = len(data)

        def read(self, start, stop):
            if start >= offsets[3]:
                raise RemoteError("Cannot read x: HTTP 503 at the last of 10 attempts.")
            return data[start:stop]

        def close(self):
            pass

    wanted = places(*((offsets[i], len(parts[i])) for i in (1, 3, 4)))
    transport = TransportConfig(merge_gap_bytes=0, chunk_bytes=100)
    found = list(read_wanted(Failing(), wanted, transport, is_wanted=is_page, max_bytes=100))
    assert [getattr(item, "reason", None) for item in found] == [None, "unreadable"]
    assert (found[1].offset, found[1].length) == (offsets[3], len(parts[3]) + len(parts[4]))
    assert "HTTP 503" in found[1].detail
    assert list(read_wanted(Failing(), places(), transport, is_wanted=is_page, max_bytes=100)) == []
