"""Columns of Arrow tables, whatever their type, as the columns of a `SourceRow`.

Parquet files of other programs contain strings that are no UTF-8, ids as bytes, missing numbers as NaN and times in
nanoseconds. Only what cannot be read costs its row.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sluice.core.config.dedup import SourceConfig
from sluice.core.errors import InputError
from sluice.core.records.docs import SourceRow
from sluice.data.arrow import arrow_schema
from sluice.data.sources.changes import Change
from sluice.data.sources.values import number_of, time_of

SCHEMA = arrow_schema(SourceRow)
TIME = pa.timestamp("us", tz="UTC")
EXPECTED = {
    "id": "a string, an integer or bytes",
    "text": "a string",
    "quality": "a number",
    "fetched_at": "a timestamp, a date or an ISO 8601 string",
    "url": "a string",
}


def wanted_columns(source: SourceConfig) -> dict[str, str]:
    """Returns the configured columns by their setting: {"id": "doc.id", "text": "body"}."""
    named = {setting: getattr(source, setting) for setting in EXPECTED}
    return {setting: column for setting, column in named.items() if column is not None}


def find_column(schema: pa.Schema, name: str) -> tuple[int, ...] | None:
    """Returns the path of the column with this name. Without such a column, `a.b` is the field `b` of a struct `a`.

    None: neither exists. Raises InputError if several columns have the name.
    """
    found = schema.get_all_field_indices(name)
    if len(found) > 1:
        raise InputError(f"{len(found)} columns are called {name!r}. Rename all but one.")
    if found:
        return (found[0],)
    outer, _, inner = name.partition(".")
    fields: Any = schema
    path: list[int] = []
    while inner:
        at = fields.get_all_field_indices(outer)
        if len(at) != 1 or not pa.types.is_struct(fields.field(at[0]).type):
            return None
        path.append(at[0])
        fields = fields.field(at[0]).type
        last = fields.get_all_field_indices(inner)
        if len(last) == 1:
            return (*path, last[0])
        outer, _, inner = inner.partition(".")
    return None


def require_types(schema: pa.Schema, partition: Mapping[str, str | None], source: SourceConfig, path: str) -> list[str]:
    """Returns the settings whose column the file lacks, except for id and text.

    Raises InputError if the file has no id or text column, or a column has a type that the setting cannot use.
    """
    missing = []
    for setting, name in wanted_columns(source).items():
        found = find_column(schema, name)
        if found is not None:
            kind = _type_at(schema, found)
            if not _fits(setting, kind):
                raise InputError(
                    f"source.{setting}={name!r}: the column has the type {kind} in {path}; expected "
                    f"{EXPECTED[setting]}. Select another column, or convert it."
                )
        elif name not in partition or setting == "text":
            if setting in ("id", "text"):
                raise InputError(
                    f"source.{setting}={name!r}, but the columns of {path} are {[*schema.names, *partition]}. Select "
                    f"one of them with --set source.{setting}=COLUMN."
                )
            missing.append(setting)
    return missing


def _type_at(schema: pa.Schema, path: tuple[int, ...]) -> pa.DataType:
    kind: Any = schema.field(path[0]).type
    for index in path[1:]:
        kind = kind.field(index).type
    return _plain(kind)


def _plain(kind: pa.DataType) -> pa.DataType:
    kind = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_string(kind: pa.DataType) -> bool:
    t = pa.types
    return any(test(kind) for test in (t.is_string, t.is_large_string, t.is_string_view))


def _is_bytes(kind: pa.DataType) -> bool:
    t = pa.types
    return any(test(kind) for test in (t.is_binary, t.is_large_binary, t.is_binary_view, t.is_fixed_size_binary))


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _fits(setting: str, kind: pa.DataType) -> bool:
    if pa.types.is_null(kind) or _is_string(kind):
        return True
    if setting == "id":
        return _is_bytes(kind) or _is_number(kind) or pa.types.is_temporal(kind)
    if setting == "quality":
        return _is_number(kind)
    if setting == "fetched_at":
        return pa.types.is_timestamp(kind) or pa.types.is_date(kind)
    return _is_bytes(kind) and not pa.types.is_fixed_size_binary(kind)


def source_rows(
    batch: pa.RecordBatch, partition: Mapping[str, str | None], source: SourceConfig, place: tuple[int, int, str]
) -> pa.RecordBatch:
    """Returns the rows of a batch with the schema of SourceRow. `place`: piece, first position and path of the file."""
    piece, first, path = place
    columns = {}
    for setting, name in wanted_columns(source).items():
        found = find_column(batch.schema, name)
        if found is not None:
            columns[setting] = _column(batch, found)
        elif name in partition:
            columns[setting] = pa.array([partition[name]] * len(batch), pa.string())
    names, name_problems = _names(columns["id"], source.id)
    texts, text_problems = _texts(columns["text"], source.text)
    problems = [one or other for one, other in zip(name_problems, text_problems, strict=True)]
    positions = np.arange(first, first + len(batch))
    places = [f"{path}, row {at}" if why else None for at, why in zip(positions.tolist(), problems, strict=True)]
    problem = pa.array(problems, pa.string())
    is_good = problem.is_null()
    none = pa.scalar(None, pa.string())
    values = {
        "piece": pa.array(np.full(len(batch), piece, np.int32)),
        "position": pa.array(positions),
        "place": pa.array(places, pa.string()),
        "problem": problem,
        "name": names if is_good.true_count == len(batch) else pc.if_else(is_good, names, none),
        "text": texts if is_good.true_count == len(batch) else pc.if_else(is_good, texts, none),
        "quality": _numbers(columns.get("quality"), len(batch)),
        "fetched_at": _times(columns.get("fetched_at"), len(batch)),
        "url": _texts(columns["url"], "")[0] if "url" in columns else pa.nulls(len(batch), pa.string()),
    }
    return pa.RecordBatch.from_arrays([values[field.name] for field in SCHEMA], schema=SCHEMA)


def _column(batch: pa.RecordBatch, path: tuple[int, ...]) -> pa.Array:
    column = batch.column(path[0])
    for index in path[1:]:
        column = column.flatten()[index]  # unlike `field`, with the nulls of the struct
    column = column.storage if isinstance(column, pa.ExtensionArray) else column
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _texts(column: pa.Array, name: str) -> tuple[pa.Array, list[str | None]]:
    """Returns strings, and a problem for each that is no UTF-8, which becomes null."""
    no_problems: list[str | None] = [None] * len(column)
    if pa.types.is_null(column.type):
        return column.cast(pa.string()), no_problems
    as_bytes = column.cast(pa.large_binary() if column.type in (pa.large_string(), pa.large_binary()) else pa.binary())
    try:
        return as_bytes.cast(pa.string()), no_problems  # checks the bytes, unlike string to string
    except pa.ArrowInvalid:
        pass
    values: list[str | None] = []
    for at, data in enumerate(as_bytes.to_pylist()):
        try:
            values.append(None if data is None else data.decode())
        except UnicodeDecodeError as e:
            values.append(None)
            no_problems[at] = f"{name!r} is not UTF-8 at byte {e.start}"
    return pa.array(values, pa.string()), no_problems


def _names(column: pa.Array, name: str) -> tuple[pa.Array, list[str | None]]:
    """Returns ids as strings, bytes that are not text as hexadecimal digits, and problems of null or invalid ids."""
    kind = column.type
    if pa.types.is_fixed_size_binary(kind):
        names = pa.array([None if value is None else value.hex() for value in column.to_pylist()], pa.string())
    elif _is_bytes(kind):
        names = pa.array(list(map(_name, column.to_pylist())), pa.string())
    elif pa.types.is_floating(kind):  # of a data frame in which some ids are missing
        numbers = [
            number if number is not None and float(number).is_integer() else None for number in column.to_pylist()
        ]
        names = pa.array([None if number is None else str(int(number)) for number in numbers], pa.string())
    elif _is_string(kind):
        names, problems = _texts(column, name)
        return names, [
            why or (None if valid else f"{name!r} is null")
            for why, valid in zip(problems, names.is_valid().to_pylist(), strict=True)
        ]
    else:
        names = column.cast(pa.string())
    wrong = f"{name!r} is null" + (" or no integer" if pa.types.is_floating(kind) else "")
    return names, [None if valid else wrong for valid in names.is_valid().to_pylist()]


def _name(value: bytes | None) -> str | None:
    """Returns the text that old writers store as bytes, or the hexadecimal digits of other bytes, such as a UUID."""
    if value is None:
        return None
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value.hex()
    return text if text.isprintable() else value.hex()


def _numbers(column: pa.Array | None, length: int) -> pa.Array:
    if column is None or pa.types.is_null(column.type):
        return pa.nulls(length, pa.float64())
    if _is_string(column.type):
        return pa.array(list(map(number_of, _texts(column, "")[0].to_pylist())), pa.float64())
    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())
    numbers = column.cast(pa.float64(), safe=False)
    return pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)


def _times(column: pa.Array | None, length: int) -> pa.Array:
    if column is None or pa.types.is_null(column.type):
        return pa.nulls(length, TIME)
    if _is_string(column.type):
        return pa.array(list(map(time_of, _texts(column, "")[0].to_pylist())), TIME)
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("ms"))
    return column.cast(TIME, safe=False)  # nanoseconds are cut; a time without a zone is UTC


def changed_rows(batch: pa.RecordBatch, first: int, changes: Sequence[Change], text: str) -> pa.RecordBatch:
    """Returns a batch without the removed rows, and with the new texts in the column `text`.

    `first` is the position of its first row; the changes are in order and all within the batch.
    """
    edited = {change.position - first: change.text for change in changes if change.text is not None}
    if edited:
        path = find_column(batch.schema, text)
        assert path is not None, "checked when the table was read"
        column = _with_texts(batch.column(path[0]), path[1:], edited)
        batch = batch.set_column(path[0], batch.schema.field(path[0]), column)
    gone = [change.position - first for change in changes if change.text is None]
    if not gone:
        return batch
    stays = np.ones(len(batch), bool)
    stays[gone] = False
    return batch.filter(pa.array(stays))


def _with_texts(column: pa.Array, path: tuple[int, ...], edited: Mapping[int, str]) -> pa.Array:
    if path:
        parts = column.flatten()
        parts[path[0]] = _with_texts(parts[path[0]], path[1:], edited)
        return pa.StructArray.from_arrays(parts, fields=list(column.type), mask=column.is_null())
    plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    values = plain.cast(pa.large_binary()).to_pylist()
    for row, value in edited.items():
        values[row] = value.encode()
    # string to string, as the cast from bytes would refuse other rows whose text is no UTF-8
    changed = pa.array(values, pa.large_binary()).view(pa.large_string()).cast(plain.type)
    return changed.dictionary_encode().cast(column.type) if plain is not column else changed
