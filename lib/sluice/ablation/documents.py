"""Documents of a variant or of a held-out set: from the stages of a finished run, or from files."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sluice.core.errors import ConfigError, InputError
from sluice.core.ids import mix64, text_digest
from sluice.data import storage
from sluice.data.sources.parquet import document_files, iter_rows
from sluice.data.sources.records import iter_records
from sluice.data.stage import MARKER, finished_digest

STAGES = ("extract", "filter", "dedup", "decontaminate", "line_dedup", "split_check")
"""Stages after which the documents of a run can be read, in order."""
ID_FIELDS = ("doc_id", "id", "url")
"""Fields that identify a document of a file, so that it is the same document in other variants. The first that it has
is used; without any of them, its text."""
REMOVALS = {"dedup": "removals", "decontaminate": "matches", "split_check": "removals"}
"""Tables with the ids of the documents that a stage removes."""

Ids = npt.NDArray[np.int64]


class Document(NamedTuple):
    """A text, and a number that identifies the document in every variant."""

    key: int
    name: str
    """Id or address, else file and number in it, for messages."""
    text: str


def iter_documents(paths: Sequence[str], language: str | None = None) -> Iterator[Document]:
    """Yields the documents of several sources. Rejected and empty ones, and those in other languages, are left out.

    Raises InputError for a source without documents, ConfigError for a whole run without the name of a stage.
    """
    seen: Counter[int] = Counter()
    for path in paths:
        if storage.exists(storage.join(path, MARKER)):
            yield from _run_documents(path, language)
            continue
        if storage.exists(storage.join(path, "extract", MARKER)):
            raise ConfigError(
                f"{path} is the output of a run. Name one of its stages, for example {storage.join(path, 'dedup')}."
            )
        for file in storage.list_data(path):
            for number, record in enumerate(iter_records(file, (*ID_FIELDS, "language", "reason")), 1):
                if _is_wanted(record, language):
                    key, name = _identity(record)
                    seen[key] += 1
                    # further documents of the same id: copies must not be adjacent in hash order
                    yield Document(mix64(key, seen[key]), name or f"{file}:{number}", record["text"])


def _is_wanted(record: Mapping[str, Any], language: str | None) -> bool:
    is_document = record.get("reason") is None and bool(record["text"])
    return is_document and (language is None or record.get("language", language) in (language, None))


def _identity(record: Mapping[str, Any]) -> tuple[int, str]:
    """Returns a 64-bit number that identifies a document, and its name."""
    for field in ID_FIELDS:
        if (value := record.get(field)) is not None:
            return _number(str(value)), str(value)
    return _number(record["text"]), ""


def _number(text: str) -> int:
    return int.from_bytes(text_digest(text)[:8], "big")


def finished_stages(output: str) -> list[str]:
    """Returns the names of the finished stages of a run after which documents can be read, in order."""
    return [name for name in STAGES if finished_digest(output, name)]


def _run_documents(path: str, language: str | None) -> Iterator[Document]:
    """Yields the documents of a run that remain after the stage in the directory `path`.

    The ids of all documents, and the texts that line_dedup has changed, are in memory.
    """
    root, _, name = path.rstrip("/").rpartition("/")
    root = root or "."
    stages = _chain(root, name)
    passed = _ids(storage.join(root, "filter", "decisions"), "reason") if "filter" in stages else None
    tables = [_ids(storage.join(root, stage, table)) for stage, table in REMOVALS.items() if stage in stages]
    removed = np.unique(np.concatenate([np.empty(0, np.int64), *tables]))
    edited = dict(_edited(storage.join(root, "line_dedup", "cut_texts"))) if "line_dedup" in stages else {}
    for file in document_files(root):
        for row in iter_rows(file, ["doc_id", "text"], ["language", "reason"]):
            doc_id = row["doc_id"]
            if _has(removed, doc_id) or (passed is not None and not _has(passed, doc_id)):
                continue
            text = edited.get(doc_id, row["text"])
            if _is_wanted({**row, "text": text}, language):
                yield Document(doc_id, str(doc_id), text)


def _chain(root: str, last: str) -> list[str]:
    """Returns the stages of a run that led to stage `last`, from extract.

    Raises InputError if one of them has not finished, or was run again with other settings.
    """
    if last not in STAGES:
        raise ConfigError(f"{storage.join(root, last)} is not a stage with documents. Use one of {', '.join(STAGES)}.")
    digests = {finished_digest(root, name): name for name in STAGES}
    chain, wanted = [last], finished_digest(root, last)
    while wanted is not None and chain[-1] != STAGES[0]:
        wanted = json.loads(storage.read_bytes(storage.join(root, chain[-1], MARKER)))["upstream"]
        chain.append(digests.get(wanted, ""))
        wanted = wanted if chain[-1] else None
    if wanted is None:
        raise InputError(
            f"{storage.join(root, last)} cannot be used: it, or the stage before it, has not finished or was run again "
            f"with other settings. Run `sluice run {last}` again."
        )
    return chain[::-1]


def _ids(table: str, without: str | None = None) -> Ids:
    """Returns the ids in a table, ascending; only those of rows whose column `without` is null, if it is given."""
    wanted = [without] if without else []
    rows = (row for file in _parquet_files(table) for row in iter_rows(file, ["doc_id", *wanted]))
    return np.unique(np.array([row["doc_id"] for row in rows if not without or row[without] is None], np.int64))


def _edited(table: str) -> Iterator[tuple[int, str]]:
    """Yields the documents whose text line_dedup has changed, with what is left of it."""
    for file in _parquet_files(table):
        rows = iter_rows(file, ["doc_id", "text"])
        yield from ((row["doc_id"], row["text"]) for row in rows if row["text"] is not None)


def _parquet_files(table: str) -> list[str]:
    """Returns the files of a table; none if Spark has written a table without rows as an empty directory."""
    return [file for file in storage.list_files(table) if file.endswith(".parquet")]


def _has(ids: Ids, value: int) -> bool:
    """Whether ascending `ids` contain a value."""
    at = int(np.searchsorted(ids, value))
    return at < len(ids) and int(ids[at]) == value
