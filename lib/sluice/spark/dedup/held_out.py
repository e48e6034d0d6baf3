"""Near-copies across splits: documents that are similar to one that is held out from their split.

A second search beside deduplication's, with other permutations and wider bands, and of far fewer pairs: one of both
documents is held out. Documents are known by their ids.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from sluice.core.config.dedup import DedupConfig, MinHashConfig, SplitConfig, split_minhash
from sluice.core.errors import StageError
from sluice.core.records.corpus import SplitRow
from sluice.data.arrow import arrow_schema
from sluice.spark.dedup.bands import band_rows, sketches
from sluice.spark.dedup.verify import screened_pairs, shingle_sets, verified_edges
from sluice.spark.engine.schemas import spark_schema
from sluice.spark.engine.work import Work
from sluice.text.dedup.lsh import Banding, assure
from sluice.text.dedup.signing import sign_text

SPLITS = ("test", "valid", "train")
"""A document of one split goes for a similar one of a split before it: held out from it."""


class Crossing(NamedTuple):
    """What was found, how many pairs were looked at on the way, and how surely."""

    signed: DataFrame
    removals: DataFrame
    counts: dict[str, int | float]


def find_crossing(
    documents: DataFrame, dedup: DedupConfig, split: SplitConfig, partitions: int, work: Work, results: Work
) -> Crossing:
    """Documents at or above `dedup.threshold` to one held out from their split.

    Needs: documents (doc_id, split, text). Writes `removals` to `results`, all else to `work`. Raises StageError if
    such a pair is left.
    """
    minhash = split_minhash(split, dedup.minhash)
    banding = Banding(minhash.bands, minhash.rows)
    least = assure(dedup.threshold, banding).least_equal
    signed = work.table(signatures(documents, minhash), "signed")
    leaders = work.table(leader_rows(ranked_rows(signed, minhash, SPLITS[:2]), split.leaders_per_bucket), "leaders")
    pairs = work.table(crossing_pairs(leaders, ranked_rows(signed, minhash, SPLITS[1:])), "pairs")
    width = minhash.bands * minhash.rows
    likely = work.table(screened_pairs(pairs, sketches(signed), width, least, partitions), "likely")
    wanted = work.table(likely.select(F.explode(F.array("u", "v")).alias("doc_id")).distinct(), "wanted")
    texts = documents.join(wanted, "doc_id", "inner").select(F.col("doc_id").alias("rank"), "text")
    sets = work.table(shingle_sets(texts, minhash), "sets")
    edges = work.table(verified_edges(likely, sets, dedup.threshold, partitions), "edges")
    removals = results.table(crossing_removals(with_splits(edges, signed)), "removals")
    _check(edges, removals)
    crowded, least_bands = _crowded(signed, leaders, minhash.bands)
    counts = {"candidate_pairs": pairs.count(), "likely_pairs": likely.count(), "edges": edges.count()}
    assured = assure(dedup.threshold, banding, least_bands).catch_probability
    return Crossing(
        signed,
        removals,
        counts | {"catch_probability": assured, "crowded": crowded, "least_bands": least_bands},
    )


def signatures(documents: DataFrame, minhash: MinHashConfig) -> DataFrame:
    """Needs: doc_id, split, text. Returns: split rows."""
    rows = documents.select("doc_id", "split", "text")
    return rows.mapInArrow(partial(_sign, minhash), spark_schema(SplitRow))


def ranked_rows(signed: DataFrame, minhash: MinHashConfig, splits: tuple[str, ...]) -> DataFrame:
    """Bands of the documents of these splits, with the index of theirs in `SPLITS`. Needs: split rows.

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
    """The rows of each bucket that others are compared with: at most `count`, by hash, others in each bucket.

    Needs: bucket, rank, split_rank. Returns: the same columns. Shuffle: 20 bytes per band row of held-out documents.
    """
    order = Window.partitionBy("bucket").orderBy(F.xxhash64("rank", "bucket"), "rank")
    numbered = held_out.withColumn("number", F.row_number().over(order))
    return numbered.where(F.col("number") <= count).select("bucket", "rank", "split_rank")


def crossing_pairs(leaders: DataFrame, rows: DataFrame) -> DataFrame:
    """Pairs (u, v) that share a band, u of a split held out from that of v. Needs: bucket, rank, split_rank of both.

    Returns: distinct pairs. Shuffle: none of band rows while the leaders are few enough for every task, else both
    sides, key `bucket`; then the pairs. Memory: the leaders of one bucket; a hot one costs time.
    """
    held_out = leaders.select("bucket", F.col("rank").alias("u"), F.col("split_rank").alias("held_out"))
    others = rows.select("bucket", F.col("rank").alias("v"), "split_rank")
    return others.join(held_out, "bucket", "inner").where("held_out < split_rank").select("u", "v").distinct()


def with_splits(edges: DataFrame, signed: DataFrame) -> DataFrame:
    """Edges with the splits of both documents, u_split and v_split. Needs: edges, split rows."""
    for column in ("u", "v"):
        of_column = signed.select(F.col("rank").alias(column), F.col("split").alias(f"{column}_split"))
        edges = edges.join(of_column, column, "inner")
    return edges.select("u", "v", "jaccard", "u_split", "v_split")


def crossing_removals(edges: DataFrame) -> DataFrame:
    """One row for each document that goes, with the most similar of its held-out documents that stay.

    Needs: edges with splits, u held out from v. Returns: removals of the split.
    A document of test stays always, so one of valid goes for any in test; then one of train goes for those in test and
    those left in valid: similar only to one of valid that is gone, it is similar to nothing that is held out.
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
    """How many held-out documents are not compared in all bands, and the fewest bands that one is compared in."""
    compared = leaders.groupBy("rank").agg(F.count("*").alias("bands"))
    held_out = signed.where("split <> 'train' and signature is not null").select("rank")
    of_document = held_out.join(compared, "rank", "left").select(F.coalesce("bands", F.lit(0)).alias("bands"))
    row = of_document.agg(F.count_if(F.col("bands") < bands), F.min("bands")).collect()[0]
    return row[0], bands if row[1] is None else row[1]


def _check(edges: DataFrame, removals: DataFrame) -> None:
    """Raises StageError unless every pair found has lost a document and every `duplicate_of` is kept."""
    gone = removals.select("doc_id")
    left = edges
    for column in ("u", "v"):
        left = left.join(gone.withColumnRenamed("doc_id", column), column, "left_anti")
    pairs_left = left.count()
    lost = removals.select(F.col("duplicate_of").alias("doc_id")).join(gone, "doc_id", "left_semi").count()
    if pairs_left or lost:
        raise StageError(
            f"split: {pairs_left} pairs of similar documents stand in two splits still and {lost} removals have a "
            "kept document that is itself removed; both must be 0. Nothing was published; please report this."
        )
