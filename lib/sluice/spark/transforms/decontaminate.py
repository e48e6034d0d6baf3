"""Detection of documents that contain benchmark items, in one pass over their texts."""

import dataclasses
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import msgspec
import pyarrow as pa
from pyspark import Broadcast
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sluice.core.config.dedup import DecontaminateConfig
from sluice.core.records.corpus import Contamination
from sluice.data.arrow import iter_rows, to_batches
from sluice.spark.engine.schemas import spark_schema
from sluice.text.decontamination.benchmark import Benchmark
from sluice.text.decontamination.scanner import Scanner


def contaminated(documents: DataFrame, benchmark: Benchmark) -> DataFrame:
    """Finds the benchmark items that documents contain, each once per document.

    Needs: doc_id, text (null texts contain none). Returns: matches. No shuffle; every worker holds the index in memory.
    """
    shared = documents.sparkSession.sparkContext.broadcast(dataclasses.replace(benchmark, texts=()))
    texts = documents.select("doc_id", "text").where("text is not null")
    return texts.mapInArrow(partial(_scan, shared), spark_schema(Contamination))


def contamination_reasons(matches: DataFrame) -> DataFrame:
    """Lists each document to remove once: reason `ngram` if an item was found by its n-grams, else `near`.

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


log = logging.getLogger("sluice.decontaminate")


SHOWN = 5
"""Maximum number of items in a warning."""


def benchmark_counts(matches: DataFrame, benchmark: Benchmark) -> dict[str, Any]:
    """Counts items searched for and found in each benchmark, and items that cannot be searched for."""
    items = Counter(name for name, _ in {(part.benchmark, part.item) for part in benchmark.parts})
    counts = matches.groupBy("benchmark").agg(F.count_distinct("item"), F.count_distinct("doc_id")).collect()
    found = {name: (num_items, num_documents) for name, num_items, num_documents in counts}
    return {
        "benchmarks": [
            {
                "benchmark": name,
                "items": items[name],
                "found": found.get(name, (0, 0))[0],
                "documents": found.get(name, (0, 0))[1],
            }
            for name in sorted(items)
        ],
        "too_short": len(benchmark.too_short),
        "too_common": len(benchmark.too_common),
    }


def warn_of_items(benchmark: Benchmark) -> None:
    """Logs the items that are not searched for."""
    for unable, why in ((benchmark.too_short, "too short"), (benchmark.too_common, "shared template text")):
        if unable:
            log.warning(
                "decontaminate: %d of %d items are %s and are not searched for: %s%s",
                len(unable),
                benchmark.num_items,
                why,
                ", ".join(unable[:SHOWN]),
                ", …" if len(unable) > SHOWN else "",
            )


def decontaminate_settings(settings: DecontaminateConfig, benchmark: Benchmark) -> dict[str, Any]:
    """Returns the settings that determine the result, with benchmarks by content, not by path."""
    plain: dict[str, Any] = msgspec.to_builtins(settings)
    del plain["max_index_mib"]
    return plain | {"benchmarks": benchmark.identity()}
