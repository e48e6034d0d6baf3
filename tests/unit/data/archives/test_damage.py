"""Damage loses the damaged record only, and is reported with its position."""

import gzip
import itertools
import random

import pytest

from tests.helpers.archives import http_block, member, page, skippable_frame, starts, zstd_frame
from tests.helpers.ten_pages import ARCHIVES, BODIES, COMPRESSED, RECORDS, damage, read, records


def without(*numbers):
    return [body for i, body in enumerate(BODIES) if i not in numbers]


# one flipped byte


@pytest.mark.parametrize("form", COMPRESSED)
@pytest.mark.parametrize("k", range(10))
@pytest.mark.parametrize("where", [0, 0.5, 0.99])
def test_a_flipped_byte_in_a_member_loses_that_record_and_reports_one_range(form, k, where):
    parts = ARCHIVES[form]
    at = starts(parts)
    data = bytearray(b"".join(parts))
    data[at[k] + int(where * len(parts[k]))] ^= 0x80
    items = read(bytes(data))
    assert [item.payload for item in records(items)] == without(k)
    assert [place[:2] for place in damage(items)] == [(at[k], len(parts[k]))]


@pytest.mark.parametrize("k", [0, 5, 9])
def test_a_flipped_byte_in_the_version_line_of_a_plain_record_loses_that_record(k):
    at = starts(RECORDS)
    data = bytearray(b"".join(RECORDS))
    data[at[k]] ^= 1
    items = read(bytes(data))
    assert [item.payload for item in records(items)] == without(k)
    assert damage(items) == [(at[k], len(RECORDS[k]), "gap")]


def test_a_member_with_a_wrong_checksum_is_damage():
    parts = list(ARCHIVES["gzip"])
    parts[5] = parts[5][:-8] + bytes([parts[5][-8] ^ 1]) + parts[5][-7:]
    items = read(b"".join(parts))
    assert [item.payload for item in records(items)] == without(5)
    assert damage(items) == [(starts(parts)[5], len(parts[5]), "bad_member")]


def test_damage_at_the_end_of_a_member_larger_than_the_buffer_loses_that_member():
    noise = random.Random(1).randbytes(6 << 20)
    big = bytearray(member(page(noise, content_type="image/png")))
    big[-6] ^= 1
    parts = [ARCHIVES["gzip"][0], bytes(big), ARCHIVES["gzip"][1]]
    items = read(b"".join(parts))
    assert [item.payload for item in records(items)] == BODIES[:2]
    assert damage(items) == [(len(parts[0]), len(big), "bad_member")]


