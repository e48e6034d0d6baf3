"""Assigns records to rows. Pure arithmetic: the position in the data depends only on (epoch, step).

Whole shards are permuted by (seed, epoch); their concatenated records are divided into G rows of equal length.
Every worker computes all rows without communication, and all rows end at the same step.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sluice.core.ids import mix64
from sluice.data.dataset.manifest import Shard


@dataclass(frozen=True, slots=True)
class Segment:
    """`count` consecutive records of one file, starting with record `first`."""

    path: str
    first: int
    count: int


Row = list[Segment]


@dataclass(frozen=True, slots=True)
class Position:
    """The position of a step in the data."""

    epoch: int
    """Counted from 0."""
    step: int
    """Within the epoch, counted from 0."""


def records_per_row(shards: Sequence[Shard], batch_size: int) -> int:
    """Return the records per row. The remainder, fewer than `batch_size` records, is not read in that epoch."""
    return sum(shard.records for shard in shards) // batch_size


def steps_per_epoch(shards: Sequence[Shard], batch_size: int, seq_len: int, bptt_steps: int) -> int:
    """Return the number of steps in which every record of every row is read once."""
    return records_per_row(shards, batch_size) * (seq_len // bptt_steps)


def position(step: int, per_epoch: int) -> Position:
    """Return the position of global step `step`."""
    return Position(*divmod(step, per_epoch))


def plan_rows(shards: Sequence[Shard], batch_size: int, epoch: int, seed: int) -> list[Row]:
    """Return the rows of an epoch, each a list of segments in reading order."""
    epoch_seed = mix64(epoch, seed)
    order = sorted(range(len(shards)), key=lambda index: (mix64(index, epoch_seed), index))
    length = records_per_row(shards, batch_size)
    rows: list[Row] = [[] for _ in range(batch_size)]
    at = 0  # records assigned so far, in all rows
    for index in order:
        first, left = 0, shards[index].records
        while left and at < batch_size * length:
            count = min(left, length - at % length)
            rows[at // length].append(Segment(shards[index].path, first, count))
            first, left, at = first + count, left - count, at + count
    return rows


def without_first(row: Row, records: int) -> Row:
    """Return the row without its first `records` records."""
    rest = []
    for segment in row:
        skipped = min(records, segment.count)
        records -= skipped
        if segment.count > skipped:
            rest.append(Segment(segment.path, segment.first + skipped, segment.count - skipped))
    return rest
