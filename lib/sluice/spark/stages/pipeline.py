"""All curation stages in order, then the report."""

import logging

from pyspark.sql import SparkSession

from sluice.data import storage
from sluice.report.build import write_report
from sluice.spark.run import Run
from sluice.spark.sources.run_source import RunSource
from sluice.spark.stages.decontaminate import decontaminate
from sluice.spark.stages.dedup import dedup
from sluice.spark.stages.extract import extract
from sluice.spark.stages.filter import filter_documents
from sluice.spark.stages.line_dedup import line_dedup
from sluice.spark.stages.shards import shards
from sluice.spark.stages.split_check import split_check
from sluice.spark.stages.tokenizer import tokenizer

log = logging.getLogger("sluice.stages")


def pipeline(spark: SparkSession, run: Run, *, force: bool) -> None:
    """Runs all stages in order, including optional stages that are switched on, then writes the report."""
    extract(spark, run, force=force)
    filter_documents(spark, run, force=force)
    dedup(spark, RunSource.of(run, "dedup"), force=force)
    if run.benchmark is not None:
        decontaminate(spark, RunSource.of(run, "decontaminate"), run.benchmark, force=force)
    if run.line_dedup is not None:
        line_dedup(spark, RunSource.of(run, "line_dedup"), force=force)
    if run.split_check is not None:
        split_check(spark, run, force=force)
    tokenizer(spark, run, force=force)
    shards(spark, run, force=force)
    write_report(run.config.output)
    log.info("report: %s", storage.join(run.config.output, "report.html"))
