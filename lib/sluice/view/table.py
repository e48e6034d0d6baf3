"""Reads a sample of a user's table with what `sluice run dedup`, `decontaminate` or `line_dedup` did with each row.

A row is identified by its id. The table is read twice, as it was when the job ran; it is not copied.
"""

import heapq
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from sluice.core.config.dedup import SourceConfig
from sluice.core.errors import InputError
from sluice.core.ids import mix64, text_digest
from sluice.core.reasons import Reason
from sluice.data import storage
from sluice.data.sources.parquet import iter_rows
from sluice.data.sources.table import read_piece
from sluice.data.sources.table_files import pieces_of, table_files
from sluice.view.documents import FIELDS, MEASURES, RESULTS, Advance, Counts, Entry, Sample, is_better, table_files_of
from sluice.view.stages import Stages
from sluice.view.verdicts import DROPPED, Row, Verdict, verdict_of

Results = dict[str, dict[str, Row]]
"""Row id -> stage -> row of its result."""


class TableRow(NamedTuple):
    """A readable row of the table."""

    name: str
    text: str | None
    url: str | None


def read_table(stages: Stages, sample: int, seed: int, advance: Advance) -> Sample:
    """Chooses a sample of the rows, and reads it while the entries are consumed.

    Raises InputError if the table is not where it was or has changed.
    """
    first = next(iter(stages.settings.values()))
    names = [name for name, settings in stages.settings.items() if settings["source"] == first["source"]]
    source = msgspec.convert(first["source"], SourceConfig)
    _check_files(source, first["files"])
    chosen, count = _choose(source, sample, seed, advance)
    results: Results = {}
    for stage in names:
        _add_results(results, stages, stage, chosen)
    others = {row["duplicate_of"] for rows in results.values() if (row := rows.get("dedup")) and not row["is_earlier"]}
    extra = sorted(others - set(chosen))
    places = {name: i for i, name in enumerate((*chosen, *extra))}
    remaining = _remaining(stages, source, chosen) if "line_dedup" in names else None
    entries = _entries(source, places, results, remaining, "dedup" in names, advance)
    return Sample(Counts(count, 0, len(chosen), 0), entries)


def _check_files(source: SourceConfig, expected: list[list[Any]]) -> None:
    try:
        _, files = table_files(source.inputs)
        found = [[file.path, storage.size(file.path)] for file in files]
    except InputError as e:
        raise InputError(
            f"{e} `sluice view` reads the texts from the table: run it in the directory where the job ran."
        ) from e
    if found != expected:
        raise InputError(
            f"The table {', '.join(source.inputs)} is not the one that the job read: its files or their sizes differ. "
            "Restore it, or run the job again with --force."
        )


def _rows(source: SourceConfig) -> Iterator[TableRow]:
    """Yields the readable rows of a table."""
    for number, piece in enumerate(pieces_of(*table_files(source.inputs))):
        for batch in read_piece(piece, number, source):
            for row in batch.to_pylist():
                if row["name"] is not None:
                    yield TableRow(row["name"], row["text"], row["url"])


def _choose(source: SourceConfig, sample: int, seed: int, advance: Advance) -> tuple[list[str], int]:
    """Returns the ids with the smallest hashes, in hash order, and the number of all rows."""
    count = 0

    def hashed() -> Iterator[tuple[int, str]]:
        nonlocal count
        for row in _rows(source):
            count += 1
            advance(1)
            yield mix64(int.from_bytes(text_digest(row.name)[:8]), seed), row.name

    return [name for _, name in heapq.nsmallest(sample, hashed())], count


def _add_results(results: Results, stages: Stages, stage: str, chosen: list[str]) -> None:
    if stage == "line_dedup":
        return
    table, columns = RESULTS[stage]
    wanted = set(chosen)
    for file in table_files_of(stages.path(stage, table)):
        for row in iter_rows(file, ["id", *columns]):
            of_row = results.setdefault(row["id"], {}) if row["id"] in wanted else None
            if of_row is not None and (
                stage not in of_row or (stage == "decontaminate" and is_better(row, of_row[stage]))
            ):
                of_row[stage] = row


def _remaining(stages: Stages, source: SourceConfig, chosen: list[str]) -> dict[str, str] | None:
    """Returns the texts that line_dedup left of the chosen rows; None if it did not write them."""
    path = stages.path("line_dedup", "kept")
    if not storage.exists(path):
        return None
    wanted = set(chosen)
    kept = _rows(msgspec.structs.replace(source, inputs=(path,)))
    return {row.name: row.text or "" for row in kept if row.name in wanted}


def _entries(
    source: SourceConfig,
    places: Mapping[str, int],
    results: Results,
    remaining: Mapping[str, str] | None,
    is_dedup: bool,
    advance: Advance,
) -> Iterator[Entry]:
    """Yields rows of the table by their places. `is_dedup`: rows without text were removed."""
    for row in _rows(source):
        advance(1)
        if row.name not in places:
            continue
        found, left = dict(results.get(row.name, {})), None
        text = row.text or ""
        if remaining is not None and remaining.get(row.name, "") != text and text:
            left = remaining.get(row.name, "")
            removed = text.count("\n") - left.count("\n")
            found["line_dedup"] = {"text": left, "n_lines_removed": removed}
        verdict = verdict_of({}, found)
        if is_dedup and not text.strip():
            verdict = Verdict(DROPPED, "dedup", Reason.NULL_TEXT if row.text is None else Reason.EMPTY)
        fields = dict.fromkeys(FIELDS) | {"url": row.url, "host": _host(row.url)}
        numbers = {"n_chars": len(text), "similarity": verdict.similarity}
        numbers |= {} if left is None else {"n_removed_chars": len(text) - len(left)}
        yield Entry(places[row.name], row.name, fields, verdict, [numbers.get(name) for name in MEASURES], text, left)


def _host(url: str | None) -> str | None:
    try:
        return urlsplit(url).hostname if url else None
    except ValueError:  # http://[
        return None
