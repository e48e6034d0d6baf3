"""Scores the texts of a table with a language model, without TensorFlow: to `score/scores`."""

import hashlib
from collections.abc import Iterable, Iterator
from functools import partial

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError
from sluice.core.ledger import Ledger
from sluice.core.records.corpus import TextScore
from sluice.data import storage
from sluice.spark.engine.batches import to_batches
from sluice.spark.engine.schemas import spark_schema
from sluice.spark.engine.session import progress
from sluice.spark.engine.work import Checkpoints
from sluice.spark.standalone.run import TableRun, named_rows
from sluice.spark.standalone.source import TableSource
from sluice.text.quality.language_model import CONFIG, WEIGHTS, Scorer


def score_run(config: Config) -> TableRun:
    """The run of `score_table`. Raises ConfigError without a model, InputError or FormatError for a bad one."""
    if not config.score.model:
        raise ConfigError("score.model is empty. Name the folder that jobs/export.py has written.")
    Scorer(config.score.model)
    digests = [
        hashlib.sha256(storage.read_bytes(storage.join(config.score.model, name))).hexdigest()
        for name in (CONFIG, WEIGHTS)
    ]
    return TableRun(config, "score", {"max_tokens": config.score.max_tokens, "model": digests})


def score_table(spark: SparkSession, run: TableRun, *, force: bool) -> None:
    """All steps; a killed run resumes after its last complete table."""
    config, stage, table = run.config, run.stage, run.config.source
    if not run.begin("scores", "quarantine", force=force):
        return
    checkpoints = Checkpoints(stage.file("_work"))
    source = TableSource(spark, table, run.kind, run.paths)
    with progress(spark, stage.name, config.log.progress_s):
        rows, names = named_rows(source, table, checkpoints)
        texts = rows.where("problem is null").select("name", F.coalesce("text", F.lit("")).alias("text"))
        judge = partial(_scores, config.score.model, config.score.max_tokens)
        scores = Checkpoints(stage.path).materialize(texts.mapInArrow(judge, spark_schema(TextScore)), "scores")
        names.where("problem is not null").select("place", "problem").write.parquet(stage.file("quarantine"))
        total, unread = names.agg(F.count("*"), F.count("problem")).collect()[0]
        sums = scores.agg(F.sum("nll"), F.sum("n_tokens"), F.sum("n_bytes"), F.count_if("is_cut")).collect()[0]
    dropped = {"unreadable": unread} if unread else {}
    counts = dict(zip(("nll", "tokens", "bytes", "cut"), (value or 0 for value in sums), strict=True))
    stage.finish([Ledger("documents", total, total - unread, dropped)], **counts, files=len(run.paths))
    checkpoints.clear()


def _scores(model: str, max_tokens: int | None, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    scorer = Scorer(model)
    return to_batches((row for batch in batches for row in _rows(scorer, batch, max_tokens)), TextScore)


def _rows(scorer: Scorer, batch: pa.RecordBatch, max_tokens: int | None) -> Iterator[TextScore]:
    names, texts = (column.to_pylist() for column in batch.columns)
    for name, score in zip(names, scorer.scores(texts, max_tokens), strict=True):
        yield TextScore(
            id=name,
            nll=score.nll,
            n_tokens=score.tokens,
            n_bytes=score.utf8_bytes,
            bits_per_byte=score.bits_per_byte if scorer.is_lossless else None,
            ppl=score.ppl,
            is_cut=score.is_cut,
        )
