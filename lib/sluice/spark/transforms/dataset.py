"""Kept documents to a dataset: a tokenizer trained on a sample of them, and shards with a manifest."""

from collections.abc import Iterator
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sluice.core.config.dataset import ShardsConfig, TokenizerConfig
from sluice.data import storage
from sluice.data.dataset.manifest import NamedFile, Shard, SplitCheck, TokenizerFile, token_dtype
from sluice.data.dataset.tokenizer import Tokenizer, train_tokenizer
from sluice.data.dataset.writer import DatasetPlan
from sluice.spark.transforms.shards import ShardJob, shard_names, write_shards


class TrainedTokenizer(NamedTuple):
    """The bytes of a `tokenizer.json`, and the bytes of text that it was trained on and that there were."""

    data: bytes
    sample_bytes: int
    training_bytes: int


class DatasetName(NamedTuple):
    """Facts that a manifest says about a dataset as a whole."""

    name: str
    version: str
    config_digest: str
    splits: tuple[str, ...]
    """The splits other than train: valid, test or both. Each has one shard, even if it has no document."""
    split_check: SplitCheck | None = None


def train_on(kept: DataFrame, config: TokenizerConfig) -> TrainedTokenizer | None:
    """Trains a tokenizer on a sample of the training documents, in an order by hash. None: there is no text.

    Needs: documents (doc_id, n_bytes, split, text).
    """
    train = kept.where("split = 'train'")
    total = train.agg(F.sum("n_bytes")).collect()[0][0] or 0
    if not total:
        return None
    used = 0

    def sample() -> Iterator[str]:
        nonlocal used
        order = F.xxhash64("doc_id", F.lit(config.seed).cast("long"))
        rows = train.select("text", "n_bytes", order.alias("place"), "doc_id")
        share = min(1.0, 1.2 * config.sample_bytes / total)  # 20 % more than needed; limited below
        if share < 1.0:
            rows = rows.where(F.col("place") < int(-(1 << 63) + share * (1 << 64)))
        for row in rows.orderBy("place", "doc_id").select("text", "n_bytes").toLocalIterator(prefetchPartitions=True):
            if used + row["n_bytes"] > config.sample_bytes and used:
                return
            used += row["n_bytes"]
            yield row["text"]

    data = train_tokenizer(sample(), config)
    return TrainedTokenizer(data, used, total)


def write_token_dataset(
    kept: DataFrame,
    directory: str,
    tokenizer: tuple[TokenizerFile, NamedFile],
    config: ShardsConfig,
    about: DatasetName,
) -> tuple[DatasetPlan, list[Shard]]:
    """Writes all shards of a dataset. It exists when `commit_dataset` has written the manifest from the results.

    Needs: documents (doc_id, n_bytes, split, text). `tokenizer`: what `save_tokenizer` returned for `directory`.
    """
    file, token_bytes = tokenizer
    vocabulary = Tokenizer.load(storage.join(directory, file.file))
    dtype = token_dtype(vocabulary.vocab_size)
    num_train = config.count or _num_shards(kept, config, dtype)
    job = ShardJob(
        directory=directory,
        tokenizer=vocabulary,
        ids=vocabulary.ids,
        dtype=dtype,
        seq_len=config.seq_len,
        add_bos=config.add_bos,
        names=shard_names(num_train, about.splits),
        num_train=num_train,
    )
    written = [Shard.from_dict(row.asDict()) for row in write_shards(kept, job, about.splits, config.seed).collect()]
    plan = DatasetPlan(
        name=about.name,
        version=about.version,
        seq_len=config.seq_len,
        vocab_size=vocabulary.vocab_size,
        ids=vocabulary.ids,
        tokenizer=file,
        token_bytes=token_bytes,
        config_digest=about.config_digest,
        num_shards={"train": num_train, **dict.fromkeys(about.splits, 1)},
        split_check=about.split_check,
    )
    return plan, written


def _num_shards(kept: DataFrame, config: ShardsConfig, dtype: str) -> int:
    """Number of training shards for `shards.shard_bytes`, at 4 bytes of text per token; from 8 up, a multiple of 8."""
    text_bytes = kept.where("split = 'train'").agg(F.sum("n_bytes")).collect()[0][0] or 0
    item_bytes = 2 if dtype == "uint16" else 4
    wanted = max(1, -(-(text_bytes // 4 * item_bytes) // config.shard_bytes))
    return wanted if wanted < 8 else -(-wanted // 8) * 8
