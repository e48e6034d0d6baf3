"""Decoding of HTML pages, and how their encoding was determined.

Labels have the meaning that browsers give them (`text.charset.webcodecs`). If there is no label, or if the bytes
contradict it, the encoding is detected (`text.charset.detect`).
"""

import codecs
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sluice.text.charset.common_characters import EAST_ASIAN
from sluice.text.charset.detect import (
    CYRILLIC,
    FEW_LETTERS,
    LATIN,
    LEAST_COMMON,
    SINGLE_BYTE,
    SURE_CHARACTERS,
    SURE_COMMON,
    SURE_LETTERS,
    Evidence,
    detect,
)
from sluice.text.charset.mixed import decode_mixed
from sluice.text.charset.prescan import SCAN_BYTES, declared_labels
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
ZERO_BYTES = 256
"""Markup in UTF-16 has zero bytes in a beginning of this length."""

HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)

MAX_BROKEN_SHARE = 0.05
"""A declared charset that breaks more than this share of the characters outside ASCII is compared with the detected
one. ASCII characters do not count: markup and scripts would hide a text that is broken completely."""

SURE_UTF8 = 8
"""Valid UTF-8 with this many characters of two bytes is UTF-8 whatever is declared: the probability that other text is
valid by chance is far below one in a million. One longer character suffices, and one of any length under the label of a
Latin encoding, the default of many servers."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with the codec used and the evidence for it.

    `bom`, `header` and `meta` (or the XML declaration) are declarations; `bytes`: they contradict every declaration;
    `detector`: no charset is declared.
    """

    text: str
    charset: str
    by: str
    is_mixed: bool = False
    """True for UTF-8 with places in another encoding (`text.charset.mixed`)."""

    def utf8(self, payload: bytes) -> bytes:
        """Returns the text in UTF-8. If the payload already is that, as for most pages, returns it without copying."""
        is_same = self.charset == "utf-8" and not self.is_mixed and "\ufffd" not in self.text
        return payload if is_same and not payload.startswith(codecs.BOM_UTF8) else self.text.encode("utf-8", "replace")


def header_charset(content_type: str | None) -> str | None:
    """Returns the charset parameter of a Content-Type header, or None."""
    match = HEADER_CHARSET.search(content_type or "")
    return match[1] if match else None


def decode(payload: bytes, declared: str | None) -> Decoded:
    """Decodes a page by byte order mark, then HTTP header, then `<meta>` (or XML declaration), then detection.

    `declared` is the charset of the HTTP header. A declaration is ignored if the bytes contradict it clearly: they are
    UTF-8 except for a few places, or in another East Asian or Cyrillic encoding, or in a script other than Latin under
    the label of a Latin encoding. If no candidate decodes without errors, the one with the fewest broken characters is
    used, preferring the detected one. Never raises.
    """
    first = next(_declarations(payload, declared), None)
    if first and first[0] == "utf-8":  # nearly all pages: nothing else is computed
        decoded = _decoded(payload, *first)
        is_seven_bit = b"\x1b" in payload and payload.isascii()
        if "\ufffd" not in decoded.text and not is_seven_bit and b"\0" not in payload[:ZERO_BYTES]:
            return decoded
    evidence = Evidence(payload)
    declarations: dict[str, str] = {}
    for codec, by in _declarations(payload, declared):
        declarations.setdefault(codec, by)
    tried: dict[str, Decoded] = {}
    for codec, by in declarations.items():
        if by != "bom" and _is_contradicted(codec, evidence, declarations):
            continue
        tried[codec] = _decoded(payload, codec, by)
        if _broken_share(tried[codec]) <= MAX_BROKEN_SHARE:
            return _mended(tried[codec], payload)
    codec = evidence.codec
    by = declarations.get(codec, "bytes" if declarations else "detector")
    found = tried.get(codec) or _decoded(payload, codec, by)
    return _mended(min((found, *tried.values()), key=_count_broken), payload)


