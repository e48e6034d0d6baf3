import gzip
import io
import random
import zlib

import brotli
import pytest
from archives import http_block, member, page, starts, warc_record
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from sluice.data.warc import ArchiveRecord, Damage, read_archive

BODIES = [b"<p>first</p>", b"<p>the second page</p>" * 9, b"<p>third, the longest</p>" * 30]
INFO = warc_record(b"software: hand\r\n", kind="warcinfo", url=None)
RECORDS = [INFO, *(page(body, url=f"http://example.test/{i}") for i, body in enumerate(BODIES))]
MEMBERS = [member(record) for record in RECORDS]
GZIPPED = b"".join(MEMBERS)
GZIP_STARTS = starts(MEMBERS)
PLAIN = b"".join(RECORDS)
PLAIN_STARTS = starts(RECORDS)


def is_html(kind, content_type):
    return kind == "response" and (content_type or "").startswith("text/html")


def read(data, max_bytes=1 << 20, is_wanted=is_html):
    return list(read_archive(io.BytesIO(data), len(data), is_wanted=is_wanted, max_bytes=max_bytes))


def places(items):
    return [(type(item).__name__, item.offset, item.length) for item in items]


def payload_of(body, max_bytes=1 << 20, **http):
    (record,) = read(page(body, **http), max_bytes)
    assert isinstance(record, ArchiveRecord)
    return record.payload, record.payload_error


def tiles(items, size):
    """Whether the stretches lie end to end from 0 to `size`."""
    position = 0
    for item in items:
        if item.offset != position:
            return False
        position += item.length
    return position == size


# sound files


@pytest.mark.parametrize(("data", "at"), [(GZIPPED, GZIP_STARTS), (PLAIN, PLAIN_STARTS)])
def test_a_sound_file_gives_every_record_at_its_place(data, at):
    items = read(data)
    assert places(items) == [("ArchiveRecord", at[i], at[i + 1] - at[i]) for i in range(4)]
    assert [item.ordinal for item in items] == [0, 1, 2, 3]
    assert [item.record_type for item in items] == ["warcinfo", "response", "response", "response"]
    assert [item.payload for item in items] == [None, *BODIES]
    assert [item.url for item in items] == [None, *(f"http://example.test/{i}" for i in range(3))]
    assert {item.date for item in items} == {"2024-01-02T03:04:05Z"}
    assert [item.http_status for item in items] == [None, "200 OK", "200 OK", "200 OK"]
    assert [item.content_type for item in items] == [None, "text/html", "text/html", "text/html"]


def test_only_wanted_payloads_are_read():
    data = page(b"x" * 50, content_type="image/png") + page(b"y" * 50)
    assert [item.payload for item in read(data)] == [None, b"y" * 50]


@pytest.mark.parametrize("compress", [True, False])
def test_what_warcio_writes_is_read(compress):
    stream = io.BytesIO()
    writer = WARCWriter(stream, gzip=compress)
    for i in range(3):
        headers = StatusAndHeaders("404 Not Found", [("Content-Type", "text/html; charset=gbk")], protocol="HTTP/1.1")
        writer.write_record(
            writer.create_warc_record(
                f"http://example.test/{i}", "response", payload=io.BytesIO(b"%d" % i * 100), http_headers=headers
            )
        )
    items = read(stream.getvalue())
    assert [item.payload for item in items] == [b"0" * 100, b"1" * 100, b"2" * 100]
    assert {(item.http_status, item.content_type) for item in items} == {("404 Not Found", "text/html; charset=gbk")}
    assert tiles(items, len(stream.getvalue()))


def arc(body):
    """An ARC file of version 1: its own header, then a URL record, each followed by an empty line."""
    text = b"1 0 test\nURL IP-address Archive-date Content-type Archive-length\n"
    head = b"filedesc://t.arc 0.0.0.0 20080430204825 text/plain %d\n" % len(text) + text + b"\n"
    block = http_block(body)
    return [head, b"http://example.test/a 127.0.0.1 20080430204826 text/html %d\n" % len(block) + block + b"\n"]


@pytest.mark.parametrize("compress", [True, False])
def test_an_arc_file_is_read_with_its_dates_as_in_warc(compress):
    parts = [member(part) for part in arc(b"<p>old</p>")] if compress else arc(b"<p>old</p>")
    data = b"".join(parts)
    items = read(data)
    assert [item.record_type for item in items] == ["warcinfo", "response"]
    assert (items[1].payload, items[1].url, items[1].date) == (
        b"<p>old</p>",
        "http://example.test/a",
        "2008-04-30T20:48:26Z",
    )
    assert [item.offset for item in items] == starts(parts)[:2]
    assert tiles(items, len(data))


