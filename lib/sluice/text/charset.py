"""Bytes of an HTML page to text, and how its encoding was found.

Labels mean what browsers make of them (WHATWG Encoding): `gb2312` is decoded as GB18030, `iso-8859-1` as windows-1252.
Python's own codecs are stricter or older than the web; `filters.md` 6.2 lists the differences.
"""

import codecs
import re
from dataclasses import dataclass

from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

# One superset decoder per family: what a narrower label cannot decode, browsers and people meant all the same.
DECODERS = {"gbk": "gb18030", "big5": "big5hkscs", "shift_jis": "cp932", "euc_kr": "cp949"}

PRESCAN_BYTES = 4096  # the HTML standard scans 1024; real pages put long scripts before their meta
META_CHARSET = re.compile(rb"""<meta[^>]{0,500}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
DETECT_BYTES = 1 << 16

LENIENT_GB18030 = "sluice.gb18030"
"""Error handler: a lone byte 80 is the euro sign, as in browsers and in Windows' code page 936; else U+FFFD."""

MAX_BROKEN_SHARE = 0.002
"""A declared charset that turns more than this share of characters into U+FFFD plainly does not decode the page."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with the codec used and what decided it: `bom`, `header`, `meta` or `detector`."""

    text: str
    charset: str
    by: str


def _euro_or_replace(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    if error.object[error.start] == 0x80:
        return "€", error.start + 1
    return "\ufffd", error.end


codecs.register_error(LENIENT_GB18030, _euro_or_replace)


def header_charset(content_type: str | None) -> str | None:
    """The charset parameter of a Content-Type header."""
    match = HEADER_CHARSET.search(content_type or "")
    return match[1] if match else None


def decode(payload: bytes, declared: str | None) -> Decoded:
    """Text of a page: byte order mark, then HTTP header, then `<meta>`, then detection.

    `declared` is the charset of the HTTP header. A declaration that plainly does not decode the bytes is passed over,
    and a Latin-1 one when the bytes are valid UTF-8 (it is many servers' default). When nothing decodes cleanly, the
    candidate with the fewest broken characters wins. Never raises.
    """
    best: tuple[float, Decoded] | None = None
    for label, by in _candidates(payload, declared):
        codec = codec_for(label)
        if codec is None or (codec == "cp1252" and by != "detector" and _is_multibyte_utf8(payload)):
            continue
        text = payload.decode(codec, LENIENT_GB18030 if codec == "gb18030" else "replace")
        broken = text.count("\ufffd") / max(len(text), 1)
        if broken <= MAX_BROKEN_SHARE:
            return Decoded(text.lstrip("\ufeff"), codec, by)
        if best is None or broken < best[0]:
            best = broken, Decoded(text.lstrip("\ufeff"), codec, by)
    return best[1] if best else Decoded(payload.decode("utf-8", "replace"), "utf-8", "detector")


def _candidates(payload: bytes, declared: str | None) -> list[tuple[str, str]]:
    found = [(label, "bom") for bom, label in BOMS if payload.startswith(bom)]
    if declared:
        found.append((declared, "header"))
    if match := META_CHARSET.search(payload[:PRESCAN_BYTES]):
        label = match[1].decode("ascii")
        # a page whose meta could be read as ASCII is not UTF-16, whatever it says
        found.append(("utf-8" if label.lower().startswith("utf-16") else label, "meta"))
    found += [("utf-8", "detector")] if _is_utf8(payload) else []
    found.append((detect_encoding(payload[:DETECT_BYTES]) or "utf-8", "detector"))
    return found


def codec_for(label: str) -> str | None:
    """The Python codec that decodes a web encoding label as browsers do; None for a label nobody knows."""
    name: str | None = map_encoding_to_html5(label.strip().lower(), fallback_utf8=False)
    return DECODERS.get(name, name) if name else None


def _is_utf8(payload: bytes) -> bool:
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_multibyte_utf8(payload: bytes) -> bool:
    return not payload.isascii() and _is_utf8(payload)
