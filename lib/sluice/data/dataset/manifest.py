"""The manifest of a dataset: the complete list of its files, written last. Unlisted files are not part of it.

A dataset is stored in `<root>/<name>/<x.y.z>/`: `{split}-{i:05d}-of-{n:05d}.tfrecord`, `tokenizer.json`,
`token_bytes.npy`, `dataset_info.json` and `features.json` (for `tfds.builder_from_directory`), `manifest.json`.
These files do not depend on time, machine or path: equal input gives equal bytes.
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
    """A frozen group of fields, encoded in declaration order."""


class SpecialIds(_Part, frozen=True, kw_only=True):
    """Ids of the special tokens."""

    pad: int = 0
    bos: int = 1
    eos: int = 2
    unk: int = 3


class NamedFile(_Part, frozen=True, kw_only=True):
    """A file next to the manifest."""

    file: str
    sha256: str


class TokenizerFile(_Part, frozen=True, kw_only=True):
    """The tokenizer. `lossless`: decoding restores the text exactly, so that bits per byte are meaningful."""

    file: str
    sha256: str
    kind: Literal["bpe", "word"]
    lossless: bool


class Shard(_Part, frozen=True, kw_only=True):
    """One TFRecord file; `path` is relative to the manifest. Token counts as in `packing.PackingCounts`."""

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
        """Plain values by field name, for a table row."""
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
    """The shards of a split in order, and the sums of their counts."""

    records: int
    tokens: int
    docs: int
    utf8_bytes: int
    dropped_tokens: int
    padded_tokens: int
    shards: tuple[Shard, ...]

    @classmethod
    def of(cls, shards: Sequence[Shard]) -> "Split":
        """Returns the split that consists of these shards."""
        names = ("records", "tokens", "docs", "utf8_bytes", "dropped_tokens", "padded_tokens")
        sums = {name: sum(getattr(shard, name) for shard in shards) for name in names}
        return cls(**sums, shards=tuple(shards))


class SplitCheck(_Part, frozen=True, kw_only=True):
    """Proof that no document of a split is a near-copy of a held-out one, and the probability of finding such pairs."""

    threshold: float
    """Minimum exact Jaccard similarity of the shingle sets of near-copies."""
    shingle: int
    """Words per shingle; characters in scripts without spaces."""
    bands: int
    rows: int
    seed: int
    catch_probability: float
    """Minimum probability of finding a pair at the threshold, if both were compared and permutations are random."""
    held_out: int
    """Number of documents of valid and test that were compared with the other splits."""
    not_compared: int
    """Number of documents, in all splits, with too few or too many shingles for a signature."""
    removed: int
    """Number of near-copies found and removed."""


class Manifest(_Part, frozen=True, kw_only=True):
    """Everything that a reader needs to know about a dataset."""

    format: int = FORMAT
    name: str
    version: str
    dtype: Literal["uint16", "int32"]
    """Type of the ids in a record, little-endian."""
    seq_len: int
    """L: number of tokens that a record scores; it stores L + 1."""
    overlap: int = 1
    """Number of tokens that a record shares with the previous one in the same shard."""
    record_bytes: int
    """Size of every record in bytes, including its framing."""
    payload_offset: int
    """Offset in bytes of the first id within a record."""
    vocab_size: int
    ids: SpecialIds
    tokenizer: TokenizerFile
    token_bytes: NamedFile
    config_digest: str
    split_check: SplitCheck | None = None
    """None if the splits were not checked for near-copies."""
    splits: dict[str, Split]


class _Head(msgspec.Struct):
    """The part of a manifest that all formats have in common."""

    format: int


def dataset_directory(root: str, name: str, version: str) -> str:
    """Returns `<root>/<name>/<version>`. Raises ConfigError for names that TFDS could not load."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise ConfigError(f"The dataset name {name!r} is invalid: use a letter, then letters, digits and underscores.")
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", version):
        raise ConfigError(f"The dataset version {version!r} is not of the form x.y.z, for example 1.0.0.")
    return storage.join(root, name, version)


def token_dtype(vocab_size: int) -> Literal["uint16", "int32"]:
    """Smallest sufficient type of an id: two bytes if possible."""
    return "uint16" if vocab_size <= 1 << 16 else "int32"


def read_manifest(directory: str) -> Manifest:
    """Reads the manifest of a finished dataset.

    Raises InputError if it does not exist, and FormatError with the field name if it does not follow format 1.
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
    """Writes the two files for TFDS, then the manifest, which publishes the dataset."""
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
