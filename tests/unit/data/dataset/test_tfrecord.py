import io
import random

import numpy as np
import pytest

from sluice.core.errors import FormatError
from sluice.data.dataset.tfrecord import (
    RecordLayout,
    decode_example,
    encode_example,
    encode_record,
    encode_records,
    iter_records,
    masked_crc,
    record_layout,
)

# TF 2.21: tf.io.TFRecordWriter of an Example with tokens = np.array([1, 515], "<u2").tobytes()
GOLDEN = bytes.fromhex(
    "1600000000000000 4f61be28"  # length 22 and its checksum
    "0a14 0a12 0a06746f6b656e73 1208 0a06 0a04"  # Example, Features, entry, "tokens", Feature, BytesList, value
    "01000302"  # 1, 515
    "3e011ac9"  # checksum of the example
)


def test_a_record_equals_the_golden_bytes_of_tensorflow():
    assert encode_record(b"\x01\x00\x03\x02") == GOLDEN


def test_a_matrix_is_framed_like_its_single_rows():
    tokens = np.array([[1, 515], [515, 7], [0, 65535]], dtype=np.uint16)
    assert encode_records(tokens) == b"".join(encode_record(row.astype("<u2").tobytes()) for row in tokens)
    assert encode_records(tokens)[:38] == GOLDEN
    assert encode_records(np.empty((0, 5), dtype=np.int32)) == b""


def test_the_layout_of_records_of_two_byte_and_four_byte_ids():
    assert record_layout(1024, 2) == RecordLayout(record_bytes=2089, payload_offset=35, payload_bytes=2050)
    assert record_layout(1, 2) == RecordLayout(record_bytes=38, payload_offset=30, payload_bytes=4)
    assert record_layout(1024, 4) == RecordLayout(record_bytes=4139, payload_offset=35, payload_bytes=4100)


@pytest.mark.parametrize("seq_len", [1, 48, 52, 53, 54, 55, 63, 64, 120, 8180, 8192, 600_000])
def test_the_layout_is_correct_where_lengths_need_another_byte(seq_len):
    layout = record_layout(seq_len, 2)
    record = encode_record(b"\x05\x00" * (seq_len + 1))
    assert len(record) == layout.record_bytes
    assert record[layout.payload_offset : -4] == b"\x05\x00" * (seq_len + 1)
    assert decode_example(record[12:-4]) == b"\x05\x00" * (seq_len + 1)


def test_the_masked_crc_equals_the_published_check_value():
    # CRC-32C of "123456789" is E3069283: rotated right by 15 it is 2507C60D, and C78AB0E5 with the constant added
    assert masked_crc(b"123456789") == 0xC78AB0E5
    assert masked_crc(b"") == 0xA282EAD8


def test_records_are_read_back_in_order():
    stream = io.BytesIO(encode_record(b"ab") + encode_record(b"") + encode_record(b"c" * 300))
    assert [decode_example(example) for example in iter_records(stream)] == [b"ab", b"", b"c" * 300]


def test_an_empty_stream_has_no_records():
    assert list(iter_records(io.BytesIO(b""))) == []


@pytest.mark.parametrize("kept", [39, 46, 49, 50, 60, 72, 75])
def test_truncation_is_an_error_with_the_offset_of_the_cut_record(kept):
    reader = iter_records(io.BytesIO((GOLDEN + GOLDEN)[:kept]), "train-0")
    assert decode_example(next(reader)) == b"\x01\x00\x03\x02"
    with pytest.raises(FormatError, match="train-0 ends inside the record at byte 38"):
        next(reader)


def test_any_flipped_bit_is_an_error_with_the_offset_of_its_record():
    for position in range(38):
        for bit in range(8):
            damaged = bytearray(GOLDEN + GOLDEN)
            damaged[38 + position] ^= 1 << bit
            reader = iter_records(io.BytesIO(damaged))
            next(reader)
            with pytest.raises(FormatError, match="at byte 38"):
                next(reader)


def test_a_huge_length_fails_its_checksum_before_memory_is_allocated():
    with pytest.raises(FormatError, match="checksum of the length of the record at byte 0"):
        list(iter_records(io.BytesIO(b"\xff" * 7 + b"\x7f" + b"\0" * 4 + b"x")))


@pytest.mark.parametrize(
    "example",
    [
        b"",
        b"\x0a",
        b"\x0a\x00",  # no feature at all
        bytes.fromhex("0a0e 0a0c 0a06746f6b656e73 1202 0a00"),  # an empty bytes list
        encode_example(b"abcd")[:-1],
        encode_example(b"abcd") + b"x",
        encode_example(b"abcd").replace(b"tokens", b"tokenz"),
        bytes.fromhex("0a14 0a12 0a06746f6b656e73 1208 1a06 0a04 01000302"),  # an int64 list
        b"\x0a" + b"\xff" * 50,
    ],
)
def test_messages_of_another_form_are_errors(example):
    with pytest.raises(FormatError, match="not one bytes feature 'tokens'"):
        decode_example(example)


def test_random_bytes_never_crash_the_decoder():
    source = random.Random(4)
    for _ in range(2000):
        with pytest.raises(FormatError):
            decode_example(bytes(source.choices(b"\x0a\x00\x06\x12\x80tokens", k=source.randrange(1, 30))))
