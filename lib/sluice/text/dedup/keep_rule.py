"""Who stays of documents that are similar: only what a kept document makes redundant goes. Ours.

The documents of a cluster are judged best first, each by the documents before it that it is verified to be similar to:

1. if any of those stays, it goes, and the most similar of them is its witness, the better one of two alike
2. if they all went, it is compared with their witnesses, and goes in the same way if one reaches the threshold
3. otherwise it stays

So a chain A-B-C does not remove C for A unless the two are similar themselves. What happens to a document depends on
those before it alone: it stays so when worse ones, such as those of a later crawl, come after it.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple


class Similar(NamedTuple):
    """A better document and how similar it is, at or above the threshold.

    `fate` is what became of it if it was judged with an earlier crawl: itself if it stayed, else its witness.
    """

    rank: int
    jaccard: float
    fate: int | None = None


class Going(NamedTuple):
    """A document that goes for a witness that stays."""

    rank: int
    duplicate_of: int
    jaccard: float


class NeedsComparison(Exception):
    """Documents have to be compared that no edge joins."""


Compare = Callable[[int, int], float]
"""Exact Jaccard similarity of a document that stays and a worse one, by rank."""


def settle(
    members: Iterable[tuple[int, list[Similar]]], threshold: float, compare: Compare | None = None
) -> Iterator[Going]:
    """Those of a cluster that go, each as soon as it is judged.

    members: by rank, ascending, each with the documents before it that it is similar to.
    Raises NeedsComparison in case 2 without `compare`.
    """
    fates: dict[int, int] = {}
    for rank, similar in members:
        for other in similar:
            fates.setdefault(other.rank, other.rank if other.fate is None else other.fate)
        staying = [other for other in similar if fates[other.rank] == other.rank]
        if similar and not staying:
            if compare is None:
                raise NeedsComparison
            kept = sorted({fates[other.rank] for other in similar})
            compared = [Similar(other, compare(other, rank)) for other in kept]
            staying = [other for other in compared if other.jaccard >= threshold]
        if staying:
            best = max(staying, key=lambda other: (other.jaccard, -other.rank))
            fates[rank] = best.rank
            yield Going(rank, best.rank, best.jaccard)
