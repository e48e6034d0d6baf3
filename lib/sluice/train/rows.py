"""Which record belongs to which row: pure arithmetic, so a position is a function of (epoch, step) alone.

Whole shards are permuted by (seed, epoch); their records, laid end to end, are cut into G rows of equal count.
Every worker can work out every row without asking anyone, and all rows end at the same step.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sluice.core.ids import mix64
from sluice.data.dataset.manifest import Shard


@dataclass(frozen=True, slots=True)
class Segment:
    """`count` records of one file, from record `first` on."""

    path: str
    first: int
    count: int


Row = list[Segment]


@dataclass(frozen=True, slots=True)
class Position:
    """A step as the place it reads from."""

    epoch: int
    """Counted from 0."""
    step: int
    """Inside the epoch, counted from 0."""


def records_per_row(shards: Sequence[Shard], num_rows: int) -> int:
    """Records of each row; what is left over, fewer than `num_rows` records, is not read in that epoch."""
    return sum(shard.records for shard in shards) // num_rows


def steps_per_epoch(shards: Sequence[Shard], num_rows: int, seq_len: int, window: int) -> int:
    """Steps that read every record of every row once."""
    return records_per_row(shards, num_rows) * (seq_len // window)


def position(step: int, per_epoch: int) -> Position:
    """Where global step `step` reads."""
    return Position(*divmod(step, per_epoch))


def plan_rows(shards: Sequence[Shard], num_rows: int, epoch: int, seed: int) -> list[Row]:
    """The rows of an epoch, each a list of segments to be read in order."""
    epoch_seed = mix64(epoch, seed)
    order = sorted(range(len(shards)), key=lambda index: (mix64(index, epoch_seed), index))
    length = records_per_row(shards, num_rows)
    rows: list[Row] = [[] for _ in range(num_rows)]
    at = 0  # records laid down so far, all rows together
    for index in order:
        first, left = 0, shards[index].records
        while left and at < num_rows * length:
            count = min(left, length - at % length)
            rows[at // length].append(Segment(shards[index].path, first, count))
            first, left, at = first + count, left - count, at + count
    return rows


def without_first(row: Row, records: int) -> Row:
    """The row after its first `records` records."""
    rest = []
    for segment in row:
        skipped = min(records, segment.count)
        records -= skipped
        if segment.count > skipped:
            rest.append(Segment(segment.path, segment.first + skipped, segment.count - skipped))
    return rest
