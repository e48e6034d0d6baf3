"""The stage that removes duplicates from a run: selected documents to `dedup/removals`, with `clusters` and `edges`."""

from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sluice.core.ledger import Ledger, require_handover
from sluice.core.records.dedup import Removal
from sluice.data import storage
from sluice.data.stage import ledgers_of
from sluice.spark.dedup.find_duplicates import find_duplicates, not_compared, publish, publish_index
from sluice.spark.dedup.index import read_earlier
from sluice.spark.engine.read import read_table
from sluice.spark.engine.samples import SAMPLES, by_language, collect_sorted, sample_by, with_kept_texts
from sluice.spark.engine.session import partitions_of, progress
from sluice.spark.engine.work import Checkpoints
from sluice.spark.run import Run
from sluice.spark.tables import selected_documents


def dedup(spark: SparkSession, run: Run, *, force: bool) -> None:
    """Writes `dedup/removals`: duplicates among the selected documents, each with a kept document."""
    config, stage = run.config.dedup, run.dedup
    upstream = run.filter.require()
    if not stage.begin(force=force, keep=True):
        return
    for name in ("removals", "copies", "clusters", "edges", "index"):
        storage.delete_tree(stage.file(name))  # may be incomplete after a killed attempt
    checkpoints = Checkpoints(stage.file("_work"))
    documents = selected_documents(spark, run)
    facts = documents.select(
        "doc_id",
        "text_hash",
        "signature",
        F.col("signals.quality_score").alias("quality"),
        "n_chars",
        "fetched_at",
        "url",
        "n_shingles",
    )
    with progress(spark, "dedup", run.config.log.progress_s):
        earlier = read_earlier(spark, config)
        partitions = partitions_of(spark, run.config.spark)
        found = find_duplicates(facts, documents.select("doc_id", "text"), config, partitions, checkpoints, earlier)
        ids = found.ranked.select("rank", F.col("doc_id").alias("id"))
        ids = ids.unionAll(earlier.documents.select("rank", "doc_id"))
        publish(found, earlier, ids, "doc_id", stage.path, checkpoints)
        if config.write_index:
            names = documents.select("doc_id", F.col("url").alias("name"))
            publish_index(found, earlier, names, config, stage.digest, stage.file("index"))
    removed = read_table(spark, stage, "removals", Removal)
    steps = {row["step"]: row["count"] for row in removed.groupBy("step").count().collect()}
    total = documents.count()
    ledger = Ledger("documents", total, total - sum(steps.values()), steps)
    require_handover(ledgers_of(upstream)["documents"], ledger, ("filter", "dedup"))
    stage.finish(
        [ledger],
        **found.counts,
        **not_compared(documents, config.minhash),
        by_language=_removed_by_language(removed, documents),
        samples=_pair_samples(removed, documents),
    )
    checkpoints.clear()


def _pair_samples(removed: DataFrame, documents: DataFrame) -> list[dict[str, Any]]:
    decile = F.floor(F.col("jaccard") * 20) / 20
    some = sample_by(removed.withColumn("decile", decile), ("step", "decile"), SAMPLES)
    return collect_sorted(with_kept_texts(some, documents), "step", "jaccard", "doc_id")


def _removed_by_language(removed: DataFrame, documents: DataFrame) -> dict[str, dict[str, int]]:
    rows = (
        documents.select("doc_id", "language")
        .join(removed.select("doc_id", "step"), "doc_id", "left")
        .groupBy("language", F.coalesce("step", F.lit("kept")).alias("reason"))
        .count()
    )
    return by_language(collect_sorted(rows, "language", "reason"))
