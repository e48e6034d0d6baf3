"""Splits of a data frame, and its texts as a dataset of token ids."""

from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sluice.core.config.dataset import ShardsConfig, TokenizerConfig
from sluice.core.config.dedup import SourceConfig
from sluice.core.config.load import digest
from sluice.core.errors import InputError, StageError
from sluice.data import storage
from sluice.data.dataset.manifest import MANIFEST, dataset_directory
from sluice.data.dataset.tokenizer import save_tokenizer
from sluice.data.dataset.writer import commit_dataset
from sluice.spark.engine.session import progress
from sluice.spark.frames.work import config_of
from sluice.spark.sources.frame import check_frame, key_of, quoted
from sluice.spark.sources.table_files import doc_id
from sluice.spark.transforms.dataset import DatasetName, train_on, write_token_dataset
from sluice.spark.transforms.shards import split_of

SPLITS = ("train", "valid", "test")


def split(
    df: DataFrame,
    *,
    id: str = "id",
    clusters: DataFrame | None = None,
    valid: float = ShardsConfig().valid_fraction,
    test: float = ShardsConfig().test_fraction,
    seed: int = 0,
) -> DataFrame:
    """Adds the column `split`: train, valid or test, by a hash of the id, so that it is the same in every run.

    `clusters`: those of `dedup`; similar documents then get the same split. `valid`, `test`: shares of the clusters.
    Raises InputError for a missing column.

    >>> sl.split(result.kept, clusters=result.clusters).groupBy("split").count().show()  # doctest: +SKIP
    """
    source = SourceConfig(id=id, text=id)
    check_frame(df, source)
    shares = ShardsConfig(valid_fraction=valid, test_fraction=test, seed=seed)
    columns = [quoted(name) for name in df.columns if name != "split"]
    if clusters is None:
        return df.select(*columns, split_of(key_of(source), shares).alias("split"))
    groups = clusters.select(doc_id(source, "id").alias("_key"), doc_id(source, "cluster_id").alias("_group"))
    joined = df.withColumn("_key", key_of(source)).join(groups, "_key", "left")
    return joined.select(*columns, split_of(F.coalesce("_group", "_key"), shares).alias("split"))


def write_shards(
    df: DataFrame,
    directory: str,
    *,
    id: str = "id",
    text: str = "text",
    tokenizer: str | None = None,
    vocab_size: int | None = None,
    seq_len: int | None = None,
    name: str | None = None,
    version: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> str:
    """Writes the texts of a frame as a dataset of token ids, and returns its directory: DIRECTORY/NAME/VERSION.

    `sluice.load_dataset` and `sluice train` read it. A column `split` (see `split`) decides between train, valid and
    test; without it, all is training text. `tokenizer`: a `tokenizer.json`; None: one is trained on the training text
    with `vocab_size` ids. `seq_len`: tokens per record. `settings`: others by path, such as {"shards.add_bos": True}.

    Raises InputError for a missing column, an unknown split, a null id or text, or a dataset that already exists.

    >>> sl.write_shards(docs, "out", vocab_size=8000, seq_len=256)  # doctest: +SKIP
    'out/corpus/1.0.0'
    """
    spark = df.sparkSession
    named = {"tokenizer.vocab_size": vocab_size, "shards.seq_len": seq_len, "name": name, "version": version}
    config = config_of({**named, "source.id": id, "source.text": text}, settings)
    check_frame(df, config.source)
    target = dataset_directory(directory, config.name, config.version)
    if storage.exists(storage.join(target, MANIFEST)):
        raise InputError(f"{target} already has a dataset. Give another name or version, or remove it.")
    split_column = quoted("split") if "split" in df.columns else F.lit("train")
    documents = df.select(
        F.when(quoted(id).isNotNull(), key_of(config.source)).alias("doc_id"),
        F.octet_length(quoted(text)).alias("n_bytes"),
        split_column.alias("split"),
        quoted(text).alias("text"),
    )
    with progress(spark, "write_shards", config.log.progress_s):
        counts = _counted(documents)
        made = storage.read_bytes(tokenizer) if tokenizer else _trained(documents, config.tokenizer)
        saved = save_tokenizer(target, made)
        used = {"tokenizer": saved[0].sha256, "seq_len": config.shards.seq_len, "seed": config.shards.seed}
        held_out = tuple(name for name in SPLITS[1:] if counts[name])
        about = DatasetName(config.name, config.version, digest(used), held_out)
        plan, written = write_token_dataset(documents, target, saved, config.shards, about)
    total, num_written = sum(counts.values()), sum(shard.docs for shard in written)
    if num_written != total:
        raise StageError(
            f"{total:,} documents were counted, but {num_written:,} written: the frame gives other rows each time. "
            "Write it to a table first. Nothing was published."
        )
    commit_dataset(target, plan, written)
    return target


def _trained(documents: DataFrame, config: TokenizerConfig) -> bytes:
    made = train_on(documents, config)
    if made is None:
        raise InputError("There is no training text, so no tokenizer can be trained. Give a tokenizer, or more text.")
    return made.data


def _counted(documents: DataFrame) -> dict[str, int]:
    """Counts documents by split. Raises InputError for a null id or text, repeated ids, or an unknown split."""
    is_bad = F.col("doc_id").isNull() | F.col("text").isNull()
    by_split = F.when(~is_bad, F.coalesce("split", F.lit("null"))).alias("split")
    counts = documents.groupBy(by_split).agg(F.count("*").alias("n"), F.count_distinct("doc_id").alias("ids")).collect()
    found = {row["split"]: row["n"] for row in counts}
    if found.get(None):
        raise InputError(f"{found[None]:,} rows have a null id or text. Remove them first, for example with dedup.")
    if unknown := sorted(set(found) - set(SPLITS)):
        raise InputError(f"The column 'split' has {unknown[0]!r}; expected {', '.join(SPLITS)}.")
    if twice := sum(row["n"] - row["ids"] for row in counts):
        raise InputError(f"{twice:,} rows have the id of another row. Ids must be unique: name another column with id.")
    return {name: found.get(name, 0) for name in SPLITS}
