"""The manifest of a dataset: its only table of contents, written last. A file it does not list does not exist.

A dataset lies in `<root>/<name>/<x.y.z>/`: `{split}-{i:05d}-of-{n:05d}.tfrecord`, `tokenizer.json`,
`token_bytes.npy`, `dataset_info.json` and `features.json` (for `tfds.builder_from_directory`), `manifest.json`.
Nothing in these files depends on time, machine or path: equal input gives equal bytes.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.data import storage

MANIFEST, DATASET_INFO, FEATURES = "manifest.json", "dataset_info.json", "features.json"
FORMAT = 1


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A frozen group of fields, encoded in the order they are declared."""


class SpecialIds(_Part, frozen=True, kw_only=True):
    """Ids of the special tokens."""

    pad: int = 0
    bos: int = 1
    eos: int = 2
    unk: int = 3


class NamedFile(_Part, frozen=True, kw_only=True):
    """A file beside the manifest."""

    file: str
    sha256: str


class TokenizerFile(_Part, frozen=True, kw_only=True):
    """The tokenizer; `lossless` when decoding gives the text back, so that bits per byte mean something."""

    file: str
    sha256: str
    kind: Literal["bpe", "word"]
    lossless: bool


class Shard(_Part, frozen=True, kw_only=True):
    """One TFRecord file, its path relative to the manifest. Token counts as in `packing.PackingCounts`."""

    path: str
    records: int
    bytes: int
    sha256: str
    crc32c: str
    """CRC-32C of the file, eight hexadecimal digits."""
    tokens: int
    docs: int
    utf8_bytes: int
    dropped_tokens: int
    padded_tokens: int

    def to_dict(self) -> dict[str, str | int]:
        """Plain values by field name, for a row of a table."""
        row: dict[str, str | int] = msgspec.structs.asdict(self)
        return row

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Shard":
        """The inverse of `to_dict`. Raises FormatError for a missing, unknown or mistyped field."""
        try:
            return msgspec.convert(dict(row), cls)
        except msgspec.ValidationError as e:
            raise FormatError(f"The row {dict(row)} does not describe a shard: {e}.") from e


class Split(_Part, frozen=True, kw_only=True):
    """The sums over its shards, and the shards in order."""

    records: int
    tokens: int
    docs: int
    utf8_bytes: int
    dropped_tokens: int
    padded_tokens: int
    shards: tuple[Shard, ...]

    @classmethod
    def of(cls, shards: Sequence[Shard]) -> "Split":
        """The split made of these shards."""
        names = ("records", "tokens", "docs", "utf8_bytes", "dropped_tokens", "padded_tokens")
        sums = {name: sum(getattr(shard, name) for shard in shards) for name in names}
        return cls(**sums, shards=tuple(shards))


class SplitCheck(_Part, frozen=True, kw_only=True):
    """That no document of a split is a near-copy of one held out from it, and how surely such a pair was found."""

    threshold: float
    """Least exact Jaccard similarity of the shingle sets of two near-copies."""
    shingle: int
    """Words of a shingle; characters where words are not spaced."""
    bands: int
    rows: int
    seed: int
    catch_probability: float
    """Least probability that a pair at the threshold was found, if both were compared and permutations are random."""
    held_out: int
    """Documents of valid and test that were compared with those of the other splits."""
    not_compared: int
    """Documents of all splits with too few or too many shingles for a signature."""
    removed: int
    """Near-copies that were found and left out."""


class Manifest(_Part, frozen=True, kw_only=True):
    """Everything a reader must know of a dataset."""

    format: int = FORMAT
    name: str
    version: str
    dtype: Literal["uint16", "int32"]
    """Type of an id in a record, little-endian."""
    seq_len: int
    """Tokens that a record scores, L; it stores L + 1."""
    overlap: int = 1
    """Tokens that a record shares with the one before it in the same shard."""
    record_bytes: int
    """Size of every record with its frame."""
    payload_offset: int
    """Bytes from the start of a record to its first id."""
    vocab_size: int
    ids: SpecialIds
    tokenizer: TokenizerFile
    token_bytes: NamedFile
    config_digest: str
    split_check: SplitCheck | None = None
    """None where the split was not checked for near-copies."""
    splits: dict[str, Split]


class _Head(msgspec.Struct):
    """As much of a manifest of any format as can be relied on."""

    format: int


def dataset_directory(root: str, name: str, version: str) -> str:
    """`<root>/<name>/<version>`. Raises ConfigError for names that TFDS could not load again."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise ConfigError(f"The dataset name {name!r} is not a letter followed by letters, digits and underscores.")
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", version):
        raise ConfigError(f"The dataset version {version!r} is not of the form x.y.z, for example 1.0.0.")
    return storage.join(root, name, version)


def token_dtype(vocab_size: int) -> Literal["uint16", "int32"]:
    """The type of an id: two bytes if they are enough."""
    return "uint16" if vocab_size <= 1 << 16 else "int32"


def read_manifest(directory: str) -> Manifest:
    """The manifest of a finished dataset.

    Raises InputError when there is none and FormatError, naming the field, when it is not one of format 1.
    """
    path = storage.join(directory, MANIFEST)
    if not storage.exists(path):
        raise InputError(
            f"{directory} is not a finished dataset: it has no {MANIFEST}, which is written last. "
            "Give the directory <root>/<name>/<x.y.z>, or let the job that writes it finish."
        )
    data = storage.read_bytes(path)
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.format != FORMAT:
            raise FormatError(
                f"{path} has format {head.format}; this version of sluice reads format {FORMAT}. Use a matching one."
            )
        return msgspec.json.decode(data, type=Manifest)
    except msgspec.DecodeError as e:
        raise FormatError(f"{path} is not a manifest of format {FORMAT}: {e}. Write the dataset again.") from e


def write_manifest(directory: str, manifest: Manifest) -> None:
    """Writes the two files for TFDS and then, publishing the dataset, the manifest."""
    storage.write_atomic(storage.join(directory, DATASET_INFO), _json(_dataset_info(manifest)))
    storage.write_atomic(storage.join(directory, FEATURES), _json(_FEATURES))
    storage.write_atomic(storage.join(directory, MANIFEST), _json(manifest))


def _dataset_info(manifest: Manifest) -> dict[str, Any]:
    splits = [
        {
            "name": name,
            "shardLengths": [str(shard.records) for shard in split.shards],
            "numBytes": str(sum(shard.bytes for shard in split.shards)),
            "filepathTemplate": "{SPLIT}-{SHARD_X_OF_Y}.{FILEFORMAT}",
        }
        for name, split in manifest.splits.items()
    ]
    return {
        "name": manifest.name,
        "version": manifest.version,
        "description": f"Windows of {manifest.seq_len} + 1 token ids as little-endian {manifest.dtype}, by sluice.",
        "fileFormat": "tfrecord",
        "splits": splits,
    }


_FEATURES = {
    "pythonClassName": "tensorflow_datasets.core.features.features_dict.FeaturesDict",
    "featuresDict": {
        "features": {
            "tokens": {
                "pythonClassName": "tensorflow_datasets.core.features.tensor_feature.Tensor",
                "tensor": {"shape": {}, "dtype": "string", "encoding": "none"},
            }
        }
    },
}


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
