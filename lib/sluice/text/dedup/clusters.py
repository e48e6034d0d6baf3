"""Clusters of similar documents: the connected components of the edges, and their resolution from rows."""

import itertools
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from sluice.core.records.base import Record
from sluice.core.records.dedup import NearRemoval
from sluice.text.dedup.keep_rule import NeedsComparison, Similar, resolve_cluster
from sluice.text.dedup.shingles import similarity

Ids = npt.NDArray[np.int64]


def smallest_members(u: Ids, v: Ids) -> tuple[Ids, Ids]:
    """Returns every node of an edge list [n] int64 and the smallest node of its component.

    Min-label hooking and pointer jumping on arrays (Shiloach, Vishkin 1982). Each round hooks the larger root of an
    edge under the smaller one and then shortens all paths, until no edge joins two roots.
    """
    nodes, inverse = np.unique(np.concatenate([u, v]), return_inverse=True)
    a, b = inverse[: len(u)], inverse[len(u) :]
    parent = np.arange(len(nodes))
    while len(a):
        root_a, root_b = parent[a], parent[b]
        np.minimum.at(parent, np.maximum(root_a, root_b), np.minimum(root_a, root_b))
        while not np.array_equal(parent, shorter := parent[parent]):
            parent = shorter
        apart = parent[a] != parent[b]
        a, b = a[apart], b[apart]
    return nodes, nodes[parent]


class Resolved(Record):
    """A near-removal. Without `rank`: a cluster in which documents without an edge must be compared."""

    cluster: int
    rank: int | None
    duplicate_of: int | None
    jaccard: float | None


def resolve_by_edges(rows: Iterable[dict[str, Any]], threshold: float) -> Iterator[Resolved]:
    """Resolves clusters from sorted edges (cluster, v, u, jaccard, kept_as)."""
    for cluster, edges in itertools.groupby(rows, key=lambda row: row["cluster"]):
        members = (
            (rank, [Similar(row["u"], row["jaccard"], row["kept_as"]) for row in found])
            for rank, found in itertools.groupby(edges, key=lambda row: row["v"])
        )
        try:
            resolved = list(resolve_cluster(members, threshold))
        except NeedsComparison:
            yield Resolved(cluster=cluster, rank=None, duplicate_of=None, jaccard=None)
            continue
        for rank, duplicate_of, jaccard in resolved:
            yield Resolved(cluster=cluster, rank=rank, duplicate_of=duplicate_of, jaccard=jaccard)


def resolve_by_sets(rows: Iterable[dict[str, Any]], threshold: float) -> Iterator[NearRemoval]:
    """Resolves clusters from sorted documents (cluster, rank, similar, shingles)."""
    for cluster, documents in itertools.groupby(rows, key=lambda row: row["cluster"]):
        kept: dict[int, npt.NDArray[np.uint64]] = {}
        members = _with_sets(documents, kept)
        for rank, duplicate_of, jaccard in resolve_cluster(members, threshold, partial(_compare, kept)):
            del kept[rank]
            yield NearRemoval(rank=rank, duplicate_of=duplicate_of, jaccard=jaccard, cluster=cluster)


def _with_sets(
    documents: Iterable[dict[str, Any]], kept: dict[int, npt.NDArray[np.uint64]]
) -> Iterator[tuple[int, list[Similar]]]:
    """Yields members for `resolve_cluster` and adds the shingle set of each to `kept`."""
    for row in documents:
        kept[row["rank"]] = np.frombuffer(row["shingles"], "<u8")
        yield row["rank"], [Similar(other["u"], other["jaccard"], other["kept_as"]) for other in row["similar"] or ()]


def _compare(kept: dict[int, npt.NDArray[np.uint64]], better: int, worse: int) -> float:
    return similarity(kept[better], kept[worse])
