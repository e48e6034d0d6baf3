"""Reads the wanted records of a crawl from Common Crawl's columnar index, by archive, in bounded memory.

Source of the columns: commoncrawl/cc-index-table, schema `cc-index-schema-flat.json`. There are two passes. The first
reads the index once, in row batches, with only the needed columns and the selection pushed down to row groups; it
spills the record locations to files by archive, 16 bytes each. The second sorts one file at a time, so that the order
of index files and rows does not matter. Memory: a few row batches, then the locations of 256 archives (110 MB if a
whole Common Crawl is wanted).
"""

import logging
import os
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sluice.core.config.load import names
from sluice.core.config.plan import SelectionConfig
from sluice.core.errors import FormatError, InputError
from sluice.data import storage
from sluice.data.archives.wanted import WantedRecords

PLACE_COLUMNS = ("warc_filename", "warc_record_offset", "warc_record_length")
CONDITION_COLUMNS = {
    "languages": "content_languages",
    "domains": "url_host_registered_domain",
    "mimes": "content_mime_detected",
    "statuses": "fetch_status",
}
PLACE = np.dtype([("archive", "<i4"), ("length", "<i4"), ("offset", "<i8")])
BATCH_ROWS = 1 << 17
AHEAD = 4
BUCKET_ARCHIVES = 256
PROGRESS_S = 10.0

log = logging.getLogger("sluice.plan")


@dataclass
class IndexCounts:
    """Row counts of the index: `rows = selected + not_selected + repeated`."""

    rows: int = 0
    selected: int = 0
    repeated: int = 0

    @property
    def not_selected(self) -> int:
        """Number of rows that do not meet the selection."""
        return self.rows - self.selected - self.repeated


def list_index(given: Sequence[str]) -> list[str]:
    """Returns the Parquet files at paths, directories and globs, sorted, each once. Raises InputError for none."""
    found: set[str] = set()
    for path in given:
        files = storage.list_data(path)
        tables = files if files == [path] else [file for file in files if file.endswith(".parquet")]
        if not tables:
            raise InputError(f"{path} contains {len(files)} files but no *.parquet file of an index. Check plan.index.")
        found.update(tables)
    return sorted(found)


def iter_wanted(
    files: Sequence[str], selection: SelectionConfig, archives: Sequence[str], counts: IndexCounts
) -> Iterator[tuple[int, WantedRecords]]:
    """Yields, for each archive with wanted records, its number and their locations, ascending. Updates `counts`.

    `archives` are names (`PlanEntry.warc_name`) in number order. Raises FormatError for a table with other columns and
    for impossible locations, InputError for archives that are not in the list.
    """
    numbering = _Numbering(archives)
    with tempfile.TemporaryDirectory(prefix="sluice-plan-") as folder:
        _spill(files, selection, numbering, counts, folder)
        for name in sorted(os.listdir(folder)):
            yield from _iter_bucket(os.path.join(folder, name), archives, counts)


class _Numbering:
    """Numbers of archives by index name: the name in the list, or a suffix of it that starts after a slash."""

    def __init__(self, archives: Sequence[str]) -> None:
        self._archives = archives
        self._by_file: dict[str, list[int]] = {}
        for number, name in enumerate(archives):
            self._by_file.setdefault(name.rpartition("/")[2], []).append(number)
        self._known: dict[str, int] = {}

    def find(self, indexed: Sequence[str], file: str) -> NDArray[np.int32]:
        """Returns the numbers of `indexed` names. Raises InputError that lists the unknown ones."""
        for name in indexed:
            if name not in self._known:
                self._known[name] = self._find(name)
        unknown = [name for name in indexed if self._known[name] < 0]
        if unknown:
            raise InputError(
                f"{file} names archives that are not in plan.inputs: {names(unknown[:3])}"
                f"{f' and {len(unknown) - 3} more' if len(unknown) > 3 else ''}. Use the full list of the same crawl "
                "(its warc.paths.gz), and the matching part of its index (crawl=…/subset=warc)."
            )
        return np.fromiter((self._known[name] for name in indexed), np.int32, len(indexed))

    def _find(self, name: str) -> int:
        ends = [
            number
            for number in self._by_file.get(name.rpartition("/")[2], ())
            if self._archives[number] == name or self._archives[number].endswith(f"/{name}")
        ]
        if len(ends) > 1:
            same = names([self._archives[number] for number in ends[:2]])
            raise InputError(f"{same} both match {name} in the index. List one copy of each archive in plan.inputs.")
        return ends[0] if ends else -1


def _spill(
    files: Sequence[str], selection: SelectionConfig, numbering: _Numbering, counts: IndexCounts, folder: str
) -> None:
    said = time.monotonic()
    for number, file in enumerate(files):
        for places in _iter_places(file, selection, numbering, counts):
            buckets = places["archive"] // BUCKET_ARCHIVES
            for bucket in np.unique(buckets):
                with open(os.path.join(folder, f"{bucket:05d}"), "ab") as stream:
                    stream.write(places[buckets == bucket].tobytes())
            if time.monotonic() - said > PROGRESS_S:
                said = time.monotonic()
                log.info("plan: index file %d of %d, %s records wanted", number + 1, len(files), f"{counts.selected:,}")


