"""Which documents of a bucket are compared: every document with the best ones, its leaders."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sluice.core.config.dedup import DedupConfig

Longs = npt.NDArray[np.int64]


class LeaderCounts(NamedTuple):
    """Number of leaders that a document is compared with; smaller from position `crowded_size` of its bucket."""

    in_crowded: int
    per_bucket: int
    crowded_size: int

    @classmethod
    def of(cls, dedup: DedupConfig) -> "LeaderCounts":
        per_bucket = dedup.leaders_per_bucket
        return cls(min(dedup.leaders_in_crowded_bucket, per_bucket), per_bucket, dedup.crowded_bucket_size)


def star_pairs(
    buckets: Longs, ranks: Longs, positions: Longs, is_new: npt.NDArray[np.bool_], leaders: LeaderCounts
) -> tuple[Longs, Longs]:
    """Returns pairs (u, v), u < v, of every new row with the leaders of its bucket.

    buckets, ranks, positions [n] int64, sorted by (bucket, rank). All leaders of each bucket must be included; other
    rows may be missing.
    """
    start = starts(buckets)
    us, vs = [], []
    for k in range(leaders.per_bucket):
        compared = is_new & (positions > k)
        if k >= leaders.in_crowded:
            compared &= positions < leaders.crowded_size
        others = np.flatnonzero(compared)
        us.append(ranks[start[others] + k])
        vs.append(ranks[others])
    return np.concatenate(us), np.concatenate(vs)


def starts(buckets: Longs) -> Longs:
    """Returns the index of the first row of each row's bucket, [n]."""
    begins = np.r_[True, buckets[1:] != buckets[:-1]]
    return np.maximum.accumulate(np.where(begins, np.arange(len(buckets)), 0))
