"""The files of a user's table, and their division into pieces for tasks."""

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote

from sluice.core.errors import InputError
from sluice.data import storage
from sluice.data.sources.delta import current_files
from sluice.data.sources.json_objects import COMPRESSED, is_json_lines

PIECE = 64 << 20
"""Bytes of a file that one task reads, if the file can be divided."""
DIVISIBLE = ("parquet", "json")
KINDS = {"parquet": "Parquet files", "arrow": "Arrow files", "csv": "CSV files", "json": "JSON lines"}
HUB_FILES = ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json")
"""Descriptions that Hugging Face's `datasets` writes beside its data."""
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


class TableFile(NamedTuple):
    """A file of a table, and the folders below the given directory that name partition values: `lang=en/year=2024`."""

    path: str
    folder: str = ""


class Piece(NamedTuple):
    """The part of a file that one task reads: lines or row groups that begin in [`start`, `stop`) bytes; None: all."""

    kind: str
    path: str
    folder: str
    start: int
    stop: int | None

    @property
    def partition(self) -> dict[str, str | None]:
        """Returns the values of the partition columns, which are in the names of folders and not in the file."""
        pairs = (part.partition("=")[::2] for part in self.folder.split("/") if part)
        return {unquote(name): None if value == NO_VALUE else unquote(value) for name, value in pairs}


def kind_of(path: str) -> str | None:
    """Returns the kind of a file by its name in any case: parquet, arrow, csv or json. None: it is no table.

    >>> kind_of("a.PARQUET"), kind_of("a.tsv.gz"), kind_of("a.jsonl.zst"), kind_of("a.txt")
    ('parquet', 'csv', 'json', None)
    """
    plain = path.lower()
    if plain.endswith((".parquet", ".arrow")):
        return plain.rpartition(".")[2]
    if is_json_lines(path):
        return None if path.rpartition("/")[2] in HUB_FILES else "json"
    for ending in COMPRESSED:
        plain = plain.removesuffix(ending)
    return "csv" if plain.endswith((".csv", ".tsv")) else None


def table_files(inputs: Iterable[str]) -> tuple[str, list[TableFile]]:
    """Returns the kind of a table and its files, in order of their paths.

    Hidden files are no data (see `storage.list_data`), nor are descriptions of Hugging Face's `datasets`. Of a Delta
    table, only the current files are. Raises InputError without data or if several kinds occur.
    """
    found: dict[str, dict[str, TableFile]] = {}
    for given in inputs:
        base = storage.data_base(given)
        for path in _data(given):
            if kind := kind_of(path):
                folders = path.removeprefix(base).rpartition("/")[0].split("/")
                folder = "/".join(part for part in folders if "=" in part)
                found.setdefault(kind, {})[path] = TableFile(path, folder)
    if len(found) != 1:
        kinds = " and ".join(KINDS[kind] for kind in KINDS if kind in found)
        raise InputError(
            f"source.inputs={list(inputs)} contains {kinds or 'no table'}. Use files, directories or globs of one "
            "kind: .parquet, .arrow, .csv and .tsv, or .jsonl, .ndjson and .json (text also with .gz or .zst)."
        )
    ((kind, files),) = found.items()
    return kind, [files[path] for path in sorted(files)]


def _data(given: str) -> list[str]:
    """Lists files with data. Of a folder that `datasets` saved, only those that its `state.json` names."""
    files = current_files(given, storage.list_data(given))
    for state in [path for path in files if path.rpartition("/")[2] == "state.json"]:
        folder = state.removesuffix("state.json")
        named = {folder + str(part.get("filename")) for part in _state(state)}
        files = [path for path in files if path.rpartition("/")[0] + "/" != folder or path in named]
    return files


def _state(path: str) -> list[dict[str, str]]:
    try:
        return list(json.loads(storage.read_bytes(path))["_data_files"])
    except (ValueError, KeyError, TypeError) as e:
        raise InputError(f"{path} does not name data files as Hugging Face's datasets writes it: {e!r}.") from e


def pieces_of(kind: str, files: Iterable[TableFile]) -> Iterator[Piece]:
    """Yields the pieces that tasks read: parts of Parquet files and plain JSON lines, otherwise whole files."""
    for path, folder in files:
        if kind not in DIVISIBLE or path.lower().endswith(COMPRESSED):
            yield Piece(kind, path, folder, 0, None)
            continue
        size = storage.size(path)
        for start in range(0, size, PIECE):
            yield Piece(kind, path, folder, start, min(start + PIECE, size))


def place_of(piece: Piece, position: int) -> str:
    """Returns the location of a row for people: its byte in plain JSON lines, its line or row in other files."""
    unit = {"json": "line" if piece.stop is None else "byte", "csv": "record"}.get(piece.kind, "row")
    return f"{piece.path}, {unit} {position}"
