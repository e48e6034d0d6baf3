"""All curation stages in order, then the report."""

import logging

from pyspark.sql import SparkSession

from sluice.data import storage
from sluice.report.build import write_report
from sluice.spark.run import Run
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
    """All stages in order, the optional ones if they are switched on, then the report."""
    for stage in (extract, filter_documents, dedup, decontaminate, line_dedup, split_check, tokenizer, shards):
        stage(spark, run, force=force)
    write_report(run.config.output)
    log.info("report: %s", storage.join(run.config.output, "report.html"))
