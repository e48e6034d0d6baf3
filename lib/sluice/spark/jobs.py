"""The Spark jobs. Each checks its settings and inputs, opens a session, and runs one stage or all of them.

`sluice.commands.jobs` refers to them by name, so its help does not import Spark.
"""

from collections.abc import Callable
from typing import Any

from sluice.core.config.schema import Config
from sluice.in_memory import dedup as in_memory
from sluice.spark.engine.preflight import preflight
from sluice.spark.engine.session import open_session
from sluice.spark.run import Run
from sluice.spark.stages import decontaminate as decontaminate_stage
from sluice.spark.stages import dedup as dedup_stage
from sluice.spark.stages import extract as extract_stage
from sluice.spark.stages import filter as filter_stage
from sluice.spark.stages import line_dedup as line_dedup_stage
from sluice.spark.stages import pipeline as pipeline_stage
from sluice.spark.stages import publish as publish_stage
from sluice.spark.stages import score as score_stage
from sluice.spark.stages import shards as shards_stage
from sluice.spark.stages import split_check as split_check_stage
from sluice.spark.stages import tokenizer as tokenizer_stage


def pipeline(config: Config, force: bool) -> None:
    """Runs all stages and writes the report."""
    _run("pipeline", config, force, pipeline_stage.pipeline, Run.of_archives(config))


def extract(config: Config, force: bool) -> None:
    """Extracts documents from archives."""
    _run("extract", config, force, extract_stage.extract, Run.of_archives(config))


def filter(config: Config, force: bool) -> None:
    """Applies the rules to the documents of a run."""
    _run("filter", config, force, filter_stage.filter_documents, Run(config))


def dedup(config: Config, force: bool) -> None:
    """Removes duplicates from `source.inputs` or, if it is empty, from a run."""
    if in_memory.fits(config):
        in_memory.dedup_table(config, force=force)
    else:
        _run("dedup", config, force, dedup_stage.dedup, dedup_stage.dedup_source(config))


def decontaminate(config: Config, force: bool) -> None:
    """Removes documents with benchmark items from `source.inputs` or, if it is empty, from a run."""
    _run(
        "decontaminate",
        config,
        force,
        decontaminate_stage.decontaminate,
        *decontaminate_stage.decontaminate_source(config),
    )


def line_dedup(config: Config, force: bool) -> None:
    """Removes repeated lines from `source.inputs` or, if it is empty, from a run."""
    _run("line_dedup", config, force, line_dedup_stage.line_dedup, line_dedup_stage.line_dedup_source(config))


def split_check(config: Config, force: bool) -> None:
    """Removes documents of a run that are similar to one held out from their split."""
    _run("split_check", config, force, split_check_stage.split_check, Run.with_stage(config, "split_check"))


def tokenizer(config: Config, force: bool) -> None:
    """Trains the tokenizer of a run."""
    _run("tokenizer", config, force, tokenizer_stage.tokenizer, Run(config))


def shards(config: Config, force: bool) -> None:
    """Writes the shards and the manifest of a run."""
    _run("shards", config, force, shards_stage.shards, Run(config))


def publish(config: Config, force: bool) -> None:
    """Writes the documents of a run in the layout of the Hugging Face hub, and uploads them if requested."""
    _run("publish", config, force, publish_stage.publish, publish_stage.publication(config))


def score(config: Config, force: bool) -> None:
    """Scores the texts of `source.inputs` with a language model."""
    _run("score", config, force, score_stage.score, score_stage.score_source(config))


def _run(name: str, config: Config, force: bool, stage: Callable[..., None], *inputs: Any) -> None:
    """Runs a stage in a new session. Its inputs exist already, so input errors are reported before Spark starts."""
    with open_session(config.spark, name) as spark:
        scores = [] if config.rules.scores is None else [config.rules.scores]
        preflight(spark, config.output, [*scores, *config.dedup.earlier])
        stage(spark, *inputs, force=force)
