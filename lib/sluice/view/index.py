"""The index of a sample: an SQLite file with documents, numbers, texts, and the trigrams of the texts.

`found` has every run of three characters of a text, so a query of three or more finds any substring. Two line ends
after each text make sure that its last characters start a trigram too; a shorter query is found as the beginning of a
trigram in `grams`.
"""

import contextlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sluice
from sluice.core.errors import InputError
from sluice.core.ids import json_digest
from sluice.core.progress import Bar, progress_bar
from sluice.data import storage
from sluice.view.documents import FIELDS, MEASURES, Entry, count_rows, read_run
from sluice.view.query import WIDE
from sluice.view.stages import Stages
from sluice.view.table import read_table
from sluice.view.verdicts import Verdict

PREVIEW_CHARS = 160
CHUNK = 500
"""Texts indexed between two movements of the progress bar."""
END = "\n\n"
NARROW = ("doc_id", "outcome", "stage", "reason", "language", "host")
"""Columns that filters read, in a table of their own: a search reads all its rows."""
DETAILS = tuple(name for name in dict.fromkeys((*FIELDS, *Verdict._fields)) if name not in (*NARROW, *MEASURES))

TABLES = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE documents (position INTEGER PRIMARY KEY, {", ".join(NARROW)}, is_wide, is_sampled);
CREATE TABLE details (position INTEGER PRIMARY KEY, {", ".join(DETAILS)}, preview);
CREATE TABLE measures (position INTEGER PRIMARY KEY, {", ".join(f'"{name}"' for name in MEASURES)});
CREATE TABLE texts (position INTEGER PRIMARY KEY, text, remaining);
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT);
CREATE VIRTUAL TABLE found USING fts5(text, content='', columnsize=0, tokenize='trigram');
CREATE VIRTUAL TABLE grams USING fts5vocab(found, 'instance');
"""


def require_trigrams() -> None:
    """Raises InputError if Python's SQLite cannot search text by trigrams."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("CREATE VIRTUAL TABLE t USING fts5(x, tokenize='trigram')")
        except sqlite3.OperationalError as e:
            raise InputError(
                f"The SQLite {sqlite3.sqlite_version} of this Python cannot search text ({e}): FTS5 with the tokenizer "
                "`trigram` is needed, from SQLite 3.34. Use another Python, for example `conda install 'sqlite>=3.34'`."
            ) from e


def open_index(stages: Stages, sample: int, seed: int) -> Path:
    """Returns the index file of a run. Builds it first, unless the run has not changed since the last time.

    It is stored in `view` below the output, or in a temporary directory if the output is remote or not writable.
    """
    require_trigrams()
    key = json_digest(json.dumps([TABLES, sluice.__version__, stages.fingerprint, sample, seed]))
    folder = _folder(stages.output)
    path = folder / f"index-{key[:16]}.sqlite"
    if not path.exists():
        unfinished = folder / f"{path.stem}.{os.getpid()}.tmp"
        try:
            _build(unfinished, stages, sample, seed)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        for other in folder.glob("index-*.sqlite"):
            if other != path:
                other.unlink(missing_ok=True)
    return path


def _folder(output: str) -> Path:
    if not storage.is_uri(output):
        folder = Path(output, "view")
        with contextlib.suppress(OSError):
            folder.mkdir(exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
    name = f"sluice-view-{os.getuid()}-{json_digest(output)[:16]}"
    folder = Path(tempfile.gettempdir(), name)
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise InputError(f"{folder} belongs to another user. Set TMPDIR to a directory of your own.")
    return folder


def _build(path: Path, stages: Stages, sample: int, seed: int) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript(TABLES)
        is_run = "extract" in stages.settings
        read = read_run if is_run else read_table
        with progress_bar("reading documents", count_rows(stages) if is_run else None, unit="rows") as bar:
            counts, entries = read(stages, sample, seed, bar.advance)
            _insert(database, entries, counts.size)
        database.execute("CREATE UNIQUE INDEX by_id ON documents (doc_id)")
        with progress_bar("indexing texts", counts.size, unit="documents") as bar:
            _index_texts(database, counts.size, bar)
        facts = counts._asdict() | {"seed": seed, "output": stages.output, "stages": list(stages.settings)}
        facts |= {"rules": stages.settings.get("filter", {}).get("rules", [])}
        facts |= {"measures": _ranges(database), "values": _values(database)}
        rows = [(name, json.dumps(value, ensure_ascii=False)) for name, value in facts.items()]
        database.executemany("INSERT INTO facts VALUES (?, ?)", rows)
        database.commit()


def _insert(database: sqlite3.Connection, entries: Iterator[Entry], size: int) -> None:
    sizes = {"documents": len(NARROW) + 3, "details": len(DETAILS) + 2, "measures": len(MEASURES) + 1, "texts": 3}
    insert = {name: f"INSERT INTO {name} VALUES ({', '.join('?' * columns)})" for name, columns in sizes.items()}
    for entry in entries:
        values = {**entry.fields, **entry.verdict._asdict(), "doc_id": entry.doc_id}
        preview = " ".join((entry.text or "")[: 2 * PREVIEW_CHARS].split())[:PREVIEW_CHARS]
        is_wide = WIDE.search(entry.text or "") is not None
        rows = {
            "documents": [*(values[name] for name in NARROW), is_wide, entry.position < size],
            "details": [*(values[name] for name in DETAILS), preview],
            "measures": entry.measures,
            "texts": [entry.text, entry.left],
        }
        for name, row in rows.items():
            database.execute(insert[name], (entry.position, *row))


def _index_texts(database: sqlite3.Connection, size: int, bar: Bar) -> None:
    """Indexes texts in the order of positions: FTS5 writes a segment whenever a position is smaller than the last."""
    for start in range(0, size, CHUNK):
        stop = min(start + CHUNK, size)
        database.execute(
            "INSERT INTO found (rowid, text) SELECT position, text || ? FROM texts"
            " WHERE position >= ? AND position < ? AND text IS NOT NULL ORDER BY position",
            (END, start, stop),
        )
        bar.advance(stop - start)


def _ranges(database: sqlite3.Connection) -> list[dict[str, Any]]:
    """Returns the numbers that documents of the sample have, with their smallest and largest values."""
    ranges = []
    for name in MEASURES:
        query = f'SELECT count("{name}"), min("{name}"), max("{name}") FROM measures JOIN documents USING (position)'
        count, low, high = database.execute(query + " WHERE is_sampled").fetchone()
        if count:
            ranges.append({"name": name, "count": count, "min": low, "max": high})
    return ranges


MAX_HOSTS = 500
"""Hosts that the page suggests: those with the most documents."""


def _values(database: sqlite3.Connection) -> dict[str, list[list[Any]]]:
    """Returns the values by which the page filters, each followed by its number of documents in the sample."""
    found = {}
    for name, columns in {
        "reasons": "outcome, stage, reason",
        "languages": "language",
        "hosts": "host",
    }.items():
        query = f"SELECT {columns}, count(*) AS n FROM documents WHERE is_sampled GROUP BY {columns}"
        rows = database.execute(f"{query} ORDER BY n DESC, {columns} LIMIT {MAX_HOSTS}").fetchall()
        found[name] = [list(row) for row in rows]
    return found
