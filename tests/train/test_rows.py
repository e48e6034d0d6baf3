"""The assignment of records to rows."""

from collections import Counter

import pytest

from sluice.data.dataset.manifest import Shard
from sluice.train.rows import Position, Segment, plan_rows, position, records_per_row, steps_per_epoch, without_first


def shard(path: str, records: int) -> Shard:
    return Shard(
        path=path, records=records, bytes=0, sha256="", crc32c="", tokens=0, docs=0, utf8_bytes=0,
        dropped_tokens=0, padded_tokens=0,
    )  # fmt: skip


SHARDS = [shard("a", 1000), shard("b", 10), shard("c", 777)]


def test_one_shard_is_divided_in_order() -> None:
    rows = plan_rows([shard("a", 11)], 3, epoch=0, seed=0)
    assert rows == [[Segment("a", 0, 3)], [Segment("a", 3, 3)], [Segment("a", 6, 3)]]


@pytest.mark.parametrize("batch_size", [1, 2, 7, 20, 256])
@pytest.mark.parametrize("epoch", [0, 1, 5])
def test_rows_are_equal_and_no_record_is_read_twice(batch_size: int, epoch: int) -> None:
    rows = plan_rows(SHARDS, batch_size, epoch, seed=3)
    read = Counter((s.path, s.first + k) for row in rows for s in row for k in range(s.count))
    assert {sum(s.count for s in row) for row in rows} == {1787 // batch_size}
    assert max(read.values()) == 1
    assert 1787 - len(read) < batch_size
    assert all(0 <= number < {"a": 1000, "b": 10, "c": 777}[path] for path, number in read)


def test_the_plan_depends_only_on_its_arguments_and_differs_by_epoch() -> None:
    many = [shard(f"s{i}", 10) for i in range(20)]
    plan = plan_rows(many, 4, epoch=2, seed=9)
    assert plan == plan_rows(many, 4, epoch=2, seed=9)
    assert plan != plan_rows(many, 4, epoch=3, seed=9)
    assert plan != plan_rows(many, 4, epoch=2, seed=8)


def test_skipping_records_equals_reading_them_one_by_one() -> None:
    row = [Segment("a", 5, 3), Segment("b", 0, 2), Segment("c", 7, 4)]
    one_by_one = [(s.path, s.first + k) for s in row for k in range(s.count)]
    for skipped in range(10):
        rest = [(s.path, s.first + k) for s in without_first(row, skipped) for k in range(s.count)]
        assert rest == one_by_one[skipped:]


def test_counts_and_positions_of_rows() -> None:
    assert records_per_row(SHARDS, 20) == 89
    assert steps_per_epoch(SHARDS, 20, seq_len=1024, bptt_steps=64) == 89 * 16
    assert position(2849, per_epoch=1424) == Position(epoch=2, step=1)
