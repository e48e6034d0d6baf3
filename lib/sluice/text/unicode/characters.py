"""Properties of characters as flags, one number per code point: the table used by all text kernels.

The flags follow this Python's `str` methods and `unicodedata`, so that kernels agree with the plain definitions in
`text.signals`. Two lists are from datatrove (`utils/text.py`) and determine the Gopher and FineWeb rules.
"""

import functools
import re
import sys
import unicodedata

import numpy as np
import numpy.typing as npt

from sluice.data.dataset.words import HAN as HAN_RANGES
from sluice.text.shared_tables import Arrays, stored_arrays
from sluice.text.unicode.code_points import CodePoints, of_all
from sluice.text.unicode.kernels.code_points import look_up_all

SPACE = 1 << 0
"""`str.isspace`"""
WORD = 1 << 1
"""Letters, digits and underscores (`\\w`), and combining marks."""
LETTER = 1 << 2
"""`str.isalpha`; Han are letters."""
DECIMAL = 1 << 3
"""`str.isdecimal` (`\\d`)"""
BREAK = 1 << 4
"""Ends a line for `str.splitlines`."""
GOPHER_MARK = 1 << 5
"""In datatrove's PUNCTUATION_SET: a token of these only is not a word."""
TERMINAL = 1 << 6
"""In datatrove's TERMINAL_PUNCTUATION: FineWeb's line ends and sentence ends."""
PUNCTUATION = 1 << 7
"""Unicode category P."""
SYMBOL = 1 << 8
"""Unicode category S."""
UPPER = 1 << 9
"""`str.isupper`"""
LOWER = 1 << 10
"""`str.islower`"""
HAN = 1 << 11
"""Han ideographs (`data.dataset.words.HAN`)."""
ALNUM = 1 << 12
"""`str.isalnum`"""
PRIVATE = 1 << 13
"""Private use and unassigned code points, controls other than white space, and U+FFFD: signs of wrong decoding."""

TWICE_DECODED = 1 << 14
"""In `TWICE`."""

TERMINAL_MARKS = """
    21 2E 3F 589 61D-61F 6D4 700-702 7F9 837 839 83D-83E 964-965 104A-104B 1362 1367-1368 166E 1735-1736 17D4-17D6
    17D9-17DA 1803 1809 1944-1945 1AA8-1AAB 1B5A-1B5B 1B5E-1B5F 1B7D-1B7E 1C3B-1C3C 1C7E-1C7F 203C-203D 2047-2049 2E2E
    2E3C 2E53-2E54 3002 A4FF A60E-A60F A6F3 A6F7 A876-A877 A8CE-A8CF A92F A9C8-A9C9 AA5D-AA5F AAF0-AAF1 ABEB FE52
    FE56-FE57 FF01 FF0E FF1F FF61 10A56-10A57 10F55-10F59 10F86-10F89 11047-11048 110BE-110C1 11141-11143 111C5-111C6
    111CD 111DE-111DF 11238-11239 1123B-1123C 112A9 1144B-1144C 115C2-115C3 115C9-115D7 11641-11642 1173C-1173E 11944
    11946 11A42-11A43 11A9B-11A9C 11C41-11C42 11EF7-11EF8 11F43-11F44 16A6E-16A6F 16AF5 16B37-16B38 16B44 16E98 1BC9F
    1DA88
"""
"""Unicode's Sentence_Terminal as in datatrove (159 characters), in hexadecimal ranges."""

OTHER_MARKS = """
    0-8 B-1F 22-2D 2F 3A-3E 40 5B-60 7B-9F AB B4 BB 2013-2014 2019 201C-201E 2026 2236 2501 25BA 3001 3008-300D
    3010-3011 FF05 FF08-FF09 FF0C FF11 FF1A-FF1B FF5E
"""
"""The rest of datatrove's PUNCTUATION_SET, in hexadecimal ranges. From cc_net; includes the full-width 1 (FF11)."""

ASSIGNED = (range(0x33480), range(0xE0000, 0xE0200))
"""Outside of these ranges, code points are private-use or unassigned: no letters, spaces or marks."""


def parse_ranges(ranges: str) -> frozenset[str]:
    """Returns the characters of hexadecimal ranges separated by white space."""
    codes: set[int] = set()
    for part in ranges.split():
        first, _, last = part.partition("-")
        codes.update(range(int(first, 16), int(last or first, 16) + 1))
    return frozenset(map(chr, codes))


TERMINALS = parse_ranges(TERMINAL_MARKS)
GOPHER_MARKS = TERMINALS | parse_ranges(OTHER_MARKS)


TWICE = frozenset(bytes([high, low]).decode("gbk") for high in (0xC2, 0xC3) for low in range(0x80, 0xC0))
"""Characters that result from reading Latin-1 letters in UTF-8 as GBK. Chinese that was wrongly decoded twice consists
of these (忙聳聡 for 文). Some are common (忙 楼 猫 每), but long runs of them are not."""


def flags_of(char: str) -> int:
    """Returns the flags of one character; the definition of the table."""
    category = unicodedata.category(char)
    tests = {
        SPACE: char.isspace(),
        WORD: char.isalnum() or char == "_" or category[0] == "M",
        LETTER: char.isalpha(),
        DECIMAL: char.isdecimal(),
        BREAK: len(f"a{char}b".splitlines()) > 1,
        GOPHER_MARK: char in GOPHER_MARKS,
        TERMINAL: char in TERMINALS,
        PUNCTUATION: category[0] == "P",
        SYMBOL: category[0] == "S",
        UPPER: char.isupper(),
        LOWER: char.islower(),
        HAN: is_han(char),
        ALNUM: char.isalnum(),
        TWICE_DECODED: char in TWICE,
        PRIVATE: category in ("Co", "Cn", "Cs") or (category == "Cc" and not char.isspace()) or char == "\ufffd",
    }
    return sum(flag for flag, holds in tests.items() if holds)


def is_han(char: str) -> bool:
    """Whether a character is a Han ideograph."""
    return any(first <= char <= last for first, last in _HAN_PAIRS)


_HAN_PAIRS = [(part[0], part[-1]) for part in re.findall(".-.", HAN_RANGES)]


def _build() -> Arrays:
    everything = np.full(sys.maxunicode + 1, PRIVATE, np.uint16)
    for codes in ASSIGNED:
        everything[codes.start : codes.stop] = [flags_of(chr(code)) for code in codes]
    everything[0xD800:0xE000] = PRIVATE
    return of_all(everything)._asdict()


@functools.cache
def table() -> CodePoints:
    """Returns the flags of all code points, for this Python's Unicode version."""
    return CodePoints(**stored_arrays(f"characters-{unicodedata.unidata_version}", _build))


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """Returns the code points of a text, [characters] uint32, including lone surrogates."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def flags(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint16]:
    """Returns the flags of code points, [characters] uint16."""
    return look_up_all(codes, *table())
