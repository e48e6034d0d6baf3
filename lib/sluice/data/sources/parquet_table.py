"""Parquet files, and Arrow files of Hugging Face's `datasets`, as a table: the rows of a piece, and the kept rows.

Read with pyarrow rather than Spark: only the needed columns, so that the type of another column does not matter, and
kept rows with the types, the columns and the metadata of their own file.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from sluice.core.config.dedup import SourceConfig
from sluice.core.errors import FormatError
from sluice.data import storage
from sluice.data.sources.changes import Changes
from sluice.data.sources.columns import changed_rows, require_types, source_rows, wanted_columns
from sluice.data.sources.parquet import open_parquet
from sluice.data.sources.table_files import Piece

ROWS = 512
"""Maximum number of rows in a batch for Spark."""
BATCH_BYTES = 4 << 20
"""Approximate bytes of a batch."""
GROUP_BYTES = 64 << 20
"""Bytes of kept rows that become one row group."""


class _Part(NamedTuple):
    """A piece of a file, open."""

    schema: pa.Schema
    readers: list[tuple[int, Any]]
    """For each row group, its first row in the file and a function from a list of columns (None: all) to batches."""
    options: Mapping[str, Any]
    """Options of a writer that keep the meaning of the file."""
    is_first: bool


def columnar_schema(kind: str, path: str) -> pa.Schema:
    """Returns the schema of a Parquet or Arrow file. Raises FormatError for another kind of file."""
    with _open(Piece(kind, path, "", 0, 0)) as part:
        return part.schema


def read_columnar(piece: Piece, number: int, source: SourceConfig) -> Iterator[pa.RecordBatch]:
    """Yields the rows of a piece with the schema of SourceRow; `number` is that of the piece."""
    partition = piece.partition
    with _open(piece) as part:
        require_types(part.schema, partition, source, piece.path)
        for first, batch in _batches(part, list(wanted_columns(source).values())):
            for at in range(0, len(batch), ROWS):
                yield source_rows(batch.slice(at, ROWS), partition, source, (number, first + at, piece.path))


def keep_columnar(piece: Piece, source: SourceConfig, changes: Changes, path: str) -> int | None:
    """Writes the rows of a piece with all their columns to a Parquet file, as they are except for `changes`.

    Returns their number. None: no row group begins in the piece, and there is no file.
    """
    with _open(piece) as part:
        if not part.readers and not part.is_first:
            return None
        kept = 0
        with storage.atomic_writer(path) as stream, _writer(stream, part, source) as writer:
            held: list[pa.RecordBatch] = []
            for first, batch in _batches(part, None):
                held.append(changed_rows(batch, first, changes.before(first + len(batch)), source.text))
                kept += len(held[-1])
                if sum(some.nbytes for some in held) >= GROUP_BYTES:
                    writer.write_table(pa.Table.from_batches(held, part.schema))
                    held = []
            if held:
                writer.write_table(pa.Table.from_batches(held, part.schema))
    return kept


def _batches(part: _Part, columns: list[str] | None) -> Iterator[tuple[int, pa.RecordBatch]]:
    for first, read in part.readers:
        at = first
        for batch in read(columns):
            yield at, batch
            at += len(batch)


def _writer(stream: Any, part: _Part, source: SourceConfig) -> pq.ParquetWriter:
    # a dictionary and statistics would each copy a text of 100 MB
    flat = [field.name for field in part.schema if not pa.types.is_nested(field.type) and field.name != source.text]
    return pq.ParquetWriter(
        stream, part.schema, compression="zstd", use_dictionary=flat, write_statistics=flat, **part.options
    )


@contextmanager
def _open(piece: Piece) -> Iterator[_Part]:
    try:
        with _open_arrow(piece.path) if piece.kind == "arrow" else _open_parquet(piece) as part:
            yield part
    except (pa.ArrowException, OSError) as e:
        if "InputError" in {kind.__name__ for kind in type(e).__mro__}:
            raise
        raise FormatError(f"{piece.path} cannot be read: {e}. Write it again.") from e


@contextmanager
def _open_parquet(piece: Piece) -> Iterator[_Part]:
    with open_parquet(piece.path) as file:
        about = file.metadata
        groups = [about.row_group(i) for i in range(about.num_row_groups)]
        readers, row = [], 0
        for i, group in enumerate(groups):
            if piece.stop is None or piece.start <= _begin(group) < piece.stop:
                readers.append((row, _group_reader(file, i, group)))
            row += group.num_rows
        leaves = range(len(file.schema))
        old = any(file.schema.column(i).physical_type == "INT96" for i in leaves)  # Spark's and Hive's timestamps
        options = {"use_deprecated_int96_timestamps": True} if old else {}
        yield _Part(file.schema_arrow, readers, options, not groups and piece.start == 0)


def _begin(group: Any) -> int:
    column = group.column(0)
    return min(filter(None, (column.dictionary_page_offset, column.data_page_offset)))


def _group_reader(file: pq.ParquetFile, number: int, group: Any) -> Any:
    size = max(1, min(16 * ROWS, BATCH_BYTES * group.num_rows // max(1, group.total_byte_size)))
    return lambda columns: file.iter_batches(size, [number], columns)


@contextmanager
def _open_arrow(path: str) -> Iterator[_Part]:
    with storage.open_read(path) as stream:
        try:
            reader = pa.ipc.open_stream(stream)
            batches = iter(reader)
        except pa.ArrowInvalid:
            stream.seek(0)
            reader = pa.ipc.open_file(stream)
            batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
        yield _Part(reader.schema, [(0, lambda columns: batches)], {}, True)
