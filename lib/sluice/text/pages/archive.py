"""Extraction of one archive in a single pass: documents, rejections, damaged ranges and final counts."""

import contextlib
import json
import re
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from msgspec.structs import replace

from sluice.core.config.extract import ExtractConfig
from sluice.core.errors import RemoteError
from sluice.core.ids import document_id, document_id_at
from sluice.core.ledger import Ledger
from sluice.core.reasons import Reason
from sluice.core.records.docs import Document, Page, PlanEntry, Quarantine, Rejection, WarcStats
from sluice.data.archives.http_message import ERRORS, gunzip
from sluice.data.archives.reader import ArchiveRecord, Damage, Item, read_archive
from sluice.data.archives.wanted import WantedRecords, read_wanted
from sluice.data.storage import stream_size
from sluice.data.storage.ranges import RangeReader
from sluice.text.charset.decode import header_charset
from sluice.text.cleaning.clean import Edits
from sluice.text.pages.media_type import MediaType, is_called_html, media_type
from sluice.text.pages.page import PageProcessor, is_answer

TEXT_TYPE = "text/plain"  # of the conversion records in WET files
WAT_TYPE = "application/json"  # of the metadata records in WAT files
STATUS = re.compile(r"(?:^|\s)([1-5]\d\d)(?:\s|$)")  # also matches the malformed `HTTP/1.1 HTTP/1.1 200 OK`

OpenRead = Callable[[str], BinaryIO]
OpenRanges = Callable[[str], RangeReader]


