"""Parquet tables that tasks write and read through `storage`: a file per task, and a list of all files, written last.

Each file appears at once and under a name that depends only on the task, so a repeated or speculative attempt replaces
it with the same rows. No rename is needed, which object stores do not have.
"""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sluice.core.errors import FormatError
from sluice.core.records.base import Record
from sluice.data import storage
from sluice.data.storage.hashed import HashedStream

FILES = "_files.json"
ROW_GROUP_BYTES = 64 << 20
"""Bytes in memory after which the rows of a file are written as a row group."""
PARQUET: dict[str, Any] = {"compression": "zstd", "version": "2.6", "write_statistics": True, "store_schema": False}


class PartFile(Record):
    """A file of a table. `path` is below the directory of the table."""

    path: str
    rows: int
    bytes: int
    sha256: str


class PartWriter:
    """Writes the rows of one task, with one file for each value of the column `by`, whose name is in the path.

    A context manager. The files appear when it ends without an error; then `files` describes them. Without rows there
    is no file.
    """

    def __init__(self, directory: str, name: str, schema: pa.Schema, by: str | None = None) -> None:
        self.files: list[PartFile] = []
        self._directory, self._name, self._by = directory, name, by
        self._schema = pa.schema([field for field in schema if field.name != by])
        self._open = contextlib.ExitStack()
        self._parts: dict[str, _Part] = {}

    def __enter__(self) -> "PartWriter":
        self._open.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        try:
            for part in self._parts.values():
                part.close()  # also after an error: pyarrow would write the end of the file later, to a closed stream
        finally:
            self._open.__exit__(*error)
        self.files = [part.description() for _, part in sorted(self._parts.items())]

    def write(self, batch: pa.RecordBatch) -> None:
        """Adds the rows of a batch with the columns of the schema."""
        if self._by is None:
            self._part("").write(batch.select(self._schema.names))
            return
        values = batch.column(self._by)
        for value in pc.unique(values).to_pylist():
            rows = batch.filter(pc.equal(values, value))
            self._part(f"{self._by}={value}/").write(rows.select(self._schema.names))

    def _part(self, folder: str) -> "_Part":
        if folder not in self._parts:
            path = f"{folder}{self._name}.parquet"
            stream = HashedStream(self._open.enter_context(storage.atomic_writer(storage.join(self._directory, path))))
            self._parts[folder] = _Part(path, stream, self._schema)
        return self._parts[folder]


class _Part:
    """An open file, and the rows of its next row group."""

    def __init__(self, path: str, stream: HashedStream, schema: pa.Schema) -> None:
        self._path, self._stream, self._schema = path, stream, schema
        self._writer = pq.ParquetWriter(cast(Any, stream), schema, **PARQUET)
        self._held: list[pa.RecordBatch] = []
        self._held_bytes = self._rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        self._held.append(batch)
        self._held_bytes += batch.nbytes
        self._rows += batch.num_rows
        if self._held_bytes >= ROW_GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def description(self) -> PartFile:
        return PartFile(self._path, self._rows, self._stream.size, self._stream.sha256.hexdigest())

    def _flush(self) -> None:
        if self._held:
            self._writer.write_table(pa.Table.from_batches(self._held).cast(self._schema))
        self._held, self._held_bytes = [], 0


def write_empty(directory: str, schema: pa.Schema) -> list[PartFile]:
    """Writes a file without rows, so that readers of a directory find the columns of a table without rows."""
    path = storage.join(directory, "part-00000.parquet")
    with storage.atomic_writer(path) as file:
        stream = HashedStream(file)
        with pq.ParquetWriter(cast(Any, stream), schema, **PARQUET):
            pass
    return [PartFile("part-00000.parquet", 0, stream.size, stream.sha256.hexdigest())]


def write_list(directory: str, files: Iterable[PartFile]) -> None:
    """Writes the list of a table's files, which makes the table complete."""
    plain = msgspec.to_builtins(sorted(files, key=lambda file: file.path))
    storage.write_atomic(storage.join(directory, FILES), json.dumps(plain, indent=1).encode() + b"\n")


def read_list(directory: str) -> list[PartFile] | None:
    """Returns the files of a complete table, or None without a list. Raises FormatError if it is damaged."""
    path = storage.join(directory, FILES)
    if not storage.exists(path):
        return None
    try:
        return msgspec.json.decode(storage.read_bytes(path), type=list[PartFile])
    except msgspec.DecodeError as e:
        raise FormatError(f"{path} is damaged: {e}. Remove {directory} and run the job again.") from e


def read_schema(path: str) -> pa.Schema:
    """Returns the columns of a file."""
    with storage.open_read(path) as stream:
        return pq.read_schema(stream)


def read_part(
    path: str, schema: pa.Schema, constants: Mapping[str, Any], rows_per_batch: int
) -> Iterator[pa.RecordBatch]:
    """Yields the rows of a file with the columns of `schema`, read in row groups; `constants` are columns by name."""
    wanted = [name for name in schema.names if name not in constants]
    with storage.open_read(path) as stream, pq.ParquetFile(stream, pre_buffer=True) as file:
        for batch in file.iter_batches(rows_per_batch, columns=wanted):
            columns = [
                pa.array([constants[field.name]] * batch.num_rows, field.type)
                if field.name in constants
                else batch.column(field.name).cast(field.type)
                for field in schema
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)


def partition_values(path: str, names: Sequence[str]) -> dict[str, str]:
    """Returns the values of columns that are in the folders of a path, such as kind=doc."""
    folders = (folder.partition("=") for folder in path.split("/")[:-1])
    return {name: value for name, equals, value in folders if equals and name in names}
