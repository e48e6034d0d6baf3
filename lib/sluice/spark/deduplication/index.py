"""The band index: the data needed to deduplicate later crawls against this one without its text.

The directory is written once. `documents` contains the result of each document, `bands` the leading rows of each
bucket, and `sets` the shingle sets of the leaders, so that removals are verified exactly. An index built after others
continues their ranks and can only be used after them.
"""

import json
from typing import Any, NamedTuple

import msgspec
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sluice.core.config.dedup import DedupConfig
from sluice.core.config.load import differences, digest
from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.core.records.dedup import BandRow, IndexDocument, ShingleSet
from sluice.data import storage
from sluice.spark.engine.parquet import read_table, write_table
from sluice.spark.engine.schemas import spark_schema
from sluice.text.dedup.key_text import KEY_VERSION

MANIFEST = "manifest.json"
FORMAT = 3


class IndexManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`settings` must equal those of the later crawl. The ranks of this index follow those of `after`."""

    format: int
    identity: str
    settings: dict[str, Any]
    after: list[str]
    first_rank: int
    next_rank: int


class Earlier(NamedTuple):
    """Documents of earlier crawls by rank, as input for deduplication; empty without earlier crawls."""

    documents: DataFrame
    bands: DataFrame
    sets: DataFrame
    next_rank: int
    identities: list[str]

    def near(self) -> DataFrame:
        """Returns near-removals of earlier crawls: rank, duplicate_of, jaccard, cluster."""
        return self.documents.where("duplicate_of is not null").select("rank", "duplicate_of", "jaccard", "cluster")

    def kept_as(self) -> DataFrame:
        """Returns: rank, kept_as (the document itself if it was kept, else its `duplicate_of`)."""
        return self.documents.select("rank", F.coalesce("duplicate_of", "rank").alias("kept_as"))

    def sketches(self) -> DataFrame:
        """Returns: rank, sketch of the documents that new ones are compared with."""
        return self.documents.where("sketch is not null").select("rank", "sketch")

    def stars(self) -> DataFrame:
        """Returns: u, v, the best document of a cluster and each other member."""
        return self.documents.where("cluster < rank").select(F.col("cluster").alias("u"), F.col("rank").alias("v"))


def index_settings(dedup: DedupConfig) -> dict[str, Any]:
    """Returns the settings that must be the same for an index and the crawl that uses it."""
    settings: dict[str, Any] = msgspec.to_builtins(dedup)
    compared = ("minhash", "threshold", "leaders_per_bucket", "crowded_bucket_size", "leaders_in_crowded_bucket")
    return {"key": KEY_VERSION, **{name: settings[name] for name in compared}}


def result_settings(dedup: DedupConfig) -> dict[str, Any]:
    """Returns settings that determine the result, earlier crawls by identity, not path. Raises as `check_earlier`."""
    settings: dict[str, Any] = msgspec.to_builtins(dedup)
    return settings | {"earlier": [index.identity for index in check_earlier(dedup)]}


def check_earlier(dedup: DedupConfig) -> list[IndexManifest]:
    """Reads the manifests of `dedup.earlier`. Raises InputError, FormatError or ConfigError if they cannot be used."""
    manifests: list[IndexManifest] = []
    for path in dedup.earlier:
        manifest = read_manifest(path)
        if changed := differences(manifest.settings, index_settings(dedup)):
            raise ConfigError(
                f"The band index {path} was built with other settings ({'; '.join(changed)}). Use the settings of the "
                "index, or build it again."
            )
        before = [earlier.identity for earlier in manifests]
        if manifest.after != before:
            raise ConfigError(
                f"The band index {path} was built after {len(manifest.after)} others ({manifest.after}), but "
                f"follows {len(before)} here ({before}). List the same indices in the same order in dedup.earlier."
            )
        manifests.append(manifest)
    return manifests


def read_manifest(path: str) -> IndexManifest:
    """Reads the manifest of the index in a directory."""
    file = storage.join(path, MANIFEST)
    if not storage.exists(file):
        raise InputError(
            f"{path} contains no finished band index ({MANIFEST} is missing). Use the directory dedup/index of a run "
            "with dedup.write_index=true."
        )
    try:
        manifest = msgspec.json.decode(storage.read_bytes(file), type=IndexManifest)
    except msgspec.DecodeError as e:
        raise FormatError(f"{file} is damaged: {e}. Build the index again.") from e
    if manifest.format != FORMAT:
        raise FormatError(f"{file} has format {manifest.format}, expected {FORMAT}. Build the index again.")
    return manifest


def read_earlier(spark: SparkSession, dedup: DedupConfig) -> Earlier:
    """Reads the indices of all earlier crawls as one."""
    manifests = check_earlier(dedup)

    def table(name: str, record: type[msgspec.Struct]) -> DataFrame:
        schema = spark_schema(record)
        if not dedup.earlier:
            return spark.createDataFrame([], schema).where(F.lit(False))  # removed from the plan by the optimiser
        paths = [storage.join(path, name) for path in dedup.earlier]
        return read_table(spark, paths, schema)

    return Earlier(
        table("documents", IndexDocument),
        table("bands", BandRow),
        table("sets", ShingleSet),
        manifests[-1].next_rank if manifests else 0,
        [manifest.identity for manifest in manifests],
    )


def write_index(
    path: str,
    documents: DataFrame,
    bands: DataFrame,
    sets: DataFrame,
    dedup: DedupConfig,
    earlier: Earlier,
    identity: str,
) -> None:
    """Writes the tables, then the manifest, which marks the index as complete.

    Needs: documents (the columns of index documents), bands, sets. `identity` identifies this crawl.
    """
    storage.delete_tree(path)
    write_table(documents.select(*IndexDocument.__struct_fields__), storage.join(path, "documents"))
    write_table(bands.sortWithinPartitions("bucket", "rank"), storage.join(path, "bands"))
    write_table(sets, storage.join(path, "sets"))
    written = read_table(documents.sparkSession, storage.join(path, "documents"), spark_schema(IndexDocument))
    num = written.agg(F.max("rank")).collect()[0][0]
    manifest = IndexManifest(
        format=FORMAT,
        identity=digest({"index": identity, "after": earlier.identities}),
        settings=index_settings(dedup),
        after=earlier.identities,
        first_rank=earlier.next_rank,
        next_rank=earlier.next_rank if num is None else num + 1,
    )
    text = json.dumps(msgspec.to_builtins(manifest), indent=1, sort_keys=True)
    storage.write_atomic(storage.join(path, MANIFEST), text.encode() + b"\n")
