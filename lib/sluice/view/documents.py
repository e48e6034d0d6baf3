"""Reads a sample of a run's documents with what became of each, and the kept documents that duplicates repeat.

The sample is chosen by a hash of the document id, so it does not depend on files or on the order of rows. Documents
with a text and pages that extract rejected, of which no text is stored, are chosen separately: of most crawls the
rejected pages would otherwise fill the sample.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sluice.core.errors import FormatError
from sluice.core.records.docs import Signals
from sluice.data import storage
from sluice.data.sample import SmallestHashes, mix64_all
from sluice.data.sources.parquet import document_files, open_parquet
from sluice.view.stages import Stages
from sluice.view.verdicts import Row, Verdict, verdict_of

Ids = npt.NDArray[np.int64]
Advance = Callable[[int], None]
"""Reports the number of rows read so far in this step."""

REJECTED_PER_DOCUMENT = 10
"""The sample has at most one rejected page for this many documents."""

FIELDS = ("url", "host", "language", "variant", "title", "reason", "detail", "edits")
NUMBERS = ("n_chars", "n_extracted_chars", "language_score")
RESULTS = {
    "filter": ("decisions", ("reason", "value", "threshold")),
    "dedup": ("removals", ("step", "duplicate_of", "is_earlier", "jaccard")),
    "decontaminate": ("matches", ("benchmark", "item", "field", "kind", "share", "stretch")),
    "line_dedup": ("cut_texts", ("n_lines_removed", "n_chars_removed", "text")),
    "split_check": ("removals", ("duplicate_of", "duplicate_of_split", "jaccard")),
}
"""The table of each stage and its columns, besides doc_id."""

MEASURES = ("n_chars", "n_cut_chars", "n_removed_chars", "language_score", "similarity", *Signals.__struct_fields__)
"""Numbers of a document by which the page filters. `n_cut_chars`: cut by extract, less what masks added;
`n_removed_chars`: removed by line_dedup; `similarity`: to the document that a duplicate repeats."""


class Entry(NamedTuple):
    """One document of the index."""

    position: int
    """Place in hash order; documents that are not in the sample follow."""
    doc_id: str
    fields: Row
    """FIELDS."""
    verdict: Verdict
    measures: Sequence[float | None]
    """In the order of MEASURES."""
    text: str | None
    left: str | None
    """The text after line_dedup; None if it is unchanged."""


class Counts(NamedTuple):
    """Sizes of the sample and of what it was drawn from."""

    num_documents: int
    """Documents with a text in the run."""
    num_rejected: int
    sampled_documents: int
    sampled_rejected: int

    @property
    def size(self) -> int:
        """Size of the sample."""
        return self.sampled_documents + self.sampled_rejected


class Sample(NamedTuple):
    """A sample and its entries, which include documents that duplicates repeat."""

    counts: Counts
    entries: Iterator[Entry]


def read_run(stages: Stages, sample: int, seed: int, advance: Advance) -> Sample:
    """Chooses a sample of a run, and reads it while the entries are consumed."""
    ids, counts = choose(stages.output, sample, seed, advance)
    results = read_results(stages, ids, advance)
    others = repeated_documents(results, ids)
    results |= read_results(stages, others, _ignore)
    return Sample(counts, read_entries(stages, np.concatenate([ids, others]), results, advance))


def _ignore(rows: int) -> None:
    """Reports nothing: these rows are not in `count_rows`."""


def choose(output: str, sample: int, seed: int, advance: Advance) -> tuple[Ids, Counts]:
    """Returns the ids of the sample in hash order: `sample` documents, and at most a tenth as many rejected pages."""
    documents, rejected = SmallestHashes(sample), SmallestHashes(sample // REJECTED_PER_DOCUMENT)
    for file in document_files(output):
        for columns in _batches(file, ("doc_id", "reason"), advance):
            ids = columns["doc_id"].to_numpy(zero_copy_only=False).astype(np.int64)
            is_document = columns["reason"].is_null().to_numpy(zero_copy_only=False)
            hashes = mix64_all(ids, seed)
            documents.add(hashes[is_document], ids[is_document])
            rejected.add(hashes[~is_document], ids[~is_document])
    hashes = np.concatenate([documents.hashes, rejected.hashes])
    ids = np.concatenate([documents.values, rejected.values]).astype(np.int64)
    counts = Counts(documents.count, rejected.count, len(documents.values), len(rejected.values))
    return ids[np.argsort(hashes, kind="stable")], counts


def read_results(stages: Stages, ids: Ids, advance: Advance) -> dict[int, dict[str, Row]]:
    """Returns the rows of later stages for some documents: id -> stage -> row.

    If a document contains several benchmark items, the one with the largest share is returned.
    """
    found: dict[int, dict[str, Row]] = {}
    for stage, (table, columns) in RESULTS.items():
        if stage not in stages.settings:
            continue
        for file in table_files_of(stages.path(stage, table)):
            for row in _rows(file, ("doc_id", *columns), ids, advance):
                of_document = found.setdefault(row["doc_id"], {})
                if stage != "decontaminate" or stage not in of_document or is_better(row, of_document[stage]):
                    of_document[stage] = row
    return found


def is_better(match: Row, other: Row) -> bool:
    return (-match["share"], match["benchmark"], match["item"]) < (-other["share"], other["benchmark"], other["item"])


def repeated_documents(results: dict[int, dict[str, Row]], ids: Ids) -> Ids:
    """Returns the documents of this run that duplicates repeat and that are not in `ids`, sorted."""
    named = {
        row["duplicate_of"]
        for rows in results.values()
        for stage, row in rows.items()
        if stage in ("dedup", "split_check") and not row.get("is_earlier")
    }
    return np.array(sorted(named - set(ids.tolist())), np.int64)


def read_entries(stages: Stages, ids: Ids, results: dict[int, dict[str, Row]], advance: Advance) -> Iterator[Entry]:
    """Yields the documents `ids`, in the order of the table; their position is that in `ids`.

    Reads all columns shown, but only of row groups with a chosen document.
    """
    order = np.argsort(ids, kind="stable")
    ordered = ids[order]
    for file in document_files(stages.output):
        for batch in _chosen_batches(file, ("doc_id", *FIELDS, *NUMBERS, "signals", "text"), ids, advance):
            columns = {name: batch.column(name).to_pylist() for name in ("doc_id", *FIELDS, *NUMBERS, "text")}
            places = order[np.searchsorted(ordered, np.array(columns["doc_id"], np.int64))].tolist()
            signals = _signals(batch.column("signals"))
            for i, doc_id in enumerate(columns["doc_id"]):
                fields = {name: columns[name][i] for name in FIELDS}
                found = results.get(doc_id, {})
                verdict = verdict_of(fields, found)
                n_chars, extracted, score = (columns[name][i] for name in NUMBERS)
                cut = None if n_chars is None or extracted is None else extracted - n_chars
                removed, left = (found.get("line_dedup", {}).get(name) for name in ("n_chars_removed", "text"))
                measures = [n_chars, cut, removed, score, verdict.similarity, *signals[i]]
                yield Entry(places[i], str(doc_id), fields, verdict, measures, columns["text"][i], left)


def _signals(column: Any) -> list[list[float | None]]:
    """Returns the signals of each row, in the order of `Signals`; None if undefined or not stored."""
    known = {field.name for field in column.type}
    flat = dict(zip((field.name for field in column.type), column.flatten(), strict=True))
    nothing = [None] * len(column)
    columns = [flat[name].to_pylist() if name in known else nothing for name in Signals.__struct_fields__]
    return [list(row) for row in zip(*columns, strict=True)]


def table_files_of(path: str) -> list[str]:
    """Lists the Parquet files of a result; none if it is empty."""
    return [file for file in storage.list_files(path) if file.endswith(".parquet")] if storage.exists(path) else []


def _batches(path: str, columns: Sequence[str], advance: Advance) -> Iterator[Any]:
    with open_parquet(path) as file:
        _require(path, file, columns)
        for batch in file.iter_batches(columns=list(columns)):
            yield {name: batch.column(name) for name in columns}
            advance(batch.num_rows)


def _rows(path: str, columns: Sequence[str], ids: Ids, advance: Advance) -> Iterator[Row]:
    for batch in _chosen_batches(path, columns, ids, advance):
        yield from batch.to_pylist()


def _chosen_batches(path: str, columns: Sequence[str], ids: Ids, advance: Advance) -> Iterator[Any]:
    """Yields the chosen rows of a file as record batches with these columns."""
    import pyarrow as pa

    with open_parquet(path) as file:
        _require(path, file, columns)
        for group in range(file.num_row_groups):
            known = file.read_row_group(group, columns=["doc_id"]).column("doc_id").to_numpy().astype(np.int64)
            is_chosen = np.isin(known, ids)
            start = 0
            for batch in file.iter_batches(row_groups=[group], columns=list(columns)) if is_chosen.any() else ():
                chosen = batch.filter(pa.array(is_chosen[start : start + batch.num_rows]))
                start += batch.num_rows
                if chosen.num_rows:
                    yield chosen
                advance(batch.num_rows)
            if not is_chosen.any():
                advance(len(known))


def _require(path: str, file: Any, columns: Sequence[str]) -> None:
    names = file.schema_arrow.names
    if missing := [name for name in columns if name not in names]:
        raise FormatError(
            f"{path} has no column {missing[0]!r}: it was written by another version of sluice. Run the job again."
        )


def count_rows(stages: Stages) -> int:
    """Returns the number of rows that choosing and reading will report to `advance`."""
    docs, results = 0, 0
    for file in document_files(stages.output):
        with open_parquet(file) as opened:
            docs += opened.metadata.num_rows
    for stage, (table, _) in RESULTS.items():
        for path in table_files_of(stages.path(stage, table)) if stage in stages.settings else ():
            with open_parquet(path) as opened:
                results += opened.metadata.num_rows
    return 2 * docs + results
