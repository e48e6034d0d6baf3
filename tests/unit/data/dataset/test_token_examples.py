import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.core.errors import FormatError
from sluice.data.dataset.manifest import SpecialIds
from sluice.data.dataset.token_examples import decode_ids, documents, iter_ids
from tests.helpers.example_bytes import example, field, floats, framed, packed, texts, unpacked, varint

# TF 2.21: Example with input_ids = Int64List([5, 300, 0, 50256, -1]) and n = Int64List([]), deterministic
GOLDEN = bytes.fromhex(
    "0a2d 0a22 0a09696e7075745f696473 1215 1a13 0a11"  # Features, entry, "input_ids", Feature, Int64List, packed
    "05 ac02 00 d08803 ffffffffffffffffff01"
    "0a07 0a016e 1202 1a00"
)


def read(path, *, feature="input_ids", vocab_size=100):
    return [ids.tolist() for ids in iter_ids(str(path), feature=feature, vocab_size=vocab_size)]


def test_examples_written_by_tensorflow_are_read():
    assert decode_ids(GOLDEN, "input_ids").tolist() == [5, 300, 0, 50256, -1]
    assert decode_ids(GOLDEN, "n").tolist() == []
    assert example(input_ids=packed([5, 300, 0, 50256, -1]), n=field(0x1A, b"")) == GOLDEN


@given(st.lists(st.integers(0, 2**63 - 1) | st.integers(0, 300)))
def test_any_ids_are_read_from_packed_and_unpacked_lists(ids):
    for encode in (packed, unpacked):
        found = decode_ids(example(mask=packed([1]), input_ids=encode(ids)), "input_ids")
        assert found.dtype == np.int64
        assert found.tolist() == ids


def test_a_long_list_is_read():
    content = example(input_ids=field(0x1A, field(0x0A, b"\xd0\x88\x03" * 1_000_000)))
    ids = decode_ids(content, "input_ids")
    assert (len(ids), ids.min(), ids.max()) == (1_000_000, 50256, 50256)


def test_negative_numbers_are_read():
    assert decode_ids(example(x=packed([-1, 3, -(2**63)])), "x").tolist() == [-1, 3, -(2**63)]


def test_a_list_in_parts_is_joined_and_the_last_of_two_equal_names_is_read():
    in_parts = field(0x1A, field(0x0A, varint(1) + varint(300)) + b"\x08\x02" + field(0x0A, b"\x03"))
    assert decode_ids(example(x=in_parts), "x").tolist() == [1, 300, 2, 3]
    assert decode_ids(example(x=packed([1]) + packed([2])), "x").tolist() == [1, 2]
    assert decode_ids(example(x=texts(b"a") + packed([2])), "x").tolist() == [2]
    assert decode_ids(example(x=packed([1])) + example(x=packed([2])), "x").tolist() == [2]


def test_other_features_and_unknown_fields_are_skipped():
    unknown = field(0x7A, b"new") + b"\x10\xac\x02" + b"\x19" + b"8" * 8 + b"\x25" + b"4" * 4  # one of each kind
    content = example(score=floats(0.5), url=texts(b"a", b"b"), x=unknown + packed([300]) + unknown) + unknown
    assert decode_ids(content, "x").tolist() == [300]


def test_plain_and_gzipped_files_of_examples_are_read(tmp_path):
    data = framed(example(input_ids=packed([1, 2])), example(input_ids=packed([])), example(input_ids=packed([99])))
    (tmp_path / "a.tfrecord").write_bytes(data)
    (tmp_path / "a.tfrecord.gz").write_bytes(gzip.compress(data))
    assert read(tmp_path / "a.tfrecord") == read(tmp_path / "a.tfrecord.gz") == [[1, 2], [], [99]]
    (tmp_path / "empty.tfrecord").write_bytes(b"")
    assert read(tmp_path / "empty.tfrecord") == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (example(b=packed([1]), a=packed([])), "has no feature 'input_ids'; it has: 'a', 'b'. Select the ids"),
        (b"", "has no feature 'input_ids'; it has: none"),
        (example(input_ids=floats(1.0)), "the feature 'input_ids' contains floats; expected an int64 list"),
        (example(input_ids=texts(b"1")), "the feature 'input_ids' contains bytes"),
        (example(input_ids=b""), "the feature 'input_ids' contains nothing"),
        (example(input_ids=packed([5, -2])), "has id -2, but the tokenizer has 0 to 99"),
        (example(input_ids=packed([5, 100])), "has id 100, but the tokenizer has 0 to 99"),
        (example(input_ids=packed([5]))[:-1], "is not a tf.train.Example: incomplete field at byte 0 of 21"),
        (b"hello", "is not a tf.train.Example"),
        (b"\x00\x00", "is not a tf.train.Example"),  # there is no field 0
        (b"\x0a", "is not a tf.train.Example"),
        (b"\x08\x80", "is not a tf.train.Example"),
        (example(input_ids=field(0x1A, field(0x0A, b"\x05\x80"))), "incomplete number in its list"),
        (example(input_ids=field(0x1A, field(0x0A, b"\xff" * 10 + b"\x01"))), "incomplete number in its list"),
    ],
)
def test_an_example_without_ids_is_an_error_with_file_and_record(tmp_path, content, said):
    (tmp_path / "b.tfrecord").write_bytes(framed(example(input_ids=packed([1])), content))
    with pytest.raises(FormatError) as caught:
        read(tmp_path / "b.tfrecord")
    assert f"{tmp_path}/b.tfrecord, record 1" in str(caught.value)
    assert said in str(caught.value)


def test_damaged_files_are_errors(tmp_path):
    data = framed(example(input_ids=packed([1, 2])))
    path = tmp_path / "c.tfrecord"
    path.write_bytes(data + data[:-1])
    with pytest.raises(FormatError, match=rf"c\.tfrecord ends inside the record at byte {len(data)}"):
        read(path)
    path.write_bytes(data[:20] + b"\xff" + data[21:])
    with pytest.raises(FormatError, match="the checksum of the data of the record at byte 0 is wrong"):
        read(path)
    path.write_bytes(gzip.compress(data))
    with pytest.raises(FormatError, match="not an uncompressed TFRecord"):
        read(path)
    (tmp_path / "c.tfrecord.gz").write_bytes(gzip.compress(data)[:-9])
    with pytest.raises(FormatError, match=r"c\.tfrecord\.gz is not a complete gzip file"):
        read(tmp_path / "c.tfrecord.gz")


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([5, 6], [[5, 6]]),
        ([5, 6, 2], [[5, 6]]),
        ([5, 2, 6], [[5], [6]]),  # chunks of a stream
        ([2, 5, 2, 2, 2], [[5]]),  # eos at the start and as padding
        ([0, 0, 5, 0, 6, 0], [[5, 6]]),
        ([5, 2, 0, 0], [[5]]),
        ([0, 2, 0], []),
        ([], []),
    ],
)
def test_ids_are_split_into_documents_at_end_tokens(ids, expected):
    assert [document.tolist() for document in documents(np.array(ids, np.int64), SpecialIds())] == expected
