"""CSV and TSV files with a header as a table. Bytes that are no UTF-8 cost their record, and are kept as they are."""

import csv
import io
import itertools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import GzipFile
from typing import Any, cast

import msgspec

from sluice.core.config.dedup import SourceConfig
from sluice.core.errors import FormatError, InputError
from sluice.core.records.docs import SourceRow
from sluice.data import storage
from sluice.data.sources.changes import Changes
from sluice.data.sources.json_lines import COMPRESSION
from sluice.data.sources.table_files import Piece, place_of
from sluice.data.sources.texts import guarded, open_unpacked
from sluice.data.sources.values import row_of


def csv_columns(path: str) -> list[str]:
    """Returns the names in the header of a file. Raises InputError for an empty file."""
    with _records(path) as records:
        header = next(records, None)
    if header is None:
        raise InputError(f"{path} is empty: expected a first line with the names of the columns.")
    return header


def read_csv(piece: Piece, number: int, source: SourceConfig) -> Iterator[SourceRow]:
    """Yields the rows of a file; `number` is that of the piece."""
    partition = piece.partition
    with _records(piece.path) as records:
        header = next(records, [])
        for position, record in _numbered(records):
            row = _row(header, record, partition, source)
            place = place_of(piece, position) if row.problem else None
            yield msgspec.structs.replace(row, piece=number, position=position, place=place)


def keep_csv(piece: Piece, source: SourceConfig, changes: Changes, path: str) -> int:
    """Writes the records of a file to a gzip file, with their values except for `changes`. Returns their number."""
    kept = 0
    with _records(piece.path) as records, storage.atomic_writer(path) as file:
        packed = GzipFile("", "wb", COMPRESSION, cast(Any, file), mtime=0)
        with io.TextIOWrapper(cast(Any, packed), "utf-8", "surrogateescape", newline="") as stream:
            writer = csv.writer(stream, delimiter=_delimiter(path))  # RFC 4180; \r in a field is quoted
            header = next(records, [])
            writer.writerow(header)
            for position, record in _numbered(records):
                change = changes.at(position)
                if change is None or change.text is not None:
                    if change is not None:
                        record[header.index(source.text)] = change.text or ""
                    writer.writerow(record)
                    kept += 1
    return kept


@contextmanager
def _records(path: str) -> Iterator[Iterator[list[str]]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # of the whole process; its default would end at 128 KB
    with open_unpacked(path) as stream:
        text = io.TextIOWrapper(cast(Any, stream), "utf-8-sig", "surrogateescape", newline="")
        reader = csv.reader(text, delimiter=_delimiter(path))
        try:
            yield iter(lambda: guarded(lambda: next(reader, None), path), None)
        except csv.Error as e:
            raise FormatError(f"{path}, line {reader.line_num}: {e}. Write it as CSV again.") from e


def _numbered(records: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Yields the records after the header with their numbers, without empty lines."""
    return ((number, record) for number, record in zip(itertools.count(1), records, strict=False) if record)


def _row(header: list[str], record: list[str], partition: dict[str, str | None], source: SourceConfig) -> SourceRow:
    if len(record) != len(header):
        return SourceRow(problem=f"{len(record)} fields, but the header has {len(header)}")
    values = {**partition, **dict(zip(header, record, strict=True))}
    for field in (source.id, source.text):
        if field not in values:
            return SourceRow(problem=f"no field {field!r}; there are {', '.join(map(repr, values))}")
    wanted = {field: values.get(field) for field in (source.id, source.text, source.url) if field}
    if not all(value is None or _is_text(value) for value in wanted.values()):
        return SourceRow(problem="it is not UTF-8")
    if not values[source.id]:
        return SourceRow(problem=f"{source.id!r} is empty")
    return row_of(values, source)


def _is_text(value: str) -> bool:
    return value.isascii() or not any("\udc80" <= char <= "\udcff" for char in value)


def _delimiter(path: str) -> str:
    return "\t" if ".tsv" in path.lower()[-8:] else ","
