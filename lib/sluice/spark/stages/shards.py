"""The shards stage: writes kept documents as TFRecord shards with a manifest."""

from pyspark.sql import SparkSession

from sluice.core.config.load import dump
from sluice.core.ledger import Ledger, require_handover
from sluice.core.reasons import Reason
from sluice.data import storage
from sluice.data.dataset.manifest import Shard, dataset_directory
from sluice.data.dataset.tokenizer import save_tokenizer
from sluice.data.dataset.writer import commit_dataset
from sluice.data.stage import ledgers_of
from sluice.spark.engine.session import progress
from sluice.spark.run import Run
from sluice.spark.stages.split_check import split_check_record
from sluice.spark.tables import kept_documents
from sluice.spark.transforms.dataset import DatasetName, write_token_dataset


def shards(spark: SparkSession, run: Run, *, force: bool) -> None:
    """Writes `shards/<name>/<x.y.z>`: TFRecords, the tokenizer, and finally the manifest."""
    config, stage = run.config, run.shards
    trained = run.tokenizer.require()
    upstream = run.corpus.require()
    if not stage.begin(force=force):
        return
    directory = dataset_directory(stage.path, config.name, config.version)
    saved = save_tokenizer(directory, storage.read_bytes(run.tokenizer.file(trained["tokenizer"]["file"])))
    kept = kept_documents(spark, run)
    held_out = {"valid": config.shards.valid_fraction, "test": config.shards.test_fraction}
    splits = tuple(name for name, share in held_out.items() if share)
    about = DatasetName(config.name, config.version, run.result_digest, splits, split_check_record(run))
    with progress(spark, "shards", config.log.progress_s):
        plan, written = write_token_dataset(kept, directory, saved, config.shards, about)
    ledger = _shard_ledger(written)
    require_handover(ledgers_of(upstream)["documents"], ledger[0], (run.corpus.name, "shards"))
    storage.write_atomic(storage.join(directory, "config.resolved.yaml"), dump(config).encode())
    manifest = commit_dataset(directory, plan, written)
    stage.finish(
        list(ledger),
        directory=directory,
        splits={
            name: {
                "shards": len(s.shards),
                "records": s.records,
                "tokens": s.tokens,
                "docs": s.docs,
                "utf8_bytes": s.utf8_bytes,
                "dropped_tokens": s.dropped_tokens,
            }
            for name, s in manifest.splits.items()
        },
    )


def _shard_ledger(written: list[Shard]) -> tuple[Ledger, Ledger]:
    documents = sum(shard.docs for shard in written)
    tokens = sum(shard.tokens for shard in written)
    dropped = sum(shard.dropped_tokens for shard in written)
    drops: dict[str, int] = {Reason.TAIL_OF_TRAINING_SHARD: dropped} if dropped else {}
    return Ledger("documents", documents, documents, {}), Ledger("tokens", tokens + dropped, tokens, drops)