@pytest.mark.parametrize("padding", [b"\r\n" * 5, b"\0" * 512])
def test_line_ends_and_zeros_after_the_last_record_are_no_damage(padding):
    items = read(PLAIN + padding)
    assert len(items) == 4
    assert tiles(items, len(PLAIN) + len(padding))


# files that are no archive


def test_an_empty_file_is_damage():
    assert read(b"") == [Damage(0, 0, "empty_file")]


@pytest.mark.parametrize("data", [b"<html>not an archive</html>", b"\0" * 100, b"PK\x03\x04zip", b"W"])
def test_a_file_of_another_format_is_one_damaged_stretch_that_shows_its_first_bytes(data):
    (item,) = read(data)
    assert places([item]) == [("Damage", 0, len(data))]
    assert item.reason == "unsupported_format"
    assert data[:4].hex(" ") in item.detail


def test_a_gzipped_file_of_another_format_is_damage():
    data = gzip.compress(b"<html>not an archive</html>")
    (item,) = read(data)
    assert (item.offset, item.length, item.reason) == (0, len(data), "bad_member")


def test_a_file_gzipped_as_a_whole_loses_no_byte_silently():
    data = gzip.compress(PLAIN)
    items = read(data)
    assert sum(item.length for item in items) == len(data)
    assert isinstance(items[-1], Damage)
    assert items[-1].reason == "bad_member"


# truncation


@pytest.mark.parametrize("cut", [len(MEMBERS[3]) - 40, len(MEMBERS[3]) - 8, len(MEMBERS[3]) - 1])
def test_a_cut_behind_the_headers_of_a_record_is_called_truncation(cut):
    assert [item.reason for item in read(GZIPPED[: GZIP_STARTS[3] + cut])[3:]] == ["truncated"]


