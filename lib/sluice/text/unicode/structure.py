"""Where a text has code and tables: lines in fences, and rows of cells. Ours, for the text format of `text.html`.

Works on any text in that format, also on GitHub's Markdown: no other record of the structure is needed.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sluice.text.unicode.encoded_text import AnyText, EncodedText

FENCE = re.compile(r"^ {0,3}(`{3,})([^`\n]*)$", re.MULTILINE)
BAR = re.compile(r"(?:^| )\|(?: |$)")
"""In a line: the end of a cell."""
MIN_ROWS = 2
"""Rows of a table; a single line with bars is text."""
MIN_CODE_SHARE = 2 / 3
MIN_CODE_CHARS = 500
"""A text with this share of code, and this much of it, is mostly code: around it are headings and notes of a line."""


class Span(NamedTuple):
    """Characters [start, end) of a text."""

    start: int
    end: int


class Structure(NamedTuple):
    """Spans of code, with its fences, and of tables, in order; none overlap."""

    code: tuple[Span, ...] = ()
    tables: tuple[Span, ...] = ()


def structure(text: AnyText) -> Structure:
    """Returns the spans of code and tables, computed once per view.

    >>> structure("Run:\\n\\n```\\nls | wc\\n```\\n\\na | b\\n1 | 2")
    Structure(code=(Span(start=6, end=21),), tables=(Span(start=23, end=34),))
    """
    return EncodedText.of(text).once(_find, None)


def prose(text: AnyText) -> EncodedText:
    """Returns the text outside of code and tables; the same view for a text without any. Computed once per view."""
    return EncodedText.of(text).once(_without, None)


def without_code(text: AnyText) -> EncodedText:
    """Returns the text outside of code, with tables; the same view for a text without any. Computed once per view.

    >>> without_code("Run:\\n\\n```\\nls | wc\\n```\\n\\na | b\\n1 | 2").text
    'Run:\\n\\na | b\\n1 | 2'
    """
    return EncodedText.of(text).once(_without_code, None)


def is_mostly_code(text: AnyText) -> bool:
    """Whether at least MIN_CODE_SHARE of the characters, and at least MIN_CODE_CHARS, are in code."""
    view = EncodedText.of(text)
    return sum(end - start for start, end in structure(view).code) >= max(
        MIN_CODE_SHARE * len(view.text), MIN_CODE_CHARS
    )


def _find(view: EncodedText, _: None) -> Structure:
    text = view.text
    code = tuple(_codes(text)) if "```" in text else ()
    return Structure(code, tuple(_tables(text, code)) if "|" in text else ())


def _codes(text: str) -> Iterator[Span]:
    """Yields code from its opening to its closing fence, which has at least as many backticks and nothing else."""
    opened: re.Match[str] | None = None
    for fence in FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif len(fence[1]) >= len(opened[1]) and not fence[2].strip():
            yield Span(opened.start(), fence.end())
            opened = None


def _tables(text: str, code: tuple[Span, ...]) -> Iterator[Span]:
    """Yields runs of lines with cells outside of code."""
    places = iter(code)
    inside = next(places, None)
    first, last, rows = 0, -2, 0
    for start, end in _rows(text):
        while inside and inside.end <= start:
            inside = next(places, None)
        if inside and inside.start <= start:
            continue
        if start != last + 1:
            if rows >= MIN_ROWS:
                yield Span(first, last)
            first, rows = start, 0
        last, rows = end, rows + 1
    if rows >= MIN_ROWS:
        yield Span(first, last)


def _rows(text: str) -> Iterator[Span]:
    """Yields the lines with cells. Bars are rare, so that most lines are passed by without a look."""
    bar = text.find("|")
    while bar >= 0:
        start = text.rfind("\n", 0, bar) + 1
        end = text.find("\n", bar)
        end = len(text) if end < 0 else end
        if BAR.search(text[start:end]):
            yield Span(start, end)
        bar = text.find("|", end)


def _without(view: EncodedText, _: None) -> EncodedText:
    found = structure(view)
    return _cut(view, sorted((*found.code, *found.tables)))


def _without_code(view: EncodedText, _: None) -> EncodedText:
    return _cut(view, structure(view).code)


def _cut(view: EncodedText, spans: Sequence[Span]) -> EncodedText:
    if not spans:
        return view
    parts, at = [], 0
    for start, end in spans:
        parts.append(view.text[at:start].rstrip("\n"))
        at = end
    parts.append(view.text[at:])
    return EncodedText("\n\n".join(part for part in (part.strip("\n") for part in parts) if part))
