"""Deduplication of a table, from documents to removals: the steps in order, each written before the next reads it.

Documents are known by their place in the keep order. With earlier crawls theirs come before all new ones, and nothing
that was decided about them changes.
"""

import logging
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sluice.core.dedup_config import Dedup, MinHash
from sluice.core.errors import StageError
from sluice.core.records import Cluster, Edge, Record, Removal
from sluice.data import storage
from sluice.spark.band_index import Earlier, write_index
from sluice.spark.bands import band_rows, candidate_pairs, leading_rows
from sluice.spark.components import components
from sluice.spark.keep import near_removals, removals
from sluice.spark.ranked import exact_removals, in_keep_order
from sluice.spark.tables import Work
from sluice.spark.verify import likely_pairs, shingle_sets, verified_edges
from sluice.text.banding import Banding, catch_probability

log = logging.getLogger("sluice.dedup")

BROADCAST_ROWS = 1_000_000
"""So many ids, 16 bytes each, are sent to every task rather than that all texts are shuffled."""


class Found(NamedTuple):
    """What was found, by place, and how many pairs were looked at on the way."""

    ranked: DataFrame
    exact: DataFrame
    leading: DataFrame | None
    """Band rows for the index, where one is to be written."""
    sets: DataFrame
    edges: DataFrame
    members: DataFrame
    near: DataFrame
    removed: DataFrame
    counts: dict[str, int]


def find_duplicates(
    documents: DataFrame, texts: DataFrame, dedup: Dedup, partitions: int, work: Work, earlier: Earlier
) -> Found:
    """Exact and near-duplicates, each with a kept witness.

    Needs: documents (doc_id, text_hash, signature, quality, n_chars, fetched_at, url), texts (doc_id, text).
    Raises StageError if a certificate does not hold.
    """
    _log_catch(dedup)
    first = earlier.next_place
    ranked = in_keep_order(documents, first, work)
    exact = work.table(exact_removals(ranked, earlier.documents, first), "exact")
    rows = band_rows(ranked.join(exact, "place", "left_anti"), dedup.minhash).unionAll(earlier.bands)
    pairs = work.table(candidate_pairs(rows, dedup.centres, partitions, first), "pairs")
    signed = ranked.select("place", "signature").unionAll(earlier.documents.select("place", "signature"))
    likely = work.table(likely_pairs(pairs, signed, dedup, partitions), "likely")
    wanted = likely.select(F.explode(F.array("u", "v")).alias("place"))
    leading = None
    if dedup.write_index:
        leading = work.table(leading_rows(rows, dedup.centres, partitions, first), "leading")
        wanted = wanted.unionAll(leading.select("place"))
    own_sets = work.table(shingle_sets(_texts_of(wanted.distinct(), ranked, texts, work), dedup.minhash), "sets")
    sets = own_sets.unionAll(earlier.sets)
    edges = work.table(verified_edges(likely, sets, dedup, partitions), "edges")
    stars = earlier.stars().join(edges.select(F.col("u").alias("v")).distinct(), "v", "left_semi").select("u", "v")
    joined = edges.select("u", "v").unionAll(stars)
    members = work.table(components(joined, joined.count(), dedup.edges_per_task, work), "members")
    judged = edges.join(earlier.fates().withColumnRenamed("place", "u"), "u", "left")
    near = work.table(near_removals(judged, members, sets, dedup.threshold, partitions, work), "near")
    removed = work.table(removals(exact, near, earlier.near()), "removed")
    _check(removed)
    counts = {"candidate_pairs": pairs.count(), "likely_pairs": likely.count(), "edges": edges.count()}
    return Found(ranked, exact, leading, own_sets, edges, members, near, removed, counts)


