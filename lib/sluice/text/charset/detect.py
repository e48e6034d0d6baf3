"""Detection of the encoding of a page from its bytes, if the declaration is missing or wrong.

Order of evidence: escape sequences and zero bytes (ISO-2022, HZ, UTF-16); UTF-8, valid except for a few places; how
common the characters are that each East Asian encoding produces from the bytes; for alphabets, resiliparse's statistics
(uchardet). Only passages around bytes above 7F are used, wherever they are: markup and scripts are ASCII and carry no
information.
"""

import codecs
import functools
import re
from string import ascii_letters

import numpy as np
import numpy.typing as npt
from resiliparse.parse.encoding import detect_encoding

from sluice.text.charset.common_characters import CHARACTERS, EAST_ASIAN, NEUTRAL
from sluice.text.charset.webcodecs import codec_for

SAMPLE_BYTES = 2048
"""Number of sampled bytes from passages with bytes above 7F. More would take time without changing the result."""

SEARCH_BYTES = 1 << 14

# A run from a high byte to the next byte that is not part of a character in any multi-byte encoding. Digits are second
# and fourth bytes in GB18030, and every other second byte is 40 or more.
STRETCH = re.compile(rb"[\x80-\xff][0-9@-\xff]*")

LEAST_COMMON = 0.25
"""An East Asian encoding is accepted if at least this share of its characters is common. The correct one reaches 0.55
to 0.95 for running text and 0.4 for short titles; wrong ones, including other alphabets, seldom more than 0.15."""

SURE_COMMON, SURE_CHARACTERS = 0.4, 4
"""With this share of common characters, this many of them different, an East Asian encoding is certain. On 2,100 pages
in 18 encodings, the correct one had a share of 0.52 or more, a wrong one of 0.30 or less."""

SURE_LETTERS = 20
"""With this many letters outside ASCII, a script other than Latin, and which Cyrillic encoding it is in, is certain."""

MOSTLY = 2
"""Bytes are UTF-8 if it has this many times as many characters as invalid places. Characters of three or four bytes
count twice. On the same pages, the ratio is 0.62 or less in every other encoding."""

# quotes, dashes, no-break space, (c), (r), guillemets, middle dot: the same in all Windows code pages
SIGNS = b"\x82\x84\x85\x86\x87\x89\x8b\x91\x92\x93\x94\x95\x96\x97\x99\x9b\xa0\xa9\xab\xae\xb7\xbb"
QUOTES = b"\x91\x92\x93\x94\x96\x97"
_WITHOUT_SIGNS = bytes(0x20 if byte in SIGNS else byte for byte in range(256))
_HIGH = bytes(range(0x80, 0x100))
_ASCII = bytes(range(0x80))
WORD = re.compile(rb"[\x80-\xff]{2,}")
# їієґ by a letter, in KOI8-U
UKRAINIAN = re.compile(rb"[\xa3-\xff][\xa4\xa6\xa7\xad]|[\xa4\xa6\xa7\xad][\xc0-\xff]")
C1 = re.compile(rb"[\x80-\x84\x86-\x9f]")
"""Printable characters in Windows code pages, control characters in ISO encodings."""

FEW_LETTERS = 5
"""With at most this many letters outside ASCII, the prior decides: nearly all pages that look Latin are
windows-1252."""

LATIN = frozenset(
    "cp1252 cp1250 cp1254 cp1257 cp1258 iso8859-2 iso8859-3 iso8859-4 iso8859-10 iso8859-13 iso8859-14 iso8859-15 "
    "iso8859-16 mac-roman mac-latin2 cp437 cp850 cp852".split()
)
CYRILLIC = frozenset("cp1251 koi8-r koi8-u iso8859-5 cp866".split())
SINGLE_BYTE = LATIN | frozenset(
    "cp1251 koi8-r koi8-u iso8859-5 cp866 cp855 mac-cyrillic iso8859-7 cp1253 iso8859-8 cp1255 cp862 iso8859-6 cp1256 "
    "cp874".split()
)
WINDOWS = {
    "iso8859-3": "cp1252",
    "iso8859-2": "cp1250",
    "iso8859-4": "cp1257",
    "iso8859-5": "cp1251",
    "iso8859-6": "cp1256",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-10": "cp1252",
    "iso8859-13": "cp1257",
    "iso8859-14": "cp1252",
    "iso8859-15": "cp1252",
    "iso8859-16": "cp1250",
}


