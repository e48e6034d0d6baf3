"""Scores of documents by a language model (`sluice run score`) as a signal for rules."""

from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from sluice.core.config.rules import RulesConfig
from sluice.core.errors import InputError
from sluice.data import storage
from sluice.data.stage import SUMMARY, finished_digest
from sluice.spark.engine.parquet import read_table

SHOWN = 5
"""Maximum number of ids in an error message."""


def read_scores(spark: SparkSession, output: str) -> DataFrame:
    """Returns: doc_id, bits_per_byte. doc_id is null if an id is not an integer and so not from a run."""
    schema = T.StructType([T.StructField("id", T.StringType()), T.StructField("bits_per_byte", T.DoubleType())])
    scores = read_table(spark, storage.join(output, "score", "scores"), schema)
    return scores.select(F.expr("try_cast(id as bigint)").alias("doc_id"), "bits_per_byte")


def check_scores(scores: DataFrame, docs: DataFrame, output: str) -> int:
    """Counts documents with a score. Raises InputError if an id has two scores, or if no document has one.

    Needs: scores (doc_id, bits_per_byte), docs (doc_id).
    """
    ids = scores.where("doc_id is not null").groupBy("doc_id").count()
    if twice := ids.where("count > 1").orderBy("doc_id").limit(SHOWN).collect():
        named = ", ".join(f"{row['doc_id']} ({row['count']} times)" for row in twice)
        raise InputError(
            f"rules.scores={output!r} has more than one score for some documents: {named}. Run `sluice run score` "
            "again with --force."
        )
    both = docs.select("doc_id").join(scores, "doc_id", "inner")
    found, scored = both.agg(F.count("*"), F.count("bits_per_byte")).collect()[0]
    if not found:
        raise InputError(
            f"rules.scores={output!r} has no score for any document of this run: it is for another table. Run "
            "`sluice run score` on this run's extract/docs with source.id=doc_id."
        )
    if not scored:
        raise InputError(
            f"rules.scores={output!r} has no bits per byte for any of {found:,} documents: the tokenizer of its model "
            "is lossy. Use a model with a lossless tokenizer (tokenizer.kind=bpe)."
        )
    return int(scored)


def with_scores(docs: DataFrame, scores: DataFrame, signals: Sequence[str]) -> DataFrame:
    """Returns the same rows with the named signals; `bits_per_byte` is the document's score, or null.

    Needs: docs (doc_id, language, reason, signals), scores with unique doc_id (see `check_scores`). Returns: doc_id,
    language, reason, signals.
    """
    # one shuffle by id, no skew: 8 bytes per signal. the struct is split, because it would be shuffled as a whole
    measured = (F.col(f"signals.{name}") for name in signals if name != "bits_per_byte")
    joined = docs.select("doc_id", "language", "reason", *measured).join(scores, "doc_id", "left")
    return joined.select("doc_id", "language", "reason", F.struct(*signals).alias("signals"))


def scores_digest(rules: RulesConfig) -> str | None:
    """Returns the digest of the scores that rules use, over model, settings and table, independent of the path.

    Raises InputError if they are missing or incomplete.
    """
    if rules.scores is None:
        return None
    found = finished_digest(rules.scores, "score")
    if found is None:
        raise InputError(
            f"rules.scores={rules.scores!r} contains no finished scores (score/{SUMMARY} is missing). Set it to the "
            "`output` of `sluice run score`; if it was stopped, run it again."
        )
    return found
