import json

import msgspec
import pytest

from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.data.dataset.manifest import (
    Manifest,
    NamedFile,
    Shard,
    SpecialIds,
    Split,
    SplitCheck,
    TokenizerFile,
    dataset_directory,
    read_manifest,
    token_dtype,
    write_manifest,
)

SHARD = Shard(
    path="train-00000-of-00001.tfrecord",
    records=2,
    bytes=84,
    sha256="dd",
    crc32c="0000002a",
    tokens=7,
    docs=3,
    utf8_bytes=12,
    dropped_tokens=1,
    padded_tokens=0,
)
MANIFEST = Manifest(
    name="tiny",
    version="1.2.3",
    dtype="uint16",
    seq_len=3,
    record_bytes=42,
    payload_offset=30,
    vocab_size=16,
    ids=SpecialIds(),
    tokenizer=TokenizerFile(file="tokenizer.json", sha256="aa", kind="word", lossless=False),
    token_bytes=NamedFile(file="token_bytes.npy", sha256="bb"),
    config_digest="cc",
    splits={"train": Split.of([SHARD])},
)


def edited(tmp_path, **changes):
    write_manifest(str(tmp_path), MANIFEST)
    tree = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**tree, **changes}))
    return str(tmp_path)


def test_the_manifest_has_exactly_these_bytes(tmp_path):
    write_manifest(str(tmp_path), MANIFEST)
    assert (
        (tmp_path / "manifest.json").read_text()
        == """{
  "format": 1,
  "name": "tiny",
  "version": "1.2.3",
  "dtype": "uint16",
  "seq_len": 3,
  "overlap": 1,
  "record_bytes": 42,
  "payload_offset": 30,
  "vocab_size": 16,
  "ids": {
    "pad": 0,
    "bos": 1,
    "eos": 2,
    "unk": 3
  },
  "tokenizer": {
    "file": "tokenizer.json",
    "sha256": "aa",
    "kind": "word",
    "lossless": false
  },
  "token_bytes": {
    "file": "token_bytes.npy",
    "sha256": "bb"
  },
  "config_digest": "cc",
  "split_check": null,
  "splits": {
    "train": {
      "records": 2,
      "tokens": 7,
      "docs": 3,
      "utf8_bytes": 12,
      "dropped_tokens": 1,
      "padded_tokens": 0,
      "shards": [
        {
          "path": "train-00000-of-00001.tfrecord",
          "records": 2,
          "bytes": 84,
          "sha256": "dd",
          "crc32c": "0000002a",
          "tokens": 7,
          "docs": 3,
          "utf8_bytes": 12,
          "dropped_tokens": 1,
          "padded_tokens": 0
        }
      ]
    }
  }
}
"""
    )


def test_the_result_of_a_split_check_is_read_back(tmp_path):
    check = SplitCheck(
        threshold=0.8,
        shingle=5,
        bands=32,
        rows=4,
        seed=2,
        catch_probability=0.75,
        held_out=20,
        not_compared=3,
        removed=1,
    )
    whole = msgspec.structs.replace(MANIFEST, split_check=check)
    write_manifest(str(tmp_path), whole)
    assert read_manifest(str(tmp_path)) == whole
    assert json.loads((tmp_path / "manifest.json").read_text())["split_check"]["catch_probability"] == 0.75


def test_a_written_manifest_is_read_back(tmp_path):
    write_manifest(str(tmp_path), MANIFEST)
    assert read_manifest(str(tmp_path)) == MANIFEST


def test_metadata_for_tfds_is_written(tmp_path):
    write_manifest(str(tmp_path), MANIFEST)
    info = json.loads((tmp_path / "dataset_info.json").read_text())
    assert (info["name"], info["version"], info["fileFormat"]) == ("tiny", "1.2.3", "tfrecord")
    assert info["splits"] == [
        {
            "name": "train",
            "shardLengths": ["2"],
            "numBytes": "84",
            "filepathTemplate": "{SPLIT}-{SHARD_X_OF_Y}.{FILEFORMAT}",
        }
    ]


def test_a_directory_without_manifest_is_not_a_finished_dataset(tmp_path):
    with pytest.raises(InputError, match="is not a finished dataset"):
        read_manifest(str(tmp_path))


def test_another_format_is_an_error_with_its_number_even_with_other_fields(tmp_path):
    with pytest.raises(FormatError, match="has format 2; this version of sluice reads format 1"):
        read_manifest(edited(tmp_path, format=2, shape="new"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": 1}, "unknown field `shape`"),
        ({"dtype": "int64"}, r"'int64' - at `\$.dtype`"),
        ({"seq_len": "3"}, r"at `\$.seq_len`"),
        ({"ids": {"pad": 0, "sep": 9}}, "unknown field `sep`"),
    ],
)
def test_an_invalid_field_is_an_error_with_its_name(tmp_path, changes, message):
    with pytest.raises(FormatError, match=message):
        read_manifest(edited(tmp_path, **changes))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}'])
def test_an_incomplete_manifest_is_an_error(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(FormatError, match="is not a manifest of format 1"):
        read_manifest(str(tmp_path))


def test_a_shard_row_with_an_unknown_field_is_an_error():
    with pytest.raises(FormatError, match="unknown field `host`"):
        Shard.from_dict({**SHARD.to_dict(), "host": "n1"})


def test_the_dataset_directory_is_composed_of_output_name_and_version():
    assert dataset_directory("out/data/", "zh_web", "1.0.0") == "out/data/zh_web/1.0.0"


@pytest.mark.parametrize(
    ("name", "version"), [("zh-web", "1.0.0"), ("", "1.0.0"), ("a/b", "1.0.0"), ("a", "1.0"), ("a", "01.0.0")]
)
def test_names_that_tfds_cannot_load_are_errors(name, version):
    with pytest.raises(ConfigError, match="The dataset"):
        dataset_directory("out", name, version)


def test_ids_take_two_bytes_up_to_65536_tokens():
    assert (token_dtype(65_536), token_dtype(65_537)) == ("uint16", "int32")
