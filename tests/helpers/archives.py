"""Builds WARC records byte by byte, so that their offsets are known without our reader or writer."""

import gzip

DATE = "2024-01-02T03:04:05Z"


def warc_record(block, *, kind="response", url="http://example.test/", date=DATE, length=None, headers=()):
    """One record; `length` is the declared Content-Length (default: the true one)."""
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:0>\r\nWARC-Date: {date}\r\n"
    if url:
        head += f"WARC-Target-URI: {url}\r\n"
    head += "".join(f"{line}\r\n" for line in headers)
    head += f"Content-Length: {len(block) if length is None else length}\r\n\r\n"
    return head.encode() + block + b"\r\n\r\n"


def http_block(body, *, content_type="text/html", status="200 OK", headers=()):
    """An HTTP response message."""
    lines = [f"HTTP/1.1 {status}", *([f"Content-Type: {content_type}"] if content_type else []), *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def page(body, *, url="http://example.test/", length=None, date=DATE, **http):
    """A response record with an HTML page."""
    return warc_record(http_block(body, **http), url=url, length=length, date=date)


def member(record):
    """The record as one gzip member; equal records give equal bytes."""
    return gzip.compress(record, mtime=0)


def starts(parts):
    """The offset of each part after concatenation, followed by the total length."""
    offsets = [0]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    return offsets


def zstd_frame(record, dictionary=None):
    """The record as one zstd frame with a checksum."""
    import zstandard

    return zstandard.ZstdCompressor(dict_data=dictionary, write_checksum=True).compress(record)


def skippable_frame(content, magic=b"\x5d\x2a\x4d\x18"):
    """A zstd frame without text; at the start of a file and with this magic number, it is the dictionary."""
    return magic + len(content).to_bytes(4, "little") + content


def chunked(*parts):
    """The parts as a body in chunked transfer encoding."""
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def tiles(items, size):
    """Whether the items cover 0 to `size` without gaps and overlaps."""
    position = 0
    for item in items:
        if item.offset != position:
            return False
        position += item.length
    return position == size
