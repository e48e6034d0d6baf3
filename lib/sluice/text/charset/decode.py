"""Bytes of an HTML page to text, and how its encoding was found.

Labels mean what browsers make of them (`text.charset.webcodecs`); what no label settles is detected
(`text.charset.detect`).
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sluice.text.charset.detect import detect, is_utf8
from sluice.text.charset.webcodecs import codec_for, decode_as

# The longer ones first. Browsers know no UTF-32 and would read these pages as UTF-16 full of U+0000: no text.
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
"""A declared charset that turns more than this share of characters into U+FFFD plainly does not decode the page."""

SURE_UTF8 = 8
"""Valid UTF-8 with this many multi-byte characters is UTF-8 whatever is declared: other text is valid by chance with
a probability far below one in a million. For Latin-1, many servers' default, one character suffices."""

_LEADS = bytes(range(0xC2, 0xF5))  # first bytes of characters of several bytes in UTF-8


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with the codec used and what decided it: `bom`, `header`, `meta` or `detector`."""

    text: str
    charset: str
    by: str

    def utf8(self, payload: bytes) -> bytes:
        """The text in UTF-8; the payload that it was decoded from where that is the same, as of most pages."""
        is_same = self.charset == "utf-8" and "\ufffd" not in self.text and not payload.startswith(codecs.BOM_UTF8)
        return payload if is_same else self.text.encode("utf-8", "replace")


def header_charset(content_type: str | None) -> str | None:
    """The charset parameter of a Content-Type header."""
    match = HEADER_CHARSET.search(content_type or "")
    return match[1] if match else None


def decode(payload: bytes, declared: str | None) -> Decoded:
    """Text of a page: byte order mark, then HTTP header, then `<meta>` (or XML declaration), then detection.

    `declared` is the charset of the HTTP header. A declaration that plainly does not decode the bytes is passed over,
    and so is one of another encoding when the bytes are surely UTF-8. When nothing decodes cleanly, the candidate with
    the fewest broken characters wins, the detected one before others. Never raises.
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
    """Codecs of what the page and its server say, in order; unknown labels are left out."""
    yield from ((codec, "bom") for bom, codec in BOMS if payload.startswith(bom))
    if declared and (codec := codec_for(declared)):
        yield codec, "header"
    match = META_CHARSET.search(payload[:PRESCAN_BYTES]) or XML_ENCODING.match(payload[:PRESCAN_BYTES])
    if match and (codec := codec_for(match[1].decode("ascii"))):
        # a page whose meta could be read as ASCII is not UTF-16, whatever it says
        yield "utf-8" if codec in UTF16 else codec, "meta"


def _is_contradicted(codec: str, payload: bytes) -> bool:
    """Whether the bytes speak so clearly for another encoding that a declaration counts for nothing."""
    if codec in UTF16:  # without a mark; markup in it is every other byte zero, on the side that tells the order
        return detect(payload[:PRESCAN_BYTES]) != codec
    if codec == "utf-8" or payload.isascii() or not is_utf8(payload):
        return False
    return codec == "cp1252" or len(payload) - len(payload.translate(None, _LEADS)) >= SURE_UTF8


def _broken_share(text: str) -> float:
    return text.count("\ufffd") / max(len(text), 1)
