import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.core.ids import CELL_BYTES, document_id, document_id_at, json_digest, mix64, text_digest


@pytest.mark.parametrize(
    ("crawl", "warc_index", "ordinal", "expected"),
    [
        (0, 0, 0, 0),
        (0, 0, 7, 7),
        (0, 5, 0, 83_886_080),  # 5 x 2^24
        (1, 0, 0, 17_592_186_044_416),  # 2^44
        (202442, 5, 7, 3_561_397_327_287_549_959),  # 202442 x 2^44 + 5 x 2^24 + 7
        (2**19 - 1, 2**20 - 1, 2**24 - 1, 2**63 - 1),  # all fields full: still a positive int64
    ],
)
def test_a_document_id_is_composed_of_crawl_file_and_record(crawl, warc_index, ordinal, expected):
    assert document_id(crawl, warc_index, ordinal) == expected


@pytest.mark.parametrize(
    ("parts", "name", "value"),
    [
        ((2**19, 0, 0), "crawl", "524288"),
        ((0, 2**20, 0), "warc_index", "1048576"),
        ((0, 0, 2**24), "ordinal", "16777216"),
        ((-1, 0, 0), "crawl", "-1"),
        ((0, 0, -1), "ordinal", "-1"),
    ],
)
def test_a_part_that_is_too_large_is_an_error_with_its_name(parts, name, value):
    with pytest.raises(ValueError, match=f"{name} = {value} does not fit"):
        document_id(*parts)


PLACE = st.tuples(st.integers(0, 2**19 - 1), st.integers(0, 2**20 - 1), st.integers(0, 2**24 - 1))


@settings(derandomize=True, max_examples=300)
@given(PLACE, PLACE)
def test_ids_are_ordered_and_distinct_like_their_parts(a, b):
    assert (document_id(*a) < document_id(*b)) == (a < b)
    assert (document_id(*a) == document_id(*b)) == (a == b)


# The first five outputs of SplitMix64 from state 1234567, as published with the reference C code (prng.di.unimi.it)
# and in JDK's SplittableRandom tests; output i+1 is the finaliser of state + (i + 1) x golden gamma.
@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (0, 6457827717110365317),
        (1, 3203168211198807973),
        (2, 9817491932198370423),
        (3, 4593380528125082431),
        (4, 16408922859458223821),
    ],
)
def test_mixing_returns_the_published_splitmix64_numbers(seed, expected):
    assert mix64(1234567, seed) == expected


def test_mixing_zero_returns_the_published_number():
    assert mix64(0, 0) == 0xE220A8397B1DCDAF


def test_mixing_wraps_at_64_bits():
    assert mix64(2**64 + 1234567, 0) == 6457827717110365317
    assert 0 <= mix64(2**64 - 1, 10**9) < 2**64


def test_mixed_neighbouring_ids_are_spread_evenly():
    # 8,000 ids in 16 classes: 500 expected in each, sigma 21.7; five sigma on either side
    counts = [0] * 16
    for i in range(8000):
        counts[mix64(i, 3) >> 60] += 1
    assert all(391 <= n <= 609 for n in counts), counts


def test_a_text_digest_is_the_first_half_of_a_sha256():
    # printf abc | sha256sum and printf '你' | sha256sum
    assert text_digest("abc").hex() == "ba7816bf8f01cfea414140de5dae2223"
    assert text_digest("").hex() == "e3b0c44298fc1c149afbf4c8996fb924"
    assert len(text_digest("a lone surrogate \ud800")) == 16


def test_a_json_digest_is_a_full_sha256():
    assert json_digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("offset", "cell"), [(0, 0), (127, 0), (128, 1), (1_000_000_000, 7_812_500), (2**31 - 1, 2**24 - 1)]
)
def test_an_id_by_offset_is_composed_of_crawl_file_and_cell_of_128_bytes(offset, cell):
    assert document_id_at(202442, 5, offset) == 202442 * 2**44 + 5 * 2**24 + cell


def test_an_offset_beyond_two_gibibytes_is_an_error():
    with pytest.raises(ValueError, match="16777216 does not fit 24 bits"):
        document_id_at(1, 2, 2**31)


def test_every_valid_html_response_is_longer_than_a_cell():
    # every header that WARC/1.0 requires (section 5), and the minimum of an HTML response
    record = (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000000>\r\n"
        b"WARC-Date: 2000-00-00T00:00:00Z\r\nContent-Length: 44\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n\r\n\r\n"
    )
    packers = [zlib.compressobj(level, zlib.DEFLATED, 31, 9, way) for level in range(1, 10) for way in range(5)]
    assert min(len(packer.compress(record) + packer.flush()) for packer in packers) > CELL_BYTES
