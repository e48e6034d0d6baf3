"""Encodes `tf.train.Example`s in plain Python, one number at a time."""

import struct

from sluice.data.dataset.tfrecord import masked_crc


def varint(value):
    """The varint of an int64; a negative number takes ten bytes."""
    value &= (1 << 64) - 1
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def field(tag, content):
    """A length-delimited field."""
    return bytes([tag]) + varint(len(content)) + content


def packed(values):
    """An int64 list in TensorFlow's packed form."""
    return field(0x1A, field(0x0A, b"".join(map(varint, values))))


def unpacked(values):
    """An int64 list with a tag before each value, the form of early writers."""
    return field(0x1A, b"".join(b"\x08" + varint(value) for value in values))


def floats(*values):
    """A list of floats."""
    return field(0x12, field(0x0A, struct.pack(f"<{len(values)}f", *values)))


def texts(*values):
    """A list of bytes."""
    return field(0x0A, b"".join(field(0x0A, value) for value in values))


def example(**features):
    """One Example; each feature is a result of the functions above."""
    entries = [field(0x0A, name.encode()) + field(0x12, content) for name, content in features.items()]
    return field(0x0A, b"".join(field(0x0A, entry) for entry in entries))


def framed(*examples):
    """A TFRecord file."""
    heads = [len(content).to_bytes(8, "little") for content in examples]
    return b"".join(
        head + masked_crc(head).to_bytes(4, "little") + content + masked_crc(content).to_bytes(4, "little")
        for head, content in zip(heads, examples, strict=True)
    )
