"""Arrow schemas of the tables in `core.records`, and conversion of records to bounded Arrow batches and back."""

import types
import typing
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa

SCALARS: dict[Any, pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
    bytes: pa.binary(),
    datetime: pa.timestamp("us", tz="UTC"),
}
MAX_ROWS, MAX_BYTES = 512, 4 << 20  # small, so that the JVM writes one batch while Python builds the next
NAMED = {"int32": pa.int32(), "float32": pa.float32()}


def arrow_schema(record: type[msgspec.Struct]) -> pa.Schema:
    """Returns the Arrow schema of a record type: fields in order, nullable where the annotation allows None."""
    hints = typing.get_type_hints(record, include_extras=True)
    return pa.schema([_field(name, hints[name]) for name in record.__struct_fields__])


def _field(name: str, annotation: Any) -> pa.Field:
    nullable = False
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        (annotation,) = (part for part in typing.get_args(annotation) if part is not type(None))
        nullable = True
    return pa.field(name, _data_type(annotation), nullable)


def _data_type(annotation: Any) -> pa.DataType:
    if typing.get_origin(annotation) is typing.Annotated:
        return NAMED[typing.get_args(annotation)[1]]
    if typing.get_origin(annotation) is list:
        return pa.list_(_data_type(typing.get_args(annotation)[0]))
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return pa.struct(list(arrow_schema(annotation)))
    return SCALARS[annotation]


def record_batch(records: Sequence[msgspec.Struct], schema: pa.Schema) -> pa.RecordBatch:
    """Builds an Arrow batch with columns matched **by name**, in schema order. Missing attributes become null.

    mapInArrow matches columns by position and does not check types, so all batches are built here.
    """
    columns = []
    for field in schema:
        values = [getattr(record, field.name, None) for record in records]
        if pa.types.is_struct(field.type):
            values = [None if value is None else msgspec.structs.asdict(value) for value in values]
        elif pa.types.is_list(field.type) and pa.types.is_struct(field.type.value_type):
            values = [None if some is None else list(map(msgspec.structs.asdict, some)) for some in values]
        columns.append(pa.array(values, field.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


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
