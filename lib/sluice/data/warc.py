"""Archive records through warcio, with what warcio does not say: truncation, and every byte accounted for.

warcio 1.8 ends quietly on a file cut in mid-record and raises on a damaged member. Here a record shorter than its
Content-Length is damage, and damage is a value with its place; after it the rest of the file is one damaged stretch.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import brotli
from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import BufferedReader
from warcio.exceptions import ArchiveLoadFailed

GZIP_MAGIC = b"\x1f\x8b"
PLAIN_MAGICS = (b"WARC/", b"filedesc://")
READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class ArchiveRecord:
    """One whole record. `payload` is the decoded HTTP body when it was wanted, at most `max_bytes + 1` long."""

    ordinal: int
    offset: int
    length: int
    record_type: str
    url: str | None
    date: str | None
    http_status: str | None
    content_type: str | None
    payload: bytes | None
    payload_error: str | None = None


@dataclass(frozen=True, slots=True)
class Damage:
    """A stretch of bytes that gave no record."""

    offset: int
    length: int
    reason: str
    detail: str | None = None


def read_archive(
    stream: BinaryIO, size: int, *, is_wanted: Callable[[str, str | None], bool], max_bytes: int
) -> Iterator[ArchiveRecord | Damage]:
    """Every record of a WARC or ARC file, plain or gzipped per record, in order, and what could not be read.

    `is_wanted(record_type, content_type)` says whose payloads are read. The lengths of records and damage add up to
    `size`, the length of the file in bytes.
    """
    head = stream.read(12)
    stream.seek(0)
    if size == 0:
        yield Damage(0, 0, "empty_file")
        return
    if not head.startswith((GZIP_MAGIC, *PLAIN_MAGICS)):
        yield Damage(0, size, "unsupported_format", f"the file begins with {head[:4].hex(' ')}")
        return
    is_gzip = head.startswith(GZIP_MAGIC)
    archive = _QuietIterator(stream, arc2warc=True)
    held: ArchiveRecord | Damage | None = None  # the last one read, until it is known where the next one begins
    end = 0  # of the last good record; everything before it is accounted for
    ordinal = 0
    strays = 0
    damage: Damage | None = None
    while True:
        try:
            record = next(archive)
            payload, payload_error = None, None
            content_type = _content_type(record)
            if is_wanted(record.rec_type, content_type):
                payload, payload_error = _read_payload(record, max_bytes)
            missing = _drain(record)
            if is_gzip and archive.reader.decompressor is None:  # warcio takes what does not inflate for plain text
                raise ArchiveLoadFailed("a gzip member does not inflate")
            offset = archive.get_record_offset()
            next_offset = offset + archive.get_record_length()
            if not end <= offset < next_offset <= size:
                raise ArchiveLoadFailed(f"a record from {offset} to {next_offset} is out of place")
        except StopIteration:
            break
        except (ArchiveLoadFailed, zlib.error, EOFError, ValueError, OverflowError, AttributeError) as e:
            # the last three: warcio on damaged headers. OSError is the storage's and fails the task: never half a file
            if not (held and _is_padding(stream, end)):
                damage = Damage(end, size - end, "bad_member", f"{type(e).__name__}: {_one_line(e)}")
            break
        if cause := _incomplete(archive, record, missing):
            start = offset if held else 0  # between plain records stand line ends, which belong to the one before
            damage = Damage(start, size - start, "truncated", f"the record at {offset} {cause}")
            break
        if held:
            yield replace(held, length=offset - held.offset)
        if archive.err_count > strays:  # lines that are no header follow it: the payload is not whole
            strays = archive.err_count
            held = Damage(offset, next_offset - offset, "content_length", "bytes follow that belong to no record")
        else:
            held = ArchiveRecord(
                ordinal=ordinal,
                offset=offset,
                length=next_offset - offset,
                record_type=record.rec_type,
                url=record.rec_headers.get_header("WARC-Target-URI"),
                date=record.rec_headers.get_header("WARC-Date"),
                http_status=record.http_headers.statusline if record.http_headers else None,
                content_type=content_type,
                payload=payload,
                payload_error=payload_error,
            )
        ordinal += 1
        end = next_offset
    if damage is None and end < size and not (held and _is_padding(stream, end)):
        damage = Damage(end, size - end, "trailing_bytes")
    if held:
        yield replace(held, length=(damage.offset if damage else size) - held.offset)
    if damage:
        yield damage


class _QuietIterator(ArchiveIterator):  # type: ignore[misc]
    """warcio's iterator without its warnings on standard error: `err_count` says the same."""

    INC_RECORD = ""


class _BrotliDecompressor:
    """What warcio 1.8 expects of brotli; its own wrapper sets an attribute that brotli >= 1.2 refuses."""

    unused_data = None

    def __init__(self) -> None:
        self._decompressor = brotli.Decompressor()

    def decompress(self, data: bytes) -> bytes:
        return bytes(self._decompressor.process(data))


BufferedReader.DECOMPRESSORS["br"] = _BrotliDecompressor
BufferedReader.DECOMPRESSORS["x-gzip"] = BufferedReader.DECOMPRESSORS["gzip"]  # one and the same, RFC 9110 8.4.1.3


def _is_padding(stream: BinaryIO, start: int) -> bool:
    """Whether only line ends and zero bytes follow, as after the last record of a plain file."""
    stream.seek(start)
    while part := stream.read(READ_BYTES):
        if part.strip(b"\r\n\0"):
            return False
    return True


def _content_type(record: Any) -> str | None:
    value: str | None = record.http_headers.get_header("Content-Type") if record.http_headers else None
    return value


def _read_payload(record: Any, max_bytes: int) -> tuple[bytes, str | None]:
    """The HTTP body with transfer and content encodings undone, and the type of the error if that failed."""
    body = bytearray()
    try:
        stream = record.content_stream()
        while len(body) <= max_bytes:
            part = stream.read(min(READ_BYTES, max_bytes + 1 - len(body)))
            if not part:
                break
            body += part
    except OSError:  # the storage failed, not the page
        raise
    except Exception as e:  # brotli, zlib and chunk errors share no base; the page is rejected with the type
        return bytes(body), type(e).__name__
    return bytes(body), None


def _drain(record: Any) -> int:
    """Reads the record to its end; the number of bytes that its Content-Length promised and the file lacks."""
    stream = record.raw_stream
    while stream.read(READ_BYTES):
        pass
    return int(getattr(stream, "limit", 0) or 0)


def _incomplete(archive: ArchiveIterator, record: Any, missing: int) -> str | None:
    """Why a record that warcio has read to its end is not whole; None when it is."""
    if missing:
        return f"lacks {missing} bytes of its Content-Length"
    member = archive.reader.decompressor
    if member is None and not (record.rec_headers.get_header("Content-Length") or "").strip().isdecimal():
        return "has no Content-Length, so nobody knows where it ends"
    if member is not None and archive.next_line is None and not member.eof:
        return "stands in a gzip member that has no sound end"  # cut in its headers, or its checksum is wrong
    return None


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