class Evidence:
    """Facts about the encoding of a page from its bytes, each computed on demand and once."""

    def __init__(self, payload: bytes) -> None:
        self.payload = payload

    @functools.cached_property
    def codec(self) -> str:
        """The most probable Python codec; `utf-8` for plain ASCII."""
        payload = self.payload
        if b"\x00" in payload[:SAMPLE_BYTES] and (codec := _utf16(payload[:SAMPLE_BYTES])):
            return codec
        if payload.isascii():
            return _stateful(payload)
        if self.is_utf8 or self.is_mostly_utf8:
            return "utf-8"
        codec, share, n_different = self.east_asian
        return codec if share >= LEAST_COMMON and n_different > 1 else self.alphabet

    @functools.cached_property
    def is_utf8(self) -> bool:
        """Whether the bytes are UTF-8. An incomplete last character of a cut page is accepted after valid ones."""
        try:
            text, consumed = codecs.utf_8_decode(self.payload, "strict", False)
        except UnicodeDecodeError:
            return False
        return consumed == len(self.payload) or not text.isascii()

    @functools.cached_property
    def utf8_characters(self) -> tuple[int, int, int]:
        """The result of `count_utf8`."""
        return count_utf8(self.payload)

    @property
    def is_mostly_utf8(self) -> bool:
        """Whether the bytes are UTF-8 except for a few places. Long characters seldom occur by chance."""
        n_short, n_long, n_bad = self.utf8_characters
        return n_short + 2 * n_long > MOSTLY * n_bad

    @functools.cached_property
    def sample(self) -> bytes:
        """Passages with bytes above 7F from the beginning, separated by spaces."""
        return _sample(self.payload)

    @functools.cached_property
    def east_asian(self) -> tuple[str, float, int]:
        """The East Asian codec with the most common characters, their share and the number of different ones."""
        return max(((codec, *self.common(codec)) for codec in EAST_ASIAN), key=lambda found: found[1])

    def common(self, codec: str) -> tuple[float, int]:
        """The share of common characters, and the number of different ones, with an East Asian codec."""
        return _common(self.sample, codec)

    @functools.cached_property
    def alphabet(self) -> str:
        """The most probable single-byte codec."""
        return _alphabet(self.sample, self.payload)

    @property
    def has_only_quotes(self) -> bool:
        """Whether all bytes above 7F, three or more, are quotes and dashes of Windows, as in `it\\x92s`."""
        high = self.sample.translate(None, _ASCII)
        return len(high) > 2 and not high.translate(None, QUOTES)

    @functools.cached_property
    def n_letters(self) -> int:
        """Number of bytes above 7F in the sample, except those that are signs in all Windows code pages."""
        letters = self.sample.translate(_WITHOUT_SIGNS)
        return len(letters) - len(letters.translate(None, _HIGH))


def count_utf8(data: bytes) -> tuple[int, int, int]:
    """Counts the characters of two bytes, those of more bytes (four count twice), and the invalid places in UTF-8."""
    text = data.decode("utf-8", "replace")
    n_ascii, n_bad = len(data.translate(None, _HIGH)), text.count("\ufffd")
    n_characters = len(text) - n_ascii - n_bad
    n_long = len(text.encode()) - n_ascii - 3 * n_bad - 2 * n_characters
    return max(n_characters - n_long, 0), n_long, n_bad


def detect(payload: bytes) -> str:
    """Returns the Python codec that most probably encoded these bytes; `utf-8` for plain ASCII."""
    return Evidence(payload).codec


