"""The stage that removes repeated lines: from documents to `line_dedup/cut_texts` and `removed_lines`."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sluice.core.config.schema import Config
from sluice.core.reasons import Reason
from sluice.spark.engine.parquet import write_table
from sluice.spark.engine.samples import collect_sorted
from sluice.spark.engine.session import partitions_of, progress
from sluice.spark.run import Run
from sluice.spark.sources.run_source import RunSource
from sluice.spark.sources.source import Source
from sluice.spark.sources.table import TableSource, require_columns
from sluice.spark.transforms.line_dedup import (
    line_counts,
    line_dedup_settings,
    line_ledgers,
    line_samples,
    removed_lines,
    repeated_lines,
    without_lines,
)


def line_dedup_source(config: Config) -> Source:
    """Returns `source.inputs` or, if empty, the run. Raises ConfigError or InputError if invalid."""
    if not config.source.inputs:
        return RunSource.of(Run(config), "line_dedup")
    require_line_columns(config)
    return TableSource(config, "line_dedup", {"line_dedup": line_dedup_settings(config.line_dedup)})


def require_line_columns(config: Config) -> None:
    """Raises ConfigError if `line_dedup.min_hosts` needs a column that is not set."""
    names = ["url"] if config.line_dedup.min_hosts > 1 else []
    require_columns(config.source, names, f"line_dedup.min_hosts={config.line_dedup.min_hosts}", "set it to 1")


def line_dedup(spark: SparkSession, source: Source, *, force: bool) -> None:
    """Writes `removed_lines` and, for a run, `cut_texts` (the remaining texts). Keeps documents without text."""
    config, stage, settings = source.config, source.stage, source.config.line_dedup
    if not source.begin("removed_lines", force=force):
        return
    with progress(spark, stage.name, config.log.progress_s):
        documents = source.open(spark)
        work, rows = documents.work, documents.rows().where("text is not null")
        repeated = repeated_lines(rows, settings, partitions_of(spark, config.spark))
        repeated = work.materialize(repeated, "repeated")
        cut = documents.results.materialize(without_lines(rows, repeated, settings), "cut_texts")
        removed = work.materialize(removed_lines(repeated, cut), "removed")
        columns = (documents.id, "line", "num_documents", "kept_in")
        write_table(documents.publish(removed, "kept_in").select(*columns), stage.file("removed_lines"))
        sums = collect_sorted(line_counts(documents.with_language(cut), "language"), "language")
        empty = cut.where("text = ''").select("doc_id", F.lit(str(Reason.NOTHING_LEFT)).alias("reason"))
        outcome = documents.remove(empty, cut.where("text <> ''"))
        samples = line_samples(removed, rows, settings)
    stage.finish([outcome.ledger, *line_ledgers(sums)], **outcome.counts, cuts=sums, samples=samples)
    documents.work.clear()
