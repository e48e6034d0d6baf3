"""The Spark jobs: each checks its settings, opens a session and runs one stage or all of them.

`sluice.commands.jobs` refers to them by name, so its help does not import Spark.
"""

from sluice.core.config.schema import Config
from sluice.spark.engine.session import open_session
from sluice.spark.run import Run
from sluice.spark.stages import decontaminate as decontaminate_stage
from sluice.spark.stages import dedup as dedup_stage
from sluice.spark.stages import extract as extract_stage
from sluice.spark.stages import filter as filter_stage
from sluice.spark.stages import line_dedup as line_dedup_stage
from sluice.spark.stages import pipeline as pipeline_stage
from sluice.spark.stages import shards as shards_stage
from sluice.spark.stages import split_check as split_check_stage
from sluice.spark.stages import tokenizer as tokenizer_stage
from sluice.spark.standalone.decontaminate import decontaminate_run, decontaminate_table
from sluice.spark.standalone.dedup import dedup_run, dedup_table
from sluice.spark.standalone.line_dedup import line_dedup_run, line_dedup_table
from sluice.spark.standalone.score import score_run, score_table


def pipeline(config: Config, force: bool) -> None:
    """Runs all stages and writes the report."""
    run = Run.of_archives(config)
    with open_session(config.spark, "pipeline") as spark:
        pipeline_stage.pipeline(spark, run, force=force)


def extract(config: Config, force: bool) -> None:
    """Extracts documents from archives."""
    run = Run.of_archives(config)
    with open_session(config.spark, "extract") as spark:
        extract_stage.extract(spark, run, force=force)


def filter(config: Config, force: bool) -> None:
    """Applies the rules to the documents of a run."""
    run = Run(config)
    with open_session(config.spark, "filter") as spark:
        filter_stage.filter_documents(spark, run, force=force)


def dedup(config: Config, force: bool) -> None:
    """Removes duplicates from `source.inputs` or, if it is empty, from a run."""
    if config.source.inputs:
        table_run = dedup_run(config)
        with open_session(config.spark, "dedup") as spark:
            dedup_table(spark, table_run, force=force)
        return
    run = Run(config)
    with open_session(config.spark, "dedup") as spark:
        dedup_stage.dedup(spark, run, force=force)


def decontaminate(config: Config, force: bool) -> None:
    """Removes documents with benchmark items from `source.inputs` or, if it is empty, from a run."""
    if config.source.inputs:
        table_run, benchmark = decontaminate_run(config)
        with open_session(config.spark, "decontaminate") as spark:
            decontaminate_table(spark, table_run, benchmark, force=force)
        return
    run = Run.with_stage(config, "decontaminate")
    with open_session(config.spark, "decontaminate") as spark:
        decontaminate_stage.decontaminate(spark, run, force=force)


def line_dedup(config: Config, force: bool) -> None:
    """Removes repeated lines from `source.inputs` or, if it is empty, from a run."""
    if config.source.inputs:
        table_run = line_dedup_run(config)
        with open_session(config.spark, "line_dedup") as spark:
            line_dedup_table(spark, table_run, force=force)
        return
    run = Run.with_stage(config, "line_dedup")
    with open_session(config.spark, "line_dedup") as spark:
        line_dedup_stage.line_dedup(spark, run, force=force)


def split_check(config: Config, force: bool) -> None:
    """Removes documents of a run that are similar to one held out from their split."""
    run = Run.with_stage(config, "split_check")
    with open_session(config.spark, "split_check") as spark:
        split_check_stage.split_check(spark, run, force=force)


def tokenizer(config: Config, force: bool) -> None:
    """Trains the tokenizer of a run."""
    run = Run(config)
    with open_session(config.spark, "tokenizer") as spark:
        tokenizer_stage.tokenizer(spark, run, force=force)


def shards(config: Config, force: bool) -> None:
    """Writes the shards and the manifest of a run."""
    run = Run(config)
    with open_session(config.spark, "shards") as spark:
        shards_stage.shards(spark, run, force=force)


def score(config: Config, force: bool) -> None:
    """Scores the texts of `source.inputs` with a language model."""
    run = score_run(config)
    with open_session(config.spark, "score") as spark:
        score_table(spark, run, force=force)
