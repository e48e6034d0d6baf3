import gzip
import io

import pytest
import zstandard
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from sluice.data.archives.reader import ArchiveRecord, Damage, Filler, read_archive
from tests.helpers.archives import (
    chunked,
    http_block,
    member,
    page,
    skippable_frame,
    starts,
    tiles,
    warc_record,
    zstd_frame,
)

BODIES = [b"<p>first</p>", b"<p>the second page</p>" * 9, b"<p>third, the longest</p>" * 30]
INFO = warc_record(b"software: hand\r\n", kind="warcinfo", url=None)
RECORDS = [INFO, *(page(body, url=f"http://example.test/{i}") for i, body in enumerate(BODIES))]
MEMBERS = [member(record) for record in RECORDS]
GZIPPED = b"".join(MEMBERS)
GZIP_STARTS = starts(MEMBERS)
FRAMES = [zstd_frame(record) for record in RECORDS]
PLAIN = b"".join(RECORDS)
PLAIN_STARTS = starts(RECORDS)


def is_html(kind, content_type):
    return kind == "response" and (content_type or "").startswith("text/html")


def read(data, max_bytes=1 << 20, size=None, **options):
    options.setdefault("is_wanted", is_html)
    return list(read_archive(io.BytesIO(data), len(data) if size is None else size, max_bytes=max_bytes, **options))


def places(items):
    return [(type(item).__name__, item.offset, item.length) for item in items]


# undamaged files


@pytest.mark.parametrize(
    ("data", "at"), [(GZIPPED, GZIP_STARTS), (PLAIN, PLAIN_STARTS), (b"".join(FRAMES), starts(FRAMES))]
)
def test_an_undamaged_file_returns_every_record_with_its_offset(data, at):
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
def test_archives_written_by_warcio_are_read(compress):
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


def test_line_ends_after_the_last_record_belong_to_it():
    items = read(PLAIN + b"\r\n" * 5)
    assert len(items) == 4
    assert tiles(items, len(PLAIN) + 10)


@pytest.mark.parametrize("data", [PLAIN, GZIPPED, b"".join(FRAMES)])
def test_zeros_after_the_last_record_are_filler_not_damage(data):
    items = read(data + b"\0" * 512)
    assert [type(item) for item in items[:4]] == [ArchiveRecord] * 4
    assert items[4:] == [Filler(len(data), 512, "padding")]


@pytest.mark.parametrize("compress", [member, zstd_frame])
def test_an_empty_member_is_filler_not_damage(compress):
    parts = [compress(RECORDS[1]), compress(b""), compress(RECORDS[2])]
    items = read(b"".join(parts))
    assert [type(item) for item in items] == [ArchiveRecord, Filler, ArchiveRecord]
    assert items[1] == Filler(len(parts[0]), len(parts[1]), "empty_member")
    assert [item.ordinal for item in items if isinstance(item, ArchiveRecord)] == [0, 1]


@pytest.mark.parametrize("compress", [member, zstd_frame])
def test_records_that_share_a_member_have_its_offset_and_the_last_has_its_length(compress):
    parts = [compress(RECORDS[0]), compress(b"".join(RECORDS[1:3])), compress(RECORDS[3])]
    at = starts(parts)
    items = read(b"".join(parts))
    assert [(item.offset, item.length) for item in items] == [
        (0, at[1]),
        (at[1], 0),
        (at[1], len(parts[1])),
        (at[2], len(parts[2])),
    ]
    assert [item.payload for item in items] == [None, *BODIES]


def test_a_file_of_one_gzip_member_returns_every_record():
    data = gzip.compress(PLAIN)
    items = read(data)
    assert [item.payload for item in items] == [None, *BODIES]
    assert [item.ordinal for item in items] == [0, 1, 2, 3]
    assert tiles(items, len(data))


@pytest.mark.parametrize("compress", [member, zstd_frame])
@pytest.mark.parametrize("cut", [40, 60, 200, 500])
def test_a_record_that_continues_in_the_next_member_is_one_record(compress, cut):
    parts = [compress(RECORDS[1]), compress(RECORDS[3][:cut]), compress(RECORDS[3][cut:]), compress(RECORDS[2])]
    at = starts(parts)
    items = read(b"".join(parts))
    assert [item.payload for item in items] == [BODIES[0], BODIES[2], BODIES[1]]
    assert (items[1].offset, items[1].length) == (at[1], at[3] - at[1])


