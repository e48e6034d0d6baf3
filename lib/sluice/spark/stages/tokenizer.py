"""The tokenizer stage: trains a tokenizer on kept training text."""

from typing import Any

import msgspec
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sluice.core.errors import InputError
from sluice.data import storage
from sluice.data.dataset.tokenizer import Tokenizer, save_tokenizer, train_tokenizer
from sluice.spark.run import Run
from sluice.spark.tables import kept_documents


def tokenizer(spark: SparkSession, run: Run, *, force: bool) -> None:
    """Trains `tokenizer/tokenizer.json` on a sample of the kept training texts."""
    config, stage = run.config, run.tokenizer
    run.corpus.require()
    if not stage.begin(force=force):
        return
    kept = kept_documents(spark, run).where("split = 'train'")
    total_bytes = kept.agg(F.sum("n_bytes")).collect()[0][0] or 0
    if not total_bytes:
        raise InputError(
            "No document is left in the training split, so the tokenizer has no text to train on. See which rules "
            f"dropped the documents in {storage.join(config.output, 'filter')}, or add input."
        )
    used = 0

    def sample() -> Any:
        nonlocal used
        order = F.xxhash64("doc_id", F.lit(config.tokenizer.seed).cast("long"))
        rows = kept.select("text", "n_bytes", order.alias("place"), "doc_id")
        share = min(1.0, 1.2 * config.tokenizer.sample_bytes / total_bytes)  # 20 % more than needed; limited below
        if share < 1.0:
            rows = rows.where(F.col("place") < int(-(1 << 63) + share * (1 << 64)))
        for row in rows.orderBy("place", "doc_id").select("text", "n_bytes").toLocalIterator(prefetchPartitions=True):
            if used + row["n_bytes"] > config.tokenizer.sample_bytes and used:
                return
            used += row["n_bytes"]
            yield row["text"]

    data = train_tokenizer(sample(), config.tokenizer)
    file, token_bytes = save_tokenizer(stage.path, data)
    trained = Tokenizer.load(stage.file(file.file))
    stage.finish(
        [],
        kind=file.kind,
        lossless=file.lossless,
        vocab_size=trained.vocab_size,
        sample_bytes=used,
        training_bytes=total_bytes,
        tokenizer=msgspec.to_builtins(file),
        token_bytes=msgspec.to_builtins(token_bytes),
    )
