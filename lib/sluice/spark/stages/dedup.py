"""The stage that removes duplicates: from documents to `dedup/removals`, `copies`, `clusters` and `edges`."""

from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sluice.core.config.schema import Config
from sluice.core.records.dedup import Removal
from sluice.spark.deduplication.find_duplicates import find_duplicates, not_compared, publish, publish_index
from sluice.spark.deduplication.index import read_earlier, result_settings
from sluice.spark.engine.parquet import read_stage
from sluice.spark.engine.samples import SAMPLES, collect_sorted, sample_by, with_kept_texts
from sluice.spark.engine.session import partitions_of, progress
from sluice.spark.run import Run
from sluice.spark.sources.run_source import RunSource
from sluice.spark.sources.source import Documents, Source
from sluice.spark.sources.table import TableSource, require_columns


def dedup_source(config: Config) -> Source:
    """Returns `source.inputs` or, if empty, the run. Raises ConfigError, InputError or FormatError if invalid."""
    if not config.source.inputs:
        return RunSource.of(Run(config), "dedup")
    require_dedup_columns(config)
    return TableSource(config, "dedup", {"dedup": result_settings(config.dedup)}, config.dedup.minhash)


def require_dedup_columns(config: Config) -> None:
    """Raises ConfigError if `dedup.urls` needs columns that are not set."""
    needed = {"url": config.dedup.urls is not None, "fetched_at": config.dedup.urls == "newest"}
    names = [name for name, is_needed in needed.items() if is_needed]
    require_columns(config.source, names, f"dedup.urls={config.dedup.urls}", "unset dedup.urls")


def dedup(spark: SparkSession, source: Source, *, force: bool) -> None:
    """Writes `dedup/removals`: each duplicate with a kept document. A killed run resumes after its last table."""
    config, stage, settings = source.config, source.stage, source.config.dedup
    if not source.begin("removals", "copies", "clusters", "edges", "index", force=force):
        return
    with progress(spark, stage.name, config.log.progress_s):
        documents = source.open(spark)
        work, signed, texts = documents.work, documents.signed(), documents.rows().select("doc_id", "text")
        earlier = read_earlier(spark, settings)
        found = find_duplicates(signed, texts, settings, partitions_of(spark, config.spark), work, earlier)
        by_rank = found.ranked.select("rank", "doc_id")
        ids = documents.publish(by_rank).withColumnRenamed(documents.id, "id").select("rank", "id")
        ids = ids.unionAll(earlier.documents.select("rank", documents.index_id))
        publish(found, earlier, ids, documents.id, stage.path, work)
        if settings.write_index:
            publish_index(found, earlier, documents.index_names(), settings, stage.digest, stage.file("index"))
        reasons = found.removed.join(by_rank, "rank").select("doc_id", F.col("step").alias("reason"))
        outcome = documents.remove(reasons)
        unsigned = not_compared(signed, settings.minhash)
        samples = _samples(read_stage(spark, stage, "removals", Removal), documents)
    stage.finish([outcome.ledger], **found.counts, **unsigned, **outcome.counts, samples=samples)
    documents.work.clear()


def _samples(removed: DataFrame, documents: Documents) -> list[dict[str, Any]]:
    """Returns sample removals of each step and similarity, with both texts."""
    if not documents.is_reported:
        return []
    decile = F.floor(F.col("jaccard") * 20) / 20
    some = sample_by(removed.withColumn("decile", decile), ("step", "decile"), SAMPLES)
    return collect_sorted(with_kept_texts(some, documents.rows()), "step", "jaccard", "doc_id")
