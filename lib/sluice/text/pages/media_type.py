"""Which payloads are HTML pages, decided from the bytes, the Content-Type and the type that the crawler detected.

The bytes decide where they are clear: a document that begins like HTML is a page under every type, and a PDF, a feed or
JSON is not a page under any. Otherwise the types decide. A record whose WARC-Identified-Payload-Type is HTML is a page
under every Content-Type. This agrees with the column `content_mime_detected` of Common Crawl's index, which
`plan.selection.mimes` selects by. A Content-Type without information is treated as missing: an empty one, `*/*`,
`application/octet-stream`, `unknown/unknown`, a charset alone.
"""

import functools
import re
from typing import NamedTuple

from sluice.core.reasons import Reason
from sluice.text.pages import file_type as files
from sluice.text.pages.file_type import FRAGMENT, GROUP_OF, HTML, TEXT, file_type

REASONS = {
    files.BINARY: Reason.BINARY_FILE,
    files.OFFICE: Reason.OFFICE_FILE,
    files.XML: Reason.XML_FILE,
    files.DATA: Reason.DATA_FILE,
    files.SCRIPT: Reason.SCRIPT_FILE,
}
"""The reason for each group of files."""

IS_HTML, IS_XHTML, IS_XML, IS_PLAIN, IS_OTHER, IS_MISSING = range(6)
"""Meanings of a media type."""

MISSING_TYPES = re.compile(
    r"[^/]*|\*/.*|(?:x-)?unknown/.*|(?:application|binary)/(?:x-)?(?:octet-?stream|binary|unknown|(?:force-)?download)|"
    r"(?:application|message)/(?:http|warc-record)"
)
"""Types without information, and the types of HTTP messages themselves."""

REFERENCE = re.compile(rb"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});")

GROUP_OF_TYPE = (
    (re.compile(r"json|csv|calendar|vcard|rfc822|yaml|mbox|tab-separated"), files.DATA),
    (re.compile(r"script|css|text/x-|x-sh$|x-python|x-php|x-perl"), files.SCRIPT),
    (
        re.compile(r"pdf|rtf|postscript|msword|officedocument|opendocument|ms-(?:excel|powerpoint|word)|epub"),
        files.OFFICE,
    ),
    (re.compile(r"(?:/|\+)(?:xml|rss|atom|rdf)$"), files.XML),
    (re.compile(r"(?:image|audio|video|font|model)/|zip|compressed|tar$|flash|java-archive|executable"), files.BINARY),
)
"""Groups of files by media type, first match."""


class MediaType(NamedTuple):
    """The decision about a payload."""

    reason: Reason | None
    """None for a page, otherwise the reason why it is not one."""
    kind: str
    """Kind of file by its bytes (`text.pages.file_type`), or the group that the detected type names."""
    is_called_html: bool
    """Whether a type says HTML, so that a file of another kind is reported with its location."""
    is_xhtml: bool
    is_text: bool
    """Whether the payload is plain text sent as HTML, without one tag or character reference."""


def media_type(payload: bytes, declared: str | None, detected: str | None) -> MediaType:
    """Decides whether a payload is an HTML page.

    `declared` is the Content-Type, several joined by commas; `detected` the WARC-Identified-Payload-Type.

    >>> media_type(b"<!DOCTYPE html><p>Hi", "text/plain", None).reason is None
    True
    >>> media_type(b"%PDF-1.4", "text/html", None)[:2]
    (<Reason.OFFICE_FILE: 'office_file'>, 'pdf')
    """
    one, other = meaning(declared), meaning(detected)
    kind, is_xml = file_type(payload)
    is_called_html = min(one, other) <= IS_XHTML
    reason: Reason | None = None
    if kind in GROUP_OF:
        reason = REASONS[GROUP_OF[kind]] if is_called_html or one == IS_MISSING else Reason.NOT_HTML
    elif kind != HTML and not is_called_html and (kind != FRAGMENT or one != IS_MISSING):
        reason = Reason.NOT_HTML
    elif kind == TEXT and other == IS_OTHER and (group := _group(detected)):
        reason, kind = REASONS[group], group
    is_xhtml = is_xml or one == IS_XHTML or (other == IS_XHTML and one != IS_HTML) or (kind == HTML and one == IS_XML)
    is_text = reason is None and kind == TEXT and b"<" not in payload and not REFERENCE.search(payload)
    return MediaType(reason, kind, is_called_html, is_xhtml and reason is None, is_text)


def is_called_html(declared: str | None, detected: str | None) -> bool:
    """Whether one of the types says HTML or XHTML, as in `media_type`."""
    return min(meaning(declared), meaning(detected)) <= IS_XHTML


@functools.lru_cache(maxsize=1024)
def meaning(content_type: str | None) -> int:
    """Returns the meaning of a Content-Type: IS_HTML, IS_XHTML, IS_XML, IS_PLAIN, IS_OTHER or IS_MISSING.

    Of several types, joined by commas, the first that says HTML counts, otherwise the first that is not missing.
    Accepts quotes, a space or a colon instead of the semicolon, and `html` or `text/htm` for `text/html`.
    """
    found = IS_MISSING
    for part in (content_type or "").lower().split(","):
        name = re.split(r"[;:\s]", part.strip(" \t\"'"), maxsplit=1)[0].strip("\"'")
        meant = _meaning(name)
        if meant <= IS_XHTML:
            return meant
        found = meant if found == IS_MISSING else found
    return found


def _meaning(name: str) -> int:
    if "xhtml" in name:
        return IS_XHTML
    if "htm" in name and "mhtm" not in name:
        return IS_HTML
    if MISSING_TYPES.fullmatch(name):
        return IS_MISSING
    if name.endswith(("/xml", "+xml")):
        return IS_XML
    return IS_PLAIN if name == "text/plain" else IS_OTHER


def _group(detected: str | None) -> str | None:
    """The group of files that a detected type names; None for other types."""
    return next((group for pattern, group in GROUP_OF_TYPE if pattern.search((detected or "").lower())), None)
