"""Documents with the same URL: only one of several versions of a page is kept."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from sluice.core.config.dedup import DedupConfig
from sluice.core.ids import text_digest
from sluice.core.records.dedup import UrlKey
from sluice.data.arrow import arrow_schema
from sluice.spark.deduplication.verify import verified_edges
from sluice.spark.engine.schemas import spark_schema
from sluice.text.lists.url_key import url_key


def url_removals(documents: DataFrame, ranked: DataFrame, dedup: DedupConfig) -> DataFrame:
    """Finds documents that share their URL with a newer or better one, with the newest or best of those.

    Needs: documents (doc_id, url, fetched_at, n_shingles), ranked (rank, doc_id). Returns: rank, duplicate_of.

    Shuffle: a digest of the URL and a rank per document. A frequent URL costs sort time in one task, spilled to disk.
    Texts with more than `max_shingles` shingles are excluded, because their similarity is not computed.
    """
    compared = documents.where(F.col("url").isNotNull() & (F.col("n_shingles") <= dedup.minhash.max_shingles))
    keys = compared.select("doc_id", "url").mapInArrow(_to_keys, spark_schema(UrlKey))
    ranked_keys = keys.join(ranked.select("rank", "doc_id"), "doc_id").join(
        compared.select("doc_id", "fetched_at"), "doc_id"
    )
    newest_first = [F.col("fetched_at").desc_nulls_last()] if dedup.urls == "newest" else []
    order = Window.partitionBy("url_key").orderBy(*newest_first, "rank")
    to_here = order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return ranked_keys.select("rank", F.first("rank").over(to_here).alias("duplicate_of")).where("rank <> duplicate_of")


def with_kept_documents(same_url: DataFrame, others: DataFrame) -> DataFrame:
    """Replaces each `duplicate_of` that another step removed with the document kept in its place.

    Needs: same_url (rank, duplicate_of), others (rank, duplicate_of, jaccard: the removals of the other steps).
    Returns: rank, matched_id, duplicate_of, compared: the document to compare with. It is `matched_id` if its shingles
    equal those of `duplicate_of`, whose text may belong to an earlier crawl and be unavailable.
    """
    onward = others.select(F.col("rank").alias("matched_id"), F.col("duplicate_of").alias("onward"), "jaccard")
    joined = same_url.withColumnRenamed("duplicate_of", "matched_id").join(onward, "matched_id", "left")
    kept = F.coalesce("onward", "matched_id")
    return joined.select(
        "rank",
        "matched_id",
        kept.alias("duplicate_of"),
        F.when(F.col("jaccard") < 1.0, kept).otherwise(F.col("matched_id")).alias("compared"),
    )


def url_rows(pairs: DataFrame, sets: DataFrame, ranked: DataFrame, partitions: int) -> DataFrame:
    """Adds the exact similarity of both documents, whatever its value; 1 for equal normalised texts.

    Needs: pairs (as returned by `with_kept_documents`), sets of all compared documents, ranked (rank, text_hash).
    Returns: the columns of removals, documents by rank. Shuffle: a shingle set per pair.
    """
    ends = pairs.select(F.col("compared").alias("u"), F.col("rank").alias("v"))
    found = verified_edges(ends, sets, 0.0, partitions).select(F.col("v").alias("rank"), "jaccard")
    hashes = ranked.select("rank", "text_hash")
    others = ranked.select(F.col("rank").alias("compared"), F.col("text_hash").alias("other_hash"))
    joined = pairs.join(found, "rank", "left").join(hashes, "rank").join(others, "compared", "left")
    return joined.select(
        "rank",
        F.lit("url").alias("step"),
        "matched_id",
        "duplicate_of",
        F.when(F.col("text_hash") == F.col("other_hash"), 1.0).otherwise(F.col("jaccard")).alias("jaccard"),
        F.lit(None).cast("long").alias("cluster"),
    )


def _to_keys(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        keys = [url_key(url) for url in batch.column(1).to_pylist()]
        digests = pa.array([None if key is None else text_digest(key) for key in keys], pa.binary())
        known = pa.RecordBatch.from_arrays([batch.column(0), digests], schema=arrow_schema(UrlKey))
        yield known.filter(digests.is_valid())
