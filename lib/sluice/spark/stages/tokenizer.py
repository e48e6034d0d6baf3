"""The tokenizer stage: trains a tokenizer on kept training text."""

import msgspec
from pyspark.sql import SparkSession

from sluice.core.errors import InputError
from sluice.data import storage
from sluice.data.dataset.tokenizer import Tokenizer, save_tokenizer
from sluice.spark.run import Run
from sluice.spark.tables import kept_documents
from sluice.spark.transforms.dataset import train_on


def tokenizer(spark: SparkSession, run: Run, *, force: bool) -> None:
    """Trains `tokenizer/tokenizer.json` on a sample of the kept training texts."""
    config, stage = run.config, run.tokenizer
    run.corpus.require()
    if not stage.begin(force=force):
        return
    made = train_on(kept_documents(spark, run), config.tokenizer)
    if made is None:
        raise InputError(
            "No document is left in the training split, so the tokenizer has no text to train on. See which rules "
            f"dropped the documents in {storage.join(config.output, 'filter')}, or add input."
        )
    file, token_bytes = save_tokenizer(stage.path, made.data)
    trained = Tokenizer.load(stage.file(file.file))
    stage.finish(
        [],
        kind=file.kind,
        lossless=file.lossless,
        vocab_size=trained.vocab_size,
        sample_bytes=made.sample_bytes,
        training_bytes=made.training_bytes,
        tokenizer=msgspec.to_builtins(file),
        token_bytes=msgspec.to_builtins(token_bytes),
    )