def _decoded(payload: bytes, codec: str, by: str) -> Decoded:
    return Decoded(decode_as(payload, codec).lstrip("\ufeff"), codec, by)


def _mended(decoded: Decoded, payload: bytes) -> Decoded:
    """Decodes the places of a UTF-8 page that are in another encoding."""
    if decoded.charset != "utf-8" or "\ufffd" not in decoded.text:
        return decoded
    text = decode_mixed(payload).lstrip("\ufeff")
    return decoded if text == decoded.text else replace(decoded, text=text, is_mixed=True)


def _declarations(payload: bytes, declared: str | None) -> Iterator[tuple[str, str]]:
    """Yields the codecs declared by the page and its server, in order; skips unknown labels."""
    yield from ((codec, "bom") for bom, codec in BOMS if payload.startswith(bom))
    if declared and (codec := codec_for(declared)):
        yield codec, "header"
    for label in declared_labels(payload):
        if codec := codec_for(label):
            # a page whose meta could be read as ASCII is not UTF-16, whatever it declares
            yield "utf-8" if codec in UTF16 else codec, "meta"


def _is_contradicted(codec: str, evidence: Evidence, declarations: Collection[str]) -> bool:
    """Whether the bytes indicate another encoding so clearly that the declaration is ignored.

    Less evidence is necessary for an encoding that is declared too, in another place.
    """
    if codec in UTF16:  # without a mark; in its markup every other byte is zero, which shows the byte order
        return detect(evidence.payload[:SCAN_BYTES]) != codec
    if b"\0" in evidence.payload[:ZERO_BYTES] and evidence.codec in UTF16:
        return not codec.startswith("utf-32")
    if evidence.payload.isascii():
        return b"\x1b" in evidence.payload and codec != evidence.codec and evidence.codec.startswith("iso2022")
    if codec == "utf-8":
        return False
    own_share, own_different = evidence.common(codec) if codec in EAST_ASIAN else (0.0, 0)
    if own_share >= SURE_COMMON:
        return False
    if evidence.is_utf8 or evidence.is_mostly_utf8:
        n_short, n_long, _ = evidence.utf8_characters
        return n_long > 0 or n_short >= SURE_UTF8 or (codec in LATIN and codec.startswith(("cp125", "iso")))
    other, share, n_different = evidence.east_asian
    is_sure = share >= SURE_COMMON and n_different >= SURE_CHARACTERS
    if codec in EAST_ASIAN:
        return (is_sure and share >= 2 * own_share) or (own_different == 0 and evidence.has_only_quotes)
    if is_sure or (share >= LEAST_COMMON and other in declarations):
        return codec in SINGLE_BYTE
    found, n_letters = evidence.alphabet, evidence.n_letters
    if found == codec or codec not in SINGLE_BYTE:
        return False
    if found in declarations and n_letters >= FEW_LETTERS:
        return True
    is_other_cyrillic = codec in CYRILLIC and found in CYRILLIC and codec[:4] != found[:4]  # both KOI8 are compatible
    return n_letters >= SURE_LETTERS and (is_other_cyrillic or (codec in LATIN and found not in LATIN))


def _broken_share(decoded: Decoded) -> float:
    """The share of broken characters among those outside ASCII."""
    n_broken = _count_broken(decoded)
    return n_broken / int(np.count_nonzero(_units(decoded.text) >= 0x80)) if n_broken else 0.0


def _count_broken(decoded: Decoded) -> int:
    """Counts the characters that a wrong charset produces: U+FFFD; in other than Unicode encodings also C1 controls and
    private use."""
    text = decoded.text
    if text.isascii() or decoded.charset.startswith("utf"):
        return text.count("\ufffd")
    units = _units(text)
    is_control, is_private = (units >= 0x80) & (units < 0xA0), (units >= 0xE000) & (units < 0xF900)
    return int(np.count_nonzero(is_control | is_private | (units == 0xFFFD)))


def _units(text: str) -> npt.NDArray[np.uint16]:
    return np.frombuffer(text.encode("utf-16-le", "surrogatepass"), "<u2")
