"""Repeated lines of a user's table: removed lines to `removed_lines`, the rows without them to `kept`."""

from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sluice.core.config.schema import Config
from sluice.core.ledger import Ledger
from sluice.spark.engine.session import partitions_of, progress
from sluice.spark.engine.work import Checkpoints
from sluice.spark.standalone.run import TableRun, named_rows, require_columns
from sluice.spark.standalone.source import TableSource
from sluice.spark.transforms.line_dedup import (
    line_counts,
    line_dedup_settings,
    line_ledgers,
    line_samples,
    removed_lines,
    repeated_lines,
    without_lines,
)


def line_dedup_run(config: Config) -> TableRun:
    """The run of `line_dedup_table`. Raises InputError without a table, ConfigError for hosts without URLs."""
    names = ["url"] if config.line_dedup.min_hosts > 1 else []
    require_columns(config.source, names, f"line_dedup.min_hosts={config.line_dedup.min_hosts}", "set it to 1")
    return TableRun(config, "line_dedup", {"line_dedup": line_dedup_settings(config.line_dedup)})


def line_dedup_table(spark: SparkSession, run: TableRun, *, force: bool) -> None:
    """All steps; a killed run resumes after its last complete table. Rows without text are kept unchanged."""
    config, stage, table = run.config, run.stage, run.config.source
    if not run.begin("removed_lines", "kept", "quarantine", force=force):
        return
    checkpoints = Checkpoints(stage.file("_work"))
    source = TableSource(spark, table, run.kind, run.paths)
    with progress(spark, stage.name, config.log.progress_s):
        rows, names = named_rows(source, table, checkpoints)
        documents = _documents(rows)
        repeated = repeated_lines(documents, config.line_dedup, partitions_of(spark, config.spark))
        repeated = checkpoints.materialize(repeated, "repeated")
        cut = checkpoints.materialize(without_lines(documents, repeated, config.line_dedup), "cut_texts")
        removed = checkpoints.materialize(removed_lines(repeated, cut), "removed")
        _by_name(removed, names).write.parquet(stage.file("removed_lines"))
        names.where("problem is not null").select("place", "problem").write.parquet(stage.file("quarantine"))
        if table.write_kept:
            edited = cut.where("text is not null").join(names, "doc_id").select("name", "text")
            gone = edited.where("text = ''").select("name")
            source.write_kept(gone, stage.file("kept"), edited.where("text <> ''"))
        sums = [row.asDict() for row in line_counts(cut).collect()]
        ledgers = [_documents_ledger(names, line_ledgers(sums)[0]), *line_ledgers(sums)[1:]]
        samples = line_samples(removed, documents, config.line_dedup)
    stage.finish(ledgers, cuts=sums, samples=samples, files=len(run.paths))
    checkpoints.clear()


def _documents(rows: DataFrame) -> DataFrame:
    """Rows with a text, as `repeated_lines` and `line_samples` need them; their language is unknown."""
    host = F.nullif(F.lower(F.regexp_extract("url", HOST, 1)), F.lit(""))
    return rows.where("problem is null and text is not null").select(
        "doc_id",
        "quality",
        F.length("text").alias("n_chars"),
        host.alias("host"),
        F.lit("").alias("language"),
        "text",
    )


HOST = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:]+)"
"""The host of a URL, without port and credentials."""


def _by_name(removed: DataFrame, names: DataFrame) -> DataFrame:
    """Removed lines with ids instead of hashes of ids."""
    own = names.select("doc_id", F.col("name").alias("id"))
    other = names.select(F.col("doc_id").alias("kept_in"), F.col("name").alias("kept_id"))
    return (
        removed.join(own, "doc_id")
        .join(other, "kept_in")
        .select("id", "line", "num_documents", F.col("kept_id").alias("kept_in"))
    )


def _documents_ledger(names: DataFrame, with_text: Ledger) -> Ledger:
    """Counts of all rows: those without text are kept, unreadable ones are dropped."""
    total, unread = names.agg(F.count("*"), F.count("problem")).collect()[0]
    gone: dict[str, Any] = {**with_text.dropped, "unreadable": unread}
    return Ledger("documents", total, total - sum(gone.values()), gone)
