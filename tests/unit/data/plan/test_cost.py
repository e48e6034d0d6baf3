"""Cost estimates of reading, checked against numbers computed by hand."""

import numpy as np
import pytest

from sluice.core.config.plan import CostConfig, PlanConfig, TransportConfig
from sluice.data.archives.wanted import WantedRecords
from sluice.data.plan.cost import Work, choose_mode, core_seconds, dollars, index_work, scan_work, table

TRANSPORT = TransportConfig(chunk_bytes=1000, merge_gap_bytes=100)
COST = CostConfig(
    core_hour=3.6, per_1000_requests=2.0, per_gb=5.0, read_mb_per_s=10.0, request_s=0.5, page_s=0.25, pages_per_gb=4e6
)


def test_a_full_read_takes_one_request_per_chunk_and_one_for_the_length():
    assert scan_work(2001, 7, COST, TRANSPORT) == Work(1, 7, 4, 2001)
    assert scan_work(2000, 7, COST, TRANSPORT) == Work(1, 7, 3, 2000)
    assert scan_work(0, 0, COST, TRANSPORT) == Work(1, 0, 1, 0)


def test_without_an_index_or_a_length_typical_values_are_assumed():
    assert scan_work(2000, None, COST, TRANSPORT) == Work(1, 8.0, 3, 2000)
    assert scan_work(None, 5, COST, TRANSPORT) == Work(1, 5, 1_000_001, 1_000_000_000)


def test_selective_reading_takes_one_request_per_range_and_one_for_the_length():
    wanted = WantedRecords(np.array([0, 150, 5000]), np.array([50, 50, 9]))
    assert index_work(wanted, TRANSPORT) == Work(1, 3, 3, 209)


def test_time_and_money_are_sums_over_the_work():
    work = Work(1, 40, 6, 20_000_000)
    assert core_seconds(work, COST) == 2 + 10 + 3
    assert dollars(work, COST) == pytest.approx(15 / 3600 * 3.6 + 6 / 1000 * 2 + 0.02 * 5)


def test_the_cheaper_mode_is_chosen_unless_a_mode_is_set():
    cheap, dear = Work(1, 1, 1, 10), Work(1, 1, 50, 10)
    assert choose_mode(dear, cheap, PlanConfig(cost=COST)) == "index"
    assert choose_mode(cheap, dear, PlanConfig(cost=COST)) == "scan"
    assert choose_mode(cheap, cheap, PlanConfig(cost=COST)) == "scan"
    assert choose_mode(dear, cheap, PlanConfig(cost=COST, mode="scan")) == "scan"
    assert choose_mode(cheap, dear, PlanConfig(cost=COST, mode="index")) == "index"


@pytest.mark.parametrize(("share", "mode"), [(0.05, "scan"), (0.001, "index")])
def test_five_percent_of_a_common_crawl_is_scanned_and_a_thousandth_is_read_by_range(share, mode):
    # a Common Crawl archive: 1 GB, 27,700 pages of 36 kB, evenly spaced
    count = int(27_700 * share)
    wanted = WantedRecords(np.arange(count) * (10**9 // count), np.full(count, 36_000))
    plan = PlanConfig()
    scan = scan_work(10**9, count, plan.cost, TransportConfig())
    assert choose_mode(scan, index_work(wanted, TransportConfig()), plan) == mode


def test_the_cost_table_has_a_column_per_mode():
    text = table({"scan": Work(2, 1000, 7200, 3_000_000_000), "chosen": Work(1, 10, 36, 999)}, COST, 2.0)
    lines = [line.split() for line in text.splitlines()]
    assert lines[0] == ["scan", "chosen"]
    assert lines[1:5] == [
        ["archives", "2", "1"],
        ["records", "wanted", "1,000", "10"],
        ["requests", "7,200", "36"],
        ["bytes", "3.0", "GB", "999", "B"],
    ]
    assert lines[5] == ["hours", "at", "2", "requests/s", "1.00", "0.005"]
    assert lines[6] == ["core-hours", "1.15", "0.0057"]  # 300 s + 250 s + 3,600 s; 20.5 s
    assert lines[7] == ["dollars", "33.55", "0.093"]  # 4.15 + 14.40 + 15.00
    assert "without a request limit" in table({"scan": Work()}, COST, None)
