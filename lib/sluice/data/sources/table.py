"""A user's table of any kind: its columns checked, a piece read, and the kept rows of a piece written."""

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from sluice.core.config.dedup import SourceConfig
from sluice.core.errors import InputError, StageError
from sluice.core.records.docs import SourceRow
from sluice.data import storage
from sluice.data.arrow import to_batches
from sluice.data.sources.changes import Change, Changes
from sluice.data.sources.columns import require_types, wanted_columns
from sluice.data.sources.csv_table import csv_columns, keep_csv, read_csv
from sluice.data.sources.json_lines import keep_json, read_json
from sluice.data.sources.parquet_table import columnar_schema, keep_columnar, read_columnar
from sluice.data.sources.table_files import Piece, TableFile

COLUMNAR = ("parquet", "arrow")


def check_columns(kind: str, files: Sequence[TableFile], source: SourceConfig) -> None:
    """Raises InputError if the first file has no id or text, or no file has another configured column.

    Reads files until all columns are found, so normally the first one. The fields of JSON lines are checked for each
    line when it is read.
    """
    missing: set[str] | None = None
    seen: dict[str, None] = {}
    for path, folder in [] if kind == "json" else files:
        partition = Piece(kind, path, folder, 0, None).partition
        if kind == "csv":
            schema = pa.schema([(name, pa.string()) for name in csv_columns(path)])
        else:
            schema = columnar_schema(kind, path)
        lacking = set(require_types(schema, partition, source, path))
        seen.update(dict.fromkeys([*schema.names, *partition]))
        missing = lacking if missing is None else missing & lacking
        if not missing:
            return
    for setting in sorted(missing or ()):
        name = wanted_columns(source)[setting]
        raise InputError(
            f"source.{setting}={name!r}, but no file has this column. The columns are {list(seen)}. Select "
            f"one of them with --set source.{setting}=COLUMN."
        )


def read_piece(piece: Piece, number: int, source: SourceConfig) -> Iterator[pa.RecordBatch]:
    """Yields the rows of a piece with the schema of SourceRow; `number` is that of the piece."""
    if piece.kind in COLUMNAR:
        return read_columnar(piece, number, source)
    read = read_csv if piece.kind == "csv" else read_json
    return to_batches(read(piece, number, source), SourceRow)


def keep_piece(piece: Piece, number: int, source: SourceConfig, changes: Iterable[Change], directory: str) -> int:
    """Writes the rows of a piece, as they are except for `changes`, to a file of the same kind. Returns their number.

    The file lies below `directory`, in the folders of the piece's partition. Its bytes depend only on the arguments, so
    a task may be repeated. Raises StageError if the file was changed meanwhile.
    """
    found = Changes(changes)
    name = f"part-{number:05d}"
    folder = storage.join(directory, piece.folder) if piece.folder else directory
    if piece.kind in COLUMNAR:
        kept = keep_columnar(piece, source, found, storage.join(folder, f"{name}.parquet"))
    elif piece.kind == "csv":
        ending = "tsv" if ".tsv" in piece.path.lower() else "csv"
        kept = keep_csv(piece, source, found, storage.join(folder, f"{name}.{ending}.gz"))
    else:
        kept = keep_json(piece, source, found, storage.join(folder, f"{name}.jsonl.gz"))
    found.require_end(piece.path)
    return kept or 0


def unreadable_error(source: SourceConfig, num_unreadable: int, total: int, worst: Iterable[str]) -> StageError:
    """Returns the error for too many unreadable rows; `worst`: the first ones, as place and problem."""
    return StageError(
        f"{num_unreadable:,} of {total:,} rows cannot be read, more than source.max_unreadable_share="
        f"{source.max_unreadable_share} allows: {'; '.join(worst)}. Fix them, or increase source.max_unreadable_share."
    )


def repeated_ids_error(source: SourceConfig, repeated: Iterable[tuple[str, int, Sequence[str | None]]]) -> InputError:
    """Returns the error for ids that are not unique: each with its number and two of its places, or None for both."""
    ids = "; ".join(
        f"{name!r} ({count} times{': ' + ' and '.join(filter(None, places)) if all(places) else ''})"
        for name, count, places in repeated
    )
    return InputError(
        f"Ids in column {source.id!r} must be unique, but some are not: {ids}. Set another column with source.id, or "
        "make them unique."
    )


def same_hash_error(source: SourceConfig, one: str, other: str) -> InputError:
    """Returns the error for two ids with the same hash."""
    return InputError(
        f"The ids {one!r} and {other!r} have the same hash. Set source.id_seed to a number other than {source.id_seed}."
    )
