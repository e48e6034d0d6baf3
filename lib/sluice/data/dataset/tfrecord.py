r"""Fixed-size TFRecords of token ids, written and read without TensorFlow.

One record, for L + 1 ids of 2 or 4 bytes (P = payload bytes; framing: tensorflow/tensorflow
`tensorflow/core/lib/io/record_writer.h`; message: `tensorflow/core/example/example.proto`):

    offset
    0               length of the example       8 bytes, little-endian
    8               masked crc32c of those 8    4 bytes, little-endian
    12              example:
                      0A len                    Example.features, a message of the rest
                      0A len                    Features.feature, one map entry, the rest
                      0A 06 "tokens"            its key
                      12 len                    its value, a Feature, the rest
                      0A len                    Feature.bytes_list, the rest
                      0A len                    BytesList.value, the rest, P bytes:
    payload_offset  ids                         P bytes, uint16 or int32, little-endian
    payload_offset + P
                    masked crc32c of example    4 bytes, little-endian

`len` is a protobuf varint. All records of a shard have the same size, so record i starts at i x record_bytes.
The bytes of an example equal `tf.train.Example.SerializeToString(deterministic=True)`.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from sluice.core.errors import FormatError

# bytes before each nested length, outermost first
OPENINGS = (b"\x0a", b"\x0a", b"\x0a\x06tokens\x12", b"\x0a", b"\x0a")
FRAME_HEAD_BYTES, FRAME_TAIL_BYTES = 12, 4
CRC_MASK_DELTA = 0xA282EAD8  # tensorflow/core/lib/hash/crc32c.h


class Readable(Protocol):
    """An object whose `read` returns fewer bytes than requested only at the end."""

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class RecordLayout:
    """Layout of every record of a shard, in bytes from the start of the record."""

    record_bytes: int
    payload_offset: int
    payload_bytes: int


def record_layout(seq_len: int, itemsize: int) -> RecordLayout:
    """Returns the layout of records with `seq_len + 1` ids of `itemsize` bytes. L = 1024 with 2 bytes: 2089."""
    payload_bytes = (seq_len + 1) * itemsize
    payload_offset = FRAME_HEAD_BYTES + len(_example_head(payload_bytes))
    return RecordLayout(payload_offset + payload_bytes + FRAME_TAIL_BYTES, payload_offset, payload_bytes)


def masked_crc(data: bytes) -> int:
    """CRC-32C of `data`, rotated and offset as TFRecord requires (a CRC over data with embedded CRCs is weak)."""
    return _mask(google_crc32c.value(data))


def encode_example(payload: bytes) -> bytes:
    """Serialises a `tf.train.Example` with the single bytes feature `tokens`."""
    return _example_head(len(payload)) + payload


def encode_record(payload: bytes) -> bytes:
    """Returns one framed record."""
    example = encode_example(payload)
    return _frame_head(len(example)) + example + struct.pack("<I", masked_crc(example))


def encode_records(tokens: NDArray[Any]) -> bytes:
    """Returns the framed records of `tokens` [n, L + 1], uint16 or int32, concatenated in row order."""
    rows, width = tokens.shape
    layout = record_layout(width - 1, tokens.itemsize)
    head = _example_head(layout.payload_bytes)
    head_crc = google_crc32c.value(head)
    frame = _frame_head(len(head) + layout.payload_bytes) + head
    payload = np.ascontiguousarray(tokens, dtype=tokens.dtype.newbyteorder("<")).view(np.uint8)
    crcs = np.array([_mask(google_crc32c.extend(head_crc, row.tobytes())) for row in payload], dtype="<u4")
    records = np.empty((rows, layout.record_bytes), dtype=np.uint8)
    records[:, : layout.payload_offset] = np.frombuffer(frame, dtype=np.uint8)
    records[:, layout.payload_offset : -FRAME_TAIL_BYTES] = payload
    records[:, -FRAME_TAIL_BYTES:] = crcs.view(np.uint8).reshape(rows, FRAME_TAIL_BYTES)
    return records.tobytes()


def iter_records(stream: Readable, name: str = "the stream") -> Iterator[bytes]:
    """Yields the examples of a TFRecord stream after verifying both checksums of each.

    Raises FormatError with the byte offset of a truncated or damaged record, after yielding the records before it.
    """
    offset = 0
    while head := stream.read(FRAME_HEAD_BYTES):
        if len(head) < FRAME_HEAD_BYTES:
            raise _truncated(name, offset)
        length, length_crc = struct.unpack("<QI", head)
        if length_crc != masked_crc(head[:8]):
            raise _damaged(name, offset, "length")
        example, tail = stream.read(length), stream.read(FRAME_TAIL_BYTES)
        if len(example) < length or len(tail) < FRAME_TAIL_BYTES:
            raise _truncated(name, offset)
        if struct.unpack("<I", tail)[0] != masked_crc(example):
            raise _damaged(name, offset, "data")
        yield example
        offset += FRAME_HEAD_BYTES + length + FRAME_TAIL_BYTES


def decode_example(example: bytes) -> bytes:
    """Returns the payload of an example written by this module. Raises FormatError for any other message."""
    at = 0
    for opening in OPENINGS:
        expected = example.startswith(opening, at)
        length, at = read_varint(example, at + len(opening))
        if not expected or length != len(example) - at:
            raise FormatError(
                f"An example of {len(example)} bytes is not one bytes feature 'tokens' (unexpected before byte {at}). "
                "It was not written by sluice. If it contains token ids, repack it with `sluice pack --ids`."
            )
    return example[at:]


def _example_head(payload_bytes: int) -> bytes:
    head = b""
    for opening in reversed(OPENINGS):
        head = opening + _varint(len(head) + payload_bytes) + head
    return head


def _frame_head(example_bytes: int) -> bytes:
    length = struct.pack("<Q", example_bytes)
    return length + struct.pack("<I", masked_crc(length))


def _mask(crc: int) -> int:
    return ((crc >> 15 | crc << 17) + CRC_MASK_DELTA) & 0xFFFFFFFF


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Returns the varint at `at` and the offset after it. The value is -1 if the data ends early."""
    value = shift = 0
    while at < len(data):
        byte = data[at]
        value |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if byte < 0x80:
            return value, at
    return -1, at


def _truncated(name: str, offset: int) -> FormatError:
    return FormatError(
        f"{name} ends inside the record at byte {offset}. The file was truncated; copy or write it again."
    )


def _damaged(name: str, offset: int, part: str) -> FormatError:
    return FormatError(
        f"{name}: the checksum of the {part} of the record at byte {offset} is wrong. "
        "The file is damaged or not an uncompressed TFRecord; copy or write it again."
    )