def test_damage_in_a_member_of_many_records_loses_the_records_after_it():
    noise = [page(random.Random(i).randbytes(40_000), url=f"http://example.test/{i}") for i in range(60)]
    shared = bytearray(gzip.compress(b"".join(noise), mtime=0))
    shared[len(shared) // 2] ^= 0xFF
    items = read(bytes(shared) + ARCHIVES["gzip"][3])
    assert 20 < len(records(items)) < 61
    assert records(items)[-1].payload == BODIES[3]
    assert damage(items)[-1] == (0, len(shared), "bad_member")


# between the records


@pytest.mark.parametrize("form", ["plain", *COMPRESSED])
@pytest.mark.parametrize("junk", [b"junk between records" * 5, b"\0" * 100, b"\x1f\x8b", b"\x28\xb5\x2f", b"WARC/"])
def test_bytes_between_records_lose_no_record_and_are_reported(form, junk):
    parts = ARCHIVES[form]
    at = starts(parts)
    items = read(b"".join(parts[:5]) + junk + b"".join(parts[5:]))
    assert [item.payload for item in records(items)] == BODIES
    assert [item.ordinal for item in records(items)] == list(range(10))
    assert damage(items) == [(at[5], len(junk), "gap")]


@pytest.mark.parametrize(
    ("form", "junk"),
    [("gzip", b"\x1f\x8b\x08\0broken"), ("gzip", member(b"no record")), ("zstd", b"\x28\xb5\x2f\xfdbroken frame")],
)
def test_an_invalid_member_between_records_loses_no_record(form, junk):
    parts = ARCHIVES[form]
    items = read(b"".join(parts[:5]) + junk + b"".join(parts[5:]))
    assert [item.payload for item in records(items)] == BODIES
    assert damage(items) == [(starts(parts)[5], len(junk), "bad_member")]


@pytest.mark.parametrize("form", ["plain", *COMPRESSED])
def test_junk_before_and_after_the_archive_loses_no_record(form):
    data = b"".join(ARCHIVES[form])
    items = read(b"<!-- proxy error -->" + data + b"<!-- end -->")
    assert [item.payload for item in records(items)] == BODIES
    assert damage(items) == [(0, 20, "gap"), (20 + len(data), 12, "gap")]


# truncated files


@pytest.mark.parametrize("form", ["plain", *COMPRESSED])
def test_a_file_cut_inside_a_record_returns_the_records_before_and_reports_truncated(form):
    parts = ARCHIVES[form]
    at = starts(parts)
    size = at[6] + len(parts[6]) // 2
    items = read(b"".join(parts)[:size])
    assert [item.payload for item in records(items)] == BODIES[:6]
    assert damage(items) == [(at[6], size - at[6], "truncated")]


@pytest.mark.parametrize("form", ["plain", *COMPRESSED])
@pytest.mark.parametrize("k", [0, 6])
def test_a_file_that_ends_between_records_before_its_size_reports_truncated(form, k):
    parts = ARCHIVES[form]
    at = starts(parts)
    items = read(b"".join(parts[:k]), size=at[-1])
    assert [item.payload for item in records(items)] == BODIES[:k]
    assert damage(items) == [(at[k], at[-1] - at[k], "truncated")]


@pytest.mark.parametrize("form", ["plain", *COMPRESSED])
def test_a_cut_between_records_is_not_detected_without_the_original_size(form):
    assert damage(read(b"".join(ARCHIVES[form][:6]))) == []


def test_bytes_beyond_the_size_are_not_read():
    size = starts(ARCHIVES["gzip"])[6]
    assert len(records(read(b"".join(ARCHIVES["gzip"]), size=size))) == 6


@pytest.mark.parametrize("claimed", [0, 50])
def test_a_truncated_zstd_dictionary_is_damage(claimed):
    data = skippable_frame(b"x" * 500)[:300]
    items = read(data, size=len(data) + claimed)
    assert not records(items)
    assert damage(items)[0] == (0, 300, "bad_member")


# wrong lengths


@pytest.mark.parametrize("form", ["plain", *COMPRESSED])
@pytest.mark.parametrize("wrong", [-40, -5, -1, 5, 700, 10**7, 10**17])
def test_a_wrong_content_length_loses_that_record(form, wrong):
    body = b"<p>a page of 0123456789</p>" * 4
    true = len(http_block(body))
    raw = [RECORDS[1], page(body, length=true + wrong), RECORDS[2], RECORDS[3]]
    parts = raw if form == "plain" else [member(r) if form == "gzip" else zstd_frame(r) for r in raw]
    at = starts(parts)
    items = read(b"".join(parts))
    assert [item.payload for item in records(items)] == BODIES[1:4]
    assert damage(items) == [(at[1], len(parts[1]), "content_length")]
    assert [item.ordinal for item in records(items)] == [0, 2, 3]


def test_a_content_length_that_includes_the_final_line_ends_is_accepted():
    items = read(page(b"<p>a</p>", length=len(http_block(b"<p>a</p>")) + 3) + RECORDS[2])
    assert [item.payload for item in items] == [b"<p>a</p>\r\n\r", BODIES[2]]


def test_a_length_larger_than_the_window_loses_no_other_record_of_a_plain_file():
    filler = [page(random.Random(i).randbytes(50_000), url=f"http://example.test/{i}") for i in range(40)]
    parts = [RECORDS[1], page(b"<p>short</p>", length=1_000_000), *filler]
    items = read(b"".join(parts), max_bytes=1000)
    assert len(records(items)) == 41
    assert damage(items) == [(len(parts[0]), len(parts[1]), "content_length")]


@pytest.mark.parametrize(
    ("form", "length"),
    [
        *itertools.product(["plain", "gzip"], ["-5", "many", "9" * 30]),
        ("plain", ""),  # in a member it is like a missing header: the record ends with its member
    ],
)
def test_an_invalid_content_length_loses_that_record(form, length):
    raw = [RECORDS[1], page(b"<p>odd</p>", length=length), RECORDS[2]]
    parts = raw if form == "plain" else [member(record) for record in raw]
    items = read(b"".join(parts))
    assert [item.payload for item in records(items)] == BODIES[1:3]
    assert damage(items) == [(starts(parts)[1], len(parts[1]), "content_length")]


def test_a_plain_record_without_content_length_is_lost():
    data = RECORDS[1] + RECORDS[2].replace(b"Content-Length", b"X-Length") + RECORDS[3]
    items = read(data)
    assert [item.payload for item in records(items)] == [BODIES[1], BODIES[3]]
    assert "no valid Content-Length" in items[1].detail


@pytest.mark.parametrize("form", ["plain", "gzip"])
def test_a_record_whose_header_has_no_end_is_lost(form):
    endless = b"WARC/1.0\r\n" + b"X-Field: and so on\r\n" * 20_000
    raw = [RECORDS[1], endless, RECORDS[2]]
    parts = raw if form == "plain" else [member(record) for record in raw]
    items = read(b"".join(parts))
    assert [item.payload for item in records(items)] == BODIES[1:3]
    assert damage(items) == [(starts(parts)[1], len(parts[1]), "header")]
