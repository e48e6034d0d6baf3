"""The items of an archive from end to end: records, damage, and filler between them."""

from collections.abc import Callable

import msgspec

IsWanted = Callable[[str, str | None], bool]
"""Of the type and the content type of a record, whether its payload is to be read."""


class ArchiveRecord(msgspec.Struct, frozen=True):
    """One whole record.

    `content_type` and `http_status` (the status line without its protocol) are those of the HTTP message for a
    response; of other records the content type is their own. `payload` is there when it was wanted: the body without
    its encodings, or the block of a record that is no HTTP message.
    """

    ordinal: int
    offset: int
    length: int
    record_type: str
    url: str | None = None
    date: str | None = None
    http_status: str | None = None
    content_type: str | None = None
    robots_header: str | None = None
    """X-Robots-Tag of an HTTP message, several joined by commas."""
    payload: bytes | None = None
    payload_error: str | None = None
    is_cut: bool = False
    """The payload is larger than the cap, so only its beginning is here."""
    is_selected: bool = True
    """Its offset was asked for; else only its type is known."""


class Damage(msgspec.Struct, frozen=True):
    """A stretch of bytes that gave no record."""

    offset: int
    length: int
    reason: str
    detail: str | None = None


class Filler(msgspec.Struct, frozen=True):
    """A stretch of bytes that need give none: line ends and zeros at the end, an empty member, a zstd dictionary."""

    offset: int
    length: int
    kind: str


Item = ArchiveRecord | Damage | Filler
