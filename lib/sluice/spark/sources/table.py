"""A user's table as the source of a stage. Kept rows are written as a table of the same kind."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Protocol

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from sluice.core.config.dedup import MinHashConfig, SourceConfig
from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError, StageError
from sluice.core.ledger import Ledger
from sluice.core.reasons import Reason
from sluice.core.records.dedup import Fact
from sluice.data import storage
from sluice.data.arrow import iter_rows, to_batches
from sluice.data.sources.table import check_columns, repeated_ids_error, same_hash_error, unreadable_error
from sluice.data.sources.table_files import table_files
from sluice.data.stage import Stage
from sluice.spark.engine.parquet import write_table
from sluice.spark.engine.schemas import spark_schema
from sluice.spark.engine.work import Checkpoints
from sluice.spark.sources.source import Outcome, with_reasons
from sluice.spark.sources.table_files import TableFiles, doc_id
from sluice.text.dedup.signed_row import sign_row
from sluice.text.dedup.table_stage import table_stage

SHOWN = 5
"""Maximum number of ids in an error message."""
HOST = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:]+)"
"""Matches the host of a URL, without port and credentials."""
RESULTS = ("kept", "quarantine")


class TableSource:
    """The files of `source.inputs`.

    `settings` must contain everything, other than the table, that the result depends on. With `minhash`, signatures are
    computed and rows without text are removed as `empty` or `null_text`; otherwise such rows are kept. Raises
    InputError without a table or if a column is missing.
    """

    def __init__(
        self, config: Config, name: str, settings: Mapping[str, Any], minhash: MinHashConfig | None = None
    ) -> None:
        self.config = config
        self._minhash = minhash
        self._kind, self._files = table_files(config.source.inputs)
        check_columns(self._kind, self._files, config.source)
        self.stage = table_stage(config, name, settings, self._files)

    def begin(self, *results: str, force: bool) -> bool:
        """Whether the stage has to run. Deletes results that a killed attempt may have left incomplete."""
        if not self.stage.begin(force=force, keep=True):
            return False
        for name in (*results, *RESULTS):
            storage.delete_tree(self.stage.file(name))
        return True

    def open(self, spark: SparkSession) -> "TableDocuments":
        """Reads the table once to collect ids and unreadable rows."""
        files = TableFiles(spark, self.config.source, self._kind, self._files)
        return TableDocuments(files, self.config.source, self._minhash, self.stage)


class Rows(Protocol):
    """Where the rows of a table are: in files (`TableFiles`) or in a data frame (`FrameRows`)."""

    def rows(self) -> DataFrame:
        """Returns: source rows."""

    def place(self, piece: int, position: int) -> str | None:
        """Returns the location of a row for people, or None."""

    def write_kept(self, changes: DataFrame, path: str) -> int | None:
        """Writes the rows with changes applied, and returns their number; or writes only what is needed to apply them.

        Needs: piece, position, text (null: the row is removed), each row at most once.
        """

    def counts(self) -> dict[str, Any]:
        """Returns entries for the summary."""


class TableDocuments:
    """Rows of a table; see `source.Documents`. The doc_id of a row is a hash of its id."""

    id = "id"
    index_id = "name"
    is_reported = False

    def __init__(self, files: Rows, source: SourceConfig, minhash: MinHashConfig | None, stage: Stage) -> None:
        self._files, self._source, self._minhash, self._stage = files, source, minhash, stage
        self.work = self.results = Checkpoints(stage.file("_work"))
        rows = files.rows()
        if minhash:
            rows = rows.mapInArrow(partial(_sign, minhash), spark_schema(Fact))
        else:
            rows = rows.select("piece", "position", "place", "problem", "name")
        self._facts = self.work.materialize(rows.withColumn("doc_id", doc_id(source)), "facts")
        check_rows(self._facts, source, files.place)

    def rows(self) -> DataFrame:
        """See `source.Documents.rows`. The language is unknown and empty; the host is taken from the URL."""
        host = F.nullif(F.lower(F.regexp_extract("url", HOST, 1)), F.lit(""))
        return (
            self._files.rows()
            .where("problem is null")
            .select(
                doc_id(self._source).alias("doc_id"),
                F.lit("").alias("language"),
                "url",
                host.alias("host"),
                "quality",
                F.length("text").alias("n_chars"),
                "fetched_at",
                "text",
            )
        )

    def signed(self) -> DataFrame:
        """See `source.Documents.signed`. Only available if the source was created with `minhash`."""
        return self._facts.where("problem is null and text_hash is not null").drop(
            "piece", "position", "place", "problem"
        )

    def index_names(self) -> DataFrame:
        """Returns: doc_id, and the id as name."""
        return self._facts.where("problem is null").select("doc_id", "name")

    def with_language(self, df: DataFrame) -> DataFrame:
        """Adds an empty language column."""
        return df.withColumn("language", F.lit(""))

    def publish(self, df: DataFrame, *columns: str) -> DataFrame:
        """Replaces doc_ids with the ids of the table."""
        names = self.index_names()
        for column in ("doc_id", *columns):
            named = names.toDF(column, "_name")
            df = df.join(named, column, "left").drop(column).withColumnRenamed("_name", column)
        return df.withColumnRenamed("doc_id", "id")

    def remove(self, reasons: DataFrame | None, edited: DataFrame | None = None) -> Outcome:
        """Counts rows, and writes `quarantine` and, with `source.write_kept`, `kept`."""
        judged = with_reasons(self._facts, reasons).withColumn("reason", F.coalesce(self._unusable(), "reason"))
        counts = {row["reason"]: row["count"] for row in judged.groupBy("reason").count().collect()}
        total, kept = sum(counts.values()), counts.pop(None, 0)
        unreadable = self._facts.where("problem is not null").select("place", "problem")
        write_table(unreadable, self._stage.file("quarantine"))
        if self._source.write_kept and reasons is not None:
            gone = judged.where("reason is not null").select(
                "piece", "position", F.lit(None).cast("string").alias("text")
            )
            written = self._files.write_kept(
                gone if edited is None else gone.unionAll(self._located(edited)), self._stage.file("kept")
            )
            if written is not None and written != kept:
                raise StageError(
                    f"{self._stage.name}: {kept:,} rows are to be kept, but {written:,} were written. The files were "
                    "changed while the job ran; run the same command again with --force."
                )
        return Outcome(Ledger("documents", total, kept, counts), self._files.counts())

    def _unusable(self) -> Column:
        """Returns the reason why a row cannot be used: it is unreadable or, if texts are compared, has no text."""
        reason = F.when(F.col("problem").isNotNull(), F.lit(str(Reason.UNREADABLE)))
        if self._minhash:
            reason = reason.when(F.col("n_chars").isNull(), F.lit(str(Reason.NULL_TEXT)))
            reason = reason.when(F.col("text_hash").isNull(), F.lit(str(Reason.EMPTY)))
        return reason

    def _located(self, edited: DataFrame) -> DataFrame:
        """Returns: piece, position, text of edited documents (doc_id, text)."""
        return edited.select("doc_id", "text").join(self._facts, "doc_id").select("piece", "position", "text")


def require_columns(source: SourceConfig, names: Iterable[str], setting: str, otherwise: str) -> None:
    """Raises ConfigError if a setting needs columns (fields of `SourceConfig`) that are not set."""
    if missing := [f"source.{name}" for name in names if getattr(source, name) is None]:
        raise ConfigError(
            f"{setting} needs table columns that are not set. Set {' and '.join(missing)}, or {otherwise}."
        )


def check_rows(rows: DataFrame, source: SourceConfig, place: Callable[[int, int], str | None]) -> None:
    """Raises StageError for too many unreadable rows, and InputError for ids that are not unique.

    Needs: piece, position, place, problem, name, doc_id.
    """
    total, problems = rows.agg(F.count("*"), F.count("problem")).collect()[0]
    if problems > source.max_unreadable_share * total:
        worst = rows.where("problem is not null").orderBy("piece", "position").limit(SHOWN).collect()
        raise unreadable_error(source, problems, total, (f"{row.place}: {row.problem}" for row in worst))
    at = F.struct("piece", "position", "name")
    same = (
        rows.where("problem is null")
        .groupBy("doc_id")
        .agg(
            F.count("*").alias("n"),
            F.min("name").alias("one"),
            F.max("name").alias("other"),
            F.min(at).alias("first"),
            F.max(at).alias("last"),
        )
    )
    twice = same.where("n > 1").orderBy("one").limit(SHOWN).collect()
    if clash := [row for row in twice if row.one != row.other]:
        raise same_hash_error(source, clash[0].one, clash[0].other)
    if twice:
        places = ([place(at.piece, at.position) for at in (row.first, row.last)] for row in twice)
        raise repeated_ids_error(source, ((row.one, row.n, at) for row, at in zip(twice, places, strict=True)))


def _sign(minhash: MinHashConfig, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return to_batches((sign_row(row, minhash) for row in iter_rows(batches)), Fact)
