"""The whole configuration: one frozen section per stage, one documented field per knob.

A function receives its own section, never the whole. `core.load` reads YAML and `--set` into this tree.
"""

from typing import Literal

from sluice.core.config.classifier import Classifier
from sluice.core.config.dataset import Shards, Tokenizer
from sluice.core.config.dedup import Decontaminate, Dedup, Lines, Score, Split, Table
from sluice.core.config.extract import Extract
from sluice.core.config.plan import Plan
from sluice.core.config.rules import FitThresholds, Rules, TrainQuality
from sluice.core.config.section import PositiveInt, Section
from sluice.core.config.train import Train


class Spark(Section):
    """How Spark works; never what comes out."""

    partitions: PositiveInt | None = None
    """Shuffle partitions; null means three per core, at least 8."""
    rows_per_batch: PositiveInt = 512
    """Rows per Arrow batch handed to Python."""


class Log(Section):
    """What is said while working."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level of the log lines that are written."""
    progress_s: PositiveInt = 10
    """Seconds between progress lines."""


class Config(Section):
    """Everything."""

    name: str = "corpus"
    """Name of the dataset: letters, digits and underscores."""
    version: str = "1.0.0"
    """Version of the dataset, x.y.z."""
    output: str = "out"
    """Directory of everything a run writes."""
    plan: Plan = Plan()
    extract: Extract = Extract()
    rules: Rules = Rules()
    dedup: Dedup = Dedup()
    score: Score = Score()
    decontaminate: Decontaminate = Decontaminate()
    lines: Lines = Lines()
    split: Split = Split()
    table: Table = Table()
    tokenizer: Tokenizer = Tokenizer()
    shards: Shards = Shards()
    train: Train = Train()
    classifier: Classifier = Classifier()
    train_quality: TrainQuality = TrainQuality()
    thresholds: FitThresholds = FitThresholds()
    spark: Spark = Spark()
    log: Log = Log()
