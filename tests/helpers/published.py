"""Small descriptions of published datasets, and reading of published files, for tests."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from sluice.publish.layout import Column, DataFile, Dataset, Part, plan_parts

COLUMNS = (Column("id", "bigint", "The number."), Column("text", "string"), Column("tags", "array<string>"))


def dataset(sizes: dict[tuple[str, str], int] | None = None, **fields: Any) -> Dataset:
    """A dataset in which the files of a part have 10, 11, 12, … rows, 100 characters and 120 bytes of text each."""
    parts = plan_parts(sizes or {("en", "train"): 250, ("zh", "train"): 90, ("zh", "validation"): 1}, 100)
    files = tuple(file(part, index) for part in parts for index in range(part.num_files))
    return Dataset(**{"name": "corpus", "columns": COLUMNS, "parts": parts, "files": files, **fields})


def file(part: Part, index: int) -> DataFile:
    return DataFile(
        path=f"{part.stem(index)}.parquet",
        format="parquet",
        language=part.language,
        split=part.split,
        bytes=1000 + index,
        sha256=hashlib.sha256(part.stem(index).encode()).hexdigest(),
        rows=10 + index,
        characters=100,
        text_bytes=120,
    )


def digests(directory: Path) -> dict[str, str]:
    """SHA-256 of every file of a published dataset by its path."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def rows_of(directory: Path, split: str, language: str = "*") -> list[dict[str, Any]]:
    """Rows of the Parquet files of a split, read with pyarrow in the order of their paths."""
    folder = "data" if language == "" else f"data/{language}"
    files = sorted(directory.glob(f"{folder}/{split}-*.parquet"))
    return [row for path in files for row in pq.ParquetFile(path).read().to_pylist()]


def json_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of a file of compressed JSON lines."""
    import zstandard

    with path.open("rb") as stream:
        text = zstandard.ZstdDecompressor().stream_reader(stream).read().decode()
    return [json.loads(line) for line in text.splitlines()]
