"""The items that make up an archive: records, damage, and filler between them."""

from collections.abc import Callable

import msgspec

IsWanted = Callable[[str, str | None], bool]
"""Takes the type and the content type of a record; returns whether its payload should be read."""


class ArchiveRecord(msgspec.Struct, frozen=True):
    """One complete record.

    For an HTTP message in a response or resource, `content_type` (all such headers, joined by commas) and `http_status`
    (the status line without its protocol) come from the message; otherwise `content_type` is the record's. `payload` is
    set if it was wanted: the decoded body, or the block of a record that is not an HTTP message.
    """

    ordinal: int
    offset: int
    length: int
    record_type: str
    url: str | None = None
    date: str | None = None
    http_status: str | None = None
    content_type: str | None = None
    identified_type: str | None = None
    """WARC-Identified-Payload-Type: the media type that the crawler detected from the bytes."""
    robots_header: str | None = None
    """X-Robots-Tag headers of an HTTP message, joined by commas."""
    payload: bytes | None = None
    payload_error: str | None = None
    is_cut: bool = False
    """True if the payload is larger than the limit and was truncated."""
    is_unterminated: bool = False
    """True if the body lacks only its last chunk or its checksum."""
    is_part: bool = False
    """True if the Content-Range is not the whole."""
    is_selected: bool = True
    """True if its offset was requested; otherwise only its type is known."""


class Damage(msgspec.Struct, frozen=True):
    """A byte range without a readable record."""

    offset: int
    length: int
    reason: str
    detail: str | None = None


class Filler(msgspec.Struct, frozen=True):
    """A byte range that need not contain a record: final line ends and zeros, an empty member, a zstd dictionary."""

    offset: int
    length: int
    kind: str


Item = ArchiveRecord | Damage | Filler
