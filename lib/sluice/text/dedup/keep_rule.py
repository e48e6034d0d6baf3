"""Which documents of a near-duplicate cluster are kept. A document is removed only if a *kept* one is similar to it.

The rule is ours. The documents of a cluster are processed best first, each with the better ones that it is similar to:

1. if any of these is kept, the document is removed for the most similar one (of equally similar ones, the better)
2. if all were removed, it is compared with the documents kept instead, and removed if one reaches the threshold
3. otherwise it is kept

So in a chain A-B-C, C is not removed for A unless the two are similar themselves. The result for a document depends
only on better documents: worse ones, such as those of a later crawl, do not change it.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple


class Similar(NamedTuple):
    """A better document and its similarity, at or above the threshold.

    `kept_as` is its result in an earlier crawl, if it was in one: the document itself if kept, else its `duplicate_of`.
    """

    rank: int
    jaccard: float
    kept_as: int | None = None


class PlannedRemoval(NamedTuple):
    """A document to remove, and the kept one that it duplicates."""

    rank: int
    duplicate_of: int
    jaccard: float


class NeedsComparison(Exception):
    """Two documents without an edge must be compared."""


Compare = Callable[[int, int], float]
"""Exact Jaccard similarity of a kept document and a worse one, by rank."""


def resolve_cluster(
    members: Iterable[tuple[int, list[Similar]]], threshold: float, compare: Compare | None = None
) -> Iterator[PlannedRemoval]:
    """Yields the removals of a cluster, each as soon as it is decided.

    members: ascending by rank, each with the better documents that it is similar to.
    Raises NeedsComparison in case 2 without `compare`.
    """
    kept_as: dict[int, int] = {}
    for rank, similar in members:
        for other in similar:
            kept_as.setdefault(other.rank, other.rank if other.kept_as is None else other.kept_as)
        kept = [other for other in similar if kept_as[other.rank] == other.rank]
        if similar and not kept:
            if compare is None:
                raise NeedsComparison
            others = sorted({kept_as[other.rank] for other in similar})
            compared = [Similar(other, compare(other, rank)) for other in others]
            kept = [other for other in compared if other.jaccard >= threshold]
        if kept:
            best = max(kept, key=lambda other: (other.jaccard, -other.rank))
            kept_as[rank] = best.rank
            yield PlannedRemoval(rank, best.rank, best.jaccard)
