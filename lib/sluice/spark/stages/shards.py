"""The shards stage: writes kept documents as TFRecord shards with a manifest."""

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sluice.core.config.load import dump
from sluice.core.config.schema import Config
from sluice.core.ledger import Ledger, require_handover
from sluice.core.reasons import Reason
from sluice.data import storage
from sluice.data.dataset.manifest import Shard, dataset_directory, token_dtype
from sluice.data.dataset.tokenizer import Tokenizer, save_tokenizer
from sluice.data.dataset.writer import DatasetPlan, commit_dataset
from sluice.data.stage import ledgers_of
from sluice.spark.engine.session import progress
from sluice.spark.run import Run
from sluice.spark.stages.split_check import split_check_record
from sluice.spark.tables import kept_documents
from sluice.spark.transforms.shards import ShardJob, shard_names, write_shards


def shards(spark: SparkSession, run: Run, *, force: bool) -> None:
    """Writes `shards/<name>/<x.y.z>`: TFRecords, the tokenizer, and finally the manifest."""
    config, stage = run.config, run.shards
    trained = run.tokenizer.require()
    upstream = run.corpus.require()
    if not stage.begin(force=force):
        return
    directory = dataset_directory(stage.path, config.name, config.version)
    file, token_bytes = save_tokenizer(directory, storage.read_bytes(run.tokenizer.file(trained["tokenizer"]["file"])))
    vocabulary = Tokenizer.load(storage.join(directory, file.file))
    kept = kept_documents(spark, run)
    splits = tuple(
        name
        for name, share in (("valid", config.shards.valid_fraction), ("test", config.shards.test_fraction))
        if share
    )
    num_train = config.shards.count or _num_shards(kept, config, token_dtype(vocabulary.vocab_size))
    job = ShardJob(
        directory=directory,
        tokenizer=vocabulary,
        ids=vocabulary.ids,
        dtype=token_dtype(vocabulary.vocab_size),
        seq_len=config.shards.seq_len,
        add_bos=config.shards.add_bos,
        names=shard_names(num_train, splits),
        num_train=num_train,
    )
    with progress(spark, "shards", config.log.progress_s):
        rows = write_shards(kept, job, splits, config.shards.seed).collect()
    written = [Shard.from_dict(row.asDict()) for row in rows]
    ledger = _shard_ledger(written)
    require_handover(ledgers_of(upstream)["documents"], ledger[0], (run.corpus.name, "shards"))
    storage.write_atomic(storage.join(directory, "config.resolved.yaml"), dump(config).encode())
    manifest = commit_dataset(
        directory,
        DatasetPlan(
            name=config.name,
            version=config.version,
            seq_len=config.shards.seq_len,
            vocab_size=vocabulary.vocab_size,
            ids=vocabulary.ids,
            tokenizer=file,
            token_bytes=token_bytes,
            config_digest=run.result_digest,
            num_shards={"train": num_train, **dict.fromkeys(splits, 1)},
            split_check=split_check_record(run),
        ),
        written,
    )
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


def _num_shards(kept: DataFrame, config: Config, dtype: str) -> int:
    """Number of training shards for `shards.shard_bytes`, at 4 bytes of text per token; from 8 up, a multiple of 8."""
    text_bytes = kept.where("split = 'train'").agg(F.sum("n_bytes")).collect()[0][0] or 0
    item_bytes = 2 if dtype == "uint16" else 4
    wanted = max(1, -(-(text_bytes // 4 * item_bytes) // config.shards.shard_bytes))
    return wanted if wanted < 8 else -(-wanted // 8) * 8


def _shard_ledger(written: list[Shard]) -> tuple[Ledger, Ledger]:
    documents = sum(shard.docs for shard in written)
    tokens = sum(shard.tokens for shard in written)
    dropped = sum(shard.dropped_tokens for shard in written)
    drops: dict[str, int] = {Reason.TAIL_OF_TRAINING_SHARD: dropped} if dropped else {}
    return Ledger("documents", documents, documents, {}), Ledger("tokens", tokens + dropped, tokens, drops)
