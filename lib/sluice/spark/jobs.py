"""The Spark jobs: each checks its settings, opens a session and runs one stage or all of them.

`sluice.commands.jobs` refers to them by name, so its help does not import Spark.
"""

from sluice.core.config.schema import Config
from sluice.spark.engine.session import open_session
from sluice.spark.run import Run
from sluice.spark.stages import decontaminate as decontaminate_stage
from sluice.spark.stages import dedup as dedup_stage
from sluice.spark.stages import extract as extract_stage
from sluice.spark.stages import lines as lines_stage
from sluice.spark.stages import pipeline as pipeline_stage
from sluice.spark.stages import select as select_stage
from sluice.spark.stages import shards as shards_stage
from sluice.spark.stages import split as split_stage
from sluice.spark.stages import tokenizer as tokenizer_stage
from sluice.spark.standalone.decontaminate import decontaminate_run, decontaminate_table
from sluice.spark.standalone.dedup import dedup_run, dedup_table
from sluice.spark.standalone.lines import lines_run, lines_table
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


def select(config: Config, force: bool) -> None:
    """Applies the rules to the documents of a run."""
    run = Run(config)
    with open_session(config.spark, "select") as spark:
        select_stage.select(spark, run, force=force)


def dedup(config: Config, force: bool) -> None:
    """Removes duplicates from `table.inputs` or, if it is empty, from a run."""
    if config.table.inputs:
        table_run = dedup_run(config)
        with open_session(config.spark, "dedup") as spark:
            dedup_table(spark, table_run, force=force)
        return
    run = Run(config)
    with open_session(config.spark, "dedup") as spark:
        dedup_stage.dedup(spark, run, force=force)


def decontaminate(config: Config, force: bool) -> None:
    """Removes documents with benchmark items from `table.inputs` or, if it is empty, from a run."""
    if config.table.inputs:
        table_run, benchmark = decontaminate_run(config)
        with open_session(config.spark, "decontaminate") as spark:
            decontaminate_table(spark, table_run, benchmark, force=force)
        return
    run = Run.with_stage(config, "decontaminate")
    with open_session(config.spark, "decontaminate") as spark:
        decontaminate_stage.decontaminate(spark, run, force=force)


def lines(config: Config, force: bool) -> None:
    """Removes repeated lines from `table.inputs` or, if it is empty, from a run."""
    if config.table.inputs:
        table_run = lines_run(config)
        with open_session(config.spark, "lines") as spark:
            lines_table(spark, table_run, force=force)
        return
    run = Run.with_stage(config, "lines")
    with open_session(config.spark, "lines") as spark:
        lines_stage.lines(spark, run, force=force)


def split(config: Config, force: bool) -> None:
    """Removes documents of a run that are similar to one held out from their split."""
    run = Run.with_stage(config, "split")
    with open_session(config.spark, "split") as spark:
        split_stage.split(spark, run, force=force)


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
    """Scores the texts of `table.inputs` with a language model."""
    run = score_run(config)
    with open_session(config.spark, "score") as spark:
        score_table(spark, run, force=force)
