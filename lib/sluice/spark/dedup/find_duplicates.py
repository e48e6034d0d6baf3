"""Deduplication of a table, from documents to removals: the steps in order, each written before the next reads it.

Documents are known by their rank in the keep order. With earlier crawls theirs come before all new ones, and nothing
that was decided about them changes.
"""

import logging
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from sluice.core.config.dedup import DedupConfig, MinHashConfig
from sluice.core.errors import StageError
from sluice.core.records.base import Record
from sluice.core.records.dedup import Cluster, Copies, Edge, Removal
from sluice.data import storage
from sluice.spark.dedup.bands import band_rows, candidate_pairs, leading_rows, sketches
from sluice.spark.dedup.components import components
from sluice.spark.dedup.index import Earlier, write_index
from sluice.spark.dedup.keep_order import exact_removals, in_keep_order
from sluice.spark.dedup.removals import near_removals, removals
from sluice.spark.dedup.same_urls import url_removals, url_rows, with_kept_documents
from sluice.spark.dedup.verify import deciding_pairs, likely_pairs, shingle_sets, verified_edges
from sluice.spark.engine.work import Work
from sluice.text.dedup.lsh import Banding, catch_probability

log = logging.getLogger("sluice.dedup")

BROADCAST_ROWS = 1_000_000
"""So many ids, 16 bytes each, are sent to every task rather than that all texts are shuffled."""


class Found(NamedTuple):
    """What was found, by rank, and how many pairs were looked at on the way."""

    ranked: DataFrame
    rest: DataFrame
    """Ranked documents without those that went for their address."""
    exact: DataFrame
    sketches: DataFrame
    leading: DataFrame | None
    """Band rows for the index, where one is to be written."""
    sets: DataFrame
    edges: DataFrame
    members: DataFrame
    near: DataFrame
    removed: DataFrame
    counts: dict[str, int]


def find_duplicates(
    documents: DataFrame, texts: DataFrame, dedup: DedupConfig, partitions: int, work: Work, earlier: Earlier
) -> Found:
    """Duplicates by address if asked for, exact and near-duplicates, each with a kept document.

    Needs: documents (doc_id, text_hash, signature, quality, n_chars, fetched_at, url, n_shingles), texts (doc_id,
    text). Raises StageError if a certificate does not hold.
    """
    _log_catch(dedup)
    first = earlier.next_rank
    ranked = in_keep_order(documents, first, work)
    same_url, rest = None, ranked
    if dedup.urls:
        same_url = work.table(url_removals(documents, ranked, dedup), "same_url")
        rest = work.table(ranked.join(same_url, "rank", "left_anti"), "rest")
    exact = work.table(exact_removals(rest, earlier.documents, first), "exact")
    rows = band_rows(rest.join(exact, "rank", "left_anti"), dedup.minhash).unionAll(earlier.bands)
    pairs = work.table(candidate_pairs(rows, dedup, partitions, first), "pairs")
    own_sketches = work.table(sketches(rest), "sketches")
    all_sketches = own_sketches.unionAll(earlier.sketches())
    likely = work.table(deciding_pairs(likely_pairs(pairs, all_sketches, dedup, partitions), dedup), "likely")
    wanted = likely.select(F.explode(F.array("u", "v")).alias("rank"))
    leading = None
    if dedup.write_index:
        leading = work.table(leading_rows(rows, dedup, partitions, first), "leading")
        wanted = wanted.unionAll(leading.where("is_leader").select("rank"))
    wanted_texts = _texts_of(wanted.distinct(), ranked, texts, work, "wanted")
    own_sets = work.table(shingle_sets(wanted_texts, dedup.minhash), "sets")
    sets = own_sets.unionAll(earlier.sets)
    edges = work.table(verified_edges(likely, sets, dedup.threshold, partitions), "edges")
    stars = earlier.stars().join(edges.select(F.col("u").alias("v")).distinct(), "v", "left_semi").select("u", "v")
    joined = edges.select("u", "v").unionAll(stars)
    members = work.table(components(joined, joined.count(), dedup.edges_per_task, work), "members")
    judged = edges.join(earlier.fates().withColumnRenamed("rank", "u"), "u", "left")
    near = work.table(near_removals(judged, members, sets, dedup.threshold, partitions, work), "near")
    removed = work.table(removals(exact, near, earlier.near()), "removed")
    if same_url is not None:
        final = work.table(with_kept_documents(same_url, removed), "same_url_kept")
        ends = final.select(F.explode(F.array("rank", "compared")).alias("rank")).distinct()
        url_sets = shingle_sets(_texts_of(ends, ranked, texts, work, "same_url_wanted"), dedup.minhash)
        of_url = url_rows(final, url_sets.unionAll(earlier.sets), ranked, partitions)
        removed = removed.unionAll(work.table(of_url, "same_url_removed"))
    _check(removed)
    counts = {"candidate_pairs": pairs.count(), "likely_pairs": likely.count(), "edges": edges.count()}
    return Found(ranked, rest, exact, own_sketches, leading, own_sets, edges, members, near, removed, counts)