def publish(found: Found, earlier: Earlier, ids: DataFrame, name: str, directory: str) -> None:
    """Writes `removals`, `clusters` and `edges` with ids for places; `name` is that of the column of a document's id.

    Needs: ids (place, id) of all documents, earlier ones too.
    """
    is_earlier = (F.col("witness") < earlier.next_place).alias("is_earlier")
    removed = found.removed.withColumnsRenamed({"place": name, "cluster": "cluster_id"}).select("*", is_earlier)
    removed = _by_id(removed, ids, name, "direct_witness", "witness", "cluster_id")
    _write(removed, Removal, name, directory, "removals")
    new = found.members.where(F.col("place") >= earlier.next_place)
    _write(_by_id(new.toDF(name, "cluster_id"), ids, name, "cluster_id"), Cluster, name, directory, "clusters")
    _write(_by_id(found.edges, ids, "u", "v"), Edge, name, directory, "edges")


def _write(df: DataFrame, record: type[Record], name: str, directory: str, table: str) -> None:
    columns = [name if column == "doc_id" else column for column in record.__struct_fields__]
    df.select(*columns).write.parquet(storage.join(directory, table))


def publish_index(found: Found, earlier: Earlier, names: DataFrame, dedup: Dedup, identity: str, path: str) -> None:
    """Writes the band index, with signatures and sets of what a later crawl may be compared with, and no more.

    Needs: names (doc_id, name), what documents are called outside. `identity` tells this crawl from others.
    """
    assert found.leading is not None, "find_duplicates was told to write an index"
    places = found.leading.select("place").distinct()
    witnesses = found.near.join(places, "place", "left_semi").select(F.col("witness").alias("place"))
    documents = (
        found.ranked.join(found.exact, "place", "left_anti")
        .join(found.near.drop("cluster"), "place", "left")
        .join(found.members, "place", "left")
        .join(places.withColumn("leads", F.lit(True)), "place", "left")
        .withColumn("signature", F.when(F.col("leads"), F.col("signature")))
        .join(names, "doc_id", "left")
    )
    sets = found.sets.join(places.unionAll(witnesses), "place", "left_semi")
    write_index(path, documents, found.leading, sets, dedup, earlier, identity)


def _texts_of(wanted: DataFrame, ranked: DataFrame, texts: DataFrame, work: Work) -> DataFrame:
    """place, text of the new documents among the wanted places."""
    chosen = work.table(wanted.join(ranked.select("place", "doc_id"), "place", "inner"), "wanted")
    if chosen.count() <= BROADCAST_ROWS:
        chosen = F.broadcast(chosen)
    return texts.join(chosen, "doc_id", "inner").select("place", "text")


def _by_id(df: DataFrame, ids: DataFrame, *columns: str) -> DataFrame:
    """The frame with ids for places in these columns; null stays null."""
    for column in columns:
        named = ids.select(F.col("place").alias(column), F.col("id").alias("_id"))
        df = df.join(named, column, "left").drop(column).withColumnRenamed("_id", column)
    return df


def not_compared(documents: DataFrame, minhash: MinHash) -> dict[str, int]:
    """How many documents took no part in the near step, and why. Needs: signature, n_shingles."""
    is_long = F.col("n_shingles") > minhash.max_shingles
    rows = documents.where("signature is null").groupBy(is_long.alias("is_long")).count().collect()
    found = {row["is_long"]: row["count"] for row in rows}
    return {"too_short_for_near": found.get(False, 0), "too_long_for_near": found.get(True, 0)}


def _log_catch(dedup: Dedup) -> None:
    minhash = dedup.minhash
    caught = catch_probability(dedup.threshold, Banding(minhash.bands, minhash.rows))
    log.info(
        "dedup: %d x %d bands propose %.1f %% of the pairs at the threshold %g (`sluice bands` shows others)",
        minhash.bands,
        minhash.rows,
        100 * caught,
        dedup.threshold,
    )


def _check(removed: DataFrame) -> None:
    """Raises StageError unless every document is removed once and every witness is kept."""
    twice = removed.groupBy("place").count().where("count > 1").count()
    lost = removed.select(F.col("witness").alias("place")).join(removed, "place", "left_semi").count()
    if twice or lost:
        raise StageError(
            f"dedup: {twice} documents are removed twice and {lost} removals have a witness that is itself removed; "
            "both must be 0. Nothing was published; please report this."
        )
