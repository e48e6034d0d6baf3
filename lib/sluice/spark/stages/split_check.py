"""The split check stage: near-copies of held-out documents that deduplication missed."""

from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sluice.core.config.dedup import split_minhash
from sluice.core.ledger import Ledger, require_handover
from sluice.core.reasons import Reason
from sluice.data.dataset.manifest import SplitCheck
from sluice.data.stage import ledgers_of
from sluice.spark.deduplication.find_duplicates import not_compared
from sluice.spark.deduplication.held_out import SPLITS, find_split_leaks
from sluice.spark.engine.samples import SAMPLES, by_language, collect_sorted, sample_by, with_kept_texts
from sluice.spark.engine.session import partitions_of, progress
from sluice.spark.engine.work import Checkpoints
from sluice.spark.run import Run
from sluice.spark.tables import document_rows, split_documents


def split_check(spark: SparkSession, run: Run, *, force: bool) -> None:
    """Writes `split_check/removals`: near-copies of held-out documents. Raises ConfigError if switched off."""
    stage, config = run.require_stage("split_check"), run.config
    upstream = run.texts.require()
    if not stage.begin(force=force, keep=True):
        return
    checkpoints = Checkpoints(stage.file("_work"))
    documents = split_documents(spark, run)
    with progress(spark, stage.name, config.log.progress_s):
        partitions = partitions_of(spark, config.spark)
        found = find_split_leaks(
            documents, config.dedup, config.split_check, partitions, checkpoints, Checkpoints(stage.path)
        )
        removed = found.removals
        rows = document_rows(spark, run)
        languages = by_language(_counts_by_language(found.signed, removed, rows))
        counted = {row["split"]: row["count"] for row in found.signed.groupBy("split").count().collect()}
        samples = _samples(removed, documents, rows)
        unsigned = not_compared(found.signed, config.dedup.minhash)
    dropped: dict[str, int] = {
        reason: sum(counts.get(reason, 0) for counts in languages.values())
        for reason in (Reason.NEAR_VALID, Reason.NEAR_TEST)
    }
    total = sum(counted.values())
    ledger = Ledger("documents", total, total - sum(dropped.values()), dropped)
    require_handover(ledgers_of(upstream)["documents"], ledger, (run.texts.name, stage.name))
    stage.finish(
        [ledger],
        documents={name: counted.get(name, 0) for name in SPLITS},
        **found.counts,
        **unsigned,
        by_language=languages,
        samples=samples,
    )
    checkpoints.clear()


def split_check_record(run: Run) -> SplitCheck | None:
    """Returns the check as recorded in the manifest; None if switched off. Raises InputError if it has not finished."""
    if run.split_check is None:
        return None
    summary, dedup = run.split_check.require(), run.config.dedup
    minhash = split_minhash(run.config.split_check, dedup.minhash)
    documents = ledgers_of(summary)["documents"]
    return SplitCheck(
        threshold=dedup.threshold,
        shingle=minhash.shingle,
        bands=minhash.bands,
        rows=minhash.rows,
        seed=minhash.seed,
        catch_probability=summary["catch_probability"],
        held_out=summary["documents"]["valid"] + summary["documents"]["test"],
        not_compared=summary["too_short_for_near"] + summary["too_long_for_near"],
        removed=documents.total_in - documents.total_out,
    )


def _counts_by_language(signed: DataFrame, removed: DataFrame, rows: DataFrame) -> list[dict[str, Any]]:
    reason = F.concat(F.lit("near_"), "duplicate_of_split").alias("reason")
    of_language = signed.select(F.col("rank").alias("doc_id")).join(rows.select("doc_id", "language"), "doc_id")
    judged = of_language.join(removed.select("doc_id", reason), "doc_id", "left")
    counts = judged.groupBy("language", F.coalesce("reason", F.lit("kept")).alias("reason")).count()
    return collect_sorted(counts, "language", "reason")


def _samples(removed: DataFrame, documents: DataFrame, rows: DataFrame) -> list[dict[str, Any]]:
    """Returns sample removals for each pair of splits, with both texts."""
    some = sample_by(removed, ("split", "duplicate_of_split"), SAMPLES)
    shown = some.select(F.explode(F.array("doc_id", "duplicate_of")).alias("doc_id")).distinct()
    texts = documents.join(shown, "doc_id", "left_semi").join(rows.select("doc_id", "url"), "doc_id", "inner")
    return collect_sorted(with_kept_texts(some, texts), "split", "duplicate_of_split", "doc_id")
