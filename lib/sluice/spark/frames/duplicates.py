"""Deduplication, decontamination and repeated lines of a data frame, by the same stages as in a run.

Each stores the ids and texts of the frame in `work_dir`, and its results. The frame itself is never changed; its rows
are filtered when the returned frame is used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame

from sluice.core.config.schema import Config
from sluice.core.ledger import Ledger
from sluice.data.stage import ledgers_of
from sluice.spark.engine.parquet import read_table
from sluice.spark.frames.work import config_of, work_directory
from sluice.spark.sources.frame import FrameSource, apply_changes
from sluice.spark.stages.decontaminate import decontaminate as run_decontaminate
from sluice.spark.stages.dedup import dedup as run_dedup
from sluice.spark.stages.dedup import require_dedup_columns
from sluice.spark.stages.line_dedup import line_dedup as run_line_dedup
from sluice.spark.stages.line_dedup import require_line_columns
from sluice.text.decontamination.benchmark import Benchmark


@dataclass(frozen=True)
class Kept:
    """The rows that stay, with all columns of the frame, and the counts."""

    kept: DataFrame
    ledger: Ledger
    """All documents, those that stay, and those that are removed by reason; the sums are equal."""
    unreadable: DataFrame
    """Rows whose id is null or whose text is not UTF-8: place (the id) and problem. They are not in `kept`."""


@dataclass(frozen=True)
class Deduplicated(Kept):
    """The result of `dedup`. Ids are strings."""

    removals: DataFrame
    """id, step (exact, near, url), matched_id, duplicate_of (always kept), is_earlier, jaccard (exact), cluster_id."""
    clusters: DataFrame
    """id, cluster_id: documents that are connected by similar pairs, for `split`."""
    copies: DataFrame
    """id, n_copies: how many documents a kept one represents, including itself; without duplicates no row."""
    edges: DataFrame
    """u, v, jaccard: every verified pair."""


@dataclass(frozen=True)
class Decontaminated(Kept):
    """The result of `decontaminate`."""

    matches: DataFrame
    """id, benchmark, item, field, kind (ngram, near), share of the n-grams, stretch: the matching passage."""


@dataclass(frozen=True)
class LinesRemoved(Kept):
    """The result of `dedup_lines`: `kept` has the remaining texts."""

    removed_lines: DataFrame
    """id, line (hash), num_documents, kept_in (the document that keeps the line)."""


def dedup(
    df: DataFrame,
    *,
    id: str = "id",
    text: str = "text",
    threshold: float | None = None,
    quality: str | None = None,
    fetched_at: str | None = None,
    url: str | None = None,
    settings: Mapping[str, Any] | None = None,
    work_dir: str | None = None,
) -> Deduplicated:
    """Removes exact and near-duplicates; each removal names a kept document and their exact Jaccard similarity.

    `id`: unique strings or integers. `threshold`: similarity from which two documents are duplicates, 0.8 by default.
    `quality`, `fetched_at`, `url`: columns that decide which document stays: the one with the highest quality, then the
    longest, then the earliest, then by URL and a hash of the id. `settings`: others by path, such as {"dedup.urls":
    "newest"} or {"dedup.earlier": ["INDEX"]}. Rows with an empty or null text are removed and counted.

    Raises InputError for a missing column or repeated ids, ConfigError for an invalid setting.

    >>> result = sl.dedup(df, id="url", text="body")  # doctest: +SKIP
    >>> result.kept.write.parquet("unique"); result.removals.show()  # doctest: +SKIP
    """
    named = {"source.id": id, "source.text": text, "source.quality": quality, "source.fetched_at": fetched_at}
    config = _config(df, named | {"source.url": url, "dedup.threshold": threshold}, settings, work_dir)
    require_dedup_columns(config)
    source = FrameSource(df, config, "dedup", config.dedup.minhash)
    run_dedup(df.sparkSession, source, force=False)
    tables = (_read(df, source, name) for name in ("removals", "clusters", "copies", "edges"))
    return Deduplicated(*_kept(df, source), *tables)


def decontaminate(
    df: DataFrame,
    benchmarks: Sequence[str],
    *,
    id: str = "id",
    text: str = "text",
    settings: Mapping[str, Any] | None = None,
    work_dir: str | None = None,
) -> Decontaminated:
    """Removes documents that contain items of benchmarks, by n-grams or as near-copies.

    `benchmarks`: files, folders or globs of JSON lines, one item per line; {"decontaminate.fields": […]} in `settings`
    names their fields. Documents without text stay. Raises as `dedup`.
    """
    named = {"source.id": id, "source.text": text, "decontaminate.benchmarks": list(benchmarks)}
    config = _config(df, named, settings, work_dir)
    benchmark = Benchmark.load(config.decontaminate.benchmarks, config.decontaminate)
    source = FrameSource(df, config, "decontaminate")
    run_decontaminate(df.sparkSession, source, benchmark, force=False)
    return Decontaminated(*_kept(df, source), matches=_read(df, source, "matches"))


def dedup_lines(
    df: DataFrame,
    *,
    id: str = "id",
    text: str = "text",
    quality: str | None = None,
    url: str | None = None,
    settings: Mapping[str, Any] | None = None,
    work_dir: str | None = None,
) -> LinesRemoved:
    """Removes lines that occur in several documents from all but the best one.

    `settings`: for example {"line_dedup.min_documents": 2}; with `line_dedup.min_hosts` above 1, `url` is needed. A
    document of which nothing is left is removed. Raises as `dedup`.
    """
    named = {"source.id": id, "source.text": text, "source.quality": quality, "source.url": url}
    config = _config(df, named, settings, work_dir)
    require_line_columns(config)
    source = FrameSource(df, config, "line_dedup")
    run_line_dedup(df.sparkSession, source, force=False)
    return LinesRemoved(*_kept(df, source), removed_lines=_read(df, source, "removed_lines"))


def _config(
    df: DataFrame, named: Mapping[str, Any], settings: Mapping[str, Any] | None, work_dir: str | None
) -> Config:
    return config_of({**named, "output": work_directory(df.sparkSession, work_dir)}, settings)


def _kept(df: DataFrame, source: FrameSource) -> tuple[DataFrame, Ledger, DataFrame]:
    kept = apply_changes(df, source.config.source, _read(df, source, "changes"))
    return kept, ledgers_of(source.stage.require())["documents"], _read(df, source, "quarantine")


def _read(df: DataFrame, source: FrameSource, name: str) -> DataFrame:
    return read_table(df.sparkSession, source.stage.file(name))
