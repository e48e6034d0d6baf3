"""The protocol of a source: the documents that a stage reads, from a run or a user's table, and its output directory.

source = ...                      # before Spark starts; checks settings and files
if source.begin("removals", force=force):
    documents = source.open(spark)
    ...                           # the stage uses doc_id
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
    """All documents of the source, and the removed ones by reason."""
    counts: dict[str, Any]
    """Summary entries specific to this kind of source."""


def with_reasons(documents: DataFrame, reasons: DataFrame | None) -> DataFrame:
    """Adds `reason`, null for documents to keep. Needs: doc_id; reasons (doc_id, reason), None without removals."""
    if reasons is None:
        return documents.withColumn("reason", F.lit(None).cast("string"))
    return documents.join(reasons, "doc_id", "left")


class Documents(Protocol):
    """The opened documents of a source. Within a stage a document is identified by `doc_id`, an int64."""

    id: str
    """Column that identifies a document in published tables: `doc_id` for a run, `id` for a table."""
    index_id: str
    """Column of a band index that contains these ids."""
    work: Checkpoints
    """Intermediate tables, removed when the stage finishes."""
    results: Checkpoints
    """Tables that later stages read. For a table source, where no stage follows, they are intermediate."""
    is_reported: bool
    """Whether the summary contains samples for the report of a run."""

    def rows(self) -> DataFrame:
        """Returns: doc_id, language, url, host, quality, n_chars, fetched_at, text (null without text)."""

    def signed(self) -> DataFrame:
        """Documents with text. Returns: doc_id, text_hash, signature, quality, n_chars, fetched_at, url, n_shingles."""

    def index_names(self) -> DataFrame:
        """Returns: doc_id, and the name that identifies the document in an index for later crawls."""

    def with_language(self, df: DataFrame) -> DataFrame:
        """Adds `language`. Needs: doc_id."""

    def publish(self, df: DataFrame, *columns: str) -> DataFrame:
        """Replaces the column doc_id with `id`, and the doc_ids in `columns` with such ids."""

    def remove(self, reasons: DataFrame | None, edited: DataFrame | None = None) -> Outcome:
        """Counts all documents by reason, and writes the results of the source; a table is copied without removed rows.

        Needs: reasons (doc_id, reason), each document at most once; edited (doc_id, text), the changed texts. If
        `reasons` is None, no document is removed and no table is copied.
        """


class Source(Protocol):
    """The documents that a stage reads, and the directory of its results. Created before Spark starts."""

    config: Config
    stage: Stage

    def begin(self, *results: str, force: bool) -> bool:
        """Whether the stage has to run. Deletes `results`, which a killed attempt may have left incomplete."""

    def open(self, spark: SparkSession) -> Documents:
        """Opens the documents. Raises StageError for too many unreadable ones, InputError for repeated ids."""
