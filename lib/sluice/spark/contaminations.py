"""Documents that hold items of benchmarks, found in one pass over their texts."""

import dataclasses
from collections.abc import Iterable, Iterator
from functools import partial

import pyarrow as pa
from pyspark import Broadcast
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sluice.core.records.corpus import Contamination
from sluice.spark.engine.batches import iter_rows, to_batches
from sluice.spark.engine.schemas import spark_schema
from sluice.text.benchmark import Benchmark
from sluice.text.contamination import Scanner


def contaminated(documents: DataFrame, benchmark: Benchmark) -> DataFrame:
    """The items of benchmarks that documents hold, each once a document.

    Needs: doc_id, text (a null text holds none). Returns: matches. No shuffle; every worker holds the index.
    """
    shared = documents.sparkSession.sparkContext.broadcast(dataclasses.replace(benchmark, texts=()))
    texts = documents.select("doc_id", "text").where("text is not null")
    return texts.mapInArrow(partial(_scan, shared), spark_schema(Contamination))


def contamination_reasons(matches: DataFrame) -> DataFrame:
    """Each document that goes, once: as `ngram` where an item was found by n-grams, else as `near`.

    Needs: matches. Returns: doc_id, reason.
    """
    return matches.groupBy("doc_id").agg(F.max_by("kind", F.col("kind") == "ngram").alias("reason"))


def _scan(shared: Broadcast[Benchmark], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    scanner = Scanner(shared.value)
    found = (
        Contamination(row["doc_id"], *match.part, match.kind, match.share, match.stretch)
        for row in iter_rows(batches)
        for match in scanner.scan(row["text"])
    )
    return to_batches(found, Contamination)
