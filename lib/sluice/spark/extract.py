"""Archives to rows of the `docs` table: mapInArrow around `text.extract`, one archive per task."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import DataFrame, SparkSession

from sluice.core.config import Extract, MinHash
from sluice.core.records import DocsRow, PlanEntry
from sluice.data import storage
from sluice.spark.batches import to_batches
from sluice.spark.schemas import spark_schema
from sluice.text.extract import extract_archive
from sluice.text.guard import GuardedProcessor, WatchedProcessor
from sluice.text.language import model_path
from sluice.text.process import PageProcessor


def extract_entries(spark: SparkSession, entries: Sequence[PlanEntry], extract: Extract, minhash: MinHash) -> DataFrame:
    """Everything that some archives yield. Returns: docs.

    No shuffle: task i reads archive i of the largest-first order, so that long archives start early and a retry redoes
    one archive. Raw HTML never leaves the Python worker.
    """
    ordered = sorted(entries, key=lambda entry: (-entry.size, entry.warc_index))
    numbers = spark.range(0, len(ordered), 1, len(ordered))
    return numbers.mapInArrow(partial(_read, tuple(ordered), extract, minhash), spark_schema(DocsRow))


def _read(
    entries: tuple[PlanEntry, ...], extract: Extract, minhash: MinHash, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    # the model's default place is found on the executor, whose paths may differ from the driver's
    processor = PageProcessor(extract, minhash, model_path(extract.lid_model))
    open_read = partial(storage.open_stream, transport=extract.transport)
    with shield(processor) as shielded:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield from to_batches(extract_archive(entries[number], shielded, open_read), DocsRow)


def shield(processor: PageProcessor) -> AbstractContextManager[PageProcessor]:
    """The processor made safe for a task: a page that hangs or crashes may cost the first attempt, but no other.

    Healthy archives pay nothing: they have one attempt, and it works in this process. Outside of a task, as in tests,
    the processor stays as it is.
    """
    task = TaskContext.get()
    if task is None:
        return nullcontext(processor)
    return GuardedProcessor(processor) if task.attemptNumber() else WatchedProcessor(processor)
