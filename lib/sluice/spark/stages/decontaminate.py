"""The stage that removes documents with benchmark items from a run: unique documents to `decontaminate/matches`."""

from collections import Counter
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sluice.core.ledger import require_handover
from sluice.data.stage import ledgers_of
from sluice.spark.engine.samples import SAMPLE_CHARS, SAMPLES, by_language, collect_sorted, sample_by
from sluice.spark.engine.session import progress
from sluice.spark.engine.work import Checkpoints
from sluice.spark.run import Run
from sluice.spark.tables import unique_documents
from sluice.spark.transforms.decontaminate import (
    benchmark_counts,
    contaminated,
    contamination_ledger,
    contamination_reasons,
    warn_of_items,
)
from sluice.text.decontamination.benchmark import Benchmark


def decontaminate(spark: SparkSession, run: Run, *, force: bool) -> None:
    """Writes `decontaminate/matches`: benchmark items in unique documents, which are removed. No-op if switched off."""
    stage, benchmark = run.decontaminate, run.benchmark
    if stage is None or benchmark is None:
        return
    upstream = run.dedup.require()
    if not stage.begin(force=force, keep=True):
        return
    warn_of_items(benchmark)
    documents = unique_documents(spark, run)
    with progress(spark, stage.name, run.config.log.progress_s):
        matches = Checkpoints(stage.path).materialize(contaminated(documents, benchmark), "matches")
        reasons = contamination_reasons(matches)
        judged = documents.select("doc_id", "language").join(reasons, "doc_id", "left")
        counts = judged.groupBy("language", F.coalesce("reason", F.lit("kept")).alias("reason")).count()
        languages = by_language(collect_sorted(counts, "language", "reason"))
        ledger = contamination_ledger(sum((Counter(counts) for counts in languages.values()), Counter()))
        require_handover(ledgers_of(upstream)["documents"], ledger, ("dedup", stage.name))
        found = benchmark_counts(matches, benchmark)
        samples = _samples(matches, documents, benchmark)
    stage.finish([ledger], **found, by_language=languages, samples=samples)


def _samples(matches: DataFrame, documents: DataFrame, benchmark: Benchmark) -> list[dict[str, Any]]:
    """Sample matches of each kind in each benchmark, with the texts of the items."""
    some = sample_by(matches, ("benchmark", "kind"), SAMPLES, "item").join(documents.select("doc_id", "url"), "doc_id")
    rows = collect_sorted(some, "benchmark", "kind", "doc_id", "item")
    texts: dict[tuple[str, str, str], str] = {(row["benchmark"], row["item"], row["field"]): "" for row in rows}
    for part, text in zip(benchmark.parts, benchmark.texts, strict=True):
        if part in texts:
            texts[part] += f"{text}\n"
    return [row | {"text": texts[row["benchmark"], row["item"], row["field"]][:SAMPLE_CHARS]} for row in rows]