def _iter_places(
    file: str, selection: SelectionConfig, numbering: _Numbering, counts: IndexCounts
) -> Iterator[NDArray[np.void]]:
    """Yields the locations in the rows of one index file that meet the selection."""
    import pyarrow as pa
    from pyarrow import dataset

    with storage.open_read(file) as stream:
        try:
            source = stream if isinstance(stream, pa.NativeFile) else pa.PythonFile(stream, "r")
            fragment = dataset.ParquetFileFormat().make_fragment(source)
            schema = fragment.physical_schema
        except pa.ArrowInvalid as e:
            raise FormatError(f"{file} is not a Parquet file: {' '.join(str(e).split())}. Check plan.index.") from e
        _check_columns(file, schema, selection)
        counts.rows += fragment.metadata.num_rows
        scanner = fragment.scanner(
            schema=schema,
            columns=list(PLACE_COLUMNS),
            filter=_condition(selection, schema),
            batch_size=BATCH_ROWS,
            batch_readahead=AHEAD,
        )
        for batch in scanner.to_batches():
            if not batch.num_rows:
                continue
            if any(column.null_count for column in batch.columns):
                raise FormatError(f"{file} has rows without {names(PLACE_COLUMNS)}, unlike Common Crawl's index.")
            filenames = batch.column(0).cast(pa.string()).dictionary_encode()
            archives = numbering.find(filenames.dictionary.to_pylist(), file)
            places = np.empty(batch.num_rows, PLACE)
            places["archive"] = archives[filenames.indices.to_numpy()]
            places["offset"] = offsets = batch.column(1).to_numpy()
            lengths = batch.column(2).to_numpy()
            if offsets.min() < 0 or lengths.min() < 1 or lengths.max() > np.iinfo(np.int32).max:
                raise FormatError(f"{file} has impossible locations: offsets below 0 or lengths not from 1 to 2^31.")
            places["length"] = lengths
            counts.selected += batch.num_rows
            yield places


def _check_columns(file: str, schema: Any, selection: SelectionConfig) -> None:
    import pyarrow as pa

    conditions = [column for name, column in CONDITION_COLUMNS.items() if getattr(selection, name) is not None]
    missing = [name for name in (*PLACE_COLUMNS, *conditions) if name not in schema.names]
    if missing:
        found = names([*schema.names[:8], *(["others"] if len(schema.names) > 8 else [])])
        raise FormatError(
            f"{file} has no column {names(missing)}, but {found}. Expected the columns of Common Crawl's "
            "cc-index-table; check plan.index."
        )
    for name in (*PLACE_COLUMNS[1:], "fetch_status"):
        if name in schema.names and not pa.types.is_integer(schema.field(name).type):
            raise FormatError(f"{file}: {name} is {schema.field(name).type}, expected integers.")


def _condition(selection: SelectionConfig, schema: Any) -> Any:
    """The selection as a filter expression that can skip row groups; None for all rows."""
    import pyarrow as pa
    from pyarrow import compute as pc

    conditions = []
    for name, column in CONDITION_COLUMNS.items():
        values = getattr(selection, name)
        if values is None:
            continue
        field = pc.field(column)
        if name != "languages":
            conditions.append(field.isin(pa.array(values, schema.field(column).type)))
        elif selection.language_rank == "any":
            conditions.append(pc.match_substring_regex(field, f"(^|,)({'|'.join(map(re.escape, values))})(,|$)"))
        else:  # "zho" or "zho,…": comparisons, which row group statistics can answer ("-" follows "," in ASCII)
            first = [(field == v) | ((field >= f"{v},") & (field < f"{v}-")) for v in values]
            conditions.append(reduce(lambda a, b: a | b, first) if first else pc.scalar(False))
    return reduce(lambda a, b: a & b, conditions) if conditions else None


def _iter_bucket(path: str, archives: Sequence[str], counts: IndexCounts) -> Iterator[tuple[int, WantedRecords]]:
    places = np.fromfile(path, PLACE)
    places = places[np.lexsort((places["length"], places["offset"], places["archive"]))]
    is_new = np.ones(len(places), bool)
    is_new[1:] = places[1:] != places[:-1]
    repeated = len(places) - int(is_new.sum())
    counts.repeated += repeated
    counts.selected -= repeated
    places = places[is_new]
    same = places["archive"][1:] == places["archive"][:-1]
    overlaps = same & (places["offset"][:-1] + places["length"][:-1] > places["offset"][1:])
    if overlaps.any():
        one, other = places[int(overlaps.argmax())], places[int(overlaps.argmax()) + 1]
        raise FormatError(
            f"The index has records of {archives[one['archive']]} that overlap: {one['length']} bytes at "
            f"{one['offset']}, and one at {other['offset']}. Records of an archive cannot overlap; check plan.index."
        )
    starts = np.flatnonzero(np.concatenate(([True], ~same))) if len(places) else np.empty(0, np.int64)
    for start, stop in zip(starts, [*starts[1:], len(places)], strict=True):
        part = places[start:stop]
        wanted = WantedRecords(part["offset"].astype(np.int64), part["length"].astype(np.int64))
        yield int(part["archive"][0]), wanted


def describe(selection: SelectionConfig) -> dict[str, list[object]]:
    """Returns the conditions that are set, by name."""
    values = {name: getattr(selection, name) for name in CONDITION_COLUMNS}
    return {name: list(value) for name, value in values.items() if value is not None}
