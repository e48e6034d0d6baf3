"""Token ids from `tf.train.Example`s in TFRecords, as written by T5, NeMo or Hugging Face style tools; no TensorFlow.

One Example (tensorflow/tensorflow `tensorflow/core/example/{example,feature}.proto`; protobuf.dev, Encoding):

    0A len                 Example.features, a message
      0A len               Features.feature, one map entry per feature
        0A len             its key, a name
        12 len             its value, a Feature: one of
          0A len             bytes_list
          12 len             float_list
          1A len             int64_list
            0A len             its values packed: concatenated varints
            08 varint          or one by one

Other fields are skipped. A message or list stored in several parts is their concatenation, as in protobuf.
"""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sluice.core.errors import FormatError
from sluice.data.dataset.manifest import SpecialIds
from sluice.data.dataset.tfrecord import iter_records, read_varint
from sluice.data.sources.texts import guarded, open_unpacked

FIRST, SECOND = 0x0A, 0x12
"""Tags of length-delimited content, in fields 1 and 2."""
VALUE, PACKED = 0x08, 0x0A
LISTS = {0x0A: "bytes", 0x12: "floats", 0x1A: "int64"}
FIXED_BYTES = {1: 8, 5: 4}
"""Sizes in bytes by wire type; 0 is a varint, and 2 begins with its length."""
MAX_VARINT_BYTES = 10


def iter_ids(path: str, *, feature: str, vocab_size: int) -> Iterator[NDArray[np.int64]]:
    """Yields the ids of each Example of a TFRecord file, in order. Decompresses names ending in `.gz` or `.zst`.

    Raises InputError, or FormatError with the file and the record number (from 0): for damage, a record that is not an
    Example or lacks the feature, or an id outside of 0 to `vocab_size` - 1.
    """
    with open_unpacked(path) as stream:
        records = iter_records(stream, path)
        for number in itertools.count():
            example = guarded(lambda: next(records, None), path)
            if example is None:
                return
            where = f"{path}, record {number}"
            ids = decode_ids(example, feature, where)
            if ids.size and (ids.min() < 0 or ids.max() >= vocab_size):
                wrong = ids[(ids < 0) | (ids >= vocab_size)][0]
                raise FormatError(
                    f"{where}: the feature {feature!r} has id {wrong}, but the tokenizer has 0 to {vocab_size - 1}. "
                    "Pass the tokenizer.json that produced the ids, or name the feature with the ids with --field."
                )
            yield ids


def decode_ids(example: bytes, feature: str, where: str = "the example") -> NDArray[np.int64]:
    """Decodes the values [n] of an int64 feature of a serialised Example.

    Raises FormatError, with a message that begins with `where`, if the data is not an Example, or the feature is
    missing or of another type.
    """
    features = _joined(example, FIRST, where)
    found: dict[str, bytes] = {}
    for tag, entry in _fields(features, where):
        if tag == FIRST:
            found[_joined(entry, FIRST, where).decode(errors="replace")] = _joined(entry, SECOND, where)
    if feature not in found:
        names = ", ".join(map(repr, sorted(found))) or "none"
        raise FormatError(f"{where} has no feature {feature!r}; it has: {names}. Select the ids with --field.")
    kind, values = "nothing", b""
    for tag, part in _fields(found[feature], where):
        if tag in LISTS:
            values = values + part if LISTS[tag] == kind else part
            kind = LISTS[tag]
    if kind != "int64":
        raise FormatError(f"{where}: the feature {feature!r} contains {kind}; expected an int64 list. See --field.")
    return _varints(b"".join(part for tag, part in _fields(values, where) if tag in (VALUE, PACKED)), where)


def documents(ids: NDArray[np.int64], special: SpecialIds) -> Iterator[NDArray[np.int64]]:
    """Yields the documents in the ids of an Example, delimited by eos, without eos and pad. Skips empty documents."""
    ids = ids[ids != special.pad]
    bounds = [-1, *np.flatnonzero(ids == special.eos).tolist(), len(ids)]
    for before, end in itertools.pairwise(bounds):
        if end - before > 1:
            yield ids[before + 1 : end]


def _joined(message: bytes, tag: int, where: str) -> bytes:
    return b"".join(part for found, part in _fields(message, where) if found == tag)


def _fields(message: bytes, where: str) -> Iterator[tuple[int, bytes]]:
    """Yields tag and content of each field; a varint as its encoded bytes."""
    at = 0
    while at < len(message):
        tag, start = read_varint(message, at)
        wire = tag & 7
        if wire == 0:
            _, end = read_varint(message, start)
            is_whole = end > start and message[end - 1] < 0x80
        elif wire == 2:
            length, start = read_varint(message, start)
            end = start + length
            is_whole = length >= 0 and end <= len(message)
        else:
            end = start + FIXED_BYTES.get(wire, len(message))
            is_whole = end <= len(message)
        if tag < 8 or not is_whole:
            raise FormatError(
                f"{where} is not a tf.train.Example: incomplete field at byte {at} of {len(message)}. Write "
                "Examples with an int64 list of token ids."
            )
        yield tag, message[start:end]
        at = end


def _varints(data: bytes, where: str) -> NDArray[np.int64]:
    """Decodes all varints of a packed list at once: seven bits per byte, low bits first, last byte below 80h."""
    raw = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(raw < 0x80) + 1
    starts = np.concatenate([np.zeros(min(1, len(ends)), np.int64), ends[:-1]])
    sizes = ends - starts
    longest = int(sizes.max(initial=0))
    if (raw.size and raw[-1] >= 0x80) or longest > MAX_VARINT_BYTES:
        raise FormatError(f"{where}: incomplete number in its list. Write the file again.")
    values = (raw[starts] & 0x7F).astype(np.uint64)
    for place in range(1, longest):
        longer = np.flatnonzero(sizes > place)
        values[longer] |= (raw[starts[longer] + place] & 0x7F).astype(np.uint64) << np.uint64(7 * place)
    return values.view(np.int64)
