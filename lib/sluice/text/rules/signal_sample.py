"""A sample of a run's documents by language: their signals, without texts.

Works for tables of any size. The first pass reads ids and languages and chooses the documents with the smallest hashes;
the second reads the signals from their row groups.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sluice.core.errors import FormatError
from sluice.data.sample import SmallestHashes, mix64_all
from sluice.data.sources.marks import Mark
from sluice.data.sources.parquet import document_files, open_parquet

log = logging.getLogger("sluice.thresholds")

Floats = npt.NDArray[np.float64]
TEXT_CHARS = 200


class SignalSample(NamedTuple):
    """n documents of one language, in hash order."""

    language: str
    num_documents: int
    """Number of documents of the language in the whole table."""
    places: npt.NDArray[np.int64]
    """Locations, [n, 3]: file number, row group number, row number in it."""
    signals: dict[str, Floats]
    """Values of each signal, [n]; NaN if undefined."""
    language_scores: Floats
    """Scores of documents and of pages rejected for their language, [m], if the run has stored them."""


def read_sample(
    path: str, languages: Iterable[str], signals: Sequence[str], max_documents: int, seed: int
) -> dict[str, SignalSample]:
    """Samples documents of some languages from a run's output or a documents table, independently of row order.

    A language without documents has an empty sample. Raises InputError if there is no table, FormatError for a table
    without the signals.
    """
    import pyarrow.compute as pc

    files = document_files(path)
    names = sorted(set(languages))
    chosen = {name: SmallestHashes(max_documents) for name in names}
    scores = {name: SmallestHashes(max_documents) for name in names}
    for number, file in enumerate(files):
        for group, columns in _read_groups(file, ("doc_id", "language", "reason", "language_score")):
            hashes = mix64_all(columns["doc_id"].to_numpy(), seed)
            is_document = _mask(columns["reason"].is_null())
            is_judged = is_document | _mask(pc.equal(columns["reason"], "language"))
            values = columns["language_score"].to_numpy(zero_copy_only=False).astype(np.float64)
            for name in names:
                is_spoken = _mask(pc.equal(columns["language"], name))
                rows, judged = np.flatnonzero(is_spoken & is_document), np.flatnonzero(is_spoken & is_judged)
                places_here = np.stack([np.full_like(rows, number), np.full_like(rows, group), rows], 1)
                chosen[name].add(hashes[rows], places_here)
                scores[name].add(hashes[judged], values[judged])
    places = {name: chosen[name].values.reshape(-1, 3).astype(np.int64) for name in names}
    found = {name: {signal: np.full(len(places[name]), np.nan) for signal in signals} for name in names}
    _fill(files, places, found, signals)
    log.info("%s", "; ".join(f"{name}: {chosen[name].count:,} documents" for name in names))
    return {
        name: SignalSample(name, chosen[name].count, places[name], found[name], scores[name].values.astype(np.float64))
        for name in names
    }


class Marked(NamedTuple):
    """Documents of one language that were marked in `sluice view`."""

    good: SignalSample
    bad: SignalSample


def read_marked(
    path: str, marks: Iterable[Mark], languages: Iterable[str], signals: Sequence[str]
) -> dict[str, Marked]:
    """Reads the signals of marked documents from the run, by language.

    A mark belongs to the document with its id and URL; marks of other runs are logged and skipped.
    """
    marks = list(marks)
    labels = {int(mark.doc_id): mark for mark in marks if mark.doc_id.isdecimal()}
    wanted = np.array(sorted(labels), np.int64)
    names = {(language, label): f"{language} {label}" for language in languages for label in ("good", "bad")}
    places: dict[str, list[tuple[int, int, int]]] = {name: [] for name in names.values()}
    files, found = document_files(path), 0
    for number, file in enumerate(files):
        for group, columns in _read_groups(file, ("doc_id", "language", "reason", "url")):
            for row in np.flatnonzero(np.isin(columns["doc_id"].to_numpy(), wanted)).tolist():
                mark = labels[columns["doc_id"][row].as_py()]
                if columns["url"][row].as_py() != mark.url:
                    continue
                found += 1
                name = names.get((columns["language"][row].as_py(), str(mark.label)))
                if name is not None and columns["reason"][row].as_py() is None:
                    places[name].append((number, group, row))
    if found < len(marks):
        log.warning("%s of %s marks are not of documents of this run", f"{len(marks) - found:,}", f"{len(marks):,}")
    arrays = {name: np.array(rows, np.int64).reshape(-1, 3) for name, rows in places.items()}
    values = {name: {signal: np.full(len(rows), np.nan) for signal in signals} for name, rows in arrays.items()}
    _fill(files, arrays, values, signals)
    samples = {
        name: SignalSample(name, len(rows), rows, values[name], np.full(len(rows), np.nan))
        for name, rows in arrays.items()
    }
    return {
        language: Marked(samples[names[language, "good"]], samples[names[language, "bad"]])
        for language in {language for language, _ in names}
    }


def _mask(column: Any) -> npt.NDArray[np.bool_]:
    mask: npt.NDArray[np.bool_] = column.fill_null(False).to_numpy(zero_copy_only=False)
    return mask


def _read_groups(path: str, columns: Sequence[str]) -> Any:
    with open_parquet(path) as file:
        names = file.schema_arrow.names
        if missing := [column for column in (*columns, "signals") if column not in names]:
            raise FormatError(
                f"{path} has no column {missing[0]!r}; it has {', '.join(names)}. Expected the output of "
                "`sluice run extract`."
            )
        for group in range(file.num_row_groups):
            yield group, file.read_row_group(group, columns=list(columns)).combine_chunks()


def _fill(
    files: Sequence[str],
    places: dict[str, npt.NDArray[np.int64]],
    found: dict[str, dict[str, Floats]],
    signals: Sequence[str],
) -> None:
    """Reads the signals of the chosen rows; each row group is read once."""
    wanted = sorted({(int(number), int(group)) for rows in places.values() for number, group, _ in rows})
    for number, group in wanted:
        with open_parquet(files[number]) as file:
            known = {field.name for field in file.schema_arrow.field("signals").type}
            if missing := [signal for signal in signals if signal not in known]:
                raise FormatError(
                    f"{files[number]} has no signal {missing[0]!r}: it was written by another version of sluice. Run "
                    "`sluice run extract` again."
                )
            table = file.read_row_group(group, columns=[f"signals.{signal}" for signal in signals])
        columns = table.column("signals").combine_chunks()
        for name, rows in places.items():
            here = np.flatnonzero((rows[:, 0] == number) & (rows[:, 1] == group))
            for signal in signals if len(here) else ():
                values = columns.field(signal).to_numpy(zero_copy_only=False).astype(np.float64)
                found[name][signal][here] = values[rows[here, 2]]


def read_texts(path: str, sample: SignalSample, chosen: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Returns URL and beginning of the text of some documents of a sample, by position in the sample."""
    files = document_files(path)
    texts = {}
    for i in sorted(chosen, key=lambda i: tuple(sample.places[i])):
        number, group, row = (int(part) for part in sample.places[i])
        with open_parquet(files[number]) as file:
            table = file.read_row_group(group, columns=["url", "text"]).slice(row, 1).to_pylist()[0]
        texts[i] = (table["url"] or "", " ".join((table["text"] or "").split())[:TEXT_CHARS])
    return texts
