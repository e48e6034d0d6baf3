"""Deduplication of tables in memory: pandas, Arrow or a list of mappings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from sluice.core.config.dedup import DedupConfig, SourceConfig
from sluice.core.config.load import config_with
from sluice.core.errors import ConfigError, InputError
from sluice.core.ledger import Ledger
from sluice.data.sources.columns import require_types, source_rows
from sluice.in_memory.decisions import SignedRows, decide, result_tables

ROWS = 4096
"""Rows that are signed at once."""
OPTIONAL = ("quality", "fetched_at", "url")


@dataclass(frozen=True)
class Deduplicated:
    """The result of `dedup`. All tables other than `kept` are Arrow tables, and their ids are strings."""

    kept: Any
    """The rows that stay, in order, of the same kind as the input: DataFrame, Arrow table or list."""
    removals: pa.Table
    """id, step (exact, near), matched_id, duplicate_of (always kept), is_earlier, jaccard (exact), cluster_id."""
    clusters: pa.Table
    """id, cluster_id: rows that are connected by similar pairs."""
    copies: pa.Table
    """id, n_copies: how many rows a kept one represents, including itself."""
    edges: pa.Table
    """u, v, jaccard: every verified pair."""
    unreadable: pa.Table
    """place, problem: rows whose id is null or whose text is not UTF-8. They are not kept."""
    ledger: Ledger
    """All rows, those that stay, and those that are removed by reason; the sums are equal."""


def dedup(
    table: Any,
    *,
    id: str = "id",
    text: str = "text",
    threshold: float | None = None,
    quality: str | None = None,
    fetched_at: str | None = None,
    url: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Deduplicated:
    """Removes exact and near-duplicates; each removal names a kept row and their exact Jaccard similarity.

    `table`: a pandas DataFrame, an Arrow table, or a list of mappings with equal keys. `id`: unique strings or
    integers. `threshold`: similarity from which two texts are duplicates, 0.8 by default. `quality`, `fetched_at`,
    `url`: columns that decide which row stays: the one with the highest quality, then the longest, then the earliest,
    then by URL and a hash of the id. `settings`: others by path, such as {"dedup.minhash.bands": 20}. The result is
    that of `sluice run dedup` and of `sluice.spark.dedup`. Rows with an empty or null text are removed and counted.

    Raises InputError for a missing column or repeated ids, ConfigError for an invalid setting.

    >>> found = dedup([{"id": "a", "text": "Stone bridges"}, {"id": "b", "text": "STONE  bridges"}])
    >>> [row["id"] for row in found.kept], found.ledger.dropped
    (['a'], {'exact': 1})
    """
    named = {"source.id": id, "source.text": text, "source.quality": quality, "source.fetched_at": fetched_at}
    given = {**named, "source.url": url, "dedup.threshold": threshold}
    config = config_with({path: value for path, value in given.items() if value is not None} | dict(settings or {}))
    if config.dedup.urls or config.dedup.earlier or config.dedup.write_index:
        raise ConfigError(
            "dedup.urls, earlier and write_index need Spark: use sluice.spark.dedup or `sluice run dedup`."
        )
    rows = _signed(_arrow(table), config.source, config.dedup)
    decisions = decide(rows, config.source, config.dedup, lambda fact: f"row {fact.position}")
    stays = [i for i in range(len(rows.facts)) if i not in decisions.reasons]
    tables = result_tables(decisions)
    return Deduplicated(
        kept=_take(table, stays),
        removals=tables["removals"],
        clusters=tables["clusters"],
        copies=tables["copies"],
        edges=tables["edges"],
        unreadable=tables["quarantine"],
        ledger=decisions.ledger,
    )


def _arrow(table: Any) -> pa.Table:
    if isinstance(table, pa.Table):
        return table
    if isinstance(table, list):
        return pa.Table.from_pylist(table)
    if type(table).__module__.startswith("pandas.") and type(table).__name__ == "DataFrame":
        return pa.Table.from_pandas(table, preserve_index=False)
    raise InputError(
        f"dedup: a {type(table).__name__} is not a pandas DataFrame, an Arrow table or a list of mappings. For a data "
        "frame of Spark use sluice.spark.dedup."
    )


def _signed(table: pa.Table, source: SourceConfig, dedup: DedupConfig) -> SignedRows:
    columns = {name: getattr(source, name) for name in ("id", "text", *OPTIONAL)}
    missing = [f"{name}={column!r}" for name, column in columns.items() if column and column not in table.column_names]
    if missing:
        raise InputError(
            f"dedup: {missing[0]}, but the columns of the table are {table.column_names}. Name one of them."
        )
    require_types(table.schema, {}, source, "the table")
    rows = SignedRows()
    first = 0
    for batch in table.select(sorted({column for column in columns.values() if column})).to_batches(ROWS):
        rows.add(source_rows(batch, {}, source, (0, first, "the table")), dedup.minhash)
        first += len(batch)
    return rows


def _take(table: Any, stays: list[int]) -> Any:
    if isinstance(table, pa.Table):
        return table.take(stays)
    return [table[i] for i in stays] if isinstance(table, list) else table.iloc[stays]
