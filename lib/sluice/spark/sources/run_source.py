"""The documents of a run as the source of a stage."""

from collections.abc import Callable
from typing import NamedTuple

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sluice.core.config.schema import Config
from sluice.core.ledger import Ledger, require_handover
from sluice.data import storage
from sluice.data.stage import Stage, ledgers_of
from sluice.spark.engine.samples import by_language, collect_sorted
from sluice.spark.engine.work import Checkpoints
from sluice.spark.run import Run
from sluice.spark.sources.source import Outcome, with_reasons
from sluice.spark.tables import clean_documents, filtered_documents, unique_documents


class RunSource:
    """The documents that a stage of a run receives from the previous stage."""

    def __init__(self, run: Run, stage: Stage, before: Stage, read: Callable[[SparkSession, Run], DataFrame]) -> None:
        self.config: Config = run.config
        self.stage = stage
        self._run, self._before, self._read = run, before, read

    @classmethod
    def of(cls, run: Run, name: str) -> "RunSource":
        """Returns the source of a stage: dedup, decontaminate or line_dedup.

        Raises ConfigError if the stage is switched off, InputError if the previous stage has not finished.
        """
        stages = {
            "dedup": _Input(run.filter, filtered_documents),
            "decontaminate": _Input(run.dedup, unique_documents),
            "line_dedup": _Input(run.decontaminate or run.dedup, clean_documents),
        }
        source = cls(run, run.require_stage(name), *stages[name])
        source._before.require()
        return source

    def begin(self, *results: str, force: bool) -> bool:
        """Whether the stage has to run. Deletes `results`, which a killed attempt may have left incomplete."""
        if not self.stage.begin(force=force, keep=True):
            return False
        for name in results:
            storage.delete_tree(self.stage.file(name))
        return True

    def open(self, spark: SparkSession) -> "RunDocuments":
        """Reads the documents from the tables of the run."""
        return RunDocuments(self._read(spark, self._run), self._before, self.stage)


GOOD_SCORE = 0.5
"""Of similar documents, one with at least this `quality_score` is preferred to one with less."""


class _Input(NamedTuple):
    before: Stage
    read: Callable[[SparkSession, Run], DataFrame]


class RunDocuments:
    """Documents of a run; see `source.Documents`."""

    id = "doc_id"
    index_id = "doc_id"
    is_reported = True

    def __init__(self, documents: DataFrame, before: Stage, stage: Stage) -> None:
        # near-copies have nearly equal scores: only good or bad counts, so that otherwise their length decides
        quality = (F.col("signals.quality_score") >= GOOD_SCORE).cast("double").alias("quality")
        self._documents = documents.select("*", quality)
        self._before, self._stage = before, stage
        self.work = Checkpoints(stage.file("_work"))
        self.results = Checkpoints(stage.path)

    def rows(self) -> DataFrame:
        """See `source.Documents.rows`."""
        return self._documents.select("doc_id", "language", "url", "host", "quality", "n_chars", "fetched_at", "text")

    def signed(self) -> DataFrame:
        """See `source.Documents.signed`; extract has already computed the signatures."""
        return self._documents.select(
            "doc_id", "text_hash", "signature", "quality", "n_chars", "fetched_at", "url", "n_shingles"
        )

    def index_names(self) -> DataFrame:
        """Returns: doc_id, and the URL as name."""
        return self._documents.select("doc_id", F.col("url").alias("name"))

    def with_language(self, df: DataFrame) -> DataFrame:
        """Joins the language of each document."""
        return df.join(self._documents.select("doc_id", "language"), "doc_id")

    def publish(self, df: DataFrame, *columns: str) -> DataFrame:
        """Returns `df` unchanged: results of a run are identified by doc_id."""
        return df

    def remove(self, reasons: DataFrame | None, edited: DataFrame | None = None) -> Outcome:
        """Counts by language; later stages apply the removals. Raises StageError if documents were lost earlier."""
        judged = with_reasons(self._documents.select("doc_id", "language"), reasons)
        counted = judged.groupBy("language", F.coalesce("reason", F.lit("kept")).alias("reason")).count()
        languages = by_language(collect_sorted(counted, "language", "reason"))
        ledger = sum((_ledger(counts) for counts in languages.values()), Ledger("documents", 0, 0))
        upstream = ledgers_of(self._before.require())["documents"]
        require_handover(upstream, ledger, (self._before.name, self._stage.name))
        return Outcome(ledger, {"by_language": languages})


def _ledger(counts: dict[str, int]) -> Ledger:
    dropped = {reason: count for reason, count in counts.items() if reason != "kept"}
    return Ledger("documents", sum(counts.values()), counts.get("kept", 0), dropped)