@dataclass
class WarcAccount:
    """The counts of one archive: `records = documents + Σ dropped`, `bytes = good + Σ quarantined_bytes`.

    `html` counts HTML pages and files sent as HTML, `texts` the conversion records of WET files: each gives a document
    or a rejection. `unterminated` counts pages whose body lacks only its last chunk or its checksum; they are read. If
    only wanted records are read, `bytes` counts those records. `wanted` counts the records named by an index; `missing`
    counts those that were not found. For documents, `extracted_chars = chars + Σ cut_chars`; `masked` counts masks of
    personal data by kind.
    """

    bytes: int = 0
    quarantined_bytes: int = 0
    records: int = 0
    html: int = 0
    documents: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    texts: int = 0
    wanted: int = 0
    missing: int = 0
    extracted_chars: int = 0
    chars: int = 0
    cut_chars: Counter[str] = field(default_factory=Counter)
    masked: Counter[str] = field(default_factory=Counter)
    unterminated: int = 0

    def __add__(self, other: "WarcAccount") -> "WarcAccount":
        return WarcAccount(**{name: _sum(value, getattr(other, name)) for name, value in vars(self).items()})

    def to_json(self) -> str:
        """Returns JSON with sorted keys."""
        return json.dumps(vars(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "WarcAccount":
        """The inverse of `to_json`."""
        plain: dict[str, Any] = json.loads(text)
        values: dict[str, Any] = {n: Counter(v) if isinstance(v, dict) else v for n, v in plain.items()}
        return cls(**values)

    def ledgers(self) -> list[Ledger]:
        """Returns two ledgers: records in, documents out; for documents, extracted characters in, stored ones out."""
        return [
            Ledger("records", self.records, self.documents, dict(self.dropped)),
            Ledger("characters", self.extracted_chars, self.chars, dict(self.cut_chars)),
        ]

    def count(self, document: Document) -> None:
        """Counts a document and the cuts from it."""
        self.documents += 1
        self.languages[document.language] += 1
        edits = Edits.from_json(document.edits)
        self.chars += document.n_chars
        self.extracted_chars += document.n_extracted_chars
        self.cut_chars.update(edits.chars)
        self.masked.update(edits.masked)


def _sum(one: Any, other: Any) -> Any:
    """Adds two numbers, or two counters: `+` of counters would drop counts that are not positive."""
    if not isinstance(one, Counter):
        return one + other
    result = Counter(one)
    result.update(other)
    return result


def extract_archive(
    entry: PlanEntry,
    processor: PageProcessor,
    open_read: OpenRead,
    *,
    wanted: WantedRecords | None = None,
    open_ranges: OpenRanges | None = None,
) -> Generator[Document | Rejection | Quarantine | WarcStats, None, None]:
    """Yields everything in one archive, in file order, then exactly one `WarcStats`.

    The same bytes give the same records. Keeps one record in memory. Records without a page are only counted by reason;
    HTML pages, files sent as HTML and the texts of WET files always give a row. Raises InputError if a local file
    cannot be opened.

    With `wanted`, only the records at those offsets are used, and ids are computed from offsets. The documents are the
    same whether the whole archive is read (other records are dropped as `not_selected`) or, if `open_ranges` is given
    and `entry.mode` is `index`, only those ranges.
    """
    account = WarcAccount(wanted=0 if wanted is None else len(wanted))
    if wanted is not None and open_ranges is not None and entry.mode == "index":
        items = _read_places(entry, processor.extract, open_ranges, wanted, account)
    else:
        items = _read(entry, processor.extract, open_read, wanted, account)
    taken: set[int] = set()  # wanted offsets used so far
    for item in items:
        if isinstance(item, Damage):
            account.quarantined[item.reason] += 1
            account.quarantined_bytes += item.length
            yield _quarantine(entry, item)
        if not isinstance(item, ArchiveRecord):
            continue
        account.records += 1
        if wanted is not None and item.is_selected:
            taken.add(item.offset)
        if item.payload is None:
            account.dropped[_other(item)] += 1
            continue
        name = document_id if wanted is None else document_id_at
        place = item.ordinal if wanted is None else item.offset
        result = _row(item, processor, account, partial(_page, entry, name(entry.crawl, entry.warc_index, place)))
        if isinstance(result, Document):
            account.count(result)
        elif isinstance(result, Rejection):
            account.dropped[result.reason] += 1
        else:
            account.dropped[result] += 1
            continue
        yield result
    account.missing = account.wanted - len(taken)
    for ledger in account.ledgers():
        ledger.check("extract")
    yield WarcStats(crawl=entry.crawl, warc_index=entry.warc_index, warc_name=entry.warc_name, stats=account.to_json())


def _read(
    entry: PlanEntry, extract: ExtractConfig, open_read: OpenRead, wanted: WantedRecords | None, account: WarcAccount
) -> Iterator[Item]:
    """Yields records and damage. If a remote file cannot be read, all bytes not covered yet are reported as damage."""
    account.bytes = entry.size or 0
    end = 0
    try:
        with open_read(entry.path) as stream:
            if entry.size is None:
                account.bytes = stream_size(stream)
            for item in read_archive(
                stream,
                account.bytes,
                is_wanted=_may_be_page,
                max_bytes=extract.max_page_bytes,
                wanted=None if wanted is None else wanted.offsets.tolist(),
                check_digests=extract.check_digests,
            ):
                yield item
                end = max(end, item.offset + item.length)  # damage at a wanted offset without a record is yielded late
    except RemoteError as e:
        yield Damage(end, account.bytes - end, Reason.UNREADABLE, str(e))


def _read_places(
    entry: PlanEntry, extract: ExtractConfig, open_ranges: OpenRanges, wanted: WantedRecords, account: WarcAccount
) -> Iterator[Item]:
    account.bytes = int(wanted.lengths.sum())
    try:
        reader = open_ranges(entry.path)
    except RemoteError as e:
        yield Damage(int(wanted.offsets[0]), account.bytes, Reason.UNREADABLE, str(e))
        return
    with contextlib.closing(reader):
        yield from read_wanted(
            reader,
            wanted,
            extract.transport,
            is_wanted=_may_be_page,
            max_bytes=extract.max_page_bytes,
            check_digests=extract.check_digests,
        )


def _may_be_page(record_type: str, content_type: str | None) -> bool:
    """Whether the payload of a record is read. The type of a response does not matter: servers send any."""
    if record_type == "conversion":
        return (content_type or "").partition(";")[0].strip().lower() == TEXT_TYPE
    return record_type in ("response", "resource")


def _row(
    record: ArchiveRecord, processor: PageProcessor, account: WarcAccount, page_of: Callable[..., Page]
) -> Document | Rejection | Reason:
    """Returns the row of a record with a payload, or the reason for which it is only counted."""
    types = record.content_type, record.identified_type
    if record.record_type == "conversion":
        account.texts += 1
        return processor.process_text(page_of(record))
    if record.payload_error:
        if not is_called_html(*types):
            return Reason.NOT_HTML
        account.html += 1
        return _rejection(page_of(record), Reason.BAD_ENCODING, record.payload_error)
    record, judged = _judge(record, processor.extract.max_page_bytes)
    if judged.reason and not judged.is_called_html:
        return judged.reason
    account.html += 1
    page = page_of(record, judged)
    if judged.reason and is_answer(page):
        return _rejection(page, judged.reason, judged.kind)
    account.unterminated += record.is_unterminated
    return processor.process(page)


def _judge(record: ArchiveRecord, max_bytes: int) -> tuple[ArchiveRecord, MediaType]:
    """Decides whether a record is a page. Decompresses a payload that is gzip without a Content-Encoding."""
    types = record.content_type, record.identified_type
    judged = media_type(record.payload or b"", *types)
    if judged.kind == "gzip" and judged.reason != Reason.NOT_HTML:
        with contextlib.suppress(*ERRORS):
            inner = gunzip(record.payload or b"", max_bytes + 1)
            if not (found := media_type(inner, *types)).reason:
                return replace(record, payload=inner[:max_bytes], is_cut=len(inner) > max_bytes), found
    return record, judged


def _other(record: ArchiveRecord) -> str:
    """Returns the reason why a record without a page is dropped."""
    if not record.is_selected:
        return Reason.NOT_SELECTED
    if record.record_type == "metadata" and (record.content_type or "").startswith(WAT_TYPE):
        return Reason.WAT
    return Reason.NOT_RESPONSE


def _page(entry: PlanEntry, doc_id: int, record: ArchiveRecord, judged: MediaType | None = None) -> Page:
    status = STATUS.search(record.http_status or "")
    return Page(
        crawl=entry.crawl,
        warc_index=entry.warc_index,
        warc_name=entry.warc_name,
        rec_offset=record.offset,
        rec_length=record.length,
        url=record.url,
        host=_host(record.url),
        doc_id=doc_id,
        fetched_at=_moment(record.date),
        http_status=int(status[1]) if status else None,
        header_charset=header_charset(record.content_type),
        robots_header=record.robots_header,
        payload=record.payload or b"",
        is_xhtml=judged is not None and judged.is_xhtml,
        is_text=judged is not None and judged.is_text,
        is_part=record.is_part,
        is_cut=record.is_cut,
    )


def _rejection(page: Page, reason: Reason, detail: str) -> Rejection:
    located = {name: getattr(page, name) for name in Rejection.__struct_fields__ if hasattr(page, name)}
    return Rejection(**located, reason=reason, detail=detail)


def _quarantine(entry: PlanEntry, damage: Damage) -> Quarantine:
    return Quarantine(
        crawl=entry.crawl,
        warc_index=entry.warc_index,
        warc_name=entry.warc_name,
        rec_offset=damage.offset,
        rec_length=damage.length,
        reason=damage.reason,
        detail=damage.detail,
    )


def _host(url: str | None) -> str | None:
    try:
        return urlsplit(url or "").hostname
    except ValueError:
        return None


def _moment(date: str | None) -> datetime | None:
    """Parses a WARC-Date to UTC; None if it is missing or malformed."""
    try:
        moment = datetime.fromisoformat(date or "")
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # overflow: a time zone that leads before the year 1
        return None
