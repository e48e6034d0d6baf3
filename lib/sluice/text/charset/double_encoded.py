"""Repair of UTF-8 that was read as Windows-1252 or Latin-1 and encoded again: `youâ€™re`, `MÃ¼ller`, `ä¸­å›½`.

Such text consists of sequences of characters that are the bytes of one UTF-8 character. Each can be reversed, but
some also occur in correct text: `É’` in Turkish, `é »` in French, `XÃ–` in Vietnamese. So a sequence is repaired only
where it cannot be correct text. It is certain by itself

* if its second character never follows a letter (`Ã¼`, `â€™`, `ä¸`), or its third one never follows the second;
* if an upper-case letter follows a lower-case one (`cafÃ©`);
* if `Ã`, `Ä` or `Å` alone begins a word of lower-case letters (`Ã©cole`), or if a sign follows `Â` alone (`Â© 2010`).

It is certain by others if it is next to a certain one, if two that do not end words are next to each other, or if the
page has two certain ones and it begins like them, or they are the majority.

Source: ours; the idea of reversing the encoding is from ftfy (Speer 2019), which repairs more and is less careful.
"""

import re

_CP1252 = {byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0x100)}
_BYTE_OF = {chr(byte): byte for byte in _CP1252} | {char: byte for byte, char in _CP1252.items()}
_C1_MEANING = {chr(byte).encode(): _CP1252[byte].encode() for byte in range(0x80, 0xA0)}

FOLLOWERS = frozenset(
    b"\x82\x83\x84\x85\x8a\x8b\x8c\x8e\x91\x92\x93\x94\x95\x96\x97\x99\x9a\x9b\x9c\x9e\x9f"
    b"\xa0\xa9\xaa\xab\xad\xae\xb0\xb2\xb3\xb4\xb7\xb9\xba\xbb"
)
"""Bytes whose characters follow a letter in correct text: quotes, dashes, marks, ordinals, exponents, other letters."""
BEFORE_SIGNS = frozenset(b"\x85\x95\x96\x97\xa0")
"""Bytes of spaces, dashes and dots, which any sign follows in correct text: `café—€5`."""
QUOTES = frozenset(b"\x82\x84\x85\x8b\x91\x92\x93\x94\x96\x97\x9b\xa0\xab\xbb")
MARKS = frozenset(b"\x95\x99\xa9\xae\xb7")
UNDEFINED = frozenset(b"\x81\x8d\x8f\x90\x9d")
"""Bytes without a meaning in Windows-1252; as characters, they are controls that no text contains."""
NEVER = frozenset(((0xE2, 0x9C), (0xF0, 0x9F)))
"""Pairs of letters that no language has: `âœ` of dingbats, `ðŸ` of emoji."""
A_CIRCUMFLEX, A_TILDE, SHARP_S, TIMES, SMALL_A_CIRCUMFLEX = 0xC2, 0xC3, 0xDF, 0xD7, 0xE2
LATIN_LEADS = (A_CIRCUMFLEX, A_TILDE, 0xC4, 0xC5, 0xC6)
"""First bytes of the signs and letters of European languages."""
BYTE_ORDER_MARK = "ï»¿".encode()
"""Texts about character sets quote it, and its repair is invisible."""
MAINLY = 2
"""In a page in which one sequence of this many is certain, the others are double-encoded too."""
MAX_PASSES = 3
"""Some texts were encoded several times."""


def _utf8(first: int, last: int) -> bytes:
    """A pattern of the UTF-8 of every character that one of these bytes was read as."""
    ends: dict[bytes, list[bytes]] = {}
    for char, byte in _BYTE_OF.items():
        if first <= byte <= last:
            *begin, end = char.encode()
            ends.setdefault(bytes(begin), []).append(re.escape(bytes([end])))
    return b"(?:" + b"|".join(re.escape(begin) + b"[" + b"".join(end) + b"]" for begin, end in ends.items()) + b")"


_ANY = _utf8(0x80, 0xBF)
SEQUENCE = re.compile(
    rb"\xc3(?:[\x82-\x9f]" + _ANY + rb"|(?:\xa0" + _utf8(0xA0, 0xBF) + rb"|\xad" + _utf8(0x80, 0x9F)
    + rb"|[\xa1-\xac\xae\xaf]" + _ANY + rb"|(?:\xb0" + _utf8(0x90, 0xBF) + rb"|\xb4" + _utf8(0x80, 0x8F)
    + rb"|[\xb1-\xb3]" + _ANY + rb")" + _ANY + rb")" + _ANY + rb")"
)  # fmt: skip
"""The characters that one valid UTF-8 character of two, three or four bytes (RFC 3629) was read as, in UTF-8. The
letters of first bytes all begin with C3."""


