"""Differences of two texts, as parts that the page marks."""

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

UNSPACED = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
TOKEN = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+|\s+|.", re.DOTALL)
"""A Han or kana character, a word, white space, or another character."""
MAX_TOKENS = 3_000
"""Changed passages of more tokens are marked as a whole: the time of a comparison grows with the square."""
MAX_LINES = 5_000


class Part(NamedTuple):
    """A piece of one of the two texts; `is_different` if the other text does not have it here."""

    text: str
    is_different: bool


def compare(one: str, other: str) -> tuple[list[Part], list[Part]]:
    """Returns both texts in parts; joined, the parts of each give the text again.

    Lines are compared first, then the words or Chinese characters of changed passages.
    """
    left: list[Part] = []
    right: list[Part] = []
    ours, theirs = one.splitlines(keepends=True), other.splitlines(keepends=True)
    if max(len(ours), len(theirs)) > MAX_LINES:
        return [Part(one, one != other)], [Part(other, one != other)]
    for is_same, a, b in _blocks(ours, theirs):
        mine, yours = "".join(a), "".join(b)
        words, others = TOKEN.findall(mine), TOKEN.findall(yours)
        if is_same or not mine or not yours or max(len(words), len(others)) > MAX_TOKENS:
            left.append(Part(mine, not is_same))
            right.append(Part(yours, not is_same))
            continue
        for is_equal, x, y in _blocks(words, others):
            left.append(Part("".join(x), not is_equal))
            right.append(Part("".join(y), not is_equal))
    return _joined(left), _joined(right)


def _blocks(one: Sequence[str], other: Sequence[str]) -> Iterator[tuple[bool, Sequence[str], Sequence[str]]]:
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        yield tag == "equal", one[a:b], other[c:d]


def _joined(parts: list[Part]) -> list[Part]:
    """Joins neighbours of the same kind, and leaves out empty parts."""
    joined: list[Part] = []
    for part in parts:
        if part.text and joined and joined[-1].is_different == part.is_different:
            joined[-1] = Part(joined[-1].text + part.text, part.is_different)
        elif part.text:
            joined.append(part)
    return joined
