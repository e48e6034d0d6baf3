"""Reads archives with sluice, warcio and FastWARC, and finds the cause of each difference.

`archives.py` prints the differences; the tests require that every difference has a known cause.
"""

import hashlib
import io
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from fastwarc.warc import ArchiveIterator as FastIterator
from warcio.archiveiterator import ArchiveIterator

from sluice.data.archives.reader import ArchiveRecord, Damage, read_archive

MAX_BYTES = 2 << 20
ENCODED = "encoded"
COMPARED = ("response", "resource", "conversion", "metadata")
"""Record types whose payloads are compared. For requests and revisits the readers return different parts, and they name
a file's own header differently."""

Key = tuple[str, str, str]


class Reading(NamedTuple):
    """Result of one reader for one archive: type, URL and payload digest of each record, and the reported losses."""

    records: list[Key]
    losses: list[str]


class Difference(NamedTuple):
    """A record that another reader returned and sluice did not, or returned differently, with the cause."""

    reader: str
    record: Key
    cause: str


def digest(payload: bytes | None) -> str:
    return f"{len(payload or b'')} {hashlib.sha1(payload or b'').hexdigest()[:12]}"


def key(kind: str, url: str | None, payload: bytes | None) -> Key:
    kind = kind.strip().lower()
    if kind not in COMPARED:
        return kind, "", ""
    return kind, (url or "").replace(" ", "%20").strip("\t<>%20"), digest(payload)


def with_sluice(data: bytes) -> Reading:
    reading = Reading([], [])
    for item in read_archive(io.BytesIO(data), len(data), is_wanted=lambda kind, content: True, max_bytes=MAX_BYTES):
        if isinstance(item, ArchiveRecord):
            reading.records.append(key(item.record_type, item.url, item.payload))
            reading.losses.extend([f"body: {item.payload_error}"] if item.payload_error else [])
        elif isinstance(item, Damage):
            reading.losses.append(f"{item.reason} {item.length}")
    return reading


def with_warcio(data: bytes) -> Reading:
    reading = Reading([], [])
    try:
        for record in ArchiveIterator(io.BytesIO(data), arc2warc=True):
            body = record.content_stream().read(MAX_BYTES)
            reading.records.append(key(record.rec_type, record.rec_headers.get_header("WARC-Target-URI"), body))
    except Exception as e:  # its only report of damage is the exception
        reading.losses.append(type(e).__name__)
    return reading


def with_fastwarc(data: bytes) -> Reading:
    """Encoded bodies are not compared: FastWARC ends the file at the first body that does not match its headers."""
    reading = Reading([], [])
    try:
        for record in FastIterator(io.BytesIO(data), quirks_mode=True):
            kind = str(record.record_type).rpartition(".")[2]
            found = key(kind, record.headers.get("WARC-Target-URI"), record.reader.read()[:MAX_BYTES])
            names = {name.lower() for name, _ in record.http_headers or ()}
            is_encoded = kind == "response" and names & {"content-encoding", "transfer-encoding"}
            reading.records.append((*found[:2], ENCODED) if is_encoded else found)
    except Exception as e:
        reading.losses.append(type(e).__name__)
    return reading


READERS: dict[str, Callable[[bytes], Reading]] = {
    "sluice": with_sluice,
    "warcio": with_warcio,
    "fastwarc": with_fastwarc,
}


def differences(data: bytes) -> list[Difference]:
    """Records that warcio or FastWARC read and sluice did not. The cause "?" means unexplained."""
    ours = with_sluice(data)
    found = []
    for name in ("warcio", "fastwarc"):
        theirs = READERS[name](data).records
        encoded = {record[:2] for record in theirs if record[2] == ENCODED}
        here, there = (
            Counter((*record[:2], ENCODED if record[:2] in encoded else record[2]) for record in records)
            for records in (ours.records, theirs)
        )
        found += [Difference(name, record, cause(record, ours)) for record in (there - here).elements()]
    return found


def cause(record: Key, ours: Reading) -> str:
    kind, url, content = record
    if damage := [loss for loss in ours.losses if not loss.startswith("body")]:
        return "damaged: " + ", ".join(sorted({loss.split()[0] for loss in damage}))
    if kind == "unknown":
        return "an unknown record type"
    lengths = [int(other[2].split()[0]) for other in ours.records if other[:2] == (kind, url)]
    if not lengths:
        return "?"
    if content == digest(b""):
        return "an empty payload in the other reader"
    if any(loss.startswith("body") for loss in ours.losses):
        return "an invalid body"
    length = int(content.split()[0])
    if length + 1 in lengths:
        return "one line end less"  # warcio removes the first line end of a body that is not chunked as declared
    return "a payload with the HTTP head" if length > min(lengths) else "?"
