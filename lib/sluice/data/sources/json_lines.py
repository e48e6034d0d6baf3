"""JSON lines as a table: each line parsed to a row or a problem, and the kept lines written as they are."""

from collections.abc import Iterator, Mapping
from gzip import GzipFile
from typing import Any, NamedTuple, cast

import msgspec

from sluice.core.config.dedup import SourceConfig
from sluice.core.records.docs import SourceRow
from sluice.data import storage
from sluice.data.sources.changes import Changes
from sluice.data.sources.json_objects import BOM, decode_object, fields_of, replace_text
from sluice.data.sources.table_files import Piece, place_of
from sluice.data.sources.texts import iter_lines
from sluice.data.sources.values import row_of

COMPRESSION = 6
"""Level of gzip for kept lines."""


class Line(NamedTuple):
    """A line without its line end, and its position: the byte at which it begins, or its number if compressed."""

    position: int
    data: bytes


def lines_of(piece: Piece) -> Iterator[Line]:
    """Yields the non-blank lines of a piece."""
    for position, line in _placed_lines(piece):
        data = line.rstrip(b"\r\n")
        if data.strip():
            yield Line(position, data)


def _placed_lines(piece: Piece) -> Iterator[tuple[int, bytes]]:
    if piece.stop is None:
        yield from iter_lines(piece.path)
        return
    with storage.open_read(piece.path) as stream:
        at = piece.start
        if at:
            stream.seek(at - 1)
            at += len(stream.readline()) - 1  # a line that continues here belongs to the previous piece
        elif stream.read(len(BOM)) == BOM:
            at = len(BOM)
        else:
            stream.seek(0)
        while at < piece.stop and (line := stream.readline()):
            yield at, line
            at += len(line)


def read_json(piece: Piece, number: int, source: SourceConfig) -> Iterator[SourceRow]:
    """Yields the rows of a piece; `number` is that of the piece."""
    partition = piece.partition
    for position, data in lines_of(piece):
        row = parse_row(data, source, partition)
        place = place_of(piece, position) if row.problem else None
        yield msgspec.structs.replace(row, piece=number, position=position, place=place)


def parse_row(data: bytes, source: SourceConfig, partition: Mapping[str, Any]) -> SourceRow:
    """Parses a line into a row. An error is stored in `problem`, never raised. A text that is null is no error."""
    try:
        value = {**partition, **decode_object(data)}
    except ValueError as e:
        return SourceRow(problem=f"not a JSON object: {e}")
    for field in (source.id, source.text):
        if field not in value:
            return SourceRow(problem=f"no field {field!r}; there are {fields_of(value)}")
    return row_of(value, source)


def keep_json(piece: Piece, source: SourceConfig, changes: Changes, path: str) -> int:
    """Writes the lines of a piece to a gzip file, as they are except for `changes`. Returns their number."""
    kept = 0
    with storage.atomic_writer(path) as file, GzipFile("", "wb", COMPRESSION, cast(Any, file), mtime=0) as stream:
        for position, data in lines_of(piece):
            change = changes.at(position)
            if change is None or change.text is not None:
                line = data if change is None else replace_text(data.decode(), source.text, change.text or "").encode()
                stream.write(line + b"\n")
                kept += 1
    return kept
