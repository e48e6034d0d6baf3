"""The filter stage: applies rules to document signals."""

import logging

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sluice.core.ledger import Ledger, require_handover
from sluice.core.records.docs import Decision
from sluice.data.stage import ledgers_of
from sluice.spark.engine.parquet import read_stage, write_table
from sluice.spark.engine.samples import SAMPLES, by_language, collect_sorted, sample_by, with_clipped_text
from sluice.spark.engine.session import progress
from sluice.spark.run import Run
from sluice.spark.tables import document_rows
from sluice.spark.transforms.domains import needs_domains, with_domains
from sluice.spark.transforms.rules import decide, signals_of
from sluice.spark.transforms.scores import check_scores, read_scores, with_scores

log = logging.getLogger("sluice.stages")


COMMON = 0.5
"""Rules that drop no document, or more than this share of a language, are logged: they are often wrong."""


def filter_documents(spark: SparkSession, run: Run, *, force: bool) -> None:
    """Writes `filter/decisions`: for each document, the first rule that drops it, or null."""
    config, stage = run.config, run.filter
    upstream = run.extracted.require()
    if not stage.begin(force=force):
        return
    docs = document_rows(spark, run)
    with progress(spark, "filter", config.log.progress_s):
        measured, scored = docs, None
        if needs_domains(run.rules):
            measured = with_domains(docs, run.rules, config.rules)
        if config.rules.scores is not None:
            scores = read_scores(spark, config.rules.scores)
            scored = check_scores(scores, docs, config.rules.scores)
            measured = with_scores(measured, scores, signals_of(run.rules))
        write_table(decide(measured, run.rules), stage.file("decisions"))
    decided = read_stage(spark, stage, "decisions", Decision).join(
        docs.select("doc_id", "language", F.col("reason").alias("rejected")), "doc_id", "inner"
    )
    counts = collect_sorted(decided.groupBy("language", "rejected", "reason").count(), "language", "rejected", "reason")
    judged = [row for row in counts if row["rejected"] is None]
    dropped: dict[str, int] = {}
    for row in judged:
        if row["reason"]:
            dropped[row["reason"]] = dropped.get(row["reason"], 0) + row["count"]
    total = sum(row["count"] for row in judged)
    ledger = Ledger("documents", total, total - sum(dropped.values()), dropped)
    require_handover(ledgers_of(upstream)["records"], ledger, ("extract", "filter"))
    if scored is not None:
        log.info("filter: %s of %s documents have a score of rules.scores", f"{scored:,}", f"{total:,}")
    texts = docs.where("text is not null")
    by_rule = decided.where("rejected is null").select("doc_id", "language", "reason", "value", "threshold")
    samples = with_clipped_text(sample_by(by_rule, ("language", "reason"), SAMPLES), texts)
    stage.finish(
        [ledger],
        **({} if scored is None else {"scored": scored}),
        by_language=by_language(judged),
        suspicious_rules=_suspicious(run, by_language(judged)),
        samples=collect_sorted(samples, "language", "reason", "doc_id"),
    )


def _suspicious(run: Run, by_language: dict[str, dict[str, int]]) -> dict[str, list[str]]:
    """Returns rules that dropped nothing, and rules that dropped more than half of the documents of a language."""
    fired = {reason for counts in by_language.values() for reason in counts}
    common = {
        f"{reason} ({language})"
        for language, counts in by_language.items()
        for reason, count in counts.items()
        if reason != "kept" and count > COMMON * sum(counts.values())
    }
    return {"fired_on_none": [r.name for r in run.rules if r.name not in fired], "fired_on_most": sorted(common)}
