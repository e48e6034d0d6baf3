"""The stage that removes repeated lines from a run: documents to `line_dedup/cut_texts` and `removed_lines`."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sluice.core.ledger import require_handover
from sluice.data.stage import ledgers_of
from sluice.spark.engine.samples import collect_sorted
from sluice.spark.engine.session import partitions_of, progress
from sluice.spark.engine.work import Checkpoints
from sluice.spark.run import Run
from sluice.spark.tables import clean_documents
from sluice.spark.transforms.line_dedup import (
    line_counts,
    line_ledgers,
    line_samples,
    removed_lines,
    repeated_lines,
    without_lines,
)


def line_dedup(spark: SparkSession, run: Run, *, force: bool) -> None:
    """Writes `line_dedup/cut_texts`: the remaining texts of documents that lose lines. No-op if switched off."""
    stage, config = run.line_dedup, run.config.line_dedup
    if stage is None:
        return
    before = run.decontaminate or run.dedup
    upstream = before.require()
    if not stage.begin(force=force, keep=True):
        return
    checkpoints, results = Checkpoints(stage.file("_work")), Checkpoints(stage.path)
    documents = clean_documents(spark, run).withColumn("quality", F.col("signals.quality_score"))
    with progress(spark, stage.name, run.config.log.progress_s):
        repeated = checkpoints.materialize(
            repeated_lines(documents, config, partitions_of(spark, run.config.spark)), "repeated"
        )
        cut = results.materialize(without_lines(documents, repeated, config), "cut_texts")
        removed = results.materialize(removed_lines(repeated, cut), "removed_lines")
        of_language = cut.join(documents.select("doc_id", "language"), "doc_id")
        sums = collect_sorted(line_counts(of_language, "language"), "language")
        samples = line_samples(removed, documents, config)
    ledgers = line_ledgers(sums)
    require_handover(ledgers_of(upstream)["documents"], ledgers[0], (before.name, stage.name))
    counts = {
        row["language"]: {"kept": row["documents"] - row["emptied"], "nothing_left": row["emptied"]} for row in sums
    }
    stage.finish(ledgers, by_language=counts, cuts=sums, samples=samples)
    checkpoints.clear()
