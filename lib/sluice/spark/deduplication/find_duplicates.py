"""Deduplication of a table, from documents to removals. Each step writes its tables before the next one reads them.

Documents are identified by their rank in the keep order. Documents of earlier crawls rank before all new ones, and
their results do not change.
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
from sluice.spark.deduplication.bands import band_rows, candidate_pairs, leading_rows, sketches
from sluice.spark.deduplication.components import components
from sluice.spark.deduplication.index import Earlier, write_index
from sluice.spark.deduplication.keep_order import exact_removals, in_keep_order
from sluice.spark.deduplication.removals import near_removals, removals
from sluice.spark.deduplication.same_urls import url_removals, url_rows, with_kept_documents
from sluice.spark.deduplication.verify import deciding_pairs, likely_pairs, shingle_sets, verified_edges
from sluice.spark.engine.parquet import write_table
from sluice.spark.engine.work import Checkpoints
from sluice.text.dedup.lsh import Banding, catch_probability

log = logging.getLogger("sluice.dedup")

BROADCAST_ROWS = 1_000_000
"""Up to this number of ids, 16 bytes each, is broadcast to all tasks. That avoids a shuffle of all texts."""


class Candidates(NamedTuple):
    """Candidate pairs of the near step, and the tables used to find them."""

    pairs: DataFrame
    """Pairs that share a band."""
    likely: DataFrame
    """Pairs to compare exactly."""
    sketches: DataFrame
    """Sketches of the new documents."""
    leading: DataFrame | None
    """Band rows for the index; None without `dedup.write_index`."""


class DedupResult(NamedTuple):
    """The tables of a deduplication, by rank, and the counts of its steps."""

    ranked: DataFrame
    rest: DataFrame
    """Ranked documents without those removed because of their URL."""
    exact: DataFrame
    candidates: Candidates
    sets: DataFrame
    edges: DataFrame
    members: DataFrame
    near: DataFrame
    removed: DataFrame
    counts: dict[str, int]


class _Context(NamedTuple):
    """Inputs of all steps: ranked documents, their texts, settings, and results of earlier crawls."""

    ranked: DataFrame
    texts: DataFrame
    dedup: DedupConfig
    partitions: int
    checkpoints: Checkpoints
    earlier: Earlier


def find_duplicates(
    documents: DataFrame,
    texts: DataFrame,
    dedup: DedupConfig,
    partitions: int,
    checkpoints: Checkpoints,
    earlier: Earlier,
) -> DedupResult:
    """Finds documents with the same URL (if `dedup.urls` is set), exact and near-duplicates, each with a kept document.

    Needs: documents (doc_id, text_hash, signature, quality, n_chars, fetched_at, url, n_shingles), texts (doc_id,
    text). Raises StageError if a removal is not certified.
    """
    _log_catch(dedup)
    ranked = in_keep_order(documents, earlier.next_rank, checkpoints)
    context = _Context(ranked, texts, dedup, partitions, checkpoints, earlier)
    same_url, rest = _find_same_urls(documents, context)
    exact = checkpoints.materialize(exact_removals(rest, earlier.documents, earlier.next_rank), "exact")
    candidates = _find_candidates(rest, exact, context)
    sets = _compute_sets(candidates, context)
    edges = checkpoints.materialize(
        verified_edges(candidates.likely, sets.unionAll(earlier.sets), dedup.threshold, partitions), "edges"
    )
    members = _find_clusters(edges, context)
    near = _find_near_removals(edges, members, sets, context)
    removed = checkpoints.materialize(removals(exact, near, earlier.near()), "removed")
    if same_url is not None:
        removed = removed.unionAll(_measure_same_urls(same_url, removed, context))
    _check(removed)
    counts = {
        "candidate_pairs": candidates.pairs.count(),
        "likely_pairs": candidates.likely.count(),
        "edges": edges.count(),
    }
    return DedupResult(ranked, rest, exact, candidates, sets, edges, members, near, removed, counts)


def _find_same_urls(documents: DataFrame, context: _Context) -> tuple[DataFrame | None, DataFrame]:
    """Returns removals by URL (None without `dedup.urls`), and the other ranked documents."""
    ranked, dedup, checkpoints = context.ranked, context.dedup, context.checkpoints
    if not dedup.urls:
        return None, ranked
    same_url = checkpoints.materialize(url_removals(documents, ranked, dedup), "same_url")
    return same_url, checkpoints.materialize(ranked.join(same_url, "rank", "left_anti"), "rest")


def _find_candidates(rest: DataFrame, exact: DataFrame, context: _Context) -> Candidates:
    """Finds pairs that share a band, screened by sketches, among documents that are not exact copies."""
    _, _, dedup, partitions, checkpoints, earlier = context
    rows = band_rows(rest.join(exact, "rank", "left_anti"), dedup.minhash).unionAll(earlier.bands)
    pairs = checkpoints.materialize(candidate_pairs(rows, dedup, partitions, earlier.next_rank), "pairs")
    own_sketches = checkpoints.materialize(sketches(rest), "sketches")
    screened = likely_pairs(pairs, own_sketches.unionAll(earlier.sketches()), dedup, partitions)
    likely = checkpoints.materialize(deciding_pairs(screened, dedup), "likely")
    leading = None
    if dedup.write_index:
        leading = checkpoints.materialize(leading_rows(rows, dedup, partitions, earlier.next_rank), "leading")
    return Candidates(pairs, likely, own_sketches, leading)


def _compute_sets(candidates: Candidates, context: _Context) -> DataFrame:
    """Computes shingle sets of new documents in candidate pairs, and of leaders needed for an index."""
    wanted = candidates.likely.select(F.explode(F.array("u", "v")).alias("rank"))
    if candidates.leading is not None:
        wanted = wanted.unionAll(candidates.leading.where("is_leader").select("rank"))
    texts = _texts_of(wanted.distinct(), context, "wanted")
    return context.checkpoints.materialize(shingle_sets(texts, context.dedup.minhash), "sets")


def _find_clusters(edges: DataFrame, context: _Context) -> DataFrame:
    """Finds the clusters of these edges, joined to the clusters of earlier crawls. Returns: members."""
    stars = context.earlier.stars().join(edges.select(F.col("u").alias("v")).distinct(), "v", "left_semi")
    joined = edges.select("u", "v").unionAll(stars.select("u", "v"))
    members = components(joined, joined.count(), context.dedup.edges_per_task, context.checkpoints)
    return context.checkpoints.materialize(members, "members")


def _find_near_removals(edges: DataFrame, members: DataFrame, sets: DataFrame, context: _Context) -> DataFrame:
    """Finds near-duplicates of a kept document. `sets` must contain the new documents."""
    _, _, dedup, partitions, checkpoints, earlier = context
    judged = edges.join(earlier.kept_as().withColumnRenamed("rank", "u"), "u", "left")
    all_sets = sets.unionAll(earlier.sets)
    near = near_removals(judged, members, all_sets, dedup.threshold, partitions, checkpoints)
    return checkpoints.materialize(near, "near")


def _measure_same_urls(same_url: DataFrame, removed: DataFrame, context: _Context) -> DataFrame:
    """Returns removals by URL with their final kept documents and similarities."""
    ranked, _, dedup, partitions, checkpoints, earlier = context
    pairs = checkpoints.materialize(with_kept_documents(same_url, removed), "same_url_kept")
    ends = pairs.select(F.explode(F.array("rank", "compared")).alias("rank")).distinct()
    sets = shingle_sets(_texts_of(ends, context, "same_url_wanted"), dedup.minhash)
    rows = url_rows(pairs, sets.unionAll(earlier.sets), ranked, partitions)
    return checkpoints.materialize(rows, "same_url_removed")


def publish(
    found: DedupResult, earlier: Earlier, ids: DataFrame, name: str, directory: str, checkpoints: Checkpoints
) -> None:
    """Writes `removals`, `copies`, `clusters` and `edges` with ids instead of ranks; `name` is the id column.

    Needs: ids (rank, id) of all documents, including earlier ones.
    """
    ids = checkpoints.materialize(ids.join(_mentioned(found), "rank", "left_semi"), "ids")
    is_earlier = (F.col("duplicate_of") < earlier.next_rank).alias("is_earlier")
    removed = found.removed.withColumnsRenamed({"rank": name, "cluster": "cluster_id"}).select("*", is_earlier)
    removed = _by_id(removed, ids, name, "matched_id", "duplicate_of", "cluster_id")
    _write(removed, Removal, name, directory, "removals")
    copies = found.removed.groupBy(F.col("duplicate_of").alias(name)).agg((F.count("*") + 1).alias("n_copies"))
    _write(_by_id(copies, ids, name), Copies, name, directory, "copies")
    new = found.members.where(F.col("rank") >= earlier.next_rank)
    _write(_by_id(new.toDF(name, "cluster_id"), ids, name, "cluster_id"), Cluster, name, directory, "clusters")
    _write(_by_id(found.edges, ids, "u", "v"), Edge, name, directory, "edges")


def _mentioned(found: DedupResult) -> DataFrame:
    """Returns the ranks that occur in the results."""
    removed = found.removed.select(F.explode(F.array("rank", "matched_id", "duplicate_of", "cluster")).alias("rank"))
    return removed.unionAll(found.members.select("rank")).distinct()


def _write(df: DataFrame, record: type[Record], name: str, directory: str, table: str) -> None:
    columns = [name if column == "doc_id" else column for column in record.__struct_fields__]
    write_table(df.select(*columns), storage.join(directory, table))


def publish_index(
    found: DedupResult, earlier: Earlier, names: DataFrame, dedup: DedupConfig, identity: str, path: str
) -> None:
    """Writes the band index, with the sketches and sets needed to compare later crawls.

    Needs: names (doc_id, name), the external names of documents. `identity` identifies this crawl.
    """
    leading = found.candidates.leading
    assert leading is not None, "dedup.write_index is not set"
    ranks = leading.where("is_leader").select("rank").distinct()
    kept = found.near.join(ranks, "rank", "left_semi").select(F.col("duplicate_of").alias("rank"))
    sketched = found.candidates.sketches.join(ranks, "rank", "left_semi")
    documents = (
        found.rest.join(found.exact, "rank", "left_anti")
        .join(found.near.drop("cluster"), "rank", "left")
        .join(found.members, "rank", "left")
        .join(sketched, "rank", "left")
        .join(names, "doc_id", "left")
    )
    sets = found.sets.join(ranks.unionAll(kept), "rank", "left_semi")
    write_index(path, documents, leading.drop("is_leader"), sets, dedup, earlier, identity)


def _texts_of(wanted: DataFrame, context: _Context, name: str) -> DataFrame:
    """Returns: rank, text of the new documents with these ranks. Table `name` contains their ids."""
    chosen = wanted.join(context.ranked.select("rank", "doc_id"), "rank", "inner")
    chosen = context.checkpoints.materialize(chosen, name)
    if chosen.count() <= BROADCAST_ROWS:
        chosen = F.broadcast(chosen)
    return context.texts.join(chosen, "doc_id", "inner").select("rank", "text")


def _by_id(df: DataFrame, ids: DataFrame, *columns: str) -> DataFrame:
    """Replaces ranks with ids in these columns; null remains null."""
    for column in columns:
        named = ids.select(F.col("rank").alias(column), F.col("id").alias("_id"))
        df = df.join(named, column, "left").drop(column).withColumnRenamed("_id", column)
    return df


def not_compared(documents: DataFrame, minhash: MinHashConfig) -> dict[str, int]:
    """Counts the documents that the near step excludes, by reason. Needs: signature, n_shingles."""
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
    """Raises StageError unless each document is removed once, with its similarity to a kept document."""
    twice = removed.groupBy("rank").count().where("count > 1").count()
    lost = removed.select(F.col("duplicate_of").alias("rank")).join(removed, "rank", "left_semi").count()
    unmeasured = removed.where("jaccard is null").count()
    if twice or lost or unmeasured:
        raise StageError(
            f"dedup: {twice} documents are removed twice, {lost} removals have a kept document that is itself removed, "
            f"and {unmeasured} have no similarity; all must be 0. Nothing was published; please report this."
        )