@pytest.mark.parametrize("is_compressed", [False, True])
def test_a_zstd_dictionary_at_the_start_applies_to_all_frames(is_compressed):
    samples = [page(b"<p>%d</p>" % i * 40, url=f"http://example.test/{i}") for i in range(400)]
    dictionary = zstandard.train_dictionary(2000, samples)
    frames = [zstd_frame(record, dictionary) for record in RECORDS]
    content = dictionary.as_bytes()
    front = skippable_frame(zstandard.compress(content) if is_compressed else content)
    extension = skippable_frame(b"anything", b"\x50\x2a\x4d\x18")
    items = read(front + frames[0] + extension + b"".join(frames[1:]))
    assert items[0] == Filler(0, len(front), "dictionary")
    assert items[2] == Filler(len(front) + len(frames[0]), 16, "skippable_frame")
    assert [item.payload for item in items if isinstance(item, ArchiveRecord)] == [None, *BODIES]
    assert tiles(items, len(front + extension) + sum(map(len, frames)))


def test_the_texts_of_wet_files_are_returned():
    text = "第一行\nsecond line\n".encode()
    record = warc_record(text, kind="conversion", headers=["Content-Type: text/plain"])
    (item,) = read(member(record), is_wanted=lambda kind, _: kind == "conversion")
    assert (item.payload, item.content_type, item.http_status) == (text, "text/plain", None)


def test_unusual_header_lines_are_read():
    odd = (
        b"warc/1.1\r\nwarc-TYPE : Response\r\nWARC-Target-URI: <http://example.test/\xc3\xa9>\r\n"
        b"WARC-Date: 2024-01-02\r\n\tT03:04:05Z\r\nWARC-Date: 1999\r\ncontent-length:%d\r\n\r\n"
    )
    block = http_block(b"<p>odd</p>")
    (item,) = read(odd % len(block) + block + b"\r\n\r\n")
    assert (item.record_type, item.url, item.date) == ("response", "http://example.test/é", "2024-01-02 T03:04:05Z")
    assert item.payload == b"<p>odd</p>"


def test_a_header_with_bare_line_feeds_is_read():
    block = http_block(b"<p>a</p>")
    data = b"WARC/1.0\nWARC-Type: response\nContent-Length: %d\n\n%s\n\n" % (len(block), block) + RECORDS[2]
    assert [item.payload for item in read(data)] == [b"<p>a</p>", BODIES[1]]


def test_a_record_without_content_length_ends_with_its_member():
    record = RECORDS[1].replace(b"Content-Length", b"X-Length")
    items = read(member(record) + MEMBERS[2])
    assert [item.payload for item in items] == BODIES[:2]


# selection by offset


def test_only_records_at_wanted_offsets_are_selected_and_all_are_counted():
    items = read(GZIPPED, wanted=[GZIP_STARTS[2]])
    assert [item.is_selected for item in items] == [False, False, True, False]
    assert [item.payload for item in items] == [None, None, BODIES[1], None]
    assert [item.ordinal for item in items] == [0, 1, 2, 3]
    assert tiles(items, len(GZIPPED))


def test_a_wanted_offset_without_record_is_reported():
    wanted = [GZIP_STARTS[1], GZIP_STARTS[1] + 5, GZIP_STARTS[3], len(GZIPPED) + 7]
    items = read(GZIPPED, wanted=wanted)
    missed = [item for item in items if isinstance(item, Damage)]
    assert [(item.offset, item.length, item.reason) for item in missed] == [
        (GZIP_STARTS[1] + 5, 0, "no_record"),
        (len(GZIPPED) + 7, 0, "no_record"),
    ]
    assert [item.payload for item in items if isinstance(item, ArchiveRecord)] == [None, BODIES[0], None, BODIES[2]]


def test_an_empty_list_of_offsets_selects_no_record():
    assert [item.is_selected for item in read(PLAIN, wanted=[])] == [False] * 4


# digests

OTHER = "sha1:ZTCUZQKSJHPT5SIL2SEZPZO4VWQR5D57"  # of b"other bytes"; all digests here were computed with hashlib
BLOCK = http_block(b"<p>hello</p>")
BLOCK_DIGESTS = [
    "sha1:TI5DHC6GG4FXDT4ZC5FK3PYJIPOZDAKD",
    "SHA-1:ti5dhc6gg4fxdt4zc5fk3pyjipozdakd",
    "sha256:f55856b0b056c376e17aa199622d108ca090a103655f97024fd444f2a3c393dd",
    "md5:aa49a340fd0b22d458916a4f5d232e5a",
]
PAYLOAD_SHA1 = "sha1:EH2SPSI2J7IA53E7X7MLVOIBNGZPXYIP"
CHUNKED_SHA1 = "sha1:CG2VCU7S7FZULPZQY325UCJW4WESYS4N"


def checked(block, *headers, kind="response"):
    data = member(warc_record(block, headers=headers, kind=kind)) + MEMBERS[2]
    items = read(data, check_digests=True)
    assert items[1].ordinal == 1  # also if the first record is damaged: ids do not depend on the checks
    assert tiles(items, len(data))
    return items[0].reason if isinstance(items[0], Damage) else items[0].payload


