"""The stage that scores the texts of a table with a language model, without TensorFlow. Writes `score/scores`."""

import hashlib
from collections.abc import Iterable, Iterator
from functools import partial

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError
from sluice.core.records.corpus import TextScore
from sluice.data import storage
from sluice.data.arrow import to_batches
from sluice.spark.engine.parquet import write_table
from sluice.spark.engine.schemas import spark_schema
from sluice.spark.engine.session import progress
from sluice.spark.sources.source import Source
from sluice.spark.sources.table import TableSource
from sluice.text.quality.language_model import CONFIG, WEIGHTS, Scorer


def score_source(config: Config) -> Source:
    """Returns `source.inputs`. Raises ConfigError without a model, InputError or FormatError for an invalid one."""
    if not config.score.model:
        raise ConfigError("score.model is empty. Set it to the directory written by `sluice export`.")
    Scorer(config.score.model)
    digests = [
        hashlib.sha256(storage.read_bytes(storage.join(config.score.model, name))).hexdigest()
        for name in (CONFIG, WEIGHTS)
    ]
    return TableSource(config, "score", {"max_tokens": config.score.max_tokens, "model": digests})


def score(spark: SparkSession, source: Source, *, force: bool) -> None:
    """Writes `scores`, one row per document. A killed run resumes after its last complete table."""
    config, stage = source.config, source.stage
    if not source.begin("scores", force=force):
        return
    with progress(spark, stage.name, config.log.progress_s):
        documents = source.open(spark)
        texts = documents.rows().select("doc_id", F.coalesce("text", F.lit("")).alias("text"))
        judge = partial(_scores, config.score.model, config.score.max_tokens)
        scores = documents.work.materialize(texts.mapInArrow(judge, spark_schema(TextScore)), "scored")
        columns = (documents.id, *TextScore.__struct_fields__[1:])
        write_table(documents.publish(scores).select(*columns), stage.file("scores"))
        outcome = documents.remove(None)
        sums = scores.agg(F.sum("nll"), F.sum("n_tokens"), F.sum("n_bytes"), F.count_if("is_cut")).collect()[0]
    counts = dict(zip(("nll", "tokens", "bytes", "cut"), (value or 0 for value in sums), strict=True))
    stage.finish([outcome.ledger], **outcome.counts, **counts)
    documents.work.clear()


def _scores(model: str, max_tokens: int | None, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    scorer = Scorer(model)
    return to_batches((row for batch in batches for row in _rows(scorer, batch, max_tokens)), TextScore)


def _rows(scorer: Scorer, batch: pa.RecordBatch, max_tokens: int | None) -> Iterator[TextScore]:
    doc_ids, texts = (column.to_pylist() for column in batch.columns)
    for doc_id, score in zip(doc_ids, scorer.scores(texts, max_tokens), strict=True):
        yield TextScore(
            doc_id=doc_id,
            nll=score.nll,
            n_tokens=score.tokens,
            n_bytes=score.utf8_bytes,
            bits_per_byte=score.bits_per_byte if scorer.is_lossless else None,
            ppl=score.ppl,
            is_cut=score.is_cut,
        )
