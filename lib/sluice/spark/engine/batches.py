"""Conversion of records to bounded Arrow batches, for functions passed to mapInArrow."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pyarrow as pa

from sluice.data.arrow import arrow_schema, record_batch

MAX_ROWS, MAX_BYTES = 512, 4 << 20  # small, so that the JVM writes one batch while Python builds the next


def to_batches(records: Iterable[msgspec.Struct], table: type[msgspec.Struct]) -> Iterator[pa.RecordBatch]:
    """Yields Arrow batches with a table's schema, each of at most 512 rows and about 4 MB of text."""
    schema = arrow_schema(table)
    held: list[msgspec.Struct] = []
    size = 0
    for record in records:
        held.append(record)
        size += 256 + len(getattr(record, "text", None) or "")
        if len(held) >= MAX_ROWS or size >= MAX_BYTES:
            yield record_batch(held, schema)
            held, size = [], 0
    if held:
        yield record_batch(held, schema)


def iter_rows(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    """Yields the rows of a stream of batches as dictionaries, with one batch in memory at a time."""
    for batch in batches:
        yield from batch.to_pylist()
