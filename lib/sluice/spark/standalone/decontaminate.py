"""Decontamination of a user's table: benchmark items in its rows to `decontaminate/matches`, the rest to `kept`."""

from collections import Counter

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sluice.core.config.schema import Config
from sluice.core.records.corpus import Contamination
from sluice.spark.engine.session import progress
from sluice.spark.engine.work import Checkpoints
from sluice.spark.standalone.run import TableRun, named_rows
from sluice.spark.standalone.source import TableSource
from sluice.spark.transforms.decontaminate import (
    benchmark_counts,
    contaminated,
    contamination_ledger,
    contamination_reasons,
    decontaminate_settings,
    warn_of_items,
)
from sluice.text.decontamination.benchmark import Benchmark


def decontaminate_run(config: Config) -> tuple[TableRun, Benchmark]:
    """Inputs of `decontaminate_table`. Raises ConfigError, InputError or FormatError for a bad table or benchmark."""
    benchmark = Benchmark.load(config.decontaminate.benchmarks, config.decontaminate)
    settings = {"decontaminate": decontaminate_settings(config.decontaminate, benchmark)}
    return TableRun(config, "decontaminate", settings), benchmark


def decontaminate_table(spark: SparkSession, run: TableRun, benchmark: Benchmark, *, force: bool) -> None:
    """All steps; a killed run resumes after its last complete table. Rows without text are kept."""
    config, stage, table = run.config, run.stage, run.config.source
    if not run.begin("matches", "kept", "quarantine", force=force):
        return
    warn_of_items(benchmark)
    checkpoints = Checkpoints(stage.file("_work"))
    source = TableSource(spark, table, run.kind, run.paths)
    with progress(spark, stage.name, config.log.progress_s):
        rows, names = named_rows(source, table, checkpoints)
        found = checkpoints.materialize(contaminated(rows.where("problem is null"), benchmark), "found")
        matches = found.join(names, "doc_id").select(F.col("name").alias("id"), *Contamination.__struct_fields__[1:])
        matches.write.parquet(stage.file("matches"))
        names.where("problem is not null").select("place", "problem").write.parquet(stage.file("quarantine"))
        judged = names.join(contamination_reasons(found), "doc_id", "left")
        if table.write_kept:
            source.write_kept(judged.where("reason is not null").select("name"), stage.file("kept"))
        counts = _counts(judged)
        summary = benchmark_counts(found, benchmark)
    stage.finish([contamination_ledger(counts)], **summary, files=len(run.paths))
    checkpoints.clear()


def _counts(judged: DataFrame) -> Counter[str]:
    unread = F.when(F.col("problem").isNotNull(), "unreadable")
    reason = F.coalesce(unread, "reason", F.lit("kept")).alias("reason")
    return Counter({row["reason"]: row["count"] for row in judged.groupBy(reason).count().collect()})
