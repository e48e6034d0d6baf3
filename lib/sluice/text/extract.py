"""Everything one archive yields, in one pass: documents, rejections, damaged stretches and a closing account."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from sluice.core.errors import RemoteError
from sluice.core.ids import document_id
from sluice.core.ledger import Ledger
from sluice.core.records import Document, Page, PlanEntry, Quarantine, Rejection, WarcStats
from sluice.data.warc import ArchiveRecord, Damage, Item, read_archive
from sluice.text.charset import header_charset
from sluice.text.process import PageProcessor

HTML_TYPES = ("text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml")
TEXT_TYPE = "text/plain"  # of the conversion records in WET files
WAT_TYPE = "application/json"  # of the metadata records in WAT files
STATUS = re.compile(r"(?:^|\s)([1-5]\d\d)(?:\s|$)")  # also of the malformed `HTTP/1.1 HTTP/1.1 200 OK`

OpenRead = Callable[[str], BinaryIO]


@dataclass
class WarcAccount:
    """The books of one archive: `records = documents + Σ dropped`, `bytes = good + Σ quarantined_bytes`.

    `html` counts HTML responses, `texts` the conversion records of WET files: each gives a document or a rejection.
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

    def __add__(self, other: "WarcAccount") -> "WarcAccount":
        return WarcAccount(**{name: value + getattr(other, name) for name, value in vars(self).items()})

    def to_json(self) -> str:
        """JSON with sorted keys."""
        return json.dumps(vars(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "WarcAccount":
        """The inverse of `to_json`."""
        plain: dict[str, Any] = json.loads(text)
        values: dict[str, Any] = {n: Counter(v) if isinstance(v, dict) else v for n, v in plain.items()}
        return cls(**values)

    def ledger(self) -> Ledger:
        """Records in, documents out."""
        return Ledger("records", self.records, self.documents, dict(self.dropped))


def extract_archive(
    entry: PlanEntry, processor: PageProcessor, open_read: OpenRead
) -> Iterator[Document | Rejection | Quarantine | WarcStats]:
    """Everything one archive yields, in file order, then exactly one `WarcStats`.

    Same bytes in, same records out. Holds one record in memory. Records that hold no page are counted by reason and
    give no row; HTML responses and the texts of WET files always give one. Raises InputError when a local file cannot
    be opened.
    """
    account = WarcAccount(bytes=entry.size)
    for item in _read(entry, processor, open_read):
        if isinstance(item, Damage):
            account.quarantined[item.reason] += 1
            account.quarantined_bytes += item.length
            yield _quarantine(entry, item)
        if not isinstance(item, ArchiveRecord):
            continue
        account.records += 1
        if item.payload is None:
            account.dropped[_other(item)] += 1
            continue
        page = _page(entry, item, item.payload)
        if item.record_type == "conversion":
            account.texts += 1
            result = processor.process_text(page)
        else:
            account.html += 1
            result = processor.process(page) if not item.payload_error else _undecodable(page, item.payload_error)
        if isinstance(result, Document):
            account.documents += 1
            account.languages[result.language] += 1
        else:
            account.dropped[result.reason] += 1
        yield result
    account.ledger().check("extract")
    yield WarcStats(crawl=entry.crawl, warc_index=entry.warc_index, warc_name=entry.warc_name, stats=account.to_json())


def _read(entry: PlanEntry, processor: PageProcessor, open_read: OpenRead) -> Iterator[Item]:
    """Records and damage; of a remote file that stays unreadable, the bytes without a record yet are damage."""
    end = 0
    settings = processor.extract
    try:
        with open_read(entry.path) as stream:
            for item in read_archive(
                stream,
                entry.size,
                is_wanted=_is_page,
                max_bytes=settings.max_page_bytes,
                check_digests=settings.check_digests,
            ):
                yield item
                end = item.offset + item.length
    except RemoteError as e:
        yield Damage(end, entry.size - end, "unreadable", str(e))


def _is_page(record_type: str, content_type: str | None) -> bool:
    media_type = (content_type or "").partition(";")[0].strip().lower()
    return (record_type == "response" and media_type in HTML_TYPES) or (
        record_type == "conversion" and media_type == TEXT_TYPE
    )


def _other(record: ArchiveRecord) -> str:
    """Why a record that holds no page is dropped."""
    if not record.is_selected:
        return "not_selected"
    if record.record_type == "metadata" and (record.content_type or "").startswith(WAT_TYPE):
        return "wat"
    return "not_html" if record.record_type == "response" else "not_response"


def _page(entry: PlanEntry, record: ArchiveRecord, payload: bytes) -> Page:
    status = STATUS.search(record.http_status or "")
    return Page(
        crawl=entry.crawl,
        warc_index=entry.warc_index,
        warc_name=entry.warc_name,
        rec_offset=record.offset,
        rec_length=record.length,
        url=record.url,
        host=_host(record.url),
        doc_id=document_id(entry.crawl, entry.warc_index, record.ordinal),
        fetched_at=_moment(record.date),
        http_status=int(status[1]) if status else None,
        header_charset=header_charset(record.content_type),
        payload=payload,
        is_cut=record.is_cut,
    )


def _undecodable(page: Page, error: str) -> Rejection:
    located = {name: getattr(page, name) for name in Rejection.__struct_fields__ if hasattr(page, name)}
    return Rejection(**located, reason="bad_encoding", detail=error)


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
    """A WARC-Date, in UTC; None when it is missing or malformed."""
    try:
        moment = datetime.fromisoformat(date or "")
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # overflow: a zone that leads before the year 1
        return None
