"""UTF-8 pages with places in another encoding: an included file in GBK, quotation marks pasted from a Windows program.

Each stretch of bytes above 7F that is not UTF-8 is decoded by itself. If such stretches together are certainly in one
East Asian encoding (`text.charset.detect`), those without an error in it are decoded with it. A single byte is a
character of Windows-1252 where that is certain: a sign such as a quotation mark, or a letter between two letters.
Everything else is U+FFFD, as in browsers: mostly characters of which a program cut off some bytes.
"""

import re

from sluice.text.charset.detect import MOSTLY, SURE_CHARACTERS, SURE_COMMON, Evidence, count_utf8
from sluice.text.charset.webcodecs import decode_as

STRETCH = re.compile(rb"[\x80-\xff]+(?:[0-9@-\x7e][\x80-\xff]+)*")
"""Bytes above 7F, with single ASCII bytes between them, which may be the second bytes of characters."""
LONE_SIGN = re.compile(rb"(?<![\x80-\xff])(?:[\x85\x91-\x97\x99]|[\xa0\xa9\xab\xae\xb7\xbb](?![a-z]))(?![\x80-\xff])")
LONE_LETTER = re.compile(rb"(?<=[A-Za-z])[\xc0-\xd6\xd8-\xf6\xf8-\xff](?=[a-z])")
MIN_STRETCH = 4
"""Shorter stretches in bytes are not taken for text in an East Asian encoding: two broken characters look like one."""


def decode_mixed(payload: bytes) -> str:
    """Decodes a page that is UTF-8 except for some places. Linear time; U+FFFD for what no encoding explains."""
    places = [match.span() for match in STRETCH.finditer(payload) if _is_foreign(match[0])]
    codec = _codec_of([payload[start:stop] for start, stop in places])
    parts: list[str] = []
    end = 0
    for start, stop in places if codec else ():
        text = decode_as(payload[start:stop], codec or "")
        if "\ufffd" not in text:
            parts += [_decode_bytes(payload[end:start]), text]
            end = stop
    return "".join((*parts, _decode_bytes(payload[end:])))


def _is_foreign(stretch: bytes) -> bool:
    """Whether a stretch is not UTF-8, and not UTF-8 with a cut character either.

    Text in GBK contains many characters of two bytes in UTF-8 by chance, but few longer ones.
    """
    if len(stretch) < MIN_STRETCH or _is_utf8(stretch):
        return False
    n_short, n_long, n_bad = count_utf8(stretch)
    return n_long <= n_bad // MOSTLY and n_short <= n_bad * MOSTLY


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _codec_of(stretches: list[bytes]) -> str | None:
    """The East Asian encoding that the stretches are certainly in, or None."""
    codec, share, n_different = Evidence(b"\n".join(stretches)).east_asian
    return codec if share >= SURE_COMMON and n_different >= SURE_CHARACTERS else None


def _decode_bytes(part: bytes) -> str:
    """Decodes UTF-8 with single bytes of Windows-1252."""
    if _is_utf8(part):
        return part.decode("utf-8")
    for pattern in (LONE_SIGN, LONE_LETTER):
        part = pattern.sub(lambda match: match[0].decode("cp1252").encode(), part)
    return part.decode("utf-8", "replace")
