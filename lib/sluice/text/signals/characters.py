"""Signals that count characters. "Solid" characters are those that are not white space.

Sources: MAP-NEO, ChineseWebText, FineWeb-zhtw, shjwudp/c4-dataset-script, NeMo Curator, RedPajama-v2, ROOTS.
"""

import re
import unicodedata
from collections import Counter

from sluice.text.signals.text_view import TextView, is_sign
from sluice.text.signals.words import entropy
from sluice.text.unicode.characters import PRIVATE, TWICE, flags_of, is_han

BRACKETED = re.compile("【([^【】\n]*)】")
URL = re.compile(r"(?:https?://|www\.)[!-~]+")
PARENTHESES = "()[]{}（）【】"
BOXES = "□■"
"""Placeholders for characters missing in a font or decoder."""
MOJIBAKE = re.compile(f"(?:锟斤拷)+|烫{{3,}}|屯{{3,}}|[ÃÂ][\x80-\xbf]|â€|ï»¿|ï¿½|[{''.join(sorted(TWICE))}]{{4,}}")
"""UTF-8 read as GBK, debug-filled memory read as GBK, UTF-8 read as windows-1252, and that read as GBK."""


def han_share(view: TextView) -> float | None:
    """Han ideographs, as a share of solid characters (ChineseWebText)."""
    return sum(map(is_han, view.text)) / view.solid if view.solid else None


def char_entropy(view: TextView) -> float | None:
    """Shannon entropy of the characters in nats (MAP-NEO; natural logarithm)."""
    return entropy(Counter(view.text)) if view.text else None


def unique_char_share(view: TextView) -> float | None:
    """Distinct characters, as a share of all characters (MAP-NEO)."""
    return len(set(view.text)) / len(view.text) if view.text else None


def digit_share(view: TextView) -> float | None:
    """Decimal digits, as a share of solid characters that are not punctuation or symbols (MAP-NEO)."""
    letters = sum(not char.isspace() and not is_sign(char) for char in view.text)
    return sum(map(str.isdecimal, view.text)) / letters if letters else None


def uppercase_share(view: TextView) -> float | None:
    """Capital letters, as a share of solid characters (DCLM, RedPajama-v2)."""
    return sum(map(str.isupper, view.text)) / view.solid if view.solid else None


def punctuation_share(view: TextView) -> float | None:
    """Punctuation and symbols (Unicode P and S), as a share of solid characters (ours)."""
    return sum(map(is_sign, view.text)) / view.solid if view.solid else None


def non_alphanumeric_share(view: TextView) -> float | None:
    """Solid characters that are neither letters nor digits, as a share of characters except newlines (NeMo Curator)."""
    total = len(view.text) - view.text.count("\n")
    return sum(not char.isalnum() and not char.isspace() for char in view.text) / total if total else None


def whitespace_share(view: TextView) -> float | None:
    """White space, as a share of all characters (NeMo Curator)."""
    return sum(map(str.isspace, view.text)) / len(view.text) if view.text else None


def parenthesis_share(view: TextView) -> float | None:
    """Round, square, curly and Chinese brackets, as a share of all characters (NeMo Curator)."""
    return sum(char in PARENTHESES for char in view.text) / len(view.text) if view.text else None


def curly_bracket_share(view: TextView) -> float | None:
    """`{` and `}`, as a share of all characters (RedPajama-v2 `curly_bracket`)."""
    return (view.text.count("{") + view.text.count("}")) / len(view.text) if view.text else None


def url_char_share(view: TextView) -> float | None:
    """Characters of URLs, as a share of all characters (NeMo Curator)."""
    return sum(len(match[0]) for match in URL.finditer(view.text)) / len(view.text) if view.text else None


def special_char_share(view: TextView) -> float | None:
    """Characters except letters and combining marks (digits, signs, white space), as a share of all (ROOTS)."""
    if not view.text:
        return None
    return sum(not char.isalpha() and unicodedata.category(char)[0] != "M" for char in view.text) / len(view.text)


def bracketed_char_share(view: TextView) -> float | None:
    """Characters between 【 and 】 on one line, as a share of all characters (MAP-NEO: headings of advertisements)."""
    return sum(len(match[1]) for match in BRACKETED.finditer(view.text)) / len(view.text) if view.text else None


def fullwidth_share(view: TextView) -> float | None:
    """Full-width letters and digits, as a share of ASCII and full-width ones together (ours); None without any."""
    wide = sum(char in _WIDE for char in view.text)
    total = wide + sum(char.isascii() and char.isalnum() for char in view.text)
    return wide / total if total else None


_WIDE = frozenset(chr(ord(char) + 0xFEE0) for char in map(chr, range(128)) if char.isalnum())


def garbled_share(view: TextView) -> float | None:
    """Signs of wrong decoding, as a share of solid characters (c4-dataset-script's set and more).

    U+FFFD, private use, control characters, □ and ■, and the letters that result from reading UTF-8 as GBK or
    windows-1252.
    """
    if not view.solid:
        return None
    others = "".join(match[0] for match in MOJIBAKE.finditer(view.text))
    return (sum(map(_is_odd, view.text)) + sum(not _is_odd(char) for char in others)) / view.solid


def _is_odd(char: str) -> bool:
    return bool(flags_of(char) & PRIVATE) or char in BOXES


def lorem_ipsum_share(view: TextView) -> float | None:
    """Characters in `lorem ipsum`, as a share of all characters (RedPajama-v2 `lorem_ipsum`)."""
    return len("lorem ipsum") * view.text.lower().count("lorem ipsum") / len(view.text) if view.text else None
