"""Zip bombs, bytes that imitate records, and arbitrary damage: limited memory, linear work, and no lost bytes."""

import io
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from isal import isal_zlib

from sluice.data.archives.members import FREE_PROBES, PROBE_BYTES, READ_BYTES
from sluice.data.archives.reader import read_archive
from tests.helpers.archives import member, page, starts, tiles, zstd_frame
from tests.helpers.ten_pages import ARCHIVES, BODIES, RECORDS, damage, read, records

# large records and bombs


def traced(data, **options):
    tracemalloc.start()
    try:
        return read(data, **options), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("compress", [member, zstd_frame])
def test_a_zip_bomb_is_damage_and_uses_little_memory(compress):
    bomb = compress(page(b"a" * 150_000_000))
    parts = [compress(RECORDS[1]), bomb, compress(RECORDS[2])]
    items, peak = traced(b"".join(parts), max_bytes=1000)
    assert [item.payload for item in records(items)] == BODIES[1:3]
    assert damage(items) == [(len(parts[0]), len(bomb), "zip_bomb")]
    assert peak < 10_000_000


def test_a_large_member_below_the_bomb_limit_is_read_in_pieces(monkeypatch):
    monkeypatch.setattr("sluice.data.archives.reader.MIN_INFLATED", 1 << 20)
    body = b"".join(b"<p>line %d of a long page</p>\n" % i for i in range(300_000))
    data = member(page(body)) + ARCHIVES["gzip"][1]
    (first, second), peak = traced(data, max_bytes=1000)
    assert (first.payload, first.is_cut) == (body[:1000], True)
    assert second.payload == BODIES[1]
    assert peak < 5_000_000 < len(body)


@pytest.mark.parametrize("form", ["plain", "gzip"])
def test_a_record_after_a_too_large_one_is_read_completely(form):
    raw = [page(b"x" * 300_000), RECORDS[2]]
    first, second = read(b"".join(raw if form == "plain" else map(member, raw)), max_bytes=1000)
    assert (len(first.payload), first.is_cut) == (1000, True)
    assert (second.payload, second.is_cut) == (BODIES[2], False)


# work is linear in the size of the file


class Counting:
    """Replaces isal_zlib.decompressobj; counts the objects made and the bytes given to them."""

    def __init__(self):
        self.made = self.fed = 0
        self.real = isal_zlib.decompressobj

    def __call__(self, wbits):
        self.made += 1
        real, outer = self.real(wbits), self

        class Inflater:
            def __getattr__(self, name):
                return getattr(real, name)

            def decompress(self, data, limit):
                outer.fed += len(data)
                return real.decompress(data, limit)

        return Inflater()


STORED = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\0\x10\0\xef\xffWARC/1.0\r\nA: b\r\n"  # a stored block, so all of it is text
ADVERSARIES = {
    "magic": b"\x1f\x8b\x08\0" * 500_000,
    "magic that inflates": STORED * (2_000_000 // len(STORED)),
    "one long block after the other": (STORED[:9] + b"\xff\0\xff\xff\0\0" + STORED[15:]) * (2_000_000 // len(STORED)),
}


@pytest.mark.parametrize("name", ADVERSARIES)
def test_work_is_linear_for_bytes_that_imitate_members(name, monkeypatch):
    counting = Counting()
    monkeypatch.setattr("sluice.data.archives.members.isal_zlib.decompressobj", counting)
    data = ARCHIVES["gzip"][0] + ADVERSARIES[name] + ARCHIVES["gzip"][1]
    items = read(data)
    assert records(items)[0].payload == BODIES[0]
    assert counting.made < 3 * (FREE_PROBES + len(data) // PROBE_BYTES)
    assert counting.fed < 30 * len(data)


def test_work_is_linear_for_bytes_that_imitate_zstd_frames(monkeypatch):
    probed = []
    monkeypatch.setattr(
        "sluice.data.archives.zstd_frames.Zstd.probe", lambda self, source, at: probed.append(at) or b""
    )
    data = ARCHIVES["zstd"][0] + b"\x28\xb5\x2f\xfd" * 500_000
    assert records(read(data))[0].payload == BODIES[0]
    assert len(probed) <= FREE_PROBES + len(data) // PROBE_BYTES


class Reads(io.BytesIO):
    total = 0

    def read(self, n=-1):
        part = super().read(n)
        self.total += len(part)
        return part


@pytest.mark.parametrize(
    "line",
    [
        b"WARC/1.0\r\n",
        b"WARC/1.0\r\nA:b\r\n",
        b"xWARC/1.0\r\nA:b\r\n",
        b"WARC/1.0\r\nContent-Length: 999999\r\n\r\n",
        b"http://a/ 1 20240101000000 a 9999\n",
        b"\n",
        b"a:\n",
        b"\0",
        b"http: 1 ",
    ],
)
def test_a_plain_file_of_misleading_lines_is_read_once(line):
    stream = Reads(RECORDS[0] + line * (2_000_000 // len(line)) + b"\r\n\r\n" + RECORDS[1])
    size = len(stream.getvalue())
    items = list(read_archive(stream, size, is_wanted=lambda *_: True, max_bytes=1000))
    assert tiles(items, size)
    assert records(items)[0].payload == BODIES[0]
    assert records(items)[-1].payload == BODIES[1]
    assert stream.total < 2 * size + 100 * READ_BYTES


# arbitrary damage

SMALL = RECORDS[:5]
FORMS = {name: parts[:5] for name, parts in ARCHIVES.items()}


def undamaged(form):
    at = starts(FORMS[form])
    return [(at[i], at[i + 1], BODIES[i]) for i in range(5)]


@settings(derandomize=True, max_examples=600, deadline=None)
@given(st.sampled_from(sorted(FORMS)), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_one_changed_byte_loses_at_most_its_record(form, where, flip):
    data = bytearray(b"".join(FORMS[form]))
    changed = int(where * len(data))
    data[changed] ^= flip
    found = {(item.offset, item.payload) for item in records(read(bytes(data)))}
    assert {(start, body) for start, stop, body in undamaged(form) if not start <= changed < stop} <= found
    if form != "plain":  # checksums prevent that a changed payload is returned
        assert found <= {(start, body) for start, _, body in undamaged(form)}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_cut_at_any_byte_returns_complete_records_only(form):
    data = b"".join(FORMS[form])
    whole = {(start, body) for start, _, body in undamaged(form)}
    for size in range(len(data)):
        for claimed in (size, len(data)):
            items = read(data[:size], size=claimed)
            found = {(item.offset, item.payload) for item in records(items)}
            assert {(start, body) for start, stop, body in undamaged(form) if stop <= size} <= found <= whole
            assert claimed == size or items[-1].reason == "truncated"


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    st.sampled_from([b"WARC/1.0\r\n", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"\x5d\x2a\x4d\x18", b"filedesc:", b""]),
    st.binary(max_size=300),
)
@example(b"\x5d\x2a\x4d\x18", b"\xff\xff\xff\xff")
@example(b"\x28\xb5\x2f\xfd", b"")
def test_arbitrary_bytes_raise_no_error_and_are_all_accounted_for(head, tail):
    read(head + tail)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.sampled_from(sorted(FORMS)), st.binary(max_size=60), st.integers(0, 5))
def test_arbitrary_bytes_between_records_lose_no_record(form, junk, k):
    parts = FORMS[form]
    items = read(b"".join([*parts[:k], junk, *parts[k:]]))
    assert [item.payload for item in records(items)] == BODIES[:5]