def repair(data: bytes) -> bytes:
    """Repairs the double-encoded characters of a text in UTF-8. A text without one is returned unchanged.

    >>> repair("youâ€™re at the cafÃ©".encode()).decode()
    'you’re at the café'
    >>> repair("« Un café » à L’UNIVERSITÉ…".encode()).decode()
    '« Un café » à L’UNIVERSITÉ…'
    """
    for _ in range(MAX_PASSES):
        repaired = _repair_once(data) if b"\xc3" in data else data
        if repaired is data:
            break
        data = repaired
    return data


def _repair_once(data: bytes) -> bytes:
    matches = list(SEQUENCE.finditer(data))
    certain = [_is_certain(match, data) for match in matches]
    for i in range(1, len(matches)):
        one, other = matches[i - 1], matches[i]
        certain[i] |= one.end() == other.start() and not _ends_word(one) and not _ends_word(other)
    if not any(certain):
        return data
    for i in range(1, len(matches)):
        certain[i] |= certain[i - 1] and matches[i - 1].end() == matches[i].start()
    for i in range(len(matches) - 2, -1, -1):
        certain[i] |= certain[i + 1] and matches[i].end() == matches[i + 1].start()
    n_certain = sum(certain)
    is_main = MAINLY * n_certain >= len(matches)
    short = [match[0] for match, is_certain in zip(matches, certain, strict=True) if is_certain and _is_short(match)]
    leads = {"Â".encode(), "Ã".encode(), *(sequence[:2] for sequence in short)}
    parts: list[bytes] = []
    end = 0
    for match, is_certain in zip(matches, certain, strict=True):
        is_likely = n_certain > 1 and (
            (_is_short(match) and match[0][:2] in leads) or (is_main and not _ends_word(match))
        )
        if is_certain or (is_likely and (end == match.start() or not _before(match, data).isupper())):
            parts += [data[end : match.start()], _reverse(match[0])]
            end = match.end()
    return b"".join((*parts, data[end:]))


def _is_short(match: re.Match[bytes]) -> bool:
    return len(match[0].decode()) == 2


def _ends_word(match: re.Match[bytes]) -> bool:
    """Whether the second character of a sequence follows the end of a word in correct text: a quote, a dash, a mark."""
    lead, second = (_BYTE_OF[char] for char in match[0].decode()[:2])
    return second in QUOTES or second in MARKS or lead == TIMES


def _before(match: re.Match[bytes], data: bytes) -> str:
    """The character before a match, or an empty string."""
    return data[max(match.start() - 4, 0) : match.start()].decode("utf-8", "ignore")[-1:]


def _is_certain(match: re.Match[bytes], data: bytes) -> bool:
    """Whether a sequence by itself cannot be correct text."""
    lead, second, *more = (_BYTE_OF[char] for char in match[0].decode())
    if not UNDEFINED.isdisjoint((second, *more)):
        return True
    if match[0] == BYTE_ORDER_MARK:
        return False
    if more:
        return _is_certain_long(lead, second, more[0])
    if lead in (SHARP_S, TIMES):  # `2×½`
        return False
    if second not in FOLLOWERS:
        return True
    before, after = _before(match, data), data[match.end() : match.end() + 4].decode("utf-8", "ignore")[:1]
    if before.isalpha():
        return before.islower() and lead in LATIN_LEADS
    if lead == A_CIRCUMFLEX:
        return second > 0xA0
    is_quote = second in QUOTES and (lead, second) != (A_TILDE, 0x96)  # `Ã–sterreich`
    return lead in LATIN_LEADS and after.islower() and not is_quote


def _is_certain_long(lead: int, second: int, third: int) -> bool:
    """Whether a sequence of three or four characters cannot be correct text."""
    if second not in FOLLOWERS or (lead, second) in NEVER:
        return True
    if third in FOLLOWERS or second == 0xA0:
        return False
    return lead == SMALL_A_CIRCUMFLEX or second not in BEFORE_SIGNS


def _reverse(sequence: bytes) -> bytes:
    """The character of a sequence; for a control character, the one that its byte means in Windows-1252."""
    inner = bytes(_BYTE_OF[char] for char in sequence.decode())
    return _C1_MEANING.get(inner, inner)