@pytest.mark.parametrize("digest", BLOCK_DIGESTS)
def test_a_record_is_returned_if_it_matches_its_block_digest(digest):
    assert checked(BLOCK, f"WARC-Block-Digest: {digest}") == b"<p>hello</p>"
    assert checked(BLOCK.replace(b"hello", b"jello"), f"WARC-Block-Digest: {digest}") == "digest"


def test_the_block_digest_takes_precedence_over_the_payload_digest():
    assert checked(BLOCK, f"WARC-Payload-Digest: {OTHER}", f"WARC-Block-Digest: {BLOCK_DIGESTS[0]}") == b"<p>hello</p>"
    assert checked(BLOCK, f"WARC-Payload-Digest: {PAYLOAD_SHA1}", f"WARC-Block-Digest: {OTHER}") == "digest"


@pytest.mark.parametrize("digest", [PAYLOAD_SHA1, CHUNKED_SHA1])
def test_a_payload_digest_may_cover_the_chunked_or_the_decoded_payload(digest):
    block = http_block(chunked(b"<p>he", b"llo</p>"), headers=["Transfer-Encoding: chunked"])
    assert checked(block, f"WARC-Payload-Digest: {digest}") == b"<p>hello</p>"
    assert checked(block, f"WARC-Payload-Digest: {OTHER}") == "digest"


@pytest.mark.parametrize("claim", ["sha1:NOT32CHARACTERS", "crc32:12345678", "none", "", "sha1:", "sha256:0g"])
def test_an_unknown_or_invalid_digest_is_ignored(claim):
    assert checked(BLOCK, f"WARC-Block-Digest: {claim}") == b"<p>hello</p>"


def test_the_payload_digest_of_a_revisit_is_not_checked():
    assert checked(BLOCK, f"WARC-Payload-Digest: {OTHER}", kind="revisit") is None


def test_digests_are_not_checked_by_default():
    (item,) = read(member(warc_record(BLOCK, headers=[f"WARC-Block-Digest: {OTHER}"])))
    assert item.payload == b"<p>hello</p>"


# files that are not archives


def test_an_empty_file_is_damage():
    assert read(b"") == [Damage(0, 0, "empty_file")]


@pytest.mark.parametrize("data", [b"<html>not an archive</html>", b"\0" * 100, b"PK\x04\x05zip", b"W"])
def test_a_file_of_another_format_is_one_damaged_range_with_its_first_bytes(data):
    (item,) = read(data)
    assert places([item]) == [("Damage", 0, len(data))]
    assert item.reason == "unsupported_format"
    assert data[:4].hex(" ") in item.detail


def test_a_gzipped_file_of_another_format_is_damage():
    data = gzip.compress(b"<html>not an archive</html>")
    (item,) = read(data)
    assert (item.offset, item.length, item.reason) == (0, len(data), "bad_member")


@pytest.mark.parametrize(
    ("data", "name"), [(b"BZh91AY&SY", "bzip2"), (b"\x04\x22\x4d\x18lz4", "lz4"), (b"PK\x03\x04", "zip")]
)
def test_a_known_but_unsupported_format_is_reported_by_name(data, name):
    (item,) = read(data)
    assert (item.reason, item.length) == ("unsupported_format", len(data))
    assert name in item.detail


@pytest.mark.parametrize("at", [1, GZIP_STARTS[2], len(GZIPPED) - 20])
def test_a_storage_failure_is_an_error_not_damage(at):
    class Breaking(io.BytesIO):
        def read(self, n=-1):
            if self.tell() >= at:
                raise OSError("connection reset")
            return super().read(min(n, at - self.tell()))

        read1 = read

    with pytest.raises(OSError, match="connection reset"):
        list(read_archive(Breaking(GZIPPED), len(GZIPPED), is_wanted=is_html, max_bytes=1000))


def test_records_before_a_storage_failure_are_returned():
    class Breaking(io.BytesIO):
        def read(self, n=-1):
            if self.tell() >= GZIP_STARTS[3]:
                raise OSError("connection reset")
            return super().read(min(n, GZIP_STARTS[3] - self.tell()))

        read1 = read

    items = []
    with pytest.raises(OSError, match="connection reset"):
        items.extend(read_archive(Breaking(GZIPPED), len(GZIPPED), is_wanted=is_html, max_bytes=1000))
    reader = read_archive(Breaking(GZIPPED), len(GZIPPED), is_wanted=is_html, max_bytes=1000)
    assert [next(reader).ordinal for _ in range(3)] == [0, 1, 2]


def test_reading_twice_returns_equal_items():
    assert read(GZIPPED) == read(GZIPPED)
