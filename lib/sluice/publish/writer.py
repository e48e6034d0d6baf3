"""Writing of the files of a published dataset. The bytes of a file are a function of its rows and their schema.

Rows are cut into row groups by their number and size only, not by the batches in which they arrive. Memory is bounded
by one row group. Nothing in a file depends on time or machine; the footer names the version of pyarrow.
"""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, cast

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sluice.data import storage
from sluice.data.storage.hashed import HashedStream
from sluice.publish.layout import SUFFIXES, DataFile

ROW_GROUP_BYTES, ROW_GROUP_ROWS = 128 << 20, 10_000
"""A row group ends with the row that reaches one of these; bytes are of the texts. A reader loads a whole row group,
and the hub shows a preview of the first one, so typical web pages (3 kB) make row groups of 30 MB."""

PARQUET = {
    "compression": "zstd",
    "compression_level": 3,
    "version": "2.6",
    "data_page_version": "1.0",
    "use_dictionary": True,
    "write_statistics": True,
    "write_page_index": True,
    "store_schema": True,
}
"""Options of every Parquet file, written down because other versions of pyarrow may have other defaults."""

ZSTD_LEVEL = 3


def write_files(
    directory: str,
    stem: str,
    batches: Iterable[pa.RecordBatch],
    *,
    schema: pa.Schema,
    text: str,
    formats: Iterable[str],
    language: str,
    split: str,
) -> list[DataFile]:
    """Writes the same rows to one file per format, each atomically, and returns their descriptions.

    directory: of the dataset. stem: path below it without suffix. text: name of the text column.
    """
    paths = {name: f"{stem}.{SUFFIXES[name]}" for name in formats}
    rows = characters = text_bytes = 0
    with contextlib.ExitStack() as stack:
        streams = {
            name: HashedStream(stack.enter_context(storage.atomic_writer(storage.join(directory, path))))
            for name, path in paths.items()
        }
        with contextlib.ExitStack() as writers:
            write = [writers.enter_context(_WRITERS[name](stream, schema)) for name, stream in streams.items()]
            for table in row_groups(batches, schema, text):
                for one in write:
                    one(table)
                rows += table.num_rows
                characters += pc.sum(pc.utf8_length(table[text])).as_py() or 0
                text_bytes += pc.sum(pc.binary_length(table[text])).as_py() or 0
    return [
        DataFile(
            path=path,
            format=name,
            language=language,
            split=split,
            bytes=streams[name].size,
            sha256=streams[name].sha256.hexdigest(),
            rows=rows,
            characters=characters,
            text_bytes=text_bytes,
        )
        for name, path in paths.items()
    ]


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Returns a schema that is the same for all versions of Spark: nullable columns, small offsets, no metadata."""
    small = {pa.large_string(): pa.string(), pa.large_binary(): pa.binary()}
    return pa.schema([pa.field(field.name, small.get(field.type, field.type)) for field in schema])


def row_groups(batches: Iterable[pa.RecordBatch], schema: pa.Schema, text: str) -> Iterator[pa.Table]:
    """Yields the rows of a stream of batches as tables of one row group each."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        sizes = pc.fill_null(pc.binary_length(batch.column(text)), 0).to_numpy(zero_copy_only=False).astype(np.int64)
        start = 0
        while start < batch.num_rows:
            ends = np.cumsum(sizes[start:]) + size
            reaches = int(np.searchsorted(ends, ROW_GROUP_BYTES)) + 1
            count = min(reaches, ROW_GROUP_ROWS - rows, batch.num_rows - start)
            held.append(batch.slice(start, count))
            rows, size, start = rows + count, int(ends[count - 1]), start + count
            if rows >= ROW_GROUP_ROWS or size >= ROW_GROUP_BYTES:
                yield _table(held, schema)
                held, rows, size = [], 0, 0
    if held:
        yield _table(held, schema)


def _table(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_batches(batches).cast(schema).combine_chunks()


@contextlib.contextmanager
def _parquet(stream: HashedStream, schema: pa.Schema) -> Iterator[Any]:
    with pq.ParquetWriter(stream, schema, **PARQUET) as writer:
        yield lambda table: writer.write_table(table, row_group_size=ROW_GROUP_ROWS)


@contextlib.contextmanager
def _json_lines(stream: HashedStream, _: pa.Schema) -> Iterator[Any]:
    import zstandard

    encoder = msgspec.json.Encoder()
    with zstandard.ZstdCompressor(level=ZSTD_LEVEL).stream_writer(cast(BinaryIO, stream), closefd=False) as writer:
        # pieces of a fixed number of rows: their lengths may affect the compressed bytes
        yield lambda table: [
            writer.write(encoder.encode_lines(batch.to_pylist())) for batch in table.to_batches(max_chunksize=1000)
        ]


_WRITERS = {"parquet": _parquet, "jsonl": _json_lines}
