"""JSON lines as a table: files divided into pieces for tasks, each line parsed to a row or a problem."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from sluice.core.config.dedup import SourceConfig
from sluice.core.errors import InputError
from sluice.core.records.docs import SourceRow
from sluice.data import storage
from sluice.data.sources.texts import iter_lines

PIECE = 64 << 20
"""Bytes of an uncompressed file that one task reads."""

ENDINGS = (".jsonl", ".ndjson", ".json")
COMPRESSED = (".gz", ".zst")


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
        for path in storage.list_files(given):
            plain = path.removesuffix(".gz").removesuffix(".zst")
            if path.endswith(".parquet"):
                found["parquet"].append(path)
            elif plain.endswith(ENDINGS) or is_kept(path):
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


def is_kept(path: str) -> bool:
    """Whether a file contains JSON lines kept by one of our jobs; Spark names such files part-….txt.gz."""
    folder, _, name = path.rpartition("/")
    return folder.endswith("kept") and name.startswith("part-") and name.endswith(".txt.gz")


def pieces_of(paths: Iterable[str]) -> Iterator[Piece]:
    """Yields the pieces that tasks read: parts of plain files, and whole compressed files."""
    for path in paths:
        if path.endswith(COMPRESSED):
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
        while at < piece.stop and (line := stream.readline()):
            yield f"byte {at}", line
            at += len(line)


def parse_row(line: Line, source: SourceConfig) -> SourceRow:
    """Parses a line into a row. An error is stored in `problem`, never raised."""
    try:
        value = msgspec.json.decode(line.data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        return SourceRow(place=line.place, problem=f"not JSON: {e}", name=None, text=None)
    if not isinstance(value, dict):
        return SourceRow(place=line.place, problem="not a JSON object", name=None, text=None)
    name, text = value.get(source.id), value.get(source.text)
    if isinstance(name, bool) or not isinstance(name, str | int):
        return SourceRow(place=line.place, problem=f"{source.id!r} is not a string or integer", name=None, text=None)
    if text is not None and not isinstance(text, str):
        return SourceRow(place=line.place, problem=f"{source.text!r} is not a string", name=None, text=None)
    quality = value.get(source.quality) if source.quality else None
    url = value.get(source.url) if source.url else None
    return SourceRow(
        place=line.place,
        problem=None,
        name=str(name),
        text=text,
        quality=float(quality) if isinstance(quality, int | float) else None,
        fetched_at=_time(value.get(source.fetched_at)) if source.fetched_at else None,
        url=url if isinstance(url, str) else None,
    )


def replace_text(line: str, field: str, text: str) -> str:
    """Returns a JSON line with another text in `field`; all other values are copied as written."""
    values = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    values[field] = msgspec.Raw(msgspec.json.encode(text))
    return msgspec.json.encode(values).decode()


def _time(value: Any) -> datetime | None:
    """Parses ISO 8601, as UTC if it has no zone. None for anything else."""
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
