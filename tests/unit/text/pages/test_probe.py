"""Speeds are measured on the beginning of a plan."""

import pytest

from sluice.core.config.extract import ExtractConfig
from sluice.core.config.plan import CostConfig, PlanConfig, TransportConfig
from sluice.core.config.schema import Config
from sluice.core.errors import InputError
from sluice.data.plan.table import make_plan_table
from sluice.text.pages import probe
from sluice.text.pages.probe import Speed, measure
from tests.helpers.archives import member, page, starts, warc_record
from tests.helpers.index_table import index_row, write_index


def planned(tmp_path, parts, mode, wanted):
    (tmp_path / "a.warc.gz").write_bytes(b"".join(parts))
    offsets = starts(parts)
    index = write_index(tmp_path / "i.parquet", [index_row("a.warc.gz", offsets[n], len(parts[n])) for n in wanted])
    plan = PlanConfig(inputs=(str(tmp_path / "a.warc.gz"),), index=(index,), mode=mode)
    config = Config(plan=plan, extract=ExtractConfig(transport=TransportConfig(merge_gap_bytes=0)))
    return config, make_plan_table(str(tmp_path / "out"), plan, config.extract.transport)


@pytest.fixture
def parts():
    return [member(warc_record(b"x", kind="warcinfo", url=None)), *(member(page(b"<p>text %d" % n)) for n in range(9))]


def test_the_speed_of_a_scan_is_measured_up_to_the_last_page_read(tmp_path, parts, monkeypatch):
    config, plan = planned(tmp_path, parts, "scan", range(1, 9))
    speed = measure(config, plan)
    assert (speed.pages, speed.bytes) == (8, sum(map(len, parts[:9])))
    assert speed.read_s > 0 and speed.page_s > 0
    monkeypatch.setattr(probe, "MAX_PAGES", 3)
    assert measure(config, plan).pages == 3


def test_the_speed_of_selective_reading_is_measured_from_fetched_bytes(tmp_path, parts):
    speed = measure(*planned(tmp_path, parts, "index", (2, 5)))
    assert (speed.pages, speed.bytes) == (2, len(parts[2]) + len(parts[5]))


def test_an_archive_without_pages_cannot_be_measured(tmp_path, parts):
    with pytest.raises(InputError, match=r"a\.warc\.gz has no HTML page to measure"):
        measure(*planned(tmp_path, parts, "index", (0,)))


def test_measured_speeds_replace_assumed_ones():
    speed = Speed(pages=40, bytes=6_000_000, read_s=2.0, page_s=0.5)
    cost = speed.apply(CostConfig(core_hour=7.0))
    assert (cost.core_hour, cost.read_mb_per_s, cost.page_s, cost.request_s) == (7.0, 3.0, 0.0125, 0.0)
    assert str(speed) == "40 pages: 3.0 MB/s read, 80.0 pages/s"
