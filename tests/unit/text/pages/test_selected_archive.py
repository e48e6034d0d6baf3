"""Selected records of an archive: equal documents from a scan and from ranges, and balanced counts."""

import io
from functools import partial

import msgspec
import numpy as np
import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from sluice.core.config.dedup import MinHashConfig
from sluice.core.config.extract import ExtractConfig
from sluice.core.config.plan import PlanConfig, SelectionConfig, TransportConfig
from sluice.core.errors import RemoteError
from sluice.core.records.docs import Document, Quarantine, WarcStats
from sluice.data import storage
from sluice.data.archives.wanted import WantedRecords
from sluice.data.plan.table import load_wanted, make_plan_table
from sluice.text.language.identify import model_path
from sluice.text.pages.archive import WarcAccount, extract_archive
from sluice.text.pages.page import PageProcessor
from tests.helpers.index_table import index_row, write_index

NEAR = TransportConfig(merge_gap_bytes=0)
TEXTS = [
    "The old library by the river opens its doors every morning, and people come to read the newspapers there. "
    f"Most of them stay until noon, when the bells of the church across the square ring {number} times."
    for number in range(8)
]


@pytest.fixture
def crawl(tmp_path):
    """An archive written with warcio like a crawler does, with a request and a response per page, and its index."""
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=True)
    writer.write_record(writer.create_warcinfo_record("a.warc.gz", {"software": "test"}))
    for number, text in enumerate(TEXTS):
        url = f"http://h{number}.test/"
        writer.write_record(writer.create_warc_record(url, "request", io.BytesIO(b"GET / HTTP/1.1\r\n\r\n")))
        headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
        body = f"<html><body><p>{text}</p></body></html>".encode()
        writer.write_record(writer.create_warc_record(url, "response", io.BytesIO(body), http_headers=headers))
    path = tmp_path / "in" / "crawl-data" / "a.warc.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(buffer.getvalue())
    rows = []
    with path.open("rb") as stream:
        records = ArchiveIterator(stream)
        for record in records:
            if record.rec_type == "response":
                language = "eng,deu" if len(rows) % 3 else "deu,eng"
                record.content_stream().read()
                offset, length = records.get_record_offset(), records.get_record_length()
                rows.append(index_row("crawl-data/a.warc.gz", offset, length, languages=language))
    write_index(tmp_path / "index.parquet", rows)
    return path, rows


def planned(tmp_path, mode, **selection):
    plan = PlanConfig(
        inputs=(str(tmp_path / "in"),),
        index=(str(tmp_path / "index.parquet"),),
        mode=mode,
        crawl=5,
        selection=SelectionConfig(**selection),
    )
    made = make_plan_table(str(tmp_path / mode), plan, NEAR)
    return made.entries[0], load_wanted(made.table, made.entries[0])


def extracted(entry, wanted, transport=NEAR, open_ranges=None):
    extract = ExtractConfig(languages=("en",), transport=transport)
    processor = PageProcessor(extract, MinHashConfig(), model_path(None))
    rows = list(
        extract_archive(
            entry,
            processor,
            partial(storage.open_stream, transport=transport),
            wanted=wanted,
            open_ranges=open_ranges or partial(storage.open_ranges, transport=transport),
        )
    )
    assert isinstance(rows[-1], WarcStats)
    return rows[:-1], WarcAccount.from_json(rows[-1].stats)


def test_a_scan_and_ranges_return_equal_documents(tmp_path, crawl):
    path, rows = crawl
    scanned, scan = extracted(*planned(tmp_path, "scan", languages=("eng",)))
    picked, ranges = extracted(*planned(tmp_path, "index", languages=("eng",)))
    wanted = [row for row in rows if row["content_languages"].startswith("eng")]
    assert len(wanted) == 5
    assert scanned == picked
    assert [type(row) for row in picked] == [Document] * 5
    assert [row.rec_offset for row in picked] == [row["warc_record_offset"] for row in wanted]
    assert [row.rec_length for row in picked] == [row["warc_record_length"] for row in wanted]
    assert [row.text for row in picked] == [TEXTS[number] for number in (1, 2, 4, 5, 7)]
    # 5 x 2^44 + 0 x 2^24 + the offset in cells of 128 bytes
    assert [row.doc_id for row in picked] == [5 * 2**44 + row["warc_record_offset"] // 128 for row in wanted]
    assert (scan.bytes, scan.records, scan.dropped) == (path.stat().st_size, 17, {"not_selected": 12})
    assert (ranges.bytes, ranges.records, ranges.dropped) == (sum(r["warc_record_length"] for r in wanted), 5, {})
    for account in (scan, ranges):
        assert (account.wanted, account.missing, account.documents, account.quarantined_bytes) == (5, 0, 5, 0)


def test_ids_by_offset_do_not_depend_on_the_selection(tmp_path, crawl):
    every, _ = extracted(*planned(tmp_path, "index"))
    (tmp_path / "index").rename(tmp_path / "all")
    some, _ = extracted(*planned(tmp_path, "index", languages=("eng",)))
    ids = {row.url: row.doc_id for row in every}
    assert len(set(ids.values())) == 8
    assert {row.url: row.doc_id for row in some}.items() <= ids.items()


def test_offsets_without_a_record_are_counted_in_both_modes(tmp_path, crawl):
    _, rows = crawl
    entry, wanted = planned(tmp_path, "index")
    wrong = WantedRecords(wanted.offsets + np.array([0, 5, 0, 0, 0, 0, 0, 0]), wanted.lengths - 5)
    wrong.lengths[[0, 2, 3, 4, 5, 6, 7]] += 5
    picked, ranges = extracted(entry, wrong)
    lost = [row for row in picked if isinstance(row, Quarantine)]
    assert [(row.reason, row.rec_offset, row.rec_length) for row in lost] == [
        ("no_record", rows[1]["warc_record_offset"] + 5, rows[1]["warc_record_length"] - 5)
    ]
    assert (ranges.wanted, ranges.missing, ranges.records) == (8, 1, 7)
    assert ranges.quarantined_bytes == lost[0].rec_length
    assert ranges.bytes == int(wrong.lengths.sum())
    scanned, scan = extracted(planned(tmp_path, "scan")[0], wrong)
    assert [row for row in scanned if not isinstance(row, Quarantine)] == [
        row for row in picked if not isinstance(row, Quarantine)
    ]
    (row,) = [row for row in scanned if isinstance(row, Quarantine)]
    assert (row.reason, row.rec_offset, row.rec_length) == ("no_record", lost[0].rec_offset, 0)
    assert (scan.wanted, scan.missing, scan.quarantined, scan.quarantined_bytes) == (8, 1, {"no_record": 1}, 0)


def test_an_unreachable_archive_loses_all_wanted_records(tmp_path, crawl):
    entry, wanted = planned(tmp_path, "index")

    def refuse(path):
        raise RemoteError(f"Cannot read {path}: HTTP 404, is not there.")

    (row,), account = extracted(entry, wanted, open_ranges=refuse)
    assert (row.reason, row.rec_offset) == ("unreadable", int(wanted.offsets[0]))
    assert account.bytes == account.quarantined_bytes == row.rec_length == int(wanted.lengths.sum())
    assert (account.wanted, account.missing) == (8, 8)


def test_an_unknown_length_is_read_from_the_archive(tmp_path, crawl):
    path, _ = crawl
    entry, wanted = planned(tmp_path, "scan")
    rows, account = extracted(msgspec.structs.replace(entry, size=None), wanted)
    assert (rows, account) == extracted(entry, wanted)
    assert account.bytes == path.stat().st_size
