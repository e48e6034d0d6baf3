"""Near-copies across splits: documents that are similar to a held-out document of another split.

A second search after deduplication, with other permutations, more bands and far fewer pairs, since one document of
each pair must be held out. Documents are identified by their ids.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from sluice.core.config.dedup import DedupConfig, MinHashConfig, SplitCheckConfig, split_minhash
from sluice.core.errors import StageError
from sluice.core.records.corpus import SplitRow
from sluice.data.arrow import arrow_schema
from sluice.spark.deduplication.bands import band_rows, sketches
from sluice.spark.deduplication.verify import screened_pairs, shingle_sets, verified_edges
from sluice.spark.engine.schemas import spark_schema
from sluice.spark.engine.work import Checkpoints
from sluice.text.dedup.lsh import Banding, assure
from sluice.text.dedup.signing import sign_text

SPLITS = ("test", "valid", "train")
"""A document is removed if it is similar to a document of an earlier split in this order, which is held out from it."""


class SplitLeaks(NamedTuple):
    """Removals, numbers of compared pairs, and the probability of finding a pair."""

    signed: DataFrame
    removals: DataFrame
    counts: dict[str, int | float]


def find_split_leaks(
    documents: DataFrame,
    dedup: DedupConfig,
    split_check: SplitCheckConfig,
    partitions: int,
    checkpoints: Checkpoints,
    results: Checkpoints,
) -> SplitLeaks:
    """Finds documents whose similarity to a held-out document of another split is at least `dedup.threshold`.

    Needs: documents (doc_id, split, text). Writes `removals` to `results`, the rest to `checkpoints`. Raises StageError
    if such a pair is left.
    """
    minhash = split_minhash(split_check, dedup.minhash)
    banding = Banding(minhash.bands, minhash.rows)
    least = assure(dedup.threshold, banding).least_equal
    signed = checkpoints.materialize(signatures(documents, minhash), "signed")
    leaders = checkpoints.materialize(
        leader_rows(ranked_rows(signed, minhash, SPLITS[:2]), split_check.leaders_per_bucket), "leaders"
    )
    pairs = checkpoints.materialize(cross_split_pairs(leaders, ranked_rows(signed, minhash, SPLITS[1:])), "pairs")
    width = minhash.bands * minhash.rows
    likely = checkpoints.materialize(screened_pairs(pairs, sketches(signed), width, least, partitions), "likely")
    wanted = checkpoints.materialize(likely.select(F.explode(F.array("u", "v")).alias("doc_id")).distinct(), "wanted")
    texts = documents.join(wanted, "doc_id", "inner").select(F.col("doc_id").alias("rank"), "text")
    sets = checkpoints.materialize(shingle_sets(texts, minhash), "sets")
    edges = checkpoints.materialize(verified_edges(likely, sets, dedup.threshold, partitions), "edges")
    removals = results.materialize(split_removals(with_splits(edges, signed)), "removals")
    _check(edges, removals)
    crowded, least_bands = _crowded(signed, leaders, minhash.bands)
    counts = {"candidate_pairs": pairs.count(), "likely_pairs": likely.count(), "edges": edges.count()}
    assured = assure(dedup.threshold, banding, least_bands).catch_probability
    return SplitLeaks(
        signed,
        removals,
        counts | {"catch_probability": assured, "crowded": crowded, "least_bands": least_bands},
    )


def signatures(documents: DataFrame, minhash: MinHashConfig) -> DataFrame:
    """Computes signatures. Needs: doc_id, split, text. Returns: split rows."""
    rows = documents.select("doc_id", "split", "text")
    return rows.mapInArrow(partial(_sign, minhash), spark_schema(SplitRow))


def ranked_rows(signed: DataFrame, minhash: MinHashConfig, splits: tuple[str, ...]) -> DataFrame:
    """Returns the bands of the documents of these splits, with the index of their split in `SPLITS`. Needs: split rows.

    Returns: bucket, rank, split_rank.
    """
    first, *others = (
        band_rows(signed.where(F.col("split") == name), minhash).withColumn("split_rank", F.lit(SPLITS.index(name)))
        for name in splits
    )
    for rows in others:
        first = first.unionAll(rows)
    return first


def leader_rows(held_out: DataFrame, count: int) -> DataFrame:
    """Selects the rows of each bucket that others are compared with: at most `count`, by a hash per bucket.

    Needs: bucket, rank, split_rank. Returns: the same columns. Shuffle: 20 bytes per band row of held-out documents.
    """
    order = Window.partitionBy("bucket").orderBy(F.xxhash64("rank", "bucket"), "rank")
    numbered = held_out.withColumn("number", F.row_number().over(order))
    return numbered.where(F.col("number") <= count).select("bucket", "rank", "split_rank")


def cross_split_pairs(leaders: DataFrame, rows: DataFrame) -> DataFrame:
    """Pairs (u, v) that share a band; u is in a split held out from the split of v. Needs: bucket, rank, split_rank.

    Returns: distinct pairs. Shuffle: band rows are not shuffled if the leaders can be broadcast, else both sides, key
    `bucket`; then the pairs. Memory: the leaders of one bucket; a hot bucket costs time.
    """
    held_out = leaders.select("bucket", F.col("rank").alias("u"), F.col("split_rank").alias("held_out"))
    others = rows.select("bucket", F.col("rank").alias("v"), "split_rank")
    return others.join(held_out, "bucket", "inner").where("held_out < split_rank").select("u", "v").distinct()


def with_splits(edges: DataFrame, signed: DataFrame) -> DataFrame:
    """Adds the splits of both documents, u_split and v_split. Needs: edges, split rows."""
    for column in ("u", "v"):
        of_column = signed.select(F.col("rank").alias(column), F.col("split").alias(f"{column}_split"))
        edges = edges.join(of_column, column, "inner")
    return edges.select("u", "v", "jaccard", "u_split", "v_split")


def split_removals(edges: DataFrame) -> DataFrame:
    """Returns one row per document to remove, with the most similar of its held-out documents that are kept.

    Needs: edges with splits, u held out from v. Returns: removals of the split. Test documents are always kept, so a
    valid document is removed if it is similar to any test document. Then a train document is removed if it is similar
    to a test document or to a remaining valid document; one similar only to a removed valid document is kept.
    """
    from_valid = edges.where("v_split = 'valid'")
    gone = from_valid.select(F.col("v").alias("u")).distinct()
    from_train = edges.where("v_split = 'train'").join(gone, "u", "left_anti")
    most = F.max_by(F.struct("u", "u_split", "jaccard", "v_split"), F.struct("jaccard", -F.col("u"))).alias("most")
    found = from_valid.unionByName(from_train).groupBy("v").agg(most)
    return found.select(
        F.col("v").alias("doc_id"),
        F.lit("split").alias("step"),
        F.col("most.v_split").alias("split"),
        F.col("most.u").alias("duplicate_of"),
        F.col("most.u_split").alias("duplicate_of_split"),
        F.col("most.jaccard").alias("jaccard"),
    )


def _sign(minhash: MinHashConfig, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        signed = [sign_text(text, minhash) for text in batch.column(2).to_pylist()]
        n_shingles = pa.array([one.n_shingles for one in signed], pa.int32())
        signature = pa.array([one.signature for one in signed], pa.binary())
        columns = [batch.column(0), batch.column(1), n_shingles, signature]
        yield pa.RecordBatch.from_arrays(columns, schema=arrow_schema(SplitRow))


def _crowded(signed: DataFrame, leaders: DataFrame, bands: int) -> tuple[int, int]:
    """Counts held-out documents that are not compared in all bands; also returns the fewest bands of one."""
    compared = leaders.groupBy("rank").agg(F.count("*").alias("bands"))
    held_out = signed.where("split <> 'train' and signature is not null").select("rank")
    of_document = held_out.join(compared, "rank", "left").select(F.coalesce("bands", F.lit(0)).alias("bands"))
    row = of_document.agg(F.count_if(F.col("bands") < bands), F.min("bands")).collect()[0]
    return row[0], bands if row[1] is None else row[1]


def _check(edges: DataFrame, removals: DataFrame) -> None:
    """Raises StageError unless every edge has lost a document and every `duplicate_of` is kept."""
    gone = removals.select("doc_id")
    left = edges
    for column in ("u", "v"):
        left = left.join(gone.withColumnRenamed("doc_id", column), column, "left_anti")
    pairs_left = left.count()
    lost = removals.select(F.col("duplicate_of").alias("doc_id")).join(gone, "doc_id", "left_semi").count()
    if pairs_left or lost:
        raise StageError(
            f"split: {pairs_left} pairs of similar documents are still in two splits and {lost} removals have a "
            "kept document that is itself removed; both must be 0. Nothing was published; please report this."
        )