def _sample(payload: bytes) -> bytes:
    """Returns passages with bytes above 7F from the beginning, separated by spaces."""
    parts: list[bytes] = []
    size = end = 0
    view = np.frombuffer(payload, np.uint8)
    for begin in range(0, len(payload), SEARCH_BYTES):
        # ten times as fast as a search for each; a sample has no more places
        places = np.flatnonzero(view[begin : begin + SEARCH_BYTES] >= 0x80)[: 2 * SAMPLE_BYTES] + begin
        for start in places.tolist():
            if start < end:
                continue
            if size >= SAMPLE_BYTES:
                return b" ".join(parts)
            end = STRETCH.match(payload, start).end()  # type: ignore[union-attr]
            parts.append(payload[max(start - 1, 0) : min(end, start + SAMPLE_BYTES)])
            size += len(parts[-1])
    return b" ".join(parts)


def _common(sample: bytes, codec: str) -> tuple[float, int]:
    """Share of common characters among those neither ASCII nor neutral, and number of different ones.

    Broken characters count as uncommon.

    A single one next to an ASCII letter counts as uncommon too: that is how an umlaut in a word decodes.
    """
    units = np.frombuffer(sample.decode(codec, "replace").encode("utf-16-le", "surrogatepass"), "<u2")
    kinds = _kinds(codec)[units]
    is_letter = np.concatenate(([False], kinds == LETTER, [False]))
    is_plain = np.concatenate(([True], units < 0x80, [True]))
    is_alone = is_plain[:-2] & is_plain[2:] & (is_letter[:-2] | is_letter[2:])
    total = np.count_nonzero(kinds >= UNCOMMON)
    common = units[(kinds == COMMON) & ~is_alone]
    return len(common) / (int(total) + 2), len(np.unique(common))  # + 2: one hit is not evidence


NOTHING, LETTER, UNCOMMON, COMMON = range(4)


@functools.cache
def _kinds(codec: str) -> npt.NDArray[np.uint8]:
    """Returns the evidence of each UTF-16 unit for a codec."""
    kinds = np.full(1 << 16, UNCOMMON, np.uint8)
    kinds[:0x80] = NOTHING
    for chars, kind in ((NEUTRAL[codec], NOTHING), (ascii_letters, LETTER), (CHARACTERS[codec], COMMON)):
        kinds[[ord(char) for char in chars]] = kind
    return kinds


def _alphabet(sample: bytes, payload: bytes) -> str:
    """Returns the single-byte codec according to resiliparse's statistics, after plausibility checks."""
    letters = sample.translate(_WITHOUT_SIGNS)
    n_high = len(letters) - len(letters.translate(None, _HIGH))
    codec = codec_for(detect_encoding(letters) or "") if n_high else None
    if codec not in SINGLE_BYTE:
        return "cp1252"
    if codec in LATIN and n_high < FEW_LETTERS:
        return "cp1252"
    if codec not in LATIN and sum(map(len, WORD.findall(letters))) < 0.5 * n_high:
        return "cp1252"  # scripts other than Latin have no ASCII letters in their words
    if codec == "koi8-r" and UKRAINIAN.search(letters):
        return "koi8-u"
    if codec in WINDOWS and C1.search(payload):
        return WINDOWS[codec]
    return codec


def _utf16(head: bytes) -> str | None:
    """Detects the byte order of UTF-16 markup by the position of the zero bytes in `<`, `>`, `/` and space."""
    pairs = list(zip(head[::2], head[1::2], strict=False))
    little = sum(second == 0 and first in b"<>/ " for first, second in pairs)
    big = sum(first == 0 and second in b"<>/ " for first, second in pairs)
    if max(little, big) < 3 or min(little, big) > max(little, big) // 10:
        return None
    return "utf-16-le" if little > big else "utf-16-be"


def _stateful(payload: bytes) -> str:
    """Detects encodings whose bytes are all ASCII: they switch by escape sequences, HZ by `~{`."""
    if b"\x1b$)C" in payload:
        return "iso2022_kr"
    if b"\x1b$" in payload or b"\x1b(J" in payload:
        return "iso2022_jp_ext"
    if payload.count(b"~{") >= 3 and _common(payload, "hz")[0] >= LEAST_COMMON:
        return "hz"
    return "utf-8"
