"""JSON lines as a table: files divided into pieces for tasks, each line parsed to a row or a problem."""

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sluice.core.config.dedup import SourceConfig
from sluice.core.errors import InputError
from sluice.core.records.docs import SourceRow
from sluice.data import storage
from sluice.data.sources.json_objects import BOM, COMPRESSED, ENDINGS, decode_object, fields_of, is_json_lines
from sluice.data.sources.texts import iter_lines

PIECE = 64 << 20
"""Bytes of an uncompressed file that one task reads."""


class Piece(NamedTuple):
    """The lines of a file that begin in [`start`, `stop`) bytes; all lines of a compressed file (`stop` is None)."""

    path: str
    start: int
    stop: int | None


class Line(NamedTuple):
    """A line without its line end, and its location."""

    place: str
    data: bytes


def table_files(source: SourceConfig) -> tuple[str, list[str]]:
    """Returns the kind of `source.inputs`, `parquet` or `json`, and all their files in order.

    Raises InputError without such files, or if both kinds occur.
    """
    found: dict[str, list[str]] = {"parquet": [], "json": []}
    for given in source.inputs:
        for path in storage.list_data(given):
            if path.lower().endswith(".parquet"):
                found["parquet"].append(path)
            elif is_json_lines(path):
                found["json"].append(path)
    kinds = [kind for kind, paths in found.items() if paths]
    if len(kinds) != 1:
        what = "contains no table" if not kinds else "contains both Parquet files and JSON lines"
        raise InputError(
            f"source.inputs={list(source.inputs)} {what}. Use files, directories or globs of either .parquet or "
            f"{', '.join(ENDINGS)} (also with {' or '.join(COMPRESSED)})."
        )
    (kind,) = kinds
    return kind, sorted(set(found[kind]))


def pieces_of(paths: Iterable[str]) -> Iterator[Piece]:
    """Yields the pieces that tasks read: parts of plain files, and whole compressed files."""
    for path in paths:
        if path.lower().endswith(COMPRESSED):
            yield Piece(path, 0, None)
            continue
        size = storage.size(path)
        for start in range(0, size, PIECE):
            yield Piece(path, start, min(start + PIECE, size))


def lines_of(piece: Piece) -> Iterator[Line]:
    """Yields the non-blank lines of a piece with their byte offset or, in a compressed file, their line number."""
    for where, line in _placed_lines(piece):
        data = line.rstrip(b"\r\n")
        if data.strip():
            yield Line(f"{piece.path}, {where}", data)


def _placed_lines(piece: Piece) -> Iterator[tuple[str, bytes]]:
    if piece.stop is None:
        for number, line in iter_lines(piece.path):
            yield f"line {number}", line
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
            yield f"byte {at}", line
            at += len(line)


def parse_row(line: Line, source: SourceConfig) -> SourceRow:
    """Parses a line into a row. An error is stored in `problem`, never raised. A text that is null is no error."""
    try:
        value = decode_object(line.data)
    except ValueError as e:
        return _problem(line, f"not a JSON object: {e}")
    for field in (source.id, source.text):
        if field not in value:
            return _problem(line, f"no field {field!r}; there are {fields_of(value)}")
    name, text = value[source.id], value[source.text]
    if isinstance(name, float) and name.is_integer():  # of a data frame in which some ids are missing
        name = int(name)
    if isinstance(name, bool) or not isinstance(name, str | int):
        return _problem(line, f"{source.id!r} is not a string or integer")
    if text is not None and not isinstance(text, str):
        return _problem(line, f"{source.text!r} is not a string")
    url = value.get(source.url) if source.url else None
    return SourceRow(
        place=line.place,
        problem=None,
        name=str(name),
        text=text,
        quality=_number(value.get(source.quality)) if source.quality else None,
        fetched_at=_time(value.get(source.fetched_at)) if source.fetched_at else None,
        url=url if isinstance(url, str) else None,
    )


def _problem(line: Line, problem: str) -> SourceRow:
    return SourceRow(place=line.place, problem=problem, name=None, text=None)


def _number(value: Any) -> float | None:
    """Returns a number, also one that is written as a string. None for NaN and anything else."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return None if math.isnan(number) else number


def _time(value: Any) -> datetime | None:
    """Parses ISO 8601, as UTC if it has no zone. None for anything else."""
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
