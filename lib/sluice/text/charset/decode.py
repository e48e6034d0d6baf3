"""Decoding of HTML pages, and how their encoding was determined.

Labels have the meaning that browsers give them (`text.charset.webcodecs`). If no label decides, the encoding is
detected (`text.charset.detect`).
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sluice.text.charset.detect import detect, is_utf8
from sluice.text.charset.webcodecs import codec_for, decode_as

# Longer marks first. Browsers do not support UTF-32 and would read such pages as UTF-16 full of U+0000.
BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
UTF16 = ("utf-16-le", "utf-16-be")

PRESCAN_BYTES = 4096  # the HTML standard scans 1024; real pages put long scripts before their meta
META_CHARSET = re.compile(rb"""<meta[^>]{0,500}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
XML_ENCODING = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)

MAX_BROKEN_SHARE = 0.002
"""A declared charset that turns more than this share of the characters into U+FFFD is considered wrong."""

SURE_UTF8 = 8
"""Valid UTF-8 with this many multi-byte characters is UTF-8 whatever is declared: the probability that other text is
valid by chance is far below one in a million. For Latin-1, the default of many servers, one character suffices."""

_LEADS = bytes(range(0xC2, 0xF5))  # first bytes of multi-byte characters in UTF-8


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with the codec used and the evidence for it: `bom`, `header`, `meta` or `detector`."""

    text: str
    charset: str
    by: str

    def utf8(self, payload: bytes) -> bytes:
        """Returns the text in UTF-8. If the payload already is that, as for most pages, returns it without copying."""
        is_same = self.charset == "utf-8" and "\ufffd" not in self.text and not payload.startswith(codecs.BOM_UTF8)
        return payload if is_same else self.text.encode("utf-8", "replace")


def header_charset(content_type: str | None) -> str | None:
    """Returns the charset parameter of a Content-Type header, or None."""
    match = HEADER_CHARSET.search(content_type or "")
    return match[1] if match else None


def decode(payload: bytes, declared: str | None) -> Decoded:
    """Decodes a page by byte order mark, then HTTP header, then `<meta>` (or XML declaration), then detection.

    `declared` is the charset of the HTTP header. A declaration is ignored if it clearly does not decode the bytes, or
    if it differs from UTF-8 although the bytes are certainly UTF-8. If no candidate decodes without errors, the one
    with the fewest broken characters is used, preferring the detected one. Never raises.
    """
    tried: dict[str, Decoded] = {}
    for codec, by in _declarations(payload, declared):
        if codec in tried or (by != "bom" and _is_contradicted(codec, payload)):
            continue
        tried[codec] = Decoded(decode_as(payload, codec).lstrip("\ufeff"), codec, by)
        if _broken_share(tried[codec].text) <= MAX_BROKEN_SHARE:
            return tried[codec]
    codec = detect(payload)
    detected = tried.get(codec) or Decoded(decode_as(payload, codec).lstrip("\ufeff"), codec, "detector")
    return min((detected, *tried.values()), key=lambda decoded: _broken_share(decoded.text))


def _declarations(payload: bytes, declared: str | None) -> Iterator[tuple[str, str]]:
    """Yields the codecs declared by the page and its server, in order; skips unknown labels."""
    yield from ((codec, "bom") for bom, codec in BOMS if payload.startswith(bom))
    if declared and (codec := codec_for(declared)):
        yield codec, "header"
    match = META_CHARSET.search(payload[:PRESCAN_BYTES]) or XML_ENCODING.match(payload[:PRESCAN_BYTES])
    if match and (codec := codec_for(match[1].decode("ascii"))):
        # a page whose meta could be read as ASCII is not UTF-16, whatever it declares
        yield "utf-8" if codec in UTF16 else codec, "meta"


def _is_contradicted(codec: str, payload: bytes) -> bool:
    """Whether the bytes indicate another encoding so clearly that the declaration is ignored."""
    if codec in UTF16:  # without a mark; in its markup every other byte is zero, which shows the byte order
        return detect(payload[:PRESCAN_BYTES]) != codec
    if codec == "utf-8" or payload.isascii() or not is_utf8(payload):
        return False
    return codec == "cp1252" or len(payload) - len(payload.translate(None, _LEADS)) >= SURE_UTF8


def _broken_share(text: str) -> float:
    return text.count("\ufffd") / max(len(text), 1)
