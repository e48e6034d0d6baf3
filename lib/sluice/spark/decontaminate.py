"""Documents that hold items of benchmarks, found in one pass over their texts."""

from collections.abc import Iterable, Iterator
from functools import partial

import pyarrow as pa
from pyspark import Broadcast
from pyspark.sql import DataFrame

from sluice.core.records import Record
from sluice.spark.batches import iter_rows, to_batches
from sluice.spark.schemas import spark_schema
from sluice.text.benchmark import Benchmark
from sluice.text.contamination import Scanner


class Contamination(Record):
    """Table `contaminations`: an item of a benchmark in a document (`text.contamination.Match`)."""

    doc_id: int
    benchmark: str
    item: str
    field: str
    kind: str
    share: float
    stretch: str


def contaminated(documents: DataFrame, benchmark: Benchmark) -> DataFrame:
    """The items of benchmarks that documents hold, each once a document.

    Needs: doc_id, text (a null text holds none). Returns: contaminations. No shuffle; every worker holds the index.
    """
    shared = documents.sparkSession.sparkContext.broadcast(benchmark)
    texts = documents.select("doc_id", "text").where("text is not null")
    return texts.mapInArrow(partial(_scan, shared), spark_schema(Contamination))


def _scan(shared: Broadcast[Benchmark], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    scanner = Scanner(shared.value)
    found = (
        Contamination(row["doc_id"], *match.part, match.kind, match.share, match.stretch)
        for row in iter_rows(batches)
        for match in scanner.scan(row["text"])
    )
    return to_batches(found, Contamination)
