"""JSON lines as a table: its files in pieces for tasks, each line a row or a problem with its place."""

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
"""Bytes of a file that is not compressed which one task reads."""

ENDINGS = (".jsonl", ".ndjson", ".json")
COMPRESSED = (".gz", ".zst")


class Piece(NamedTuple):
    """The lines of a file that begin at `start` or after it and before `stop`; of a compressed file all."""

    path: str
    start: int
    stop: int | None


class Line(NamedTuple):
    """A line without its end and where it stands."""

    place: str
    data: bytes


def table_files(source: SourceConfig) -> tuple[str, list[str]]:
    """The kind of `source.inputs`, `parquet` or `json`, and all their files in order.

    Raises InputError where there is none, or are some of both kinds.
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
        what = "holds no table" if not kinds else "holds Parquet files and JSON lines"
        raise InputError(
            f"source.inputs={list(source.inputs)} {what}. Name files, directories or globs of either .parquet or "
            f"{', '.join(ENDINGS)} (also with {' or '.join(COMPRESSED)})."
        )
    (kind,) = kinds
    return kind, sorted(set(found[kind]))


def is_kept(path: str) -> bool:
    """Whether a file holds JSON lines that a job of ours kept: Spark names them part-….txt.gz."""
    folder, _, name = path.rpartition("/")
    return folder.endswith("kept") and name.startswith("part-") and name.endswith(".txt.gz")


def pieces_of(paths: Iterable[str]) -> Iterator[Piece]:
    """The pieces that tasks read: parts of plain files, compressed files as a whole."""
    for path in paths:
        if path.endswith(COMPRESSED):
            yield Piece(path, 0, None)
            continue
        size = storage.size(path)
        for start in range(0, size, PIECE):
            yield Piece(path, start, min(start + PIECE, size))


def lines_of(piece: Piece) -> Iterator[Line]:
    """The lines of a piece that are not blank, with their byte offset or, in a compressed file, their number."""
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
            at += len(stream.readline()) - 1  # the line that continues here belongs to the piece before
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
        return SourceRow(place=line.place, problem=f"{source.id!r} is no text or whole number", name=None, text=None)
    if text is not None and not isinstance(text, str):
        return SourceRow(place=line.place, problem=f"{source.text!r} is no text", name=None, text=None)
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
    """A line with another text in a field; the values of all others are copied as they were written."""
    values = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    values[field] = msgspec.Raw(msgspec.json.encode(text))
    return msgspec.json.encode(values).decode()


def _time(value: Any) -> datetime | None:
    """ISO 8601; without a zone it is UTC. None for anything else."""
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