@pytest.mark.parametrize("cut", [1, 9, 40, len(MEMBERS[3]) // 2, len(MEMBERS[3]) - 1])
def test_a_gzipped_file_cut_in_a_record_gives_those_before_and_one_damaged_stretch(cut):
    size = GZIP_STARTS[3] + cut
    items = read(GZIPPED[:size])
    assert [item.payload for item in items[:3]] == [None, *BODIES[:2]]
    assert tiles(items, size)
    assert places(items[3:]) == [("Damage", GZIP_STARTS[3], cut)]


@pytest.mark.parametrize("cut", [5, 12, 60])
def test_a_plain_file_cut_before_the_content_length_gives_those_before_and_one_damaged_stretch(cut):
    size = PLAIN_STARTS[3] + cut
    items = read(PLAIN[:size])
    assert [item.payload for item in items[:3]] == [None, *BODIES[:2]]
    assert tiles(items, size)
    assert [type(item) for item in items[3:]] == [Damage]
    assert items[3].length - cut in (0, 4)  # with or without the line ends before it


@pytest.mark.parametrize("cut", [150, 200, 300, len(RECORDS[3]) - 5])
def test_a_plain_file_cut_in_a_record_gives_those_before_and_one_truncated_stretch(cut):
    size = PLAIN_STARTS[3] + cut
    items = read(PLAIN[:size])
    assert [item.payload for item in items[:3]] == [None, *BODIES[:2]]
    assert places(items[3:]) == [("Damage", PLAIN_STARTS[3], cut)]
    assert items[3].reason == "truncated"


def test_a_file_cut_between_two_records_is_sound():
    assert [type(item) for item in read(GZIPPED[: GZIP_STARTS[2]])] == [ArchiveRecord] * 2
    assert [type(item) for item in read(PLAIN[: PLAIN_STARTS[2]])] == [ArchiveRecord] * 2


def test_a_member_cut_in_the_headers_of_its_record_is_no_empty_page():
    # up to its URI and no further, in a gzip member that has no end: there is no Content-Length to compare with
    whole = zlib.compressobj(wbits=31)
    begun = whole.compress(RECORDS[1].partition(b"Content-Length")[0]) + whole.flush(zlib.Z_SYNC_FLUSH)
    (item,) = read(MEMBERS[0] + begun)[1:]
    assert places([item]) == [("Damage", len(MEMBERS[0]), len(begun))]


def test_a_plain_record_without_content_length_is_damage_and_swallows_nothing_silently():
    data = RECORDS[1] + RECORDS[2].replace(b"Content-Length", b"X-Length") + RECORDS[3]
    items = read(data)
    assert [item.payload for item in items[:1]] == BODIES[:1]
    assert places(items[1:]) == [("Damage", len(RECORDS[1]), len(data) - len(RECORDS[1]))]
    assert "no Content-Length" in items[1].detail


# damage in the middle


@pytest.mark.parametrize("k", [0, 1, 2, 3])
def test_a_flipped_byte_in_a_member_costs_no_record_before_it(k):
    data = bytearray(GZIPPED)
    data[(GZIP_STARTS[k] + GZIP_STARTS[k + 1]) // 2] ^= 0xFF
    items = read(bytes(data))
    assert [item.payload for item in items[:k]] == [None, *BODIES][:k]
    assert tiles(items, len(data))
    assert {type(item) for item in items[k:]} == {Damage}


def test_a_wrong_checksum_is_damage_even_when_it_is_read_after_the_record():
    # warcio reads 16 KiB at a time. A member whose checksum begins a new block has given all its text by then.
    letters = random.Random(0).choices(b"abcdefghijklmnopqrstuvwxyz0123456789", k=26000)
    lengths = (member(page(bytes(letters[:n]))) for n in range(24000, 26000))
    first = next(whole for whole in lengths if 16389 <= len(whole) <= 16392)
    data = bytearray(first + MEMBERS[1])
    assert len(read(bytes(data))) == 2
    data[len(first) - 5] ^= 1  # the last byte of the CRC
    (item,) = read(bytes(data))
    assert places([item]) == [("Damage", 0, len(data))]


@pytest.mark.parametrize("junk", [b"junk between", b"\x1f\x8b\x08\0broken", b"\0" * 300, b"WARC/"])
def test_junk_between_members_costs_no_record_before_it(junk):
    data = GZIPPED[: GZIP_STARTS[2]] + junk + GZIPPED[GZIP_STARTS[2] :]
    items = read(data)
    assert [item.payload for item in items[:2]] == [None, BODIES[0]]
    assert tiles(items, len(data))
    assert any(isinstance(item, Damage) for item in items)


def test_a_content_length_that_is_too_short_is_damage_and_the_next_record_is_read():
    bad = page(b"<p>0123456789</p>" + b"\n" + b"the rest", length=len(http_block(b"<p>0123")))
    data = RECORDS[1] + bad + RECORDS[2]
    items = read(data)
    assert items[0].payload == BODIES[0]
    assert (items[1].offset, items[1].reason) == (len(RECORDS[1]), "content_length")
    assert tiles(items, len(data))
    assert not any(isinstance(item, ArchiveRecord) and (item.payload or b"").startswith(b"<p>0123") for item in items)


def test_a_content_length_that_is_too_long_is_truncation():
    data = RECORDS[1] + page(b"<p>short</p>", length=5000)
    items = read(data)
    assert items[0].payload == BODIES[0]
    assert places(items[1:]) == [("Damage", len(RECORDS[1]), len(data) - len(RECORDS[1]))]
    assert items[1].reason == "truncated"


@pytest.mark.parametrize("length", ["-5", "many", "9" * 30])
def test_a_content_length_that_is_no_length_is_damage(length):
    data = RECORDS[1] + page(b"<p>odd</p>", length=length)
    items = read(data)
    assert items[0].payload == BODIES[0]
    assert tiles(items, len(data))
    assert any(isinstance(item, Damage) for item in items[1:])


# payloads


def chunked(*parts):
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def raw_deflate(data):
    whole = zlib.compressobj(wbits=-15)
    return whole.compress(data) + whole.flush()


BODY = "<p>你好 world</p>".encode() * 40


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Content-Encoding: gzip"], gzip.compress(BODY)),
        (["Content-Encoding: GZIP"], gzip.compress(BODY)),
        (["Content-Encoding: x-gzip"], gzip.compress(BODY)),
        (["Content-Encoding: deflate"], zlib.compress(BODY)),
        (["Content-Encoding: deflate"], raw_deflate(BODY)),
        (["Content-Encoding: br"], brotli.compress(BODY)),
        (["Content-Encoding: identity"], BODY),
        (["Transfer-Encoding: chunked"], chunked(BODY[:7], BODY[7:8], BODY[8:])),
        (["Transfer-Encoding: chunked", "Content-Encoding: gzip"], chunked(gzip.compress(BODY))),
        (["Transfer-Encoding: chunked", "Content-Encoding: br"], chunked(brotli.compress(BODY))),
        (["Content-Encoding: gzip"], BODY),  # already undone by the crawler, the header left as it was
        (["Transfer-Encoding: chunked"], BODY),
    ],
)
def test_transfer_and_content_encodings_are_undone(headers, body):
    assert payload_of(body, headers=headers) == (BODY, None)


@pytest.mark.parametrize("headers", [[], ["Content-Encoding: gzip"], ["Transfer-Encoding: chunked"]])
def test_a_payload_over_the_cap_is_cut_one_byte_after_it(headers):
    body = BODY if not headers else gzip.compress(BODY) if "gzip" in headers[0] else chunked(BODY)
    assert payload_of(body, max_bytes=100, headers=headers)[0] == BODY[:101]


def test_a_payload_of_exactly_the_cap_is_whole():
    assert payload_of(BODY, max_bytes=len(BODY))[0] == BODY


def test_a_record_after_a_cut_payload_is_read_whole():
    data = member(page(b"x" * 300_000)) + MEMBERS[2]
    first, second = read(data, max_bytes=1000)
    assert len(first.payload) == 1001
    assert second.payload == BODIES[1][:1001]


def test_an_empty_body_is_an_empty_payload():
    assert payload_of(b"") == (b"", None)


def test_a_huge_payload_costs_no_more_memory_than_the_cap():
    import tracemalloc

    data = member(page(b"a" * 150_000_000))
    tracemalloc.start()
    (record,) = read(data, max_bytes=1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # one 16 KiB block of gzip inflates at most 1032 times, to 17 MB, and is copied on the way
    assert len(record.payload) == 1001
    assert peak < 100_000_000


# any damage at all


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.sampled_from([GZIPPED, PLAIN]), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_any_one_changed_byte_raises_nothing_and_every_byte_is_accounted_for(data, where, flip):
    damaged = bytearray(data)
    damaged[int(where * len(data))] ^= flip
    assert tiles(read(bytes(damaged)), len(data))


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_a_changed_byte_never_changes_a_payload_of_a_gzipped_file(where, flip):
    damaged = bytearray(GZIPPED)
    damaged[int(where * len(GZIPPED))] ^= flip
    sound = {(item.offset, item.payload) for item in read(GZIPPED)}
    assert {(item.offset, item.payload) for item in read(bytes(damaged)) if isinstance(item, ArchiveRecord)} <= sound


@pytest.mark.parametrize("data", [GZIPPED, PLAIN], ids=["gzipped", "plain"])
def test_a_cut_anywhere_raises_nothing_and_delivers_no_part_of_a_record(data):
    sound = {(item.offset, item.payload) for item in read(data)}
    for size in range(len(data)):
        items = read(data[:size])
        assert tiles(items, size), size
        assert {(item.offset, item.payload) for item in items if isinstance(item, ArchiveRecord)} <= sound, size


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.sampled_from([b"WARC/1.0\r\n", b"\x1f\x8b\x08\0", b"filedesc://", b""]), st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_and_are_accounted_for(head, tail):
    assert tiles(read(head + tail), len(head + tail))


@pytest.mark.parametrize("at", [1, GZIP_STARTS[2], len(GZIPPED) - 20])
def test_a_failing_storage_is_an_error_and_never_damage(at):
    class Breaking(io.BytesIO):
        def read(self, n=-1):
            if self.tell() >= at:
                raise OSError("connection reset")
            return super().read(min(n, at - self.tell()) if self.tell() or n != 12 else n)

    with pytest.raises(OSError, match="connection reset"):
        list(read_archive(Breaking(GZIPPED), len(GZIPPED), is_wanted=is_html, max_bytes=1000))


def test_reading_twice_gives_the_same():
    assert read(GZIPPED) == read(GZIPPED)


def test_every_odd_archive_of_the_collection_is_read_and_accounted_for(shared_data):
    folder = shared_data / "warc-edge"
    if not folder.is_dir():
        pytest.skip("shared data has no warc-edge folder")
    files = sorted(path for path in folder.iterdir() if path.suffix != ".jsonl")
    records = 0
    for path in files:
        data = path.read_bytes()
        items = read(data)
        assert tiles(items, len(data)), path.name
        records += sum(isinstance(item, ArchiveRecord) for item in items)
    assert len(files) > 150
    assert records > 500