def publish(found: Found, earlier: Earlier, ids: DataFrame, name: str, directory: str, work: Work) -> None:
    """Writes `removals`, `copies`, `clusters` and `edges` with ids for ranks; `name` is the column of a document's id.

    Needs: ids (rank, id) of all documents, earlier ones too.
    """
    ids = work.table(ids.join(_mentioned(found), "rank", "left_semi"), "ids")
    is_earlier = (F.col("duplicate_of") < earlier.next_rank).alias("is_earlier")
    removed = found.removed.withColumnsRenamed({"rank": name, "cluster": "cluster_id"}).select("*", is_earlier)
    removed = _by_id(removed, ids, name, "matched_id", "duplicate_of", "cluster_id")
    _write(removed, Removal, name, directory, "removals")
    copies = found.removed.groupBy(F.col("duplicate_of").alias(name)).agg((F.count("*") + 1).alias("n_copies"))
    _write(_by_id(copies, ids, name), Copies, name, directory, "copies")
    new = found.members.where(F.col("rank") >= earlier.next_rank)
    _write(_by_id(new.toDF(name, "cluster_id"), ids, name, "cluster_id"), Cluster, name, directory, "clusters")
    _write(_by_id(found.edges, ids, "u", "v"), Edge, name, directory, "edges")


def _mentioned(found: Found) -> DataFrame:
    """The ranks that results name."""
    removed = found.removed.select(F.explode(F.array("rank", "matched_id", "duplicate_of", "cluster")).alias("rank"))
    return removed.unionAll(found.members.select("rank")).distinct()


def _write(df: DataFrame, record: type[Record], name: str, directory: str, table: str) -> None:
    columns = [name if column == "doc_id" else column for column in record.__struct_fields__]
    df.select(*columns).write.parquet(storage.join(directory, table))


def publish_index(
    found: Found, earlier: Earlier, names: DataFrame, dedup: DedupConfig, identity: str, path: str
) -> None:
    """Writes the band index, with sketches and sets of what a later crawl may be compared with, and no more.

    Needs: names (doc_id, name), what documents are called outside. `identity` tells this crawl from others.
    """
    assert found.leading is not None, "find_duplicates was told to write an index"
    ranks = found.leading.where("is_leader").select("rank").distinct()
    kept = found.near.join(ranks, "rank", "left_semi").select(F.col("duplicate_of").alias("rank"))
    sketched = found.sketches.join(ranks, "rank", "left_semi")
    documents = (
        found.rest.join(found.exact, "rank", "left_anti")
        .join(found.near.drop("cluster"), "rank", "left")
        .join(found.members, "rank", "left")
        .join(sketched, "rank", "left")
        .join(names, "doc_id", "left")
    )
    sets = found.sets.join(ranks.unionAll(kept), "rank", "left_semi")
    write_index(path, documents, found.leading.drop("is_leader"), sets, dedup, earlier, identity)


def _texts_of(wanted: DataFrame, ranked: DataFrame, texts: DataFrame, work: Work, name: str) -> DataFrame:
    """rank, text of the new documents among the wanted ranks; table `name` holds who they are."""
    chosen = work.table(wanted.join(ranked.select("rank", "doc_id"), "rank", "inner"), name)
    if chosen.count() <= BROADCAST_ROWS:
        chosen = F.broadcast(chosen)
    return texts.join(chosen, "doc_id", "inner").select("rank", "text")


def _by_id(df: DataFrame, ids: DataFrame, *columns: str) -> DataFrame:
    """The frame with ids for ranks in these columns; null stays null."""
    for column in columns:
        named = ids.select(F.col("rank").alias(column), F.col("id").alias("_id"))
        df = df.join(named, column, "left").drop(column).withColumnRenamed("_id", column)
    return df


def not_compared(documents: DataFrame, minhash: MinHashConfig) -> dict[str, int]:
    """How many documents took no part in the near step, and why. Needs: signature, n_shingles."""
    is_long = F.col("n_shingles") > minhash.max_shingles
    rows = documents.where("signature is null").groupBy(is_long.alias("is_long")).count().collect()
    found = {row["is_long"]: row["count"] for row in rows}
    return {"too_short_for_near": found.get(False, 0), "too_long_for_near": found.get(True, 0)}


def _log_catch(dedup: DedupConfig) -> None:
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
    """Raises StageError unless each document is removed once, with a similarity to a kept document."""
    twice = removed.groupBy("rank").count().where("count > 1").count()
    lost = removed.select(F.col("duplicate_of").alias("rank")).join(removed, "rank", "left_semi").count()
    unmeasured = removed.where("jaccard is null").count()
    if twice or lost or unmeasured:
        raise StageError(
            f"dedup: {twice} documents are removed twice, {lost} removals have a kept document that is itself removed, "
            f"and {unmeasured} have no similarity; all must be 0. Nothing was published; please report this."
        )
