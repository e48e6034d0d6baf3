"""A job on a user's table: its files, the directory of its results, and checks of its rows."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sluice import __version__
from sluice.core.config.dedup import SourceConfig
from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError, InputError, StageError
from sluice.data import storage
from sluice.data.sources.json_lines import table_files
from sluice.data.stage import Stage
from sluice.spark.engine.work import Checkpoints
from sluice.spark.standalone.source import TableSource
from sluice.text.dedup.key_text import KEY_VERSION

SHOWN = 5
"""Ids named in an error."""


class TableRun:
    """A job to run. Created before Spark starts, so that missing input or a wrong setting is reported at once.

    `settings` is everything besides the table that the result depends on. Raises InputError if there is no table.
    """

    def __init__(self, config: Config, name: str, settings: Mapping[str, Any]) -> None:
        self.config = config
        self.kind, self.paths = table_files(config.source)
        source: dict[str, Any] = msgspec.to_builtins(config.source)
        del source["max_unreadable_share"]
        files = [[path, storage.size(path)] for path in self.paths]
        what = {"sluice": __version__, "key": KEY_VERSION, **settings, "source": source, "files": files}
        self.stage = Stage(config.output, name, what)

    def begin(self, *results: str, force: bool) -> bool:
        """Whether the job has to run; removes incomplete `results` of a killed attempt."""
        if not self.stage.begin(force=force, keep=True):
            return False
        for name in results:
            storage.delete_tree(self.stage.file(name))
        return True


def require_columns(source: SourceConfig, names: Iterable[str], setting: str, otherwise: str) -> None:
    """Raises ConfigError if a setting needs columns (fields of `SourceConfig`) that the table does not name."""
    if missing := [f"source.{name}" for name in names if getattr(source, name) is None]:
        raise ConfigError(
            f"{setting} needs columns of the table that are not named. Name them with {' and '.join(missing)}, or "
            f"{otherwise}."
        )


def named_rows(source: TableSource, settings: SourceConfig, checkpoints: Checkpoints) -> tuple[DataFrame, DataFrame]:
    """Source rows with their `doc_id`; and place, problem, name and doc_id of each. Raises as `check_rows`."""
    rows = source.rows().withColumn("doc_id", doc_id(settings))
    names = checkpoints.materialize(rows.select("place", "problem", "name", "doc_id"), "names")
    check_rows(names, settings)
    return rows, names


def doc_id(source: SourceConfig) -> Column:
    """63 bits of a hash of the id."""
    return F.xxhash64("name", F.lit(source.id_seed).cast("long")).bitwiseAND(F.lit((1 << 63) - 1))


def check_rows(rows: DataFrame, source: SourceConfig) -> None:
    """Raises StageError for too many unreadable rows, InputError for ids that are not unique.

    Needs: place, problem, name, doc_id.
    """
    total, problems = rows.agg(F.count("*"), F.count("problem")).collect()[0]
    if problems > source.max_unreadable_share * total:
        worst = rows.where("problem is not null").select("place", "problem").orderBy("place").limit(SHOWN).collect()
        raise StageError(
            f"{problems:,} of {total:,} rows cannot be read, more than source.max_unreadable_share="
            f"{source.max_unreadable_share} allows: {'; '.join(f'{row.place}: {row.problem}' for row in worst)}. "
            "Fix them, or raise source.max_unreadable_share."
        )
    same = (
        rows.where("problem is null")
        .groupBy("doc_id")
        .agg(F.count("*").alias("n"), F.min("name").alias("one"), F.max("name").alias("other"))
    )
    twice = same.where("n > 1").orderBy("one").limit(SHOWN).collect()
    if clash := [row for row in twice if row.one != row.other]:
        raise InputError(
            f"The ids {clash[0].one!r} and {clash[0].other!r} have the same hash. Set source.id_seed to a number "
            f"other than {source.id_seed}."
        )
    if twice:
        ids = ", ".join(f"{row.one!r} ({row.n} times)" for row in twice)
        raise InputError(
            f"Ids in column {source.id!r} must be unique, but some are not: {ids}. Name another column with "
            "source.id, or make them unique."
        )
