"""The whole configuration: one frozen section per stage, one documented field per setting.

Functions receive their section only, never the whole. `core.config.load` reads YAML and `--set` into this tree.
"""

from typing import Literal

from sluice.core.config.ablate import AblateConfig
from sluice.core.config.classifier import ClassifierConfig
from sluice.core.config.dataset import ShardsConfig, TokenizerConfig
from sluice.core.config.dedup import (
    DecontaminateConfig,
    DedupConfig,
    LineDedupConfig,
    ScoreConfig,
    SourceConfig,
    SplitCheckConfig,
)
from sluice.core.config.extract import ExtractConfig
from sluice.core.config.plan import MIB, PlanConfig
from sluice.core.config.publish import PublishConfig
from sluice.core.config.rules import FitThresholdsConfig, RulesConfig, TrainQualityConfig
from sluice.core.config.section import CountInt, PositiveInt, Section
from sluice.core.config.train import TrainConfig


class SparkConfig(Section):
    """Spark execution. These settings do not affect the output."""

    partitions: PositiveInt | None = None
    """Number of shuffle partitions; null: three per core, at least 8."""
    rows_per_batch: PositiveInt = 512
    """Rows per Arrow batch passed to Python."""
    min_table_bytes: CountInt = 128 * MIB
    """`sluice run dedup` on a smaller table runs in one process without Spark, with the same result. 0: never. Bytes of
    compressed files count four times."""


class LogConfig(Section):
    """Logging and progress output."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Minimum level of log lines to write."""
    progress_s: PositiveInt = 10
    """Seconds between progress lines."""


class Config(Section):
    """The settings of all jobs."""

    name: str = "corpus"
    """Name of the dataset: letters, digits and underscores."""
    version: str = "1.0.0"
    """Version of the dataset, in the form x.y.z."""
    output: str = "out"
    """Directory for everything that a run writes."""
    seed: CountInt = 0
    """Added to the default of every seed below that is not set, so that one number changes all random choices."""
    plan: PlanConfig = PlanConfig()
    extract: ExtractConfig = ExtractConfig()
    rules: RulesConfig = RulesConfig()
    dedup: DedupConfig = DedupConfig()
    score: ScoreConfig = ScoreConfig()
    decontaminate: DecontaminateConfig = DecontaminateConfig()
    line_dedup: LineDedupConfig = LineDedupConfig()
    split_check: SplitCheckConfig = SplitCheckConfig()
    source: SourceConfig = SourceConfig()
    tokenizer: TokenizerConfig = TokenizerConfig()
    shards: ShardsConfig = ShardsConfig()
    publish: PublishConfig = PublishConfig()
    train: TrainConfig = TrainConfig()
    classifier: ClassifierConfig = ClassifierConfig()
    train_quality: TrainQualityConfig = TrainQualityConfig()
    thresholds: FitThresholdsConfig = FitThresholdsConfig()
    ablate: AblateConfig = AblateConfig()
    spark: SparkConfig = SparkConfig()
    log: LogConfig = LogConfig()
