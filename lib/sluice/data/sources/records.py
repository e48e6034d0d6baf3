"""Documents of one file of any supported kind, as mappings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sluice.data.sources.json_objects import is_json_lines
from sluice.data.sources.parquet import iter_rows
from sluice.data.sources.texts import iter_objects, iter_texts


def iter_records(path: str, wanted: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Yields the documents of a file: mappings with `text`, and with those of the fields in `wanted` that exist.

    `.parquet`: one document per row, whose text may be None. JSON lines, see `is_json_lines`: one per line. Any other
    name: the whole file is the text of one document. Names ending in `.gz` or `.zst` are decompressed. Raises
    InputError, or FormatError with file and line.
    """
    if path.endswith(".parquet"):
        yield from iter_rows(path, ["text"], wanted)
    elif is_json_lines(path):
        yield from iter_objects(path)
    else:
        yield from ({"text": text} for text in iter_texts(path))
