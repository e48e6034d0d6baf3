"""Documents in Parquet tables, read with pyarrow: a run's `extract/docs`, or any Parquet files with a column `text`."""

from collections.abc import Iterator, Sequence
from typing import Any

from sluice.core.errors import FormatError, InputError
from sluice.data import storage


def document_files(path: str) -> list[str]:
    """Returns the Parquet files with documents in a run's output, a table directory, a glob or a file, sorted.

    Includes only complete batches of a run, and only `kind=doc` of a table partitioned by `kind`. Raises InputError
    without such files.
    """
    docs = storage.join(path, "extract", "docs")
    is_run = storage.exists(docs)
    files = storage.list_files(docs if is_run else path)
    complete = {name.rpartition("/")[2].removesuffix(".json") for name in files if "/_batches/" in name}
    found = [name for name in files if name.endswith(".parquet") and ("/kind=" not in name or "/kind=doc/" in name)]
    if is_run:
        found = [name for name in found if name.partition("/batch=")[2].partition("/")[0] in complete]
    if not found:
        raise InputError(
            f"There are no documents at {path}: expected the output of `sluice run extract` or Parquet files."
        )
    return found


def open_parquet(path: str) -> Any:
    """Opens a `pyarrow.parquet.ParquetFile`. Raises FormatError for another kind of file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(storage.open_read(path))
    except pa.ArrowInvalid as e:
        raise FormatError(f"{path} is not a Parquet file: {e}. Write it again.") from e


def iter_rows(path: str, needed: Sequence[str], wanted: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """Yields the rows of one file: the `needed` columns, and the `wanted` ones that exist.

    Raises FormatError if a needed column is missing.
    """
    with open_parquet(path) as file:
        names = file.schema_arrow.names
        if missing := [name for name in needed if name not in names]:
            raise FormatError(f"{path} has no column {missing[0]!r}; it has {', '.join(names)}.")
        columns = [*needed, *(name for name in wanted if name in names and name not in needed)]
        for batch in file.iter_batches(columns=columns):
            yield from batch.to_pylist()
