"""Kept documents to TFRecord shards: split, shard and order by hash; tokenize, pack and write in one pass."""

import itertools
import os
from collections.abc import Iterable, Iterator
from functools import partial

import msgspec
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from sluice.core.config.dataset import ShardsConfig
from sluice.data import storage
from sluice.data.arrow import to_batches
from sluice.data.dataset.manifest import Shard, SpecialIds
from sluice.data.dataset.tokenizer import Tokenizer
from sluice.data.dataset.writer import shard_name, write_shard
from sluice.spark.engine.schemas import spark_schema

SPLIT_STEPS = 1_000_000
"""Resolution of split fractions: hashes are numbers below this."""

FIRST = -(1 << 63)
"""Position of a marker row, which precedes every document of its shard."""


class ShardJob(msgspec.Struct, frozen=True, kw_only=True):
    """Inputs of a task that writes shards."""

    directory: str
    tokenizer: Tokenizer
    ids: SpecialIds
    dtype: str
    seq_len: int
    add_bos: bool
    names: tuple[str, ...]
    """File names by shard number: all training shards, then one for each other split."""
    num_train: int


def shard_names(num_train: int, splits: Iterable[str]) -> tuple[str, ...]:
    """Returns file names by shard number: training shards first, then one shard for each other split."""
    train = [shard_name("train", i, num_train) for i in range(num_train)]
    return (*train, *(shard_name(split, 0, 1) for split in splits))


def with_split(df: DataFrame, clusters: DataFrame, shards: ShardsConfig) -> DataFrame:
    """Adds `split`: train, valid or test, by a hash of the near-duplicate cluster, so that clusters are not divided.

    Needs: documents (doc_id), clusters. Returns: the same rows. A document without a cluster is a cluster of its own.
    """
    split = split_of(F.coalesce("cluster_id", "doc_id"), shards)
    return df.join(clusters, "doc_id", "left").withColumn("split", split).drop("cluster_id")


def split_of(group: Column, shards: ShardsConfig) -> Column:
    """Returns the split of a group of documents: train, valid or test, by a hash of the group's int64."""
    point = _hash(group, shards.seed, SPLIT_STEPS)
    test = round(shards.test_fraction * SPLIT_STEPS)
    valid = test + round(shards.valid_fraction * SPLIT_STEPS)
    return F.when(point < test, "test").when(point < valid, "valid").otherwise("train")


def write_shards(df: DataFrame, job: ShardJob, splits: tuple[str, ...], seed: int) -> DataFrame:
    """Writes all shards and returns a row of `manifest.Shard` for each.

    Needs: documents (doc_id, n_bytes, split, text). Returns: shards.

    Shuffle: the text once, key `shard`. Order within a shard is by hash. Each shard has a marker row without text, so
    that a shard without documents is written too, as an empty file.
    """
    number = F.when(F.col("split") == "train", _hash(F.col("doc_id"), seed + 1, job.num_train))
    for i, split in enumerate(splits):
        number = number.when(F.col("split") == split, F.lit(job.num_train + i).cast("long"))
    placed = df.select(
        number.alias("shard"),
        F.xxhash64("doc_id", F.lit(seed + 2).cast("long")).alias("position"),
        "doc_id",
        "text",
    )
    total = len(job.names)
    announced = df.sparkSession.range(total).select(
        F.col("id").alias("shard"),
        F.lit(FIRST).cast("long").alias("position"),
        F.lit(FIRST).cast("long").alias("doc_id"),
        F.lit(None).cast("string").alias("text"),
    )
    ordered = (
        placed.unionAll(announced)
        .repartition(total, "shard")
        .sortWithinPartitions("shard", "position", "doc_id")
        .select("shard", "text")
    )
    return ordered.mapInArrow(partial(_write, job), spark_schema(Shard))


def _hash(column: Column, seed: int, modulus: int) -> Column:
    """Returns a stable uniform number below `modulus`; xxhash64 is the same in every Spark version."""
    return F.pmod(F.xxhash64(column, F.lit(seed).cast("long")), F.lit(modulus).cast("long"))


def _write(job: ShardJob, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # Spark runs tasks in parallel already
    return to_batches(_shards(job, batches), Shard)


def _shards(job: ShardJob, batches: Iterable[pa.RecordBatch]) -> Iterator[Shard]:
    for number, rows in itertools.groupby(_encoded(job, batches), key=lambda row: row[0]):
        yield write_shard(
            storage.join(job.directory, job.names[number]),
            ((ids, n_bytes) for _, ids, n_bytes in rows if ids is not None),
            seq_len=job.seq_len,
            dtype=job.dtype,
            ids=job.ids,
            add_bos=job.add_bos,
            pad_tail=number >= job.num_train,
        )


def _encoded(job: ShardJob, batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, list[int] | None, int]]:
    """Yields (shard, ids, UTF-8 bytes) in order; ids are None for the marker row of a shard."""
    for batch in batches:
        numbers, texts = batch.column(0).to_pylist(), batch.column(1).to_pylist()
        encoded = iter(job.tokenizer.encode_batch([text for text in texts if text is not None]))
        for number, text in zip(numbers, texts, strict=True):
            yield (number, None, 0) if text is None else (number, next(encoded), len(text.encode()))
