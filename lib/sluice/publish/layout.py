"""Layout of a published dataset: which files there are, and how the hub groups them to configurations and splits."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from sluice.core.errors import InputError

SPLITS = {"train": "train", "valid": "validation", "test": "test"}
"""Split of a run -> its name on the hub, in the order of the card."""

SIZES = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")
"""Bounds of the hub's size categories, each ten times the one before."""

SUFFIXES = {"parquet": "parquet", "jsonl": "jsonl.zst"}
DEFAULT = "default"
UNDETERMINED = "und"
"""ISO 639 code for rows whose language is null."""


class Column(msgspec.Struct, frozen=True):
    """A column of a published dataset."""

    name: str
    type: str
    """Spark's name of the type: string, bigint, double."""
    description: str = ""


class Part(NamedTuple):
    """The documents of a language in a split, and the number of their files."""

    language: str
    """Empty if the dataset does not distinguish languages."""
    split: str
    """Name on the hub."""
    folder: str
    num_files: int
    first_file: int
    """Number of its first file among those of all parts."""

    def stem(self, index: int) -> str:
        """Returns the path of a file below the dataset, without its suffix."""
        return f"{self.folder}/{self.split}-{index:05d}-of-{self.num_files:05d}"

    @property
    def pattern(self) -> str:
        """Glob of its Parquet files. It includes their number, so that files of an earlier version do not match."""
        return f"{self.folder}/{self.split}-*-of-{self.num_files:05d}.parquet"


class DataFile(msgspec.Struct, frozen=True, kw_only=True):
    """A written file. Files of two formats with the same stem have the same rows."""

    path: str
    """Below the dataset directory."""
    format: str
    language: str
    split: str
    bytes: int
    sha256: str
    rows: int
    characters: int
    """Characters of all texts."""
    text_bytes: int
    """UTF-8 bytes of all texts."""


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that card and Croissant description state about any dataset."""

    name: str
    columns: tuple[Column, ...]
    parts: tuple[Part, ...]
    files: tuple[DataFile, ...]
    version: str | None = None
    license: str | None = None
    has_crawl: bool = False
    """Whether the texts are from Common Crawl, as far as the names of the archives show."""

    @property
    def tables(self) -> tuple[DataFile, ...]:
        """The Parquet files, which contain every row once."""
        return tuple(file for file in self.files if file.format == "parquet")

    def files_of(self, part: Part) -> tuple[DataFile, ...]:
        """The Parquet files of a part."""
        return tuple(file for file in self.tables if (file.language, file.split) == (part.language, part.split))

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages of the rows, sorted; empty if the dataset does not distinguish them."""
        return tuple(sorted({part.language for part in self.parts if part.language}))

    @property
    def rows(self) -> int:
        """Number of rows in all splits."""
        return sum(file.rows for file in self.tables)


def plan_parts(sizes: Mapping[tuple[str, str], int], file_bytes: int) -> tuple[Part, ...]:
    """Divides a dataset into parts and files. Each language has a folder if there are several.

    sizes: uncompressed bytes by language and split. Sorted by language, then train, validation, test, others.
    Raises InputError for a language or split that cannot be part of a path or of a configuration of the hub.
    """
    has_folders = len({language for language, _ in sizes}) > 1
    parts: list[Part] = []
    first = 0
    for language, split in sorted(sizes, key=lambda key: (key[0], _place(key[1]))):
        if language and (not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", language) or language == DEFAULT):
            raise InputError(
                f"{language!r} cannot be the name of a configuration: use a language code such as en or zh-Hant."
            )
        if not re.fullmatch(r"[a-z]\w*", split, re.ASCII):
            raise InputError(f"{split!r} cannot be the name of a split: use train, validation, test or a similar word.")
        num_files = max(1, -(-sizes[language, split] // file_bytes))
        parts.append(Part(language, split, f"data/{language}" if has_folders else "data", num_files, first))
        first += num_files
    return tuple(parts)


def configurations(parts: Iterable[Part]) -> list[dict[str, object]]:
    """Returns the `configs` of the card: `default` with all rows, then one per language if there are several."""
    return [{"config_name": name, "data_files": _data_files(group)} for name, group in _groups(parts)]


def sizes(dataset: Dataset) -> list[dict[str, object]]:
    """Returns the `dataset_info` of the card: rows, bytes of text and bytes of Parquet of each configuration.

    `datasets` compares the rows with those it reads. It also stores what it read under a name that depends on the card,
    but not on the files: without these numbers, it would return the earlier rows of a dataset that is published again.
    """
    infos: list[dict[str, object]] = []
    for name, parts in _groups(dataset.parts):
        files = [file for part in parts for file in dataset.files_of(part)]
        splits = []
        for split in _splits(parts):
            of_split = [file for file in files if file.split == split]
            text_bytes, rows = sum(file.text_bytes for file in of_split), sum(file.rows for file in of_split)
            splits.append({"name": split, "num_bytes": text_bytes, "num_examples": rows})
        infos.append(
            {
                "config_name": name,
                "splits": splits,
                "download_size": sum(file.bytes for file in files),
                "dataset_size": sum(file.text_bytes for file in files),
            }
        )
    return infos


def _groups(parts: Iterable[Part]) -> list[tuple[str, list[Part]]]:
    """The parts of each configuration."""
    parts = list(parts)
    languages = sorted({part.language for part in parts})
    groups = [(DEFAULT, parts)]
    if len(languages) > 1:
        groups += [(language, [part for part in parts if part.language == language]) for language in languages]
    return groups


def _splits(parts: Iterable[Part]) -> list[str]:
    return list(dict.fromkeys(part.split for part in sorted(parts, key=lambda part: _place(part.split))))


def _data_files(parts: list[Part]) -> list[dict[str, object]]:
    return [{"split": name, "path": [part.pattern for part in parts if part.split == name]} for name in _splits(parts)]


def _place(split: str) -> tuple[int, str]:
    order = list(SPLITS.values())
    return (order.index(split) if split in order else len(order), split)


def size_category(rows: int) -> str:
    """Returns the hub's category for a number of rows: n<1K, 1K<n<10K, ..., n>1T."""
    below = next((i for i in range(len(SIZES)) if rows < 1000 * 10**i), len(SIZES))
    if below == 0:
        return f"n<{SIZES[0]}"
    return f"n>{SIZES[-1]}" if below == len(SIZES) else f"{SIZES[below - 1]}<n<{SIZES[below]}"
