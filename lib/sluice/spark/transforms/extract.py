"""Extraction of archives to rows of table `docs`: mapInArrow around `text.pages.archive`, one archive per task."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import TaskContext
from pyspark.sql import DataFrame, SparkSession

from sluice.core.config.dedup import MinHashConfig
from sluice.core.config.extract import ExtractConfig
from sluice.core.records.base import Int32, Record
from sluice.core.records.docs import DocsRow, PlanEntry
from sluice.data import storage
from sluice.data.arrow import arrow_schema, to_batches
from sluice.data.parquet_parts import PartFile, PartWriter
from sluice.data.plan.table import load_wanted
from sluice.spark.engine.schemas import spark_schema
from sluice.text.language.identify import model_path
from sluice.text.pages.archive import extract_archive
from sluice.text.pages.guard import GuardedProcessor, WatchedProcessor
from sluice.text.pages.page import PageProcessor


def extract_entries(
    spark: SparkSession,
    entries: Sequence[PlanEntry],
    extract: ExtractConfig,
    minhash: MinHashConfig,
    plan_table: str | None = None,
) -> DataFrame:
    """Extracts all rows of the given archives. Returns: docs.

    No shuffle. Task i reads archive i, largest first, so that long archives start early and a retry repeats one
    archive. Raw HTML never leaves the Python worker. Each task has the entries of all archives of its batch, about 300
    bytes each, but not their wanted records: it loads those of its archive from `plan_table`.
    """
    ordered = _largest_first(entries)
    numbers = spark.range(0, len(ordered), 1, len(ordered))
    return numbers.mapInArrow(partial(_read, tuple(ordered), extract, minhash, plan_table), spark_schema(DocsRow))


def _largest_first(entries: Sequence[PlanEntry]) -> list[PlanEntry]:
    return sorted(entries, key=lambda entry: (-(entry.size or 0), -(entry.num_wanted or 0), entry.warc_index))


class ExtractedArchive(Record):
    """The files of an archive that a task has written. `account`: its final counts, as JSON."""

    warc_index: Int32
    account: str
    files: list[PartFile]


def write_archives(
    spark: SparkSession,
    entries: Sequence[PlanEntry],
    extract: ExtractConfig,
    minhash: MinHashConfig,
    directory: str,
    plan_table: str | None = None,
) -> list[ExtractedArchive]:
    """Extracts archives like `extract_entries` and writes their rows from the Python workers, with a folder per kind.

    The rows do not pass through Java. Returns what was written, in the order of the archives.
    """
    ordered = _largest_first(entries)
    numbers = spark.range(0, len(ordered), 1, len(ordered))
    write = partial(_write, tuple(ordered), extract, minhash, directory, plan_table)
    rows = numbers.mapInArrow(write, spark_schema(ExtractedArchive)).collect()
    found = [msgspec.convert(row.asDict(recursive=True), ExtractedArchive) for row in rows]
    return sorted(found, key=lambda one: one.warc_index)


def read_archives(
    entries: Iterable[PlanEntry], extract: ExtractConfig, minhash: MinHashConfig, plan_table: str | None = None
) -> Iterator[tuple[PlanEntry, Iterator[pa.RecordBatch]]]:
    """Yields archives with their rows, on an executor; with `plan_table` only the records that it lists."""
    # here, not on the driver, whose paths may differ
    processor = PageProcessor(extract, minhash, model_path(extract.lid_model))
    open_read = partial(storage.open_stream, transport=extract.transport)
    open_ranges = partial(storage.open_ranges, transport=extract.transport)
    processor.warm_up()  # before any page is timed
    with guard(processor) as guarded:
        for entry in entries:
            wanted = load_wanted(plan_table, entry) if plan_table and entry.mode else None
            rows = extract_archive(entry, guarded, open_read, wanted=wanted, open_ranges=open_ranges)
            yield entry, to_batches(rows, DocsRow)


def _write(
    entries: tuple[PlanEntry, ...],
    extract: ExtractConfig,
    minhash: MinHashConfig,
    directory: str,
    plan_table: str | None,
    batches: Iterable[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    numbers = (number for batch in batches for number in batch.column(0).to_pylist())
    read = read_archives((entries[number] for number in numbers), extract, minhash, plan_table)
    yield from to_batches((_written(entry, rows, directory) for entry, rows in read), ExtractedArchive)


def _written(entry: PlanEntry, rows: Iterable[pa.RecordBatch], directory: str) -> ExtractedArchive:
    """Writes the rows of an archive, all except its account."""
    accounts: list[str] = []
    with PartWriter(directory, f"part-{entry.warc_index:05d}", arrow_schema(DocsRow), by="kind") as writer:
        for batch in rows:
            is_account = pc.equal(batch.column("kind"), "stats")
            accounts += batch.filter(is_account).column("stats").to_pylist()
            writer.write(batch.filter(pc.invert(is_account)))
    (account,) = accounts
    return ExtractedArchive(entry.warc_index, account, writer.files)


def _read(
    entries: tuple[PlanEntry, ...],
    extract: ExtractConfig,
    minhash: MinHashConfig,
    plan_table: str | None,
    batches: Iterable[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    numbers = (number for batch in batches for number in batch.column(0).to_pylist())
    for _, rows in read_archives((entries[number] for number in numbers), extract, minhash, plan_table):
        yield from rows


def guard(processor: PageProcessor) -> AbstractContextManager[PageProcessor]:
    """Protects a task from pages that hang or crash: such a page costs at most the first attempt.

    Archives without such pages have no overhead: their first attempt runs in this process. Outside of a task, as in
    tests, the processor is returned unchanged.
    """
    task = TaskContext.get()
    if task is None:
        return nullcontext(processor)
    return GuardedProcessor(processor) if task.attemptNumber() else WatchedProcessor(processor)
