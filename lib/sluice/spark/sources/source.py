"""The protocol of a source: the documents that a stage reads, from a run or a user's table, and where results belong.

source = ...                      # before Spark starts: settings and files are checked
if source.begin("removals", force=force):
    documents = source.open(spark)
    ...                           # the stage works on doc_id
    documents.publish(results).write.parquet(...)
    outcome = documents.remove(reasons)
    source.stage.finish([outcome.ledger], **outcome.counts)
"""

from typing import Any, NamedTuple, Protocol

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sluice.core.config.schema import Config
from sluice.core.ledger import Ledger
from sluice.data.stage import Stage
from sluice.spark.engine.work import Checkpoints


class Outcome(NamedTuple):
    """The documents that a stage removed."""

    ledger: Ledger
    """All documents of the source, with those removed by reason."""
    counts: dict[str, Any]
    """Entries of the summary that only this kind of source has."""


def with_reasons(documents: DataFrame, reasons: DataFrame | None) -> DataFrame:
    """Adds `reason`, null for documents to keep. Needs: doc_id; reasons (doc_id, reason) or None without any."""
    if reasons is None:
        return documents.withColumn("reason", F.lit(None).cast("string"))
    return documents.join(reasons, "doc_id", "left")


class Documents(Protocol):
    """The opened documents of a source. Within a stage a document is identified by `doc_id`, an int64."""

    id: str
    """The column of published tables that identifies a document: `doc_id` of a run, `id` of a table."""
    index_id: str
    """The column of a band index that holds these ids."""
    work: Checkpoints
    """Intermediate tables, removed when the stage finishes."""
    results: Checkpoints
    """Tables that later stages read; those of a table, which no stage reads, are intermediate."""
    is_reported: bool
    """Whether the summary holds samples, which the report of a run shows."""

    def rows(self) -> DataFrame:
        """Returns: doc_id, language, url, host, quality, n_chars, fetched_at, text (null without text)."""

    def signed(self) -> DataFrame:
        """Documents with text. Returns: doc_id, text_hash, signature, quality, n_chars, fetched_at, url, n_shingles."""

    def index_names(self) -> DataFrame:
        """Returns: doc_id, and the name by which an index for later crawls shows a document."""

    def with_language(self, df: DataFrame) -> DataFrame:
        """Adds `language`. Needs: doc_id."""

    def publish(self, df: DataFrame, *columns: str) -> DataFrame:
        """Replaces the column doc_id by `id`, and the values of `columns`, which are doc_ids, by such ids."""

    def remove(self, reasons: DataFrame | None, edited: DataFrame | None = None) -> Outcome:
        """Counts all documents by reason, and writes what belongs to the source: a table is copied without them.

        Needs: reasons (doc_id, reason), each document at most once; edited (doc_id, text), the texts that changed.
        With None no document is removed, and no table is copied.
        """


class Source(Protocol):
    """The documents that one stage reads, and the directory of its results. Created before Spark starts."""

    config: Config
    stage: Stage

    def begin(self, *results: str, force: bool) -> bool:
        """Whether the stage has to run; deletes `results`, which a killed attempt may have left incomplete."""

    def open(self, spark: SparkSession) -> Documents:
        """The documents. Raises InputError or StageError if too many of them are unreadable or ids are not unique."""
