"""Deduplication of documents that fit in memory, in one process: the steps of `spark.deduplication` on arrays.

The removals, clusters, copies, edges and counts are the same as with Spark, for any documents. Not supported: one
version per URL, earlier crawls, and writing an index.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sluice.core.config.dedup import DedupConfig
from sluice.core.records.dedup import NearRemoval
from sluice.text.dedup.clusters import resolve_by_edges, resolve_by_sets, smallest_members
from sluice.text.dedup.key_text import key_text
from sluice.text.dedup.leaders import LeaderCounts, Longs, star_pairs, starts
from sluice.text.dedup.lsh import OPEN, SURE, margin
from sluice.text.dedup.minhash import band_keys
from sluice.text.dedup.shingles import Hashes, shingle_set, similarity

PAIRS = 1 << 16
"""Pairs whose sketches are compared at once."""
LATEST = datetime.max.replace(tzinfo=UTC)


class SignedDocument(NamedTuple):
    """A document with text, without it. `signature`: None if it has too few or too many shingles."""

    doc_id: int
    quality: float | None
    n_chars: int
    fetched_at: datetime | None
    url: str | None
    text_hash: bytes
    signature: bytes | None


class RemovedDocument(NamedTuple):
    """A removal as in table `removals`; documents by rank."""

    rank: int
    step: str
    matched: int
    duplicate_of: int
    jaccard: float
    cluster: int | None


class Found(NamedTuple):
    """The result; documents by rank. `order[rank]` is the position of a document in the input."""

    order: list[int]
    removals: list[RemovedDocument]
    copies: dict[int, int]
    clusters: dict[int, int]
    edges: list[tuple[int, int, float]]
    counts: dict[str, int]


def find_duplicates(documents: Sequence[SignedDocument], text_of: Callable[[int], str], dedup: DedupConfig) -> Found:
    """Finds exact and near-duplicates, each with a kept document. `text_of`: the text at a position of `documents`.

    Memory: the signatures, and the shingle sets of all documents that are compared.
    """
    order = sorted(range(len(documents)), key=lambda i: _keep_key(documents[i]))
    exact = _exact([documents[i].text_hash for i in order])
    compared = [
        (rank, signed) for rank, i in enumerate(order) if rank not in exact and (signed := documents[i].signature)
    ]
    ranks = np.array([rank for rank, _ in compared], np.int64)
    width = dedup.minhash.bands * dedup.minhash.rows
    signatures = np.frombuffer(b"".join(signed for _, signed in compared), "<u4").reshape(-1, width)
    u, v = _candidates(ranks, signatures, dedup)
    sketches = signatures.view(np.uint8)[:, ::4]  # the low byte of each value
    at_u, at_v = np.searchsorted(ranks, u), np.searchsorted(ranks, v)
    least, surely = margin(dedup.threshold, width)
    equal = _equal(sketches, at_u, at_v)
    likely = equal >= least
    chosen = _deciding(u[likely], v[likely], equal[likely], surely)
    sets: dict[int, Hashes] = {}
    for rank in sorted({*chosen[0].tolist(), *chosen[1].tolist()}):
        sets[rank] = shingle_set(key_text(text_of(order[rank])), dedup.minhash.shingle)
    edges = sorted(_edges(chosen, sets, dedup.threshold))
    clusters = _clusters(edges)
    near = list(_near(edges, clusters, sets, dedup.threshold))
    removals = sorted(_removals(exact, near))
    return Found(
        order=order,
        removals=removals,
        copies={rank: n + 1 for rank, n in Counter(removal.duplicate_of for removal in removals).items()},
        clusters=clusters,
        edges=edges,
        counts={"candidate_pairs": len(u), "likely_pairs": len(chosen[0]), "edges": len(edges)},
    )


def _keep_key(document: SignedDocument) -> tuple[Any, ...]:
    """Total order, best first: `spark.deduplication.keep_order`. Strings compare by code points, as UTF-8 does."""
    quality, url = document.quality, document.url
    return (
        (quality is None, -(quality or 0.0)),
        -document.n_chars,
        document.fetched_at or LATEST,
        document.fetched_at is None,
        (url is None, url or ""),
        document.doc_id,
    )


def _exact(hashes: Sequence[bytes]) -> dict[int, int]:
    """Returns the better document with the same hash, by rank."""
    first: dict[bytes, int] = {}
    found = {}
    for rank, text_hash in enumerate(hashes):
        best = first.setdefault(text_hash, rank)
        if best != rank:
            found[rank] = best
    return found


def _candidates(ranks: Longs, signatures: npt.NDArray[np.uint32], dedup: DedupConfig) -> tuple[Longs, Longs]:
    """Returns distinct pairs that share a bucket, one of them a leader; see `spark.deduplication.bands`."""
    if not len(ranks):
        return ranks, ranks
    buckets = band_keys(signatures, dedup.minhash).ravel()
    rows = np.repeat(ranks, dedup.minhash.bands)
    sorted_ = np.lexsort((rows, buckets))
    buckets, rows = buckets[sorted_], rows[sorted_]
    positions = np.arange(len(rows)) - starts(buckets)
    u, v = star_pairs(buckets, rows, positions, np.ones(len(rows), np.bool_), LeaderCounts.of(dedup))
    base = int(ranks[-1]) + 1
    pairs = np.unique(u * base + v)
    return pairs // base, pairs % base


def _equal(sketches: npt.NDArray[np.uint8], at_u: Longs, at_v: Longs) -> Longs:
    """Counts equal bytes of the sketches of each pair."""
    parts = [
        (sketches[at_u[i : i + PAIRS]] == sketches[at_v[i : i + PAIRS]]).sum(axis=1) for i in range(0, len(at_u), PAIRS)
    ]
    return np.concatenate([np.empty(0, np.int64), *parts])


def _deciding(u: Longs, v: Longs, equal: Longs, surely: int) -> tuple[Longs, Longs]:
    """Selects the pairs to compare exactly: `spark.deduplication.verify.deciding_pairs`."""
    if not len(u):
        return u, v
    is_sure = equal >= surely
    sorted_ = np.lexsort((u, np.where(is_sure, 0, -equal), ~is_sure, v))
    u, v, is_sure = u[sorted_], v[sorted_], is_sure[sorted_]
    first = starts(v)
    any_sure = is_sure[first]
    number = np.arange(len(v)) - first
    chosen = (is_sure == any_sure) & (number < np.where(any_sure, SURE, OPEN))
    return u[chosen], v[chosen]


def _edges(pairs: tuple[Longs, Longs], sets: dict[int, Hashes], threshold: float) -> Iterator[tuple[int, int, float]]:
    for u, v in zip(pairs[0].tolist(), pairs[1].tolist(), strict=True):
        jaccard = similarity(sets[u], sets[v])
        if jaccard >= threshold:
            yield u, v, jaccard


def _clusters(edges: list[tuple[int, int, float]]) -> dict[int, int]:
    """Returns the best document of the cluster of each document with an edge."""
    if not edges:
        return {}
    u, v = (np.array(ends, np.int64) for ends in list(zip(*edges, strict=True))[:2])
    nodes, roots = smallest_members(u, v)
    return dict(zip(nodes.tolist(), roots.tolist(), strict=True))


def _near(
    edges: list[tuple[int, int, float]], clusters: dict[int, int], sets: dict[int, Hashes], threshold: float
) -> Iterator[NearRemoval]:
    """Resolves clusters: by their edges or, where these do not suffice, by their shingle sets."""
    rows: list[dict[str, Any]] = [
        {"cluster": clusters[v], "v": v, "u": u, "jaccard": jaccard, "kept_as": None}
        for v, u, jaccard in sorted((v, u, jaccard) for u, v, jaccard in edges)
    ]
    rows.sort(key=lambda row: row["cluster"])
    open_ = set()
    for found in resolve_by_edges(rows, threshold):
        if found.rank is None:
            open_.add(found.cluster)
        else:
            assert found.duplicate_of is not None and found.jaccard is not None
            yield NearRemoval(found.rank, found.duplicate_of, found.jaccard, found.cluster)
    yield from resolve_by_sets(_members([row for row in rows if row["cluster"] in open_], sets), threshold)


def _members(rows: list[dict[str, Any]], sets: dict[int, Hashes]) -> Iterator[dict[str, Any]]:
    """Yields the documents of clusters in order, each with the better ones that it is similar to."""
    for cluster, edges in itertools.groupby(rows, key=lambda row: row["cluster"]):
        similar: dict[int, list[dict[str, Any]]] = {}
        for edge in edges:
            similar.setdefault(edge["u"], [])
            similar.setdefault(edge["v"], []).append(edge)
        for rank in sorted(similar):
            shingles = sets[rank].astype("<u8").tobytes()
            yield {"cluster": cluster, "rank": rank, "similar": similar[rank], "shingles": shingles}


def _removals(exact: dict[int, int], near: list[NearRemoval]) -> Iterator[RemovedDocument]:
    """Combines both steps: `spark.deduplication.removals.removals`."""
    onward = {removal.rank: removal for removal in near}
    for rank, matched in exact.items():
        further = onward.get(matched)
        if further is None:
            yield RemovedDocument(rank, "exact", matched, matched, 1.0, None)
        else:
            yield RemovedDocument(rank, "exact", matched, further.duplicate_of, further.jaccard, further.cluster)
    for removal in near:
        duplicate_of = removal.duplicate_of
        yield RemovedDocument(removal.rank, "near", duplicate_of, duplicate_of, removal.jaccard, removal.cluster)
