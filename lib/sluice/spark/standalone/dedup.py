"""Deduplication of a user's table: its duplicates to `dedup/removals`, the other rows to `dedup/kept`."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sluice.core.config.dedup import MinHashConfig
from sluice.core.config.schema import Config
from sluice.core.ledger import Ledger
from sluice.core.records.dedup import Fact
from sluice.spark.dedup.find_duplicates import BROADCAST_ROWS, find_duplicates, not_compared, publish, publish_index
from sluice.spark.dedup.index import read_earlier, result_settings
from sluice.spark.engine.batches import iter_rows, to_batches
from sluice.spark.engine.schemas import spark_schema
from sluice.spark.engine.session import partitions_of, progress
from sluice.spark.engine.work import Checkpoints
from sluice.spark.standalone.run import TableRun, check_rows, doc_id, require_columns
from sluice.spark.standalone.source import TableSource
from sluice.text.dedup.signing import sign_text


def dedup_run(config: Config) -> TableRun:
    """The run of `dedup_table`. Raises ConfigError, InputError or FormatError for a bad table or index."""
    needed = {"url": config.dedup.urls is not None, "fetched_at": config.dedup.urls == "newest"}
    names = [name for name, is_needed in needed.items() if is_needed]
    require_columns(config.source, names, f"dedup.urls={config.dedup.urls}", "leave it out")
    return TableRun(config, "dedup", {"dedup": result_settings(config.dedup)})


def dedup_table(spark: SparkSession, run: TableRun, *, force: bool) -> None:
    """All steps; a killed run resumes after its last complete table."""
    config, stage, table = run.config, run.stage, run.config.source
    if not run.begin("removals", "copies", "clusters", "edges", "index", "kept", "quarantine", force=force):
        return
    checkpoints = Checkpoints(stage.file("_work"))
    source = TableSource(spark, table, run.kind, run.paths)
    minhash = config.dedup.minhash
    with progress(spark, "dedup", config.log.progress_s):
        signed = source.rows().mapInArrow(partial(_sign, minhash), spark_schema(Fact))
        facts = checkpoints.materialize(signed.withColumn("doc_id", doc_id(table)), "facts")
        check_rows(facts, table)
        documents = facts.where("problem is null and text_hash is not null")
        texts = source.rows().where("problem is null").select(doc_id(table).alias("doc_id"), "text")
        earlier = read_earlier(spark, config.dedup)
        found = find_duplicates(
            documents, texts, config.dedup, partitions_of(spark, config.spark), checkpoints, earlier
        )
        names = documents.select("doc_id", "name")
        ids = found.ranked.join(names, "doc_id").select("rank", F.col("name").alias("id"))
        ids = ids.unionAll(earlier.documents.select("rank", "name"))
        publish(found, earlier, ids, "id", stage.path, checkpoints)
        if config.dedup.write_index:
            publish_index(found, earlier, names, config.dedup, stage.digest, stage.file("index"))
        facts.where("problem is not null").select("place", "problem").write.parquet(stage.file("quarantine"))
        if table.write_kept:
            empty = facts.where("problem is null and text_hash is null").select("name")
            removed = spark.read.parquet(stage.file("removals")).select(F.col("id").alias("name"))
            gone = removed.unionAll(empty)
            source.write_kept(F.broadcast(gone) if gone.count() <= BROADCAST_ROWS else gone, stage.file("kept"))
        ledger = _ledger(facts, found.removed)
        unsigned = not_compared(documents, minhash)
    stage.finish([ledger], **found.counts, **unsigned, files=len(run.paths))
    checkpoints.clear()


def _sign(minhash: MinHashConfig, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return to_batches((_fact(row, minhash) for row in iter_rows(batches)), Fact)


def _fact(row: dict[str, Any], minhash: MinHashConfig) -> Fact:
    text = row.pop("text") or ""
    if not text.strip():
        return Fact(**row, n_chars=0, text_hash=None, n_shingles=0, signature=None)
    return Fact(**row, n_chars=len(text), **sign_text(text, minhash)._asdict())


def _ledger(facts: DataFrame, removed: DataFrame) -> Ledger:
    counted = facts.agg(F.count("*"), F.count("problem"), F.count("text_hash")).collect()[0]
    total, problems, with_text = counted
    dropped = {"unreadable": problems, "empty": total - problems - with_text}
    dropped |= {row["step"]: row["count"] for row in removed.groupBy("step").count().collect()}
    lost = {reason: count for reason, count in sorted(dropped.items()) if count}
    return Ledger("documents", total, total - sum(lost.values()), lost)
